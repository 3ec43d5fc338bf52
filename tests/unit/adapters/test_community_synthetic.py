"""The synthetic community trust: real format, real dirt, reproducible, and corrected by the next submission."""

import hashlib
import io
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from adapters.community import records
from adapters.community.parse import parse
from adapters.community.state import fold
from adapters.records import FoldedEvent, SourcePatient, Submission
from adapters.synthetic.community import feed_files
from adapters.synthetic.world import Address, Condition, FeedFile, LifeEvent, Person, Staff, World

TODAY = date(2026, 9, 30)
PEOPLE = 150


def _person(number: int) -> Person:
    return Person(
        key=f"p{number:05d}",
        family="Test",
        given="Person",
        sex="female" if number % 2 else "male",
        birth_date=date(1940 + number % 40, 1 + number % 12, 1 + number % 28),
        title="Mx",
        nhs_number=None if number % 20 == 0 else _nhs_number(number),
        practice="X90101",
        addresses=(
            Address(("1 Old Street",), "CV1 1AA", date(2000, 1, 1)),
            Address(("2 New Street",), "CV2 2BB", date(2025, 6, 1)),
        ),
        lives_alone=number % 3 == 0,
        impairments=("hearing", "mobility") if number % 5 == 0 else (),
        conditions=(Condition("13645005", "COPD", date(2015, 1, 1)),),
    )


def _nhs_number(number: int) -> str:
    for candidate in range(999_000_000 + number * 10, 999_000_010 + number * 10):
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(str(candidate))) % 11
        if check != 10:
            return f"{candidate}{check % 11}"
    raise AssertionError("ten numbers in a row without a check digit")


def _life(number: int) -> list[LifeEvent]:
    key, began = f"p{number:05d}", datetime(2025, 1, 6, 9, 30) + timedelta(days=3 * number)  # noqa: DTZ001 - London wall time
    referral = LifeEvent(
        key=f"{key}-cr",
        person=key,
        kind="community-referral",
        at=began,
        organisation="X9C",
        end=began + timedelta(days=100) if number % 2 else None,
        detail={"team": "12", "reason": "Wound care", "source": "GP"},
    )
    contacts = [
        LifeEvent(
            key=f"{key}-cc{n}",
            person=key,
            kind="community-contact",
            at=began + timedelta(days=7 * n),
            organisation="X9C",
            staff="community-12-1",
            detail={"referral": referral.key, "mechanism": "02" if n % 3 == 0 else "01", "location": "A01",
                    "attendance": "3" if n == 4 else "5", "minutes": "30"},
        )
        for n in range(1, 9)
    ]  # fmt: skip
    plan = LifeEvent(
        key=f"{key}-cp",
        person=key,
        kind="community-care-plan",
        at=began,
        organisation="X9C",
        detail={"plan_type": "01"},
    )
    return [referral, *contacts, plan]


@pytest.fixture(scope="module")
def world() -> World:
    events = sorted((event for n in range(PEOPLE) for event in _life(n)), key=lambda event: (event.at, event.key))
    nurse = Staff("community-12-1", "Test", "Nurse", "Mx", "Community nurse", "X9C")
    return World(7, TODAY, tuple(_person(n) for n in range(PEOPLE)), tuple(events), (nurse,))


@pytest.fixture(scope="module")
def files(world: World) -> list[FeedFile]:
    return list(feed_files(world))


@pytest.fixture(scope="module")
def submissions(files: Sequence[FeedFile]) -> list[tuple[Submission, list[tuple[SourcePatient, records.Row]]]]:
    """Each submission with its rows, the pipeline's digest filled in."""
    found = []
    for file in files:
        assert file.as_of is not None
        parsed = parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of)
        assert list(parsed.defects) == []
        assert parsed.submission is not None
        digest = hashlib.sha256(file.content).hexdigest()
        rows = [(event.patient, msgspec.json.decode(event.record, type=records.Record)) for event in parsed.events]
        found.append((msgspec.structs.replace(parsed.submission, digest=digest), rows))
    return found


@pytest.fixture(scope="module")
def states(submissions: list) -> dict[str, records.State]:
    events: defaultdict[SourcePatient, list[FoldedEvent]] = defaultdict(list)
    for submission, rows in submissions:
        for patient, row in rows:
            at, record = submission.as_of, msgspec.json.encode(row)
            events[patient].append(FoldedEvent(at=at, sent=at, digest=submission.digest, name="", record=record))
    history = [submission for submission, _ in submissions]
    folded = {patient.local_id: fold(patient, told, history) for patient, told in events.items()}
    return {local_id: state for local_id, state in folded.items() if state}


def test_the_same_world_makes_the_same_bytes(world: World, files: list[FeedFile]) -> None:
    assert [file.content for file in feed_files(world)] == [file.content for file in files]


def test_a_submission_per_quarter_of_two_years(files: list[FeedFile]) -> None:
    assert len(files) == 8
    assert {(file.feed, file.sender) for file in files} == {("community", "X9C")}
    moments = [file.as_of for file in files if file.as_of]
    assert len(moments) == 8
    assert moments == sorted(moments)
    assert moments[-1].date() == TODAY


def test_periods_overlap_so_that_rows_are_sent_again(submissions: list) -> None:
    periods = [submission for submission, _ in submissions]
    assert all(later.start <= earlier.end < later.end for earlier, later in pairwise(periods))
    times_sent: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for _, rows in submissions:
        for _, row in rows:
            if isinstance(row, records.CareContact):
                times_sent[row.key()] += 1
    assert max(times_sent.values()) == 2


def test_everyone_of_the_trust_is_told_once(states: dict[str, records.State]) -> None:
    assert len(states) == PEOPLE


def test_numbers_are_verified_untraced_or_missing(states: dict[str, records.State]) -> None:
    statuses = {(bool(state.person.nhs_number), state.person.nhs_number_status) for state in states.values()}
    assert statuses == {(True, "01"), (True, "02"), (False, "04")}


def test_some_keep_the_postcode_from_before_they_moved(states: dict[str, records.State]) -> None:
    sent_since = [state for state in states.values() if state.as_of > "2025-10"]
    assert {state.person.postcode for state in sent_since} == {"CV1 1AA", "CV2 2BB"}


def test_contacts_that_never_took_place_are_gone_after_the_next_submission(
    submissions: list, states: dict[str, records.State]
) -> None:
    ever = {row.key() for _, rows in submissions for _, row in rows if isinstance(row, records.CareContact)}
    standing = {contact.key() for state in states.values() for contact in state.contacts}
    assert standing < ever
    assert len(ever - standing) < 0.05 * len(ever)


def test_wrong_teams_are_corrected_and_leave_nothing_behind(
    submissions: list, states: dict[str, records.State]
) -> None:
    sent = {row.type for _, rows in submissions for _, row in rows if isinstance(row, records.ServiceType)}
    assert sent == {"12", "23"}
    assert {team.type for state in states.values() for team in state.service_types} == {"12"}


def test_one_birth_date_is_wrong_first_and_right_then(
    world: World, submissions: list, states: dict[str, records.State]
) -> None:
    truth = {f"C{100001 + n}": person.birth_date.isoformat() for n, person in enumerate(world.people)}
    wrong = {
        patient.local_id
        for _, rows in submissions
        for patient, row in rows
        if isinstance(row, records.MasterPatientIndex) and row.birth_date != truth[patient.local_id]
    }
    assert len(wrong) == 1
    assert {local_id: state.person.birth_date for local_id, state in states.items()} == truth


def test_leading_zeros_are_stripped_on_the_wire_and_whole_in_the_record(
    files: list[FeedFile], states: dict[str, records.State]
) -> None:
    mechanisms = {contact.mechanism for state in states.values() for contact in state.contacts}
    assert mechanisms == {"01", "02"}
    with zipfile.ZipFile(io.BytesIO(files[2].content)) as archive:
        rows = archive.read("CYP201CareContact.csv").decode().splitlines()
    place = rows[0].split(",").index("CONSULTATION MECHANISM (COMMUNITY CARE)")
    assert {row.split(",")[place] for row in rows[1:]} == {"01", "02", "1", "2"}
