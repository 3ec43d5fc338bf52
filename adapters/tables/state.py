"""Rows of all submissions -> what the provider says of one person now.

For each natural key the row of the latest submission wins. A row that a later submission of the same sender does not
carry any more was withdrawn only if that submission carries the table and the row's own date lies inside the reporting
periods of both: the one that last carried it and the later one. With it goes all that hangs on it, whatever the dates:
a contact of a referral that is not this person's (any more) is not this person's either. Everything else stays, for
submissions resend only what is open or changed.

A row without a date (a safeguarding factor, a disability) belongs to the person as the submission tells them: it was
withdrawn if a later submission of the same sender carries both the table and the person, and not the row. One that does
not carry the person (whose referrals are all closed) says nothing of them. Rows whose kind LASTS are never withdrawn:
who somebody is, and the registers' entries.

Known limit: a referral that a later submission gives to somebody else stays with the first person too, unless its date
lies inside both periods: one person's fold does not see another's rows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec

from adapters.records import FoldedEvent, Submission
from adapters.tables.dataset import DataSet
from adapters.tables.records import Row

State = TypeVar("State", bound=msgspec.Struct)


def present(
    dataset: DataSet,
    decoder: msgspec.json.Decoder[Any],
    state: type[State],
    events: Sequence[FoldedEvent],
    submissions: Sequence[Submission],
) -> State | None:
    """The provider's present view of one person, or None when it never said who the person is.

    `decoder` reads an event's record. `state` has `as_of`, `person`, and for every other kind of row a tuple, which it
    gets in order of their keys. `events` in total order, `submissions` sorted by (as_of, digest), both as the pipeline
    keeps them.
    """
    person, members = _members(state)
    rows = [(decoder.decode(event.record), event.digest) for event in events]
    people = [(row, digest) for row, digest in rows if isinstance(row, person)]
    if not people:
        return None
    latest = {row.key(): (row, digest) for row, digest in rows}
    history = _History(dataset.name, submissions, frozenset(digest for _, digest in people))
    gone = {key for key, (row, digest) in latest.items() if history.withdrew(row, digest)}
    by_kind: defaultdict[type[Row], list[Row]] = defaultdict(list)
    for key, (row, _) in sorted(latest.items()):
        if key not in gone and not (gone and _hangs_on(gone, row, dataset)):
            by_kind[type(row)].append(row)
    told = {name: tuple(row for kind in kinds for row in by_kind[kind]) for name, kinds in members.items()}
    return state(**{"as_of": max(event.at for event in events), "person": people[-1][0], **told})


def _hangs_on(gone: Set[tuple[str, ...]], row: Row, dataset: DataSet) -> bool:
    """Whether a row that `row` hangs on, at any remove, has one of these keys: its ids are on the row's own path."""
    return any(
        (row.provider, str(kind.__struct_config__.tag), *(getattr(row, name) or "" for name in kind.KEY)) in gone
        for kind in dataset.above[type(row)]
    )


@cache
def _members(state: type[msgspec.Struct]) -> tuple[type[Row], Mapping[str, tuple[type[Row], ...]]]:
    """The kind of row that says who the person is, and for each other member of the state its kinds."""
    types = {field.name: field.type for field in msgspec.structs.fields(state)}
    person = types.pop("person")
    del types["as_of"]
    kinds = {name: get_args(held)[0] for name, held in types.items()}
    return person, {name: get_args(kind) or (kind,) for name, kind in kinds.items()}


class _History:
    """A data set's submissions, found by the envelope they came in; `naming`: envelopes that carry the person."""

    def __init__(self, dataset: str, submissions: Sequence[Submission], naming: frozenset[str]) -> None:
        self._all = [submission for submission in submissions if submission.dataset == dataset]
        self._position = {submission.digest: index for index, submission in enumerate(self._all)}
        self._naming = naming

    def withdrew(self, row: Row, digest: str) -> bool:
        """Whether a later submission should have carried `row`, last seen in the envelope `digest`, and did not."""
        position = self._position.get(digest)
        if position is None or row.LASTS:
            return False
        carried = self._all[position]
        return any(
            later.sender == carried.sender and row.table in later.tables and self._speaks_of(row, carried, later)
            for later in self._all[position + 1 :]
        )

    def _speaks_of(self, row: Row, carried: Submission, later: Submission) -> bool:
        if row.date is None:
            return later.digest in self._naming
        return _covers(carried, row.date) and _covers(later, row.date)


def _covers(submission: Submission, date: str) -> bool:
    return submission.start <= date <= submission.end
