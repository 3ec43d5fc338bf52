"""All that a council ever said of one person -> what it says now.

The newest submission that has an event is right about it. An event that a later submission leaves out was withdrawn if
its date lies in both submissions' periods (CLD excludes cancelled events and has no delete); outside of the later
period it is history and stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from adapters.records import LONDON, FoldedEvent, SourcePatient, Submission
from adapters.social_care.distinct import distinct
from adapters.social_care.records import (
    DATASET,
    CaredFor,
    Person,
    Record,
    Row,
    State,
    Unattributed,
    natural_key,
    table,
)

Order = tuple[str, str]
"""(as_of, digest) of a submission: the order in which submissions outrank each other."""
Said = TypeVar("Said", Row, CaredFor)

_SNAPSHOT = "death_date"
"""Said by the newest submission alone: one that was taken back must not stay."""


def fold(patient: SourcePatient, events: Sequence[FoldedEvent], submissions: Sequence[Submission]) -> State | None:
    """The council's present view, the same for any order or repetition of `events`; None when nothing it says of this
    person stands (any more)."""
    rows: dict[tuple[str, ...], dict[Order, list[Row]]] = defaultdict(lambda: defaultdict(list))
    links: dict[tuple[str, ...], dict[Order, list[CaredFor]]] = defaultdict(lambda: defaultdict(list))
    silent: set[tuple[Order, str]] = set()
    for event in events:
        order = (event.at, event.digest)
        match msgspec.json.decode(event.record, type=Record):
            case Row() as row:
                rows[natural_key(row)][order].append(row)
            case CaredFor() as link:
                links[(link.carer, link.table, link.start or "")][order].append(link)
            case Unattributed(tables=tables):
                silent.update((order, name) for name in tables)
    heard = [submission for submission in submissions if submission.dataset == DATASET]
    if not rows:
        return None
    everything = _same_person([(order, row) for orders in rows.values() for order in orders for row in orders[order]])
    person = _person(everything)
    present = [row for _, row in _standing(rows, heard, silent) if not _somebody_else(row.person, person)]
    if not present:
        return None
    return State(
        patient=patient,
        as_of=_day(max(order for order, _ in everything)),
        person=person,
        rows=tuple(sorted((_cropped(row, person) for row in distinct(present)), key=_place)),
        carers=tuple(sorted({link.carer for _, link in _standing(links, heard, silent)})),
    )


def _standing(
    said: Mapping[tuple[str, ...], Mapping[Order, Sequence[Said]]],
    submissions: Sequence[Submission],
    silent: set[tuple[Order, str]],
) -> list[tuple[Order, Said]]:
    """For each event its statements of the newest submission that has it, unless withdrawn since."""
    standing: list[tuple[Order, Said]] = []
    for orders in said.values():
        order = max(orders)
        standing += [(order, record) for record in orders[order] if not _withdrawn(record, order, submissions, silent)]
    return standing


def _withdrawn(
    record: Row | CaredFor, order: Order, submissions: Sequence[Submission], silent: set[tuple[Order, str]]
) -> bool:
    name = table(record) if isinstance(record, Row) else record.table
    own = next((one for one in submissions if (one.as_of, one.digest) == order), None)
    if own is None or not _covers(own, record, name):
        return False
    return any(
        (later.as_of, later.digest) > order
        and name in later.tables
        and ((later.as_of, later.digest), name) not in silent
        and _covers(later, record, name)
        for later in submissions
    )


def _covers(submission: Submission, record: Row | CaredFor, name: str) -> bool:
    """Whether the submission would have held the record: completed events by the day of completion, services by any
    day that they ran, associations always (DHSC, event filtering)."""
    if name == "association" or record.start is None:
        return True
    first = record.start if name == "service" else record.end or record.start
    return first <= submission.end and (record.end or (submission.end if name == "service" else first)) >= (
        submission.start
    )


def _same_person(said: Sequence[tuple[Order, Row]]) -> list[tuple[Order, Row]]:
    """Without older rows whose NHS number and birth date both contradict the newest: the council has used the id again
    for somebody else (a correction changes one of the two)."""
    newest = _person(said)
    return [(order, row) for order, row in said if not _somebody_else(row.person, newest)]


def _somebody_else(one: Person, other: Person) -> bool:
    numbers = {one.nhs_number, other.nhs_number} - {None}
    births = {one.birth_date, other.birth_date} - {None}
    return len(numbers) == 2 and len(births) == 2


def _person(said: Sequence[tuple[Order, Row]]) -> Person:
    """Each attribute as last said: by the newest submission, there by the latest event. Empty does not take back,
    except the date of death."""
    newest_first = sorted(said, key=lambda one: (one[0], one[1].start or "", _bytes(one[1])), reverse=True)
    newest = max(order for order, _ in said)
    people = [row.person for _, row in newest_first]
    current = [row.person for order, row in newest_first if order == newest]
    attributes = {
        name: _first(getattr(person, name) for person in (current if name == _SNAPSHOT else people))
        for name in Person.__struct_fields__
    }
    practice = attributes["practice_code"]
    attributes["practice_name"] = _first(one.practice_name for one in people if one.practice_code == practice)
    return msgspec.convert(attributes, Person)


def _first(texts: Iterable[str | None]) -> str | None:
    return next((text for text in texts if text is not None), None)


def _cropped(row: Row, person: Person) -> Row:
    """Nothing goes on after death (DHSC, corrected event end dates)."""
    death = person.death_date
    if death is None or row.start is None or (row.end or "9999") <= death:
        return row
    return msgspec.structs.replace(row, end=max(death, row.start))


def _place(row: Row) -> tuple[str, tuple[str, ...], bytes]:
    return (row.start or "", natural_key(row), _bytes(row))


def _bytes(row: Row) -> bytes:
    return msgspec.json.encode(row)


def _day(order: Order) -> str:
    return datetime.fromisoformat(order[0]).astimezone(LONDON).date().isoformat()
