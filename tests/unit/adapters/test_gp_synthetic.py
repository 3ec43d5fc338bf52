"""The practices' answers about synthetic Coventry: real shape, real dirt, and every answer can be read."""

import json
from collections import Counter, defaultdict
from hashlib import sha256

import msgspec
import pytest

from adapters.gp.parse import parse
from adapters.gp.records import StructuredRecord
from adapters.gp.state import fold
from adapters.records import FoldedEvent, SourcePatient
from adapters.synthetic.gp import feed_files
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.world import FeedFile
from mappings.ids import Ids
from tests.unit.gp_accounting import unaccounted
from tests.unit.mappings.gp_views import of, view_of

WORLD = build(120)
FILES = list(feed_files(WORLD))
PEOPLE = {person.key: person for person in WORLD.people}


def files_of(key: str) -> list[FeedFile]:
    number = PEOPLE[key].nhs_number
    return [file for file in FILES if file.name.startswith(str(number))]


def state_of(key: str):
    person = PEOPLE[key]
    source = SourcePatient(person.practice, person.nhs_number)
    events = []
    for file in files_of(key):
        parsed = parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of)
        digest = sha256(file.content).hexdigest()
        events += [
            FoldedEvent(at=event.at, sent=event.sent, digest=digest, name=file.name, record=event.record)
            for event in parsed.events
        ]
    return fold(source, sorted(events, key=lambda event: (event.at, event.sent, event.digest)), ())


def resources_of(key: str):
    person = PEOPLE[key]
    return view_of(state_of(key), Ids(b"secret", SourcePatient(person.practice, person.nhs_number), "gp"))


def test_the_same_world_gives_the_same_files():
    assert list(feed_files(build(120))) == FILES


def test_there_is_an_answer_for_each_registered_person_with_a_number():
    registered = {person.nhs_number for person in WORLD.people if person.practice and person.nhs_number}
    assert {file.name[:10] for file in FILES} == registered
    assert len({(file.sender, file.name) for file in FILES}) == len(FILES)


def test_every_answer_is_read_without_a_defect_as_its_practices():
    for file in FILES:
        parsed = parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of)
        assert not parsed.defects
        assert parsed.events[0].patient == SourcePatient(file.sender, file.name[:10])


def test_nothing_in_an_answer_is_silently_dropped():
    for file in FILES:
        if b'"OperationOutcome"' not in file.content[:40]:
            assert unaccounted(file.content, sender=file.sender, as_of=file.as_of) == []


def test_every_named_person_maps_to_sound_resources():
    named = [person.key for person in WORLD.people if person.name and person.practice and person.nhs_number]
    assert len(named) > 10
    for key in named:
        assert resources_of(key)


def test_mrs_t_has_her_consultations_flags_plan_and_coordinator():
    made = resources_of("mrs-t")
    assert len(of(made, "Encounter")) > 30
    codes = {flag["code"]["coding"][0]["code"] for flag in of(made, "Flag") if flag["status"] == "active"}
    assert {"105529008", "129839007", "national-reasonable-adjustment-flag"} <= codes
    assert of(made, "CarePlan")
    coordinator = of(made, "CareTeam")[0]["participant"][-1]
    assert coordinator["member"]["display"] == "Ms Priya Nair"
    assert coordinator["onBehalfOf"]["identifier"]["value"] == "X9V01"


@pytest.mark.parametrize("person", [person for person in WORLD.people if person.dissent and person.nhs_number])
def test_those_who_object_shared_once_and_then_were_refused(person):
    kinds = [json.loads(file.content)["resourceType"] for file in files_of(person.key)]
    assert kinds == ["Bundle", "OperationOutcome"]
    made = resources_of(person.key)
    assert {resource["resourceType"] for resource in made} == {"Patient", "Consent", "Organization"}


def test_a_wrong_birth_date_stands_in_the_earlier_answer_only():
    corrected = next(event for event in WORLD.events if event.kind == "birth-date-corrected")
    dates = {}
    for file in files_of(corrected.person):
        parsed = parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of)
        record = msgspec.json.decode(parsed.events[0].record, type=StructuredRecord)
        dates[parsed.events[0].at] = record.patient.birth_date
    assert [dates[at] for at in sorted(dates)] == [
        corrected.detail["wrong"],
        PEOPLE[corrected.person].birth_date.isoformat(),
    ]


def test_the_dirt_of_real_bundles_is_there():
    seen = Counter()
    answers = defaultdict(list)
    for file in FILES:
        answers[file.name[:10]].append(file)
        for entry in json.loads(file.content).get("entry", []):
            resource = entry["resource"]
            kind = resource["resourceType"]
            seen["no period"] += kind == "Encounter" and "period" not in resource
            seen["year only"] += len(resource.get("effectiveDateTime", "") or resource.get("onsetDateTime", "")) == 4
            seen["read code"] += "readv2" in json.dumps(resource.get("code", {}))
            seen["old name"] += any(name.get("use") == "old" for name in resource.get("name", ()) if kind == "Patient")
            seen["ended allergy"] += "contained" in resource
    seen["two answers"] = sum(len(files) > 1 for files in answers.values())
    seen["late answer"] = sum(files[0].name == f"{number}.json" for number, files in answers.items() if len(files) > 1)
    for dirt in ("no period", "year only", "read code", "old name", "ended allergy", "two answers", "late answer"):
        assert seen[dirt] > 0, dirt
