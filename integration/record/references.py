"""References to what may not be seen are cut out of what may."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson


def without(body: bytes, refs: Sequence[UUID], hidden: frozenset[UUID]) -> bytes:
    """The body, without references to what is hidden. Only then is it parsed."""
    if hidden.isdisjoint(refs):
        return body
    return orjson.dumps(_cut(orjson.loads(body), {str(id_) for id_ in hidden}))


def _says(node: dict[str, Any]) -> bool:
    return any(name != "url" and not (name == "role" and isinstance(value, str)) for name, value in node.items())


def _cut(node: Any, hidden: set[str]) -> Any:
    """`node` without Reference objects to `hidden`, nor anything that becomes empty by that: an extension's url, or
    the role of a Provenance.entity, says nothing alone."""
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str) and reference.rpartition("/")[2] in hidden:
            return None
        kept = {name: cut for name, value in node.items() if (cut := _cut(value, hidden)) is not None}
        return kept if _says(kept) or not _says(node) else None
    if isinstance(node, list):
        return [cut for value in node if (cut := _cut(value, hidden)) is not None] or None
    return node
