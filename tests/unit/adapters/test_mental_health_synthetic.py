"""The synthetic mental health service: real format, real dirt, reproducible, and corrected by the next submission."""

import csv
import hashlib
import io
import zipfile
from collections import defaultdict
from itertools import pairwise

import msgspec
import pytest

from adapters.mental_health import records
from adapters.mental_health.parse import parse
from adapters.mental_health.state import fold
from adapters.records import FoldedEvent, SourcePatient, Submission
from adapters.synthetic.mental_health import feed_files
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.world import FeedFile, World

Told = list[tuple[Submission, list[tuple[SourcePatient, records.Row]]]]


@pytest.fixture(scope="module")
def world() -> World:
    return build(400)


@pytest.fixture(scope="module")
def files(world: World) -> list[FeedFile]:
    return list(feed_files(world))


@pytest.fixture(scope="module")
def told(files: list[FeedFile]) -> Told:
    """Each submission with its rows; none of it has a defect."""
    found = []
    for file in files:
        assert file.as_of
        parsed = parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of)
        assert list(parsed.defects) == []
        assert parsed.submission
        digest = hashlib.sha256(file.content).hexdigest()
        rows = [(event.patient, msgspec.json.decode(event.record, type=records.Record)) for event in parsed.events]
        found.append((msgspec.structs.replace(parsed.submission, digest=digest), rows))
    return found


@pytest.fixture(scope="module")
def states(told: Told) -> dict[str, records.State]:
    """By local id of the patient."""
    events: defaultdict[SourcePatient, list[FoldedEvent]] = defaultdict(list)
    for to, rows in told:
        for patient, row in rows:
            record = msgspec.json.encode(row)
            events[patient].append(FoldedEvent(at=to.as_of, sent=to.as_of, digest=to.digest, name="", record=record))
    history = [to for to, _ in told]
    folded = {patient.local_id: fold(patient, heard, history) for patient, heard in events.items()}
    return {local_id: state for local_id, state in folded.items() if state}


def test_the_same_world_makes_the_same_bytes(world: World, files: list[FeedFile]) -> None:
    assert list(feed_files(world)) == files


def test_a_submission_per_quarter_whose_period_overlaps_the_last(files: list[FeedFile], told: Told) -> None:
    assert len(files) == 8
    assert {(file.feed, file.sender) for file in files} == {("mental_health", "X9C")}
    assert all(later.start <= earlier.end < later.end for (earlier, _), (later, _) in pairwise(told))


def test_everyone_of_the_service_is_told_and_nobody_else(world: World, states: dict[str, records.State]) -> None:
    known = {event.person for event in world.events if event.kind.startswith("mental-health-")}
    numbers = {person.nhs_number for person in world.people if person.key in known}

    assert {state.person.nhs_number for state in states.values()} == numbers


def test_numbers_are_verified_or_untraced_but_those_of_named_people_verified(
    world: World, states: dict[str, records.State]
) -> None:
    status = {state.person.nhs_number: state.person.nhs_number_status for state in states.values()}

    assert set(status.values()) == {"01", "02"}
    assert {status[one.nhs_number] for one in world.people if one.name and one.nhs_number in status} == {"01"}


def test_contacts_that_never_took_place_are_gone_after_the_next_submission(
    told: Told, states: dict[str, records.State]
) -> None:
    ever = {row.key() for _, rows in told for _, row in rows if isinstance(row, records.CareContact)}
    standing = {contact.key() for state in states.values() for contact in state.contacts}

    assert standing < ever
    assert len(ever - standing) < 0.06 * len(ever)


def test_leading_zeros_are_stripped_on_the_wire_and_whole_in_the_record(
    files: list[FeedFile], states: dict[str, records.State]
) -> None:
    sent = set()
    for file in files:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            text = archive.read("MHS201CareContact.csv").decode()
        sent |= {row["ConsMechanismMH"] for row in csv.DictReader(io.StringIO(text))}

    assert sent == {"01", "02", "11", "1", "2"}
    assert {one.mechanism for state in states.values() for one in state.contacts} == {"01", "02", "11"}


def test_the_woman_with_sensitive_codes_was_detained_and_has_a_crisis_plan(states: dict[str, records.State]) -> None:
    (her,) = [state for state in states.values() if state.person.nhs_number == "9990000093"]

    assert [(one.status, bool(one.ended)) for one in her.legal_statuses] == [("02", True)]
    assert [one.type for one in her.care_plans] == ["12"]
    assert [one.end for one in her.coordinators] == [None]


def test_some_have_two_teams(states: dict[str, records.State]) -> None:
    assert any(state.service_types for state in states.values())
