"""The synthetic hospital writes real ADT messages; read back, they tell the world that was written."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hl7apy.parser import parse_message

from adapters.acute.er7 import split
from adapters.acute.records import State
from adapters.acute.state import fold
from adapters.records import FoldedEvent, SourcePatient
from adapters.synthetic.acute import feed_files
from adapters.synthetic.world import Address, Condition, FeedFile, LifeEvent, Person, Relative, Staff, World
from tests.unit.adapters.acute_messages import NUMBER, OTHER_NUMBER, read

TODAY = date(2026, 9, 30)
CONSULTANT = Staff("consultant-430", "Darwin", "Sam", "Dr", "Consultant", "X9A", "C1234567")
GP = Staff("gp-X90401-1", "Patel", "Asha", "Dr", "General practitioner", "X90401", "G1234567")
BASE = Person(
    key="p1",
    name="known well",
    family="Tester",
    given="Theodora",
    nickname="Dora",
    sex="female",
    birth_date=date(1942, 5, 6),
    title="Mrs",
    nhs_number=NUMBER,
    practice="X90401",
    addresses=(
        Address(("1 Old Road", "Earlsdon"), "CV5 6AA", date(2000, 1, 1)),
        Address(("The Limes",), "CV5 6BB", date(2026, 3, 1), care_home="X9K01"),
    ),
    phone="07700900001",
    relatives=(Relative("Tester", "Al", "son", "07700900002", carer=True),),
    mrn="1000001",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def happened(kind: str, when: str, end: str | None = None, key: str = "", **detail: str) -> LifeEvent:
    key = key or f"p1-{kind}-{when}"
    staff = "consultant-430" if kind in ("attendance", "admission", "outpatient") else None
    return LifeEvent(key, "p1", kind, at(when), "X9A", at(end) if end else None, staff, detail)  # type: ignore[arg-type]


def world(person: Person, *events: LifeEvent) -> World:
    return World(7, TODAY, (person,), tuple(sorted(events, key=lambda event: (event.at, event.key))), (CONSULTANT, GP))


def states(files: list[FeedFile]) -> dict[str, State]:
    """What the hospital says of each local id once everything has arrived."""
    found: dict[str, dict[tuple[str, str, str, int], FoldedEvent]] = {}
    for file in files:
        digest = hashlib.sha256(file.content).hexdigest()
        parsed = read(file.content)
        assert parsed.defects == []
        for position, event in enumerate(parsed.events):
            one = FoldedEvent(at=event.at, sent=event.sent, digest=digest, name=file.name, record=event.record)
            found.setdefault(event.patient.local_id, {})[(event.at, event.sent, digest, position)] = one
    told = {key: fold(SourcePatient("X9A", key), [held[k] for k in sorted(held)], []) for key, held in found.items()}
    return {key: state for key, state in told.items() if state is not None}


def told(person: Person, *events: LifeEvent) -> State:
    return states(list(feed_files(world(person, *events))))[person.mrn or ""]


def test_a_person_is_registered_as_they_are() -> None:
    held = told(BASE).person
    assert (held.nhs_number, held.nhs_number_status, held.birth_date, held.sex) == (NUMBER, "01", "1942-05-06", "2")
    assert held.practice is not None
    assert held.gp is not None
    assert (held.practice.code, held.gp.id) == ("X90401", "G1234567")
    (relative,) = held.relatives or ()
    assert (relative.relationship.code, relative.relationship.text) == ("20", "Son")


def test_an_old_address_until_the_hospital_hears_of_the_move() -> None:
    files = list(feed_files(world(BASE, happened("outpatient", "2026-02-01T10:00", specialty="430"))))
    first, last = states(files[:1])["1000001"].person, states(files)["1000001"].person
    assert (first.addresses or ())[0].postcode == "CV5 6AA"
    assert (last.addresses or ())[0].postcode == "CV5 6BB"


def test_a_stay_with_transfer_and_cancelled_discharge() -> None:
    stay = happened("admission", "2026-01-05T09:00", "2026-01-12T11:00", "stay", ward="AMU", bed="B1", specialty="430")
    transfer = happened("transfer", "2026-01-06T10:00", admission="stay", ward="W40", bed="B2")
    undone = happened("discharge-cancelled", "2026-01-10T15:00", admission="stay")
    (visit,) = told(BASE, stay, transfer, undone).visits
    assert (visit.status, visit.start, visit.end) == (
        "finished",
        "2026-01-05T09:00:00+00:00",
        "2026-01-12T11:00:00+00:00",
    )
    assert [one.place.ward for one in visit.stays] == ["AMU", "W40"]
    assert visit.details.attending is not None
    assert visit.details.attending.id == "C1234567"


def test_kinds_of_visits() -> None:
    found = told(
        BASE,
        happened("attendance", "2026-01-05T09:00", "2026-01-05T13:00", reason="Fall", outcome="home"),
        happened("admission", "2026-02-05T09:00", None, "never", ward="AMU", bed="B1", specialty="430"),
        happened("admission-cancelled", "2026-02-05T11:00", admission="never"),
        happened("outpatient", "2026-03-05T09:00", specialty="430", outcome="dna"),
        happened("outpatient", "2026-04-05T09:00", specialty="430", outcome="1"),
        happened("admission", "2026-09-29T09:00", None, "now", ward="W40", bed="B9", specialty="430"),
    )
    assert [(visit.details.patient_class, visit.status) for visit in found.visits] == [
        ("E", "finished"),
        ("I", "cancelled"),
        ("O", "cancelled"),
        ("O", "finished"),
        ("I", "in-progress"),
    ]


def test_a_death_in_hospital() -> None:
    person = replace(BASE, died=date(2026, 1, 12))
    stay = happened("admission", "2026-01-05T09:00", "2026-01-12T11:00", "stay", ward="AMU", bed="B1", destination="79")
    found = told(person, stay, happened("died", "2026-01-12T11:00", place="hospital"))
    assert found.dead
    assert found.died == "2026-01-12T11:00:00+00:00"
    assert found.visits[0].details.discharge_method == "4"


def test_a_wrong_birth_date_until_it_is_corrected() -> None:
    correction = happened("birth-date-corrected", "2026-05-01T10:00", wrong="1942-06-05")
    files = list(feed_files(world(BASE, correction)))
    before = [file for file in files if b"19420605" in file.content]
    assert before
    assert states(before)["1000001"].person.birth_date == "1942-06-05"
    assert states(files)["1000001"].person.birth_date == "1942-05-06"


def test_a_duplicate_record_until_the_merge() -> None:
    person = replace(BASE, other_mrn="1000009")
    merge = happened("record-merged", "2026-05-01T10:00", discarded="1000009", wrong_nhs_number=OTHER_NUMBER)
    found = states(list(feed_files(world(person, happened("outpatient", "2026-02-01T10:00"), merge))))
    assert set(found) == {"1000001", "1000009"}
    assert found["1000009"].replaced_by == "1000001"
    assert len(found["1000009"].visits) == 1
    assert (found["1000009"].person.nhs_number, found["1000009"].person.nhs_number_status) == (OTHER_NUMBER, "02")
    assert [one.discarded for one in found["1000001"].survives] == ["1000009"]
    assert found["1000001"].person.nhs_number == NUMBER


@pytest.mark.parametrize(
    ("change", "dissent", "hidden"), [({"dissent": True}, 1, None), ({"restricted": True}, 0, "2")]
)
def test_choices(change: dict[str, bool], dissent: int, hidden: str | None) -> None:
    found = told(replace(BASE, **change))  # type: ignore[arg-type]
    assert (len(found.dissents), found.person.location_hiding) == (dissent, hidden)


def test_somebody_without_number_or_home() -> None:
    held = told(replace(BASE, nhs_number=None, addresses=(), phone=None, practice=None, relatives=())).person
    assert held.nhs_number == ""
    assert not held.addresses


def test_nobody_without_an_mrn_and_no_other_hospital() -> None:
    assert list(feed_files(world(replace(BASE, mrn=None), happened("attendance", "2026-01-05T09:00")))) == []
    elsewhere = replace(happened("attendance", "2026-01-05T09:00", "2026-01-05T10:00"), organisation="X9Z")
    assert told(BASE, elsewhere).visits == ()


@cache
def neighbourhood(count: int = 40) -> tuple[World, tuple[FeedFile, ...]]:
    """So many people who come and go."""
    people, events = [], []
    for n in range(count):
        key = f"p{n:05d}"
        people.append(replace(BASE, key=key, name=None, mrn=str(2000000 + n), household=None))
        for visit in range(3):
            start = at("2026-01-05T09:00") + timedelta(days=40 * visit + n % 30, minutes=n)
            events.append(
                LifeEvent(
                    f"{key}-{visit}", key, "attendance", start, "X9A", start + timedelta(hours=4), "consultant-430"
                )
            )
    told = World(7, TODAY, people, sorted(events, key=lambda event: (event.at, event.key)), (CONSULTANT, GP))
    return told, tuple(feed_files(told))


def test_the_same_world_gives_the_same_files() -> None:
    told, files = neighbourhood()
    assert tuple(feed_files(told)) == files
    assert tuple(feed_files(replace(told, seed=8))) != files


def test_the_dirt_of_a_real_feed() -> None:
    _, files = neighbourhood(200)
    names, contents = Counter(file.name for file in files), Counter(file.content for file in files)
    assert 5 < sum(count - 1 for count in names.values()) < 100  # identical bytes again
    assert len(contents) == len(names)
    sent = [read(file.content).events[0].sent for file in files]
    assert 10 < sum(later < earlier for earlier, later in pairwise(sent)) < len(sent) / 2
    assert any(b"\r" not in file.content for file in files)
    held = [state.person for state in states(list(files)).values()]
    assert {person.nhs_number for person in held} == {"", NUMBER}
    assert {person.nhs_number_status for person in held} == {None, "01", "02"}
    assert sum(person.nhs_number == NUMBER for person in held) > 150
    first_names = Counter(name.given[0] for person in held for name in (person.names or ())[:1])
    assert first_names["Theodora"] > first_names["Dora"] > 0


def test_every_name_is_the_control_id_and_every_sender_the_hospital() -> None:
    for file in neighbourhood()[1][:50]:
        assert (file.feed, file.sender) == ("acute", "X9A")
        assert f"|{file.name.removesuffix('.hl7')}|P|2.4" in file.content.decode()


def test_dirt_changes_nothing_in_the_end() -> None:
    told, files = neighbourhood()
    found = states(list(files))
    assert len(found) == len(told.people)
    assert all([visit.status for visit in state.visits] == ["finished"] * 3 for state in found.values())
    assert states(list(reversed(files))) == found


def test_hl7apy_finds_the_messages_valid() -> None:
    stay = happened("admission", "2026-01-05T09:00", "2026-01-12T11:00", "stay", ward="AMU", bed="B1")
    transfer = happened("transfer", "2026-01-06T10:00", admission="stay", ward="W40", bed="B2")
    merge = happened("record-merged", "2026-05-01T10:00", discarded="1000009")
    person = replace(BASE, other_mrn="1000009", dissent=True)
    events = set()
    for file in feed_files(world(person, stay, transfer, merge)):
        message = parse_message(file.content.decode().replace("\r\n", "\r").replace("\n", "\r"))
        assert message.validate()
        events.add(message.msh.msh_9.msh_9_2.to_er7())
    assert events == {"A28", "A31", "A01", "A02", "A03", "A40"}


@cache
def hospital() -> tuple[dict[str, State], list[FeedFile]]:
    """Patients who are not named: what they are coded with, and how it is sent."""
    allergic = Condition("294505008", "Allergy to amoxicillin", date(2001, 1, 2))
    people, events = [], []
    for n in range(40):
        people.append(replace(BASE, key=f"p{n}", name=None, mrn=str(3000000 + n), allergies=(allergic,)))
        for kind, day, end in (("attendance", "2026-08-21T09:00", "2026-08-21T12:00"),
                               ("outpatient", "2026-06-05T09:00", "2026-06-05T09:30"),
                               ("admission", "2026-07-05T09:00", "2026-07-09T09:30")):  # fmt: skip
            detail = {"reason": "Chest pain", "code": "29857009", "outcome": "1"}
            events.append(LifeEvent(f"p{n}-{kind}", f"p{n}", kind, at(day), "X9A", at(end), "consultant-430", detail))
    files = list(feed_files(World(7, TODAY, people, sorted(events, key=lambda one: one.at), (CONSULTANT, GP))))
    return states(files), files


def test_the_messages_of_the_day_when_the_interface_was_down_come_as_one_batch() -> None:
    _, files = hospital()
    (batch,) = [file for file in files if "BATCH" in file.name]
    assert batch.name == "X9A-BATCH-20260821.hl7"
    parsed = read(batch.content)
    assert parsed.defects == []
    assert len(parsed.events) > 40
    assert not any(
        b"ADT^A04" in file.content and b"|20260821" in file.content[:80] for file in files[: files.index(batch)]
    )


def test_what_the_hospital_codes() -> None:
    found, files = hospital()
    for one in found.values():
        visits = {visit.details.patient_class: visit for visit in one.visits if not visit.classes}
        assert [(dg1.code.code, dg1.type) for dg1 in visits["E"].details.diagnoses or ()] == [("29857009", "W")]
        assert [(dg1.code.code, dg1.type) for dg1 in visits["I"].details.diagnoses or ()] == [("29857009", "F")]
        assert visits["E"].details.arrival_mode is not None
        assert [allergy.allergen.code for allergy in one.person.allergies or ()] == ["294505008"]
    kept_in = [visit for one in found.values() for visit in one.visits if visit.classes]
    assert 0 < len(kept_in) < 15
    assert {tuple(span.patient_class for span in visit.classes) for visit in kept_in} == {("O", "I", "O")}
    assert all(visit.status == "finished" for visit in kept_in)
    assert any(b"\rZBM|1|X9A-" in file.content for file in files)
    sent = [message.decode() for file in files for message in split(file.content)[0]]
    lines = {tuple(line[:3] for line in one.splitlines()): one for one in sent}  # one message of each make
    for message in lines.values():
        assert parse_message("\r".join(message.splitlines())).validate()


def test_the_named_people_are_told_as_before() -> None:
    person = replace(BASE, allergies=(Condition("294505008", "Allergy to amoxicillin", date(2001, 1, 2)),))
    stay = happened("attendance", "2026-01-05T09:00", "2026-01-05T13:00", reason="Fall", code="1912002", outcome="home")
    content = b"".join(file.content for file in feed_files(world(person, stay)))
    for name in (b"\rAL1", b"\rDG1", b"\rZBM", b"\rPV2||||||||||"):
        assert name not in content
