"""Records -> bytes -> the same records, in the shape of GP Connect."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.gp import stu3
from adapters.gp.parse import parse
from adapters.gp.records import ListWarning, Refusal, StructuredRecord, Withheld
from adapters.gp.write import profiled, write
from tests.unit.adapters.gp_answers import AS_OF, NUMBER

MADE = "2026-09-29T22:15:00+01:00"
SUBJECT = stu3.Reference(reference="Patient/P1")
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20).filter(
    lambda text: "{{" not in text and not text[:1].isdigit()
)
ids = st.from_regex(r"[A-Za-z0-9\-]{1,36}", fullmatch=True)
dates = st.dates(min_value=datetime(1900, 1, 1, tzinfo=UTC).date()).map(str) | st.integers(1900, 2100).map(str)
codes = st.builds(
    stu3.CodeableConcept,
    coding=st.lists(
        st.builds(
            stu3.Coding,
            system=st.just("http://snomed.info/sct"),
            code=st.integers(10**5, 10**15).map(str),
            display=texts,
            user_selected=st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    text=st.none() | texts,
)
security = st.none() | st.just(
    stu3.Meta(security=(stu3.Coding(system="http://hl7.org/fhir/v3/ActCode", code="NOPAT"),))
)
observations = st.builds(
    stu3.Observation,
    id=ids,
    meta=security,
    status=st.sampled_from(("final", "amended", "unknown")),
    code=codes,
    subject=st.just(SUBJECT),
    effective_date_time=st.none() | dates,
    comment=st.none() | texts,
    value_quantity=st.none() | st.builds(stu3.Quantity, value=st.integers(0, 500), unit=texts),
)
conditions = st.builds(
    stu3.Condition,
    id=ids,
    code=codes,
    subject=st.just(SUBJECT),
    clinical_status=st.sampled_from(("active", "inactive", None)),
    onset_date_time=st.none() | dates,
)
allergies = st.builds(
    stu3.AllergyIntolerance,
    id=ids,
    code=codes,
    patient=st.just(SUBJECT),
    clinical_status=st.sampled_from(("active", "resolved")),
)
links = st.builds(stu3.Reference, display=texts)
reports = st.builds(
    stu3.DiagnosticReport,
    id=ids,
    status=st.sampled_from(("final", "appended", "unknown")),
    code=codes,
    subject=st.just(SUBJECT),
    category=st.none() | codes,
    issued=st.none() | dates,
    performer=st.lists(st.builds(stu3.ReportPerformer, actor=links), max_size=2).map(tuple),
    conclusion=st.none() | texts,
)
specimens = st.builds(
    stu3.Specimen,
    id=ids,
    subject=st.just(SUBJECT),
    type=st.none() | codes,
    received_time=st.none() | dates,
    collection=st.none() | st.builds(stu3.Collection, collected_date_time=dates),
)
documents = st.builds(
    stu3.DocumentReference,
    id=ids,
    status=st.sampled_from(("current", "superseded")),
    type=codes,
    indexed=dates,
    subject=st.none() | st.just(SUBJECT),
    description=st.none() | texts,
    content=st.lists(
        st.builds(stu3.DocumentContent, attachment=st.builds(stu3.Attachment, title=texts, size=st.integers(0, 10**6))),
        max_size=2,
    ).map(tuple),
)
services = st.builds(stu3.HealthcareService, id=ids, name=st.none() | texts)
warnings = st.sets(st.sampled_from(("confidential-items", "data-in-transit"))).map(
    lambda found: tuple(ListWarning(area="717711000000103", code=code) for code in sorted(found))
)
numbers = (stu3.Identifier(system="https://fhir.nhs.uk/Id/nhs-number", value=NUMBER),)
patients = st.builds(
    stu3.Patient,
    id=st.just("P1"),
    identifier=st.just(numbers),
    name=st.lists(st.builds(stu3.HumanName, family=texts, given=st.tuples(texts)), max_size=2).map(tuple),
    birth_date=st.none() | dates,
)


def by_id(resource: Any) -> tuple[str, str]:
    return type(resource).__name__, resource.id


records = st.builds(
    StructuredRecord,
    nhs_number=st.just(NUMBER),
    patient=patients.map(profiled),
    resources=st.lists(
        observations | conditions | allergies | reports | specimens | documents | services, unique_by=by_id, max_size=8
    ).map(lambda found: tuple(sorted(map(profiled, found), key=by_id))),
    warnings=warnings,
)


@given(records)
def test_what_is_written_is_read_back(record):
    parsed = parse(write(record, made=MADE), name="x.json", sender="X90101", as_of=AS_OF)
    read = msgspec.json.decode(parsed.events[0].record, type=StructuredRecord)
    assert parsed.defects == []
    assert msgspec.structs.replace(read, resources=tuple(sorted(read.resources, key=by_id))) == record
    assert parsed.events[0].at == "2026-09-29T21:15:00.000000Z"


def test_refusals_and_not_found_are_read_back():
    for answer in (
        Refusal(nhs_number=NUMBER),
        Withheld(nhs_number=NUMBER, code="PATIENT_NOT_FOUND"),
        Withheld(nhs_number=NUMBER, code="NO_ORGANISATION_CONSENT"),
    ):
        parsed = parse(write(answer, made=MADE), name=f"{NUMBER}.json", sender="X90101", as_of=AS_OF)
        assert msgspec.json.decode(parsed.events[0].record, type=type(answer)) == answer


def test_a_bundle_has_the_shape_of_gp_connect():
    met = stu3.Encounter(id="E1", status="finished", subject=SUBJECT, period=stu3.Period(start="2026-01-05"))
    noted = stu3.Observation(
        id="O1", status="final", code=stu3.CodeableConcept(text="Cough"), subject=SUBJECT,
        context=stu3.Reference(reference="Encounter/E1"),
    )  # fmt: skip
    record = StructuredRecord(nhs_number=None, patient=stu3.Patient(id="P1"), resources=(met, noted))
    bundle = json.loads(write(record, made=MADE))
    resources = [entry["resource"] for entry in bundle["entry"]]
    assert bundle["type"] == "collection"
    assert not any("fullUrl" in entry for entry in bundle["entry"])
    assert all("/CareConnect-GPC-" in resource["meta"]["profile"][0] for resource in resources)
    lists = {listed["code"]["coding"][0]["code"]: listed for listed in resources if listed["resourceType"] == "List"}
    assert lists["717711000000103"]["emptyReason"]["coding"][0]["code"] == "no-content-recorded"
    assert lists["1149501000000101"]["entry"] == [{"item": {"reference": "Encounter/E1"}}]
    assert lists["325851000000107"]["entry"] == [{"item": {"reference": "List/E1-PG0"}}]
    assert lists["25851000000105"]["entry"] == [{"item": {"reference": "Observation/O1"}}]
