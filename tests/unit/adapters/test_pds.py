"""PDS answers: records -> bytes -> the same records; what is read, refused, and folded to a present view."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import Unreadable
from adapters.pds import records
from adapters.pds import resources as r4
from adapters.pds.parse import parse
from adapters.pds.state import fold
from adapters.pds.write import write, write_outcome
from adapters.records import FoldedEvent, Parsed, SourcePatient
from adapters.synthetic.nhs_numbers import nhs_number
from tests.unit.adapters.examples import examples

AS_OF = datetime(2026, 9, 30, 8, tzinfo=UTC)
NUMBER, OTHER = "9990000018", "9990000174"
SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "pds"
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: "{{" not in text and not text[:1].isdigit()
)
days = st.dates(min_value=datetime(1900, 1, 1, tzinfo=UTC).date()).map(str)
periods = st.none() | st.builds(r4.Period, start=days, end=st.none() | days)
numbers = st.integers(0, 999).map(nhs_number).filter(bool)
restrictions = st.sampled_from("URV").map(
    lambda code: r4.Meta(security=(r4.Coding(system=records.CONFIDENTIALITY, code=code),))
)


def some(values: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=most).map(tuple)


names = st.builds(
    r4.HumanName,
    use=st.sampled_from(("usual", "nickname", "temp", "old")),
    family=texts,
    given=some(texts),
    prefix=some(texts, 1),
    period=periods,
)
addresses = st.builds(
    r4.Address, use=st.sampled_from(("home", "temp", "billing")), line=some(texts, 5), postal_code=texts, period=periods
)
telecoms = st.builds(r4.ContactPoint, system=st.sampled_from(("phone", "email", "other")), value=texts, period=periods)
practices = st.builds(
    r4.Reference,
    type=st.just("Organization"),
    identifier=st.builds(r4.Identifier, system=st.just(records.ODS_CODE), value=texts, period=periods),
)
codes = st.builds(
    r4.CodeableConcept, coding=some(st.builds(r4.Coding, system=st.just("https://x.example"), code=texts))
)
extensions = st.builds(
    r4.Extension,
    url=st.sampled_from([f"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-{name}" for name in
                         ("ContactPreference", "NHSCommunication", "NominatedPharmacy")]),
    value_string=texts,
)  # fmt: skip


def numbered(patient: r4.Patient) -> r4.Patient:
    stated = r4.Identifier(system=records.NHS_NUMBER, value=patient.id)
    return msgspec.structs.replace(patient, identifier=(stated,))


patients = st.builds(
    r4.Patient,
    id=numbers,
    meta=restrictions,
    extension=some(extensions),
    name=some(names),
    telecom=some(telecoms),
    address=some(addresses),
    gender=st.sampled_from(("male", "female", "other", "unknown", None)),
    birth_date=st.none() | days,
    multiple_birth_integer=st.none() | st.integers(1, 9),
    deceased_date_time=st.none() | days.map(lambda day: f"{day}T00:00:00+00:00"),
    contact=some(
        st.builds(r4.Contact, relationship=some(codes.filter(lambda one: one.coding)), telecom=st.tuples(telecoms))
    ),
    general_practitioner=some(practices, 1),
).map(numbered)
relatives = st.builds(
    r4.RelatedPerson,
    id=st.from_regex(r"[0-9A-F]{8}", fullmatch=True),
    active=st.none() | st.booleans(),
    relationship=some(codes.filter(lambda one: one.coding), 1),
    name=some(names, 1),
    telecom=some(telecoms),
    address=some(addresses, 1),
    period=periods,
)
everything = st.one_of(
    st.builds(records.Answer, patient=patients),
    st.builds(records.Match, patient=patients, score=st.none() | st.floats(0, 1)),
    st.builds(records.Absent, code=st.sampled_from(("RESOURCE_NOT_FOUND", "INVALIDATED_RESOURCE"))),
    st.builds(records.Related, people=st.lists(relatives, max_size=3, unique_by=lambda one: one.id).map(tuple)),
)


def read(content: bytes, name: str) -> Parsed:
    return parse(content, name=name, sender="X9P", as_of=AS_OF)


def said(parsed: Parsed) -> list[tuple[str, records.Said]]:
    return [(one.patient.local_id, msgspec.json.decode(one.record, type=records.Said)) for one in parsed.events]


def named(one: records.Said, asked: str) -> str:
    if isinstance(one, records.Match):
        return "search.json"
    return f"{asked}-related.json" if isinstance(one, records.Related) else f"{asked}.json"


@examples(everything, few=40)
def test_what_is_written_is_read_back(one: records.Said) -> None:
    asked = one.patient.id if isinstance(one, records.Answer | records.Match) else NUMBER
    parsed = read(write(one), named(one, asked))
    assert not parsed.defects
    assert said(parsed) == [(asked, one)]


@given(patients.filter(lambda one: one.id != NUMBER))
def test_a_replaced_number_is_read_back_with_the_record_of_the_other(patient: r4.Patient) -> None:
    superseded = records.Superseded(patient=patient)
    found = said(read(write(superseded), f"{NUMBER}.json"))
    assert found == [(NUMBER, superseded), (patient.id, records.Answer(patient=patient))]


MINIMAL = {"resourceType": "Patient", "id": NUMBER}
BAD = {
    "no JSON": (b"<html>", f"{NUMBER}.json", "not-json"),
    "nothing of FHIR": (b"[]", f"{NUMBER}.json", "not-an-answer"),
    "an error of the service": (write_outcome("TOO_MANY_REQUESTS"), f"{NUMBER}.json", "service-error"),
    "an absence of nobody": (write_outcome("RESOURCE_NOT_FOUND"), "answer.json", "absent-without-number"),
    "a bad check digit": (json.dumps({**MINIMAL, "id": "9990000010"}).encode(), "x.json", "no-nhs-number"),
    "a placeholder": (json.dumps({**MINIMAL, "id": "1111111111"}).encode(), "x.json", "no-nhs-number"),
    "no id": (b'{"resourceType":"Patient"}', f"{NUMBER}.json", "unsound-resource"),
    "another number than its id": (
        json.dumps({**MINIMAL, "identifier": [{"system": records.NHS_NUMBER, "value": OTHER}]}).encode(),
        f"{NUMBER}.json",
        "contradicting-number",
    ),
    "labels that cannot be read": (
        json.dumps({**MINIMAL, "meta": {"security": "R"}}).encode(),
        "x.json",
        "unsound-resource",
    ),
    "nobody": (b'{"resourceType":"Bundle","type":"searchset","total":0}', "search.json", "not-one-person"),
    "two people": (
        json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": MINIMAL}] * 2}).encode(),
        "search.json",
        "not-one-person",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_says_nothing_of_one_person_is_refused(what: str) -> None:
    content, name, code = BAD[what]
    with pytest.raises(Unreadable) as refused:
        read(content, name)
    assert refused.value.defect.code == code
    assert NUMBER not in f"{refused.value} {refused.value.defect.where}"


def test_what_is_broken_is_left_out_and_named_and_the_rest_is_read() -> None:
    content = json.dumps({**MINIMAL, "gender": "Female", "birthDate": "1942-03-14", "favourite": "tea",
                          "extension": [{"url": "https://x.example/new", "valueString": "?"}]})  # fmt: skip
    parsed = read(content.encode(), f"{NUMBER}.json")
    assert {one.code for one in parsed.defects} == {"bad-element", "unread-element", "unread-extension"}
    ((_, answer),) = said(parsed)
    assert isinstance(answer, records.Answer)
    assert (answer.patient.gender, answer.patient.birth_date) == (None, "1942-03-14")


def test_no_related_people_found_means_that_there_are_none() -> None:
    assert said(read(write_outcome("RESOURCE_NOT_FOUND"), f"{NUMBER}-related.json")) == [(NUMBER, records.Related())]


def marked(code: str, **more: Any) -> r4.Patient:
    label = r4.Coding(system=records.CONFIDENTIALITY, code=code)
    return r4.Patient(id=NUMBER, meta=r4.Meta(security=(label,)), **more)


OPEN = records.Answer(patient=marked("U", birth_date="1942-03-14"))
RELATIVE = records.Related(people=(r4.RelatedPerson(id="1"),))


def state(*told: records.Said) -> records.State | None:
    events = [
        FoldedEvent(at=moment, sent=moment, digest="", name="", record=msgspec.json.encode(one))
        for place, one in enumerate(told)
        for moment in [(AS_OF + timedelta(days=place)).isoformat()]
    ]
    return fold(SourcePatient("X9P", NUMBER), events, ())


def test_the_latest_answer_by_number_is_the_view() -> None:
    later = records.Answer(patient=marked("U", birth_date="1943-03-14"))
    found = state(OPEN, RELATIVE, later)
    assert found is not None
    assert (found.patient.birth_date, found.superseded, len(found.related)) == ("1943-03-14", False, 1)


def test_a_search_gives_a_part_of_the_record_and_counts_until_the_number_was_asked_about() -> None:
    match = records.Match(patient=marked("U"), score=1.0)
    first, later = state(match), state(OPEN, match)
    assert first is not None
    assert first.patient.birth_date is None
    assert later is not None
    assert later.patient.birth_date == "1942-03-14"


def test_a_number_that_is_nobodys_any_more_says_nothing_until_it_is_somebodys_again() -> None:
    absent = records.Absent(code="INVALIDATED_RESOURCE")
    assert state(OPEN, RELATIVE, absent) is None
    again = state(OPEN, RELATIVE, absent, OPEN)
    assert again is not None
    assert again.related == ()


def test_a_number_that_is_not_found_any_more_keeps_its_record_and_loses_where_its_holder_is() -> None:
    absent = records.Absent(code="RESOURCE_NOT_FOUND")
    assert state(absent) is None
    lost = state(records.Answer(patient=marked("R")), absent)
    assert lost is not None
    assert (lost.lost, records.is_restricted(lost.patient)) == (True, True)
    found = state(OPEN, RELATIVE, absent)
    assert found is not None
    assert (found.lost, found.related) == (True, ())
    again = state(OPEN, absent, OPEN)
    assert again is not None
    assert not again.lost


@pytest.mark.parametrize("hidden", [records.Answer, records.Match, records.Superseded])
def test_who_is_restricted_stays_so_when_their_number_is_invalidated(hidden: type[records.Answer]) -> None:
    """Whoever hides may have got another number: what others say under the old one must not tell where they are."""
    absent = records.Absent(code="INVALIDATED_RESOURCE")
    told = [hidden(patient=marked("R", birth_date="1942-03-14")), absent]
    for one in (told, [*told, absent]):
        found = state(*one)
        assert found is not None
        assert (found.lost, records.is_restricted(found.patient), found.related) == (True, True, ())
    assert state(*told[:1], OPEN, absent) is None
    again = state(*told, OPEN)
    assert again is not None
    assert (again.lost, records.is_restricted(again.patient)) == (False, False)


@pytest.mark.parametrize("code", ["R", "V", "REDACTED", "X"])
def test_of_whoever_is_not_marked_as_unrestricted_no_relative_is_kept(code: str) -> None:
    found = state(OPEN, RELATIVE, records.Answer(patient=marked(code)))
    assert found is not None
    assert found.related == ()
    later = state(OPEN, RELATIVE, records.Answer(patient=marked(code)), OPEN)
    assert later is not None
    assert later.related == ()
    assert records.is_restricted(r4.Patient(id=NUMBER))


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES.exists(), reason="needs the samples in ../shared/samples/pds, which are not there")
@pytest.mark.parametrize(
    "name", ["patient_9000000009", "patient_9000000033", "patient_9693632109", "dateOfDeath_searchset"]
)
def test_the_apis_own_examples_are_read_without_a_defect(name: str) -> None:
    parsed = read((SAMPLES / f"{name}.json").read_bytes(), "search.json" if "searchset" in name else "answer.json")
    assert not parsed.defects
    assert len(parsed.events) == 1
