"""The tables that `make bench-identity` prints, in the form that docs/identity.md takes."""

from collections.abc import Mapping, Sequence

from rich.box import MARKDOWN
from rich.table import Table

from integration.identity.demographics import Demographics
from tests.linkage.county import Resident
from tests.linkage.latency import Latency
from tests.linkage.quality import Measured, Quality, Share
from tests.linkage.records import Record


def quality(title: str, records: Sequence[Record], methods: Mapping[str, Measured]) -> Table:
    """One line for each method: all pairs, and those where a side lacks a verified number; each share with its 95%
    interval."""
    shown = Table(title=title, title_justify="left", box=MARKDOWN)
    shown.add_column("method")
    shown.add_column("pairs")
    for heading in (
        "linked",
        "precision",
        "of one person",
        "recall",
        "recall with review",
        "queue",
        "its pairs of records",
    ):
        shown.add_column(heading, justify="right")
    unsure = {place for place, one in enumerate(records) if not one.says.verified}
    for name, measured in methods.items():
        asked = Share(measured.questions, measured.queue.whole)
        shown.add_row(name, "all", *_row(measured.quality()), *map(_counted, (asked, measured.queue)))
        if len(unsure) < len(records):
            shown.add_row("", "a side unverified", *_row(measured.quality(unsure)), "", "")
    return shown


def _row(one: Quality) -> tuple[str, ...]:
    linked, same = f"{one.precision.whole:,}", f"{one.recall.whole:,}"
    return linked, _share(one.precision, 6), same, _share(one.recall, 4), _share(one.with_review, 4)


def _counted(one: Share) -> str:
    return f"{one.part:,} ({one.value:.2%})"


def _share(one: Share, digits: int) -> str:
    low, high = one.interval()
    return f"{one.value:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def by_faults(measured: Mapping[str, tuple[Sequence[Record], Measured]]) -> Table:
    """One line for each set of rates: how good it is where a side lacks a verified number, and how many of the pairs of
    one person have a record that states neither a name nor a number. Who asks for one of them before linking
    cannot find these, whatever anything weighs."""
    shown = Table(title="With other faults, where a side is unverified", title_justify="left", box=MARKDOWN)
    shown.add_column("faults")
    for heading in (
        "linked",
        "precision",
        "of one person",
        "neither name nor number",
        "recall",
        "recall with review",
        "queue",
    ):
        shown.add_column(heading, justify="right")
    for name, (records, one) in measured.items():
        linked, precision, same, *recall = _row(
            one.quality({p for p, said in enumerate(records) if not said.says.verified})
        )
        bare = _counted(_bare(records, one))
        shown.add_row(name, linked, precision, same, bare, *recall, _counted(Share(one.questions, len(records))))
    return shown


def _bare(records: Sequence[Record], measured: Measured) -> Share:
    unsure = [pair for pair in measured.same if not all(records[place].says.verified for place in pair)]
    return Share(sum(any(_says_nothing(records[place].says) for place in pair) for pair in unsure), len(unsure))


def _says_nothing(who: Demographics) -> bool:
    return not (who.given or who.families or who.nhs_number or who.conflicting_numbers)


HARD = ("twin", "namesake", "hostel", "care-home")
"""Kinds of residents who are taken for others."""


def hard_cases(residents: Sequence[Resident], records: Sequence[Record], measured: Measured) -> Table:
    """Of those who are easily taken for others: how many pairs of records were linked, and how many of them wrongly."""
    shown = Table(title="The hard cases", title_justify="left", box=MARKDOWN)
    for heading in ("one of the two is", "people", "pairs linked", "wrongly", "recall", "recall with review"):
        shown.add_column(heading, justify="left" if heading.startswith("one") else "right")
    for kind in HARD:
        found = measured.quality({place for place, one in enumerate(records) if residents[one.truth].kind == kind})
        people = sum(one.kind == kind for one in residents)
        shown.add_row(
            kind,
            f"{people:,}",
            f"{found.precision.whole:,}",
            f"{found.precision.whole - found.precision.part:,}",
            f"{found.recall.value:.4f}",
            f"{found.with_review.value:.4f}",
        )
    return shown


def latency(measured: Sequence[tuple[int, Latency]]) -> Table:
    """One line for each number of people."""
    shown = Table(title="Linking one record, in milliseconds", title_justify="left", box=MARKDOWN)
    for heading in ("people", "source records", "linked one by one", "p50", "p99"):
        shown.add_column(heading, justify="right")
    for people, one in measured:
        shown.add_row(f"{people:,}", f"{one.records:,}", f"{one.linked:,}", f"{one.p50:.1f}", f"{one.p99:.1f}")
    return shown
