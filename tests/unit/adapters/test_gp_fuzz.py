"""Mutated answers: whatever arrives, `parse` answers or raises Unreadable, quickly, and what it keeps can be mapped."""

import json
import random
from datetime import UTC, datetime
from functools import lru_cache
from time import process_time
from typing import Any

import pytest

from adapters.errors import Unreadable
from adapters.gp.parse import parse
from adapters.gp.state import fold
from adapters.records import FoldedEvent
from adapters.synthetic import gp
from adapters.synthetic.neighbourhood import build
from mappings.gp import to_resources
from mappings.ids import Ids

AS_OF = datetime(2026, 9, 30, 8, 0, tzinfo=UTC)
NAME = "9990000018.json"
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 10**400, 1e308, "", " ", "\x00", "2024-02-30", "9999-99-99T99:99:99", "{{x}}", [], {}, [[]],
    [{}], [None], {"": 1}, {"reference": "Patient/x"}, {"coding": "x"}, "Patient", "#x", ["a", 1], {"extension": [{}]},
)  # fmt: skip
MUTANTS = 240


@lru_cache
def answers() -> tuple[bytes, ...]:
    """A record of every size, and what is not a record."""
    found = sorted({file.content for file in gp.feed_files(build(20))}, key=len)
    return (found[0], *found[2:6])


def handled(content: bytes) -> bool:
    """Whether the content could be used; it must be decided within a second."""
    begun = process_time()
    try:
        parsed = parse(content, name=NAME, sender="X90101", as_of=AS_OF)
    except Unreadable:
        return False
    finally:
        assert process_time() - begun < 1
    for event in parsed.events:
        said = FoldedEvent(at=event.at, sent=event.sent, digest="", name=NAME, record=event.record)
        state = fold(event.patient, [said], ())
        if state:
            json.dumps(to_resources(state, Ids(b"secret", event.patient, "gp")))
    return True


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] * bool(path) + [place for key, value in inner for place in places(value, (*path, key))]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One to four nodes replaced by junk, removed, doubled or moved."""
    bundle = json.loads(content)
    every = places(bundle)
    for _ in range(rng.randint(1, 4)):
        *path, last = rng.choice(every)
        node = bundle
        try:
            for key in path:
                node = node[key]
            match rng.randrange(4):
                case 0:
                    node[last] = rng.choice(JUNK)
                case 1:
                    del node[last]
                case 2:
                    node[last] = [node[last], node[last]]
                case 3:
                    node[last] = {str(last): node[last]}
        except (KeyError, IndexError, TypeError):
            continue  # an earlier mutation took that place away
    return json.dumps(bundle).encode()


def test_mutated_records_are_read_or_refused():
    rng = random.Random(20260930)
    read = sum(handled(mutated(rng.choice(answers()), rng)) for _ in range(MUTANTS))
    assert MUTANTS / 3 < read < MUTANTS


def test_mutated_bytes_are_read_or_refused():
    rng = random.Random(3)
    for _ in range(MUTANTS // 2):
        content = bytearray(rng.choice(answers()))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(content))
            content[at : at + rng.choice((0, 1, 1, 9, 999))] = rng.randbytes(rng.randrange(3))
        handled(bytes(content))


@pytest.mark.parametrize("depth", [100, 900, 2_000, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('{"extension":[{"url":"x"},', "]}"), ('{"contained":[', "]}")]
)
def test_deep_nesting(depth, opening, closing):
    deep = opening * depth + "1" + closing * depth
    record = json.loads(answers()[1])
    record["entry"][3]["resource"]["deep"] = "@"
    whole = json.dumps(record)
    for content in (deep, whole.replace('"@"', deep), whole.replace('"entry": [', f'"entry": [{deep},')):
        handled(content.encode())


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1" * 5000, "0." + "1" * 5000, "1e-999999", "NaN", "1E+99999999"]
)
def test_giant_numbers(number):
    record = json.loads(answers()[1])
    record["entry"][3]["resource"]["valueQuantity"] = {"value": "@"}
    handled(json.dumps(record).replace('"@"', number).encode())


def test_a_record_of_many_entries_is_read_in_time():
    record = json.loads(answers()[1])
    person = next(one["resource"] for one in record["entry"] if one["resource"]["resourceType"] == "Patient")
    record["entry"] = [{"resource": person}] + [
        {"resource": {"resourceType": "X" * 30, "id": str(i)}} for i in range(3000)
    ]
    assert handled(json.dumps(record).encode())
