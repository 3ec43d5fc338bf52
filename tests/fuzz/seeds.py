"""What is mutated: every sector's synthetic files of people who differ, and real samples where they are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from integration.ingest.inbox import Delivery
from tests.database.ingesting import about, national, neighbourhood

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
AS_OF = datetime(2026, 9, 30, 8, tzinfo=UTC)
PEOPLE = ("mrs-t", "learning-disability", "restricted-address", "sensitive-codes", "rough-sleeper", "merged-number",
          "died", "withdrawn-consent")  # fmt: skip
LARGEST = 60_000
"""Bytes of an input: the larger, the fewer fit into an hour."""
_KEPT = frozenset({"Patient", "Organization", "Practitioner", "PractitionerRole", "Location"})


@lru_cache
def seeds(feed: str, *, samples: bool) -> tuple[Delivery, ...]:
    """Different inputs of one feed, always in the same order. Large GP records come in slices."""
    found = [one for one in (*neighbourhood(18), *about(18, *PEOPLE), *_each(), *national(18)) if one.feed == feed]
    if samples:
        found += _samples(feed)
    sliced = [part for one in found for part in (_slices(one) if feed == "gp" else [one])]
    different = {one.content: one for one in sliced if 0 < len(one.content) <= LARGEST}
    return tuple(different.values())


def _each() -> Iterator[Delivery]:
    """A batch of one person is small."""
    for person in PEOPLE:
        yield from about(18, person)


def _samples(feed: str) -> list[Delivery]:
    ways = {
        "acute": ("acute/**/*.hl7", "X9A"),
        "gp": ("gp/**/*.json", "X90101"),
        "pds": ("pds/**/*.json", "X9P"),
    }
    if feed not in ways:
        return []
    pattern, sender = ways[feed]
    files = sorted(SAMPLES.glob(pattern))
    return [Delivery(feed, sender, "9990000018.json", file.read_bytes(), AS_OF) for file in files]


def _slices(record: Delivery) -> list[Delivery]:
    """A record in bundles of some ten entries, each with the entries that the others refer to most."""
    if len(record.content) < 30_000:
        return [record]
    try:
        bundle = json.loads(record.content)
    except ValueError:
        return [record]  # an example with a gap to fill in
    entries = bundle.get("entry", [])
    kept = [one for one in entries if one.get("resource", {}).get("resourceType") in _KEPT]
    rest = [one for one in entries if one not in kept]
    return [
        Delivery(record.feed, record.sender, record.name, _bundle(bundle, [*kept, *rest[at : at + 10]]), record.as_of)
        for at in range(0, len(rest), 10)
    ]


def _bundle(bundle: dict[str, object], entries: list[object]) -> bytes:
    return json.dumps(bundle | {"entry": entries}).encode()
