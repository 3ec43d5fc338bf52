"""Mutations of JSON: nodes replaced, removed, doubled, renamed, moved."""

import json
from random import Random
from typing import Any

from tests.fuzz.octets import ODD

JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 10**400, 1e308, [], {}, [[]], [{}], [None], {"": 1}, {"reference": "Patient/x"}, {"coding": "x"},
    "Patient", "#x", ["a", 1], {"extension": [{}]}, {"coding": [{"system": "http://snomed.info/sct", "code": "x"}]},
)  # fmt: skip
Path = tuple[str | int, ...]


def mutate(draw: Random, content: bytes) -> bytes:
    """One to six changes of nodes; what is no JSON stays as it is."""
    try:
        root = json.loads(content)
    except ValueError:
        return content
    every = list(_places(root))
    for _ in range(draw.randint(1, 6)):
        if every:
            _change(draw, root, draw.choice(every))
    try:
        return json.dumps(root, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    except ValueError:
        return content  # doubled and moved until it held itself


def _places(root: Any) -> list[Path]:
    found: list[Path] = []
    waiting: list[tuple[Path, Any]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in inner:
            found.append((*path, key))
            waiting.append(((*path, key), value))
    return found


def _change(draw: Random, root: Any, place: Path) -> None:
    *path, last = place
    node = root
    try:
        for key in path:
            node = node[key]
        match draw.randrange(7):
            case 0:
                node[last] = draw.choice(JUNK)
            case 1:
                node[last] = draw.choice(ODD)
            case 2:
                del node[last]
            case 3:
                node[last] = [node[last], node[last]]
            case 4:
                node[last] = {str(last): node[last]}
            case 5 if isinstance(node, list):
                node.insert(draw.randrange(len(node) + 1), node[last])
            case 5 if isinstance(node, dict):
                node[str(draw.choice(list(node)))] = node.pop(last)
            case _:
                node[last] = str(node[last])
    except (KeyError, IndexError, TypeError, RecursionError):
        return  # an earlier change took that place away, or holds itself
