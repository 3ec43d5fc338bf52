"""docs/samples.md is what the product does with every sample file now. Skipped, and left as it is, without them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import pytest

from tests.samples.outcomes import SAMPLES, Outcome, outcomes

NAMED = 12
"""Files of one outcome that are named; of more, how many there are."""


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES.exists(), reason="needs the samples in ../shared/samples, which are not there")
def test_the_page_says_what_becomes_of_every_sample_file(documented):
    every = list(outcomes())
    documented("docs/samples.md", "summary", summary(every))
    documented("docs/samples.md", "samples", page(every))


def summary(every: Sequence[Outcome]) -> str:
    lines = [
        "| sector | files | read | refused | no feed's file | source patients | resources |",
        "|---|---|---|---|---|---|---|",
    ]
    for sector, listed in groupby(every, key=_sector_of):
        found = list(listed)
        kinds = Counter(kind(one) for one in found)
        counts = (len(found), kinds["read"], kinds["refused"], kinds["no feed's file"])
        sums = (sum(one.patients for one in found), sum(one.resources for one in found))
        lines.append(f"| {sector} | {' | '.join(f'{count:,}' for count in (*counts, *sums))} |")
    return "\n".join(lines)


def kind(one: Outcome) -> str:
    if one.came_to.startswith("no feed's file"):
        return "no feed's file"
    return "read" if one.patients else "refused"


def page(every: Sequence[Outcome]) -> str:
    """A table for each sector."""
    return "\n\n".join(_sector(sector, list(listed)) for sector, listed in groupby(every, key=_sector_of))


def _sector_of(one: Outcome) -> str:
    return one.folder.split("/")[0]


def _sector(sector: str, listed: Sequence[Outcome]) -> str:
    head = [f"### {sector} ({len(listed)})", "", "| folder | files | came to | which |", "|---|---|---|---|"]
    folders = groupby(listed, key=lambda one: one.folder)
    return "\n".join([*head, *(row for folder, found in folders for row in _folder(folder, list(found)))])


def _folder(folder: str, listed: Sequence[Outcome]) -> list[str]:
    """What its files came to; the commonest outcome of a folder of many is not told file by file."""
    came_to: dict[str, list[Outcome]] = {}
    for one in listed:
        came_to.setdefault(one.came_to, []).append(one)
    groups = sorted(came_to.items(), key=lambda group: (-len(group[1]), group[0]))
    rows = []
    for place, (words, found) in enumerate(groups):
        which = _names(one.name for one in found)
        if not place and len(found) > 3:
            which = "all" if len(groups) == 1 else "the others"
        rows.append(f"| {folder} | {len(found)} | {words.replace('|', '/')}{_counted(found)} | {which} |")
    return rows


def _counted(found: Sequence[Outcome]) -> str:
    patients, resources = sum(one.patients for one in found), sum(one.resources for one in found)
    people = "source patient" if patients == 1 else "source patients"
    return f" ({patients:,} {people}, {resources:,} resources)" if patients else ""


def _names(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more
