"""The inputs of a fuzz run: number n of a feed is always the same, as long as the seeds are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from integration.ingest.inbox import Delivery
from tests.fuzz import archives, cells, er7, nodes, octets
from tests.fuzz.seeds import seeds

Mutate = Callable[[Random, bytes], bytes]


@dataclass(frozen=True)
class Mutant:
    """A mutated input. `beside`: what it was made from, already there when it arrives; None: nothing is."""

    delivery: Delivery
    beside: Delivery | None


def mutant(feed: str, seed: int, number: int, *, samples: bool) -> Mutant:
    """Mutated by the structure of its format, by bytes alone, or by both."""
    draw = Random(f"{feed} {seed} {number}")
    original = draw.choice(seeds(feed, samples=samples))
    content = original.content
    for mutate in _mutators(draw, content):
        content = mutate(draw, content)
    return Mutant(replace(original, content=content), original if draw.random() < 0.5 else None)


def _mutators(draw: Random, content: bytes) -> tuple[Mutate, ...]:
    """Where other bytes are refused at once, by a checksum or a grammar, they are tried less often."""
    mutate = _by_structure(content)
    alone = {archives.mutate: 0.9, nodes.mutate: 0.8}.get(mutate, 0.5)
    return (mutate,) if draw.random() < alone else draw.choice(((octets.mutate,), (mutate, octets.mutate)))


def _by_structure(content: bytes) -> Mutate:
    if content.startswith(b"PK"):
        return archives.mutate
    if content.lstrip()[:1] in (b"{", b"["):
        return nodes.mutate
    return er7.mutate if content[:3] in (b"MSH", b"FHS", b"BHS") else cells.mutate
