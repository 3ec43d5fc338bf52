"""Published sample messages: NHS England's ITK examples, Epic, a hospital simulator, two converters' test sets.

Every file either becomes valid resources or says why not; the five ITK messages have exactly one meaning.
"""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from adapters.acute.state import fold
from adapters.errors import Unreadable
from adapters.records import Defect, FoldedEvent, SourcePatient
from mappings.acute import to_resources
from mappings.ids import Ids
from tests.unit.adapters.acute_messages import read, state

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "acute"
FILES = sorted(SAMPLES.rglob("*.hl7"))
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not FILES, reason="needs the HL7 v2 samples in ../shared/samples/acute, which are not there"),
]
EPIC = SourcePatient("X9A", "40800000")
REFUSALS = {"not-production", "unsupported-event", "unsupported-message-type", "no-patient-id", "no-pid"}
REMARKS = {"bad-check-digit", "bad-nhs-number", "bad-time", "no-visit-number", "no-pv1", "death-contradicted"}

Resource = dict[str, Any]


def told(content: bytes) -> tuple[list[Resource], list[Defect]]:
    """The resources of everybody in the message, and its defects."""
    parsed = read(content)
    digest = hashlib.sha256(content).hexdigest()
    by_patient: dict[SourcePatient, list[FoldedEvent]] = {}
    for event in parsed.events:
        one = FoldedEvent(at=event.at, sent=event.sent, digest=digest, name="sample", record=event.record)
        by_patient.setdefault(event.patient, []).append(one)
    found: list[Resource] = []
    for patient, events in by_patient.items():
        state = fold(patient, events, [])
        assert state is not None
        found += to_resources(state, Ids(b"test", patient))
    return found, list(parsed.defects)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SAMPLES)))
@pytest.mark.parametrize("as_production", [False, True])
def test_every_sample_is_read_or_refused_with_a_reason(path: Path, as_production: bool) -> None:
    content = path.read_bytes()
    if as_production:
        content = content.replace(b"|T|2.", b"|P|2.")
    try:
        found, defects = told(content)
    except Unreadable as unreadable:
        found, defects = [], [unreadable.defect]
    codes = {defect.code for defect in defects}
    assert codes <= (REMARKS if found else REFUSALS)
    assert found or codes
    assert all(defect.where and defect.reason and defect.remedy for defect in defects)
    for resource in found:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def itk(event: str) -> tuple[Resource, list[Resource], list[Resource], list[tuple[str, str]]]:
    """(Patient, Encounters, RelatedPersons, defects) of one ITK sample."""
    found, defects = told((SAMPLES / "itk_v24" / f"ITK_ADT_{event}.hl7").read_bytes())
    kinds = {kind: [one for one in found if one["resourceType"] == kind] for kind in ("Encounter", "RelatedPerson")}
    patient = found[0]
    assert patient["resourceType"] == "Patient"
    return patient, kinds["Encounter"], kinds["RelatedPerson"], [(one.code, one.where) for one in defects]


def code(concept: Resource) -> str:
    return str(concept["coding"][0]["code"])


@pytest.mark.parametrize("event", ["A01", "A03", "A04", "A28", "A31"])
def test_itk_the_person_is_the_same_in_all_five(event: str) -> None:
    patient, *_ = itk(event)
    (number,) = patient["identifier"]
    assert number["value"] == "3333333333"
    assert code(number["extension"][0]["valueCodeableConcept"]) == "02"  # a placeholder is never verified
    assert patient["name"] == [
        {"use": "official", "family": "SMITH", "given": ["FREDRICA", "J"], "prefix": ["MRS"]},
    ]
    assert patient["gender"] == "female"
    assert patient["telecom"] == [{"system": "phone", "value": "+441234567890", "use": "home"}]
    assert patient["address"] == [
        {
            "use": "home",
            "line": ["29 WEST AVENUE", "BURYTHORPE"],
            "city": "MALTON",
            "district": "NORTH YORKSHIRE",
            "postalCode": "YO32 5TT",
            "country": "GBR",
        }
    ]
    assert code(patient["maritalStatus"]) == "M"
    assert code(patient["extension"][0]["valueCodeableConcept"]) == "A"
    practice, gp = patient["generalPractitioner"]
    assert (practice["identifier"]["value"], gp["display"]) == ("Y06601", "Dr Gregory Townley")
    assert patient["managingOrganization"]["identifier"]["value"] == "RCB"
    assert "deceasedBoolean" not in patient or patient["deceasedBoolean"] is False


def test_itk_all_five_are_one_source_patient() -> None:
    assert len({itk(event)[0]["id"] for event in ("A01", "A03", "A04", "A28", "A31")}) == 1


def test_itk_a01() -> None:
    patient, (encounter,), (spouse,), defects = itk("A01")
    assert defects == []
    assert patient["birthDate"] == "1965-12-13"
    assert patient["_birthDate"]["extension"][0]["valueDateTime"] == "1965-12-13T15:15:00+00:00"
    assert (encounter["status"], encounter["class"]["code"]) == ("in-progress", "IMP")
    assert encounter["identifier"][0]["value"] == "2139"
    assert encounter["period"] == {"start": "2010-10-20T17:16:00+01:00"}
    assert code(encounter["hospitalization"]["extension"][0]["valueCodeableConcept"]) == "13"
    assert code(encounter["hospitalization"]["admitSource"]) == "19"
    assert code(encounter["serviceType"]) == "300"
    assert [(code(one["type"][0]), one["individual"]["display"]) for one in encounter["participant"]] == [
        ("ATND", "Dr Samuel Darwin"),
        ("REF", "Dr Gregory Townley"),
        ("CON", "Dr Samuel Darwin"),
    ]
    assert encounter["location"][1]["location"]["display"] == "OBS1, BAY2-6"
    assert (code(spouse["relationship"][0]), spouse["name"][0]["given"]) == ("SPS", ["ALBERT", "J"])


def test_itk_a03() -> None:
    patient, (encounter,), relatives, defects = itk("A03")
    assert defects == []
    assert relatives == []
    assert [tag["code"] for tag in patient["meta"]["tag"]] == ["ED"]
    assert (encounter["status"], encounter["class"]["code"]) == ("finished", "AMB")
    assert encounter["identifier"][0]["value"] == "11554"
    assert encounter["period"] == {"start": "2010-03-30T11:00:00+01:00", "end": "2010-03-31T17:15:00+01:00"}
    assert code(encounter["hospitalization"]["extension"][0]["valueCodeableConcept"]) == "82"
    assert code(encounter["hospitalization"]["admitSource"]) == "79"
    assert code(encounter["hospitalization"]["dischargeDisposition"]) == "19"  # the sample has it in PV1-36
    assert encounter["reasonCode"] == [{"text": "Labour"}]
    assert [code(one["type"][0]) for one in encounter["participant"]] == ["ATND", "CON", "ADM"]
    assert encounter["location"][1]["location"]["display"] == "MATWRD, Bed 3"


def test_itk_a04() -> None:
    _, (encounter,), (relative,), defects = itk("A04")
    assert defects == []
    assert (encounter["status"], encounter["class"]["code"]) == ("in-progress", "AMB")
    assert encounter["identifier"][0]["value"] == "2141"
    assert encounter["period"] == {"start": "2010-11-01T16:00:00+00:00"}
    assert code(relative["relationship"][0]) == "FAMMEMB"


@pytest.mark.parametrize("event", ["A28", "A31"])
def test_itk_a28_and_a31(event: str) -> None:
    patient, encounters, (relative,), defects = itk(event)
    assert defects == [("bad-time", "PID-7")]  # month 13
    assert "birthDate" not in patient
    assert encounters == []
    assert relative["name"][0]["given"] == ["FRANCESCA"]
    assert [tag["code"] for tag in patient["meta"]["tag"]] == ["ED"]


def wards_of(folder: str) -> list[tuple[str, list[str], list[str]]]:
    """(status, beds, classes) of each visit after all messages of one folder of Epic's, as production messages."""
    contents = [path.read_bytes() for path in sorted((SAMPLES / "uclh_epic" / "Location" / folder).iterdir())]
    found = state(*(content.replace(b"|T|2.", b"|P|2.") for content in contents), patient=EPIC)
    return [
        (visit.status, [stay.place.bed for stay in visit.stays], [span.patient_class for span in visit.classes])
        for visit in found.visits
    ]


RAT, FOUR, FIVE = "RAT-CHAIR", "04-NON COVID MAJORS", "05-NON COVID MAJORS"


@pytest.mark.parametrize(
    ("folder", "beds", "classes"),
    [
        ("Moves", [RAT, FIVE, FOUR, FIVE, FOUR, "BY02-08"], ["E", "I"]),
        ("CancelTransfer", [RAT, FIVE, FOUR], []),
        ("CancelDischarge", [RAT, FIVE], []),
        ("DuplicateSimple", [RAT, FIVE, FOUR], []),
    ],
)
def test_epic_movements(folder: str, beds: list[str], classes: list[str]) -> None:
    assert wards_of(folder) == [("finished", beds, classes)]
