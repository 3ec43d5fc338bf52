"""A submission read as a stream: the same as read at once, in pieces of bounded size, with little kept in memory."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.community import parse as csds
from adapters.community import records
from adapters.community.write import write
from adapters.records import Parsed
from adapters.tables import parse as reading
from adapters.tables.compact import MANY, Parents, Seen
from tests.unit.adapters.community_submission import HEADER, ROWS

AS_OF = datetime(2026, 7, 2, tzinfo=UTC)


def in_pieces(content: bytes, size: int) -> list[Parsed]:
    with patch.object(reading, "PIECE", size):
        return list(csds.pieces(io.BytesIO(content), name="csds.zip", sender="X9C", as_of=AS_OF))


def at_once(content: bytes) -> Parsed:
    return csds.parse(content, name="csds.zip", sender="X9C", as_of=AS_OF)


_IDS = st.sampled_from(["1", "2", "3"])
_PEOPLE = st.builds(records.MasterPatientIndex, local_patient=_IDS, organisation=st.sampled_from(["X9C", "X9D"]))
_REFERRALS = st.builds(
    records.Referral, referral=_IDS, local_patient=_IDS, received=st.sampled_from(["2026-04-01", "1999-04-01"])
)
_TEAMS = st.builds(records.ServiceType, referral=_IDS, team=_IDS, type=st.sampled_from(["12", "18"]))
_CONTACTS = st.builds(records.CareContact, contact=_IDS, referral=_IDS, team=_IDS, on=st.just("2026-05-01"))
_ACTIVITIES = st.builds(records.CareActivity, activity=_IDS, contact=_IDS, professional=_IDS)
_ASSESSMENTS = st.builds(records.ContactAssessment, activity=_IDS, tool=st.just("1109000"))
_STAFF = st.builds(records.StaffMember, professional=_IDS)
_ROWS = st.lists(st.one_of(_PEOPLE, _REFERRALS, _TEAMS, _CONTACTS, _ACTIVITIES, _ASSESSMENTS, _STAFF), max_size=25)


@settings(max_examples=60, deadline=timedelta(seconds=2))
@given(_ROWS, st.integers(1, 9))
def test_the_pieces_together_are_the_whole(rows: list[records.Row], size: int) -> None:
    """Rows hang on one another at random: dangling, ambiguous, repeated, contradicting."""
    content = write(HEADER, rows)
    whole, parts = at_once(content), in_pieces(content, size)
    assert [event for part in parts for event in part.events] == whole.events
    assert [defect for part in parts for defect in part.defects] == whole.defects
    assert [part.submission for part in parts] == [None] * (len(parts) - 1) + [whole.submission]


def _of_people(count: int) -> Sequence[records.Row]:
    return [
        row
        for number in range(count)
        for row in (
            records.MasterPatientIndex(local_patient=f"C{number}", organisation="X9C"),
            records.Referral(referral=f"R{number}", local_patient=f"C{number}", received="2026-04-10"),
        )
    ]


def test_no_piece_is_larger_than_it_may_be_and_the_same_bytes_make_the_same_pieces() -> None:
    content = write(HEADER, _of_people(50))
    parts = in_pieces(content, 7)
    assert {len(part.events) for part in parts[:-1]} == {7}
    assert parts == in_pieces(content, 7)


def test_everything_said_of_a_person_reaches_them_however_the_pieces_fall() -> None:
    for size in range(1, 9):
        parts = in_pieces(write(HEADER, ROWS), size)
        assert sum(len(part.events) for part in parts) == len(ROWS) - 1
        assert not any(part.defects for part in parts)


_ENTRIES = st.lists(st.tuples(st.text(max_size=3), st.integers(0, 4), st.integers(0, 5)), max_size=200)


@given(_ENTRIES)
def test_parents_are_found_as_in_a_dict(added: list[tuple[str, int, int]]) -> None:
    parents = Parents()
    model: dict[str, dict[int, int]] = {}
    for name, up, day in added:
        entry = parents.add(name, up, day)
        assert (parents.name(entry), parents.up[entry], parents.day[entry]) == (name, up, day)
        model.setdefault(name, {})[up] = day
    for name, rows in model.items():
        assert {parents.up[entry]: parents.day[entry] for entry in parents.find(name)} == rows
    assert not parents.find("nobody's id")


def test_parents_outgrow_their_first_table_and_an_id_of_many_rows_means_nothing() -> None:
    parents = Parents()
    for number in range(5000):
        parents.add(f"id {number}", number)
    assert all(list(parents.find(f"id {number}")) == [number] for number in range(5000))
    for up in range(3 * MANY):
        parents.add("everybody's", up)
    assert len(parents.find("everybody's")) > MANY


@given(st.lists(st.tuples(st.integers(-(2**63), 2**64 - 1), st.integers(0, 2**32 - 1)), max_size=100))
def test_what_was_seen_is_remembered_with_its_last_mark(put: list[tuple[int, int]]) -> None:
    seen = Seen()
    model: dict[int, int] = {}
    for number, mark in put:
        key = number % 2**64 or 1
        assert seen.put(number, mark) == model.get(key)
        model[key] = mark
    assert all(key in seen for key in model)


def test_seen_outgrows_its_first_table() -> None:
    seen = Seen()
    assert all(seen.put(number) is None for number in range(1, 5000))
    assert all(seen.put(number) == 0 for number in range(1, 5000))
    assert 5000 not in seen
