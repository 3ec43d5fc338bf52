"""The tree as the database keeps it: what is stored of it, read as `tree` asks for it."""

from collections.abc import Sequence

from integration.audit import tree
from integration.audit.tree import Edge, Range, Span
from integration.errors import LogDamaged
from integration.store.connection import Connection

_LEAVES = """
select span.number, hash from unnest($1::bigint[], $2::bigint[], $3::int[]) as span (first, until, number)
join toldonce.audit_leaf leaf on leaf.index >= span.first and leaf.index < span.until order by span.number, leaf.index
"""
_NODES = """
select span.number, hash from unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[])
    as span (first, until, number, level)
join toldonce.audit_node node on node.level = span.level and node.index >= span.first and node.index < span.until
order by span.number, node.index
"""


async def read(connection: Connection, spans: Sequence[Span]) -> list[list[bytes]]:
    """The hashes of each span. The role may read leaves and nodes. Raises LogDamaged where one is missing."""
    numbers = range(len(spans))
    leaves = [number for number in numbers if spans[number].level == 0]
    nodes = [number for number in numbers if spans[number].level]
    levels = [spans[number].level for number in nodes]
    found: list[list[bytes]] = [[] for _ in spans]
    for row in await connection.fetch(_LEAVES, *_bounds(spans, leaves)):
        found[row[0]].append(row[1])
    if nodes:
        for row in await connection.fetch(_NODES, *_bounds(spans, nodes), levels):
            found[row[0]].append(row[1])
    if any(len(hashes) != span.count for hashes, span in zip(found, spans, strict=True)):
        raise LogDamaged("a part of the audit's tree is missing: run `toldonce audit verify`")
    return found


def _bounds(spans: Sequence[Span], numbers: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    chosen = [spans[number] for number in numbers]
    return [span.first for span in chosen], [span.first + span.count for span in chosen], list(numbers)


async def edge(connection: Connection, size: int) -> Edge:
    """The right edge of the tree of the first `size` leaves."""
    return Edge(size, await read(connection, Edge.spans(size)))


async def hashes_of(connection: Connection, ranges: Sequence[Range]) -> list[bytes]:
    """The hash of each range of leaves."""
    spans = [tree.stored(leaves) for leaves in ranges]
    found = iter(await read(connection, [span for listed in spans for span in listed]))
    return [tree.hash_of([next(found) for _ in listed]) for listed in spans]
