"""The real GP Connect samples: each one is read and mapped to valid R4, or is refused with the code it should be."""

from collections import Counter
from datetime import UTC, datetime
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import Unreadable
from adapters.gp.parse import parse
from adapters.gp.state import fold
from adapters.records import FoldedEvent
from mappings.ids import Ids
from tests.unit.gp_accounting import unaccounted
from tests.unit.mappings.gp_views import view_of

pytestmark = pytest.mark.samples

ROOT = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "gp"
AS_OF = datetime(2026, 9, 30, 8, 0, tzinfo=UTC)
REDACTED = {("bad-check-digit", "Patient.identifier"): 1}
STUB = {("placeholder", "Patient.identifier.value"): 1}

EXPECTED: dict[str, Any] = {
    **{f"gp2gp_edge/input-bundle-{name}.json": "no-patient" for name in (
        "1", "12-related-problem", "14-category-codes", "16-topic-codes", "20-medication-request-stopped-order",
        "3", "4", "5")},
    **{f"gp2gp_emis_stub/EMISPatientStructurede2eResponse{name}.json": STUB for name in ("PWTP10", "PWTP11", "PWTP5")},
    **{f"gp2gp_emis_uat/{name}_full_20210602.json": REDACTED for name in (
        "9465698679_Gainsford", "9465700193_Birdi", "9465700339_Yamura", "9465701262_Meyers", "9465701459_Nel",
        "9465701483_Dougill")},
    **{f"nia_pss_outputs/{name}-output.json": REDACTED for name in ("PWTP10", "PWTP3", "PWTP7_vis")},
    **{f"gpconnect_spec_examples/accessrecord_structured/{name}.json": "not-json" for name in (
        "allergies_request1", "allergies_request2", "allergies_request3", "allergies_response2",
        "allergies_response3", "consultations_forwards_request1", "consultations_forwards_response1",
        "meds_request", "meds_response")},
    "gpc_mock/9690937287.structuredRecord.json": REDACTED | {
        ("unsound-resource", "Observation.subject"): 1,
        ("duplicate-id", "PractitionerRole"): 1,
        ("other-patient", "DocumentReference"): 1,
        ("placeholder", "DocumentReference.content.attachment.url"): 1,
        ("duplicate-id", "Location"): 1,
        ("unread-element", "Immunization.vaccinationProtocol.doseStatus"): 1,
        ("other-practice", "Patient.managingOrganization"): 1,
        ("dangling-reference", "Bundle"): 1,
    },
    "gpconnect_messaging/consultations_response1.json": REDACTED | {
        ("other-patient", "Condition"): 4,
        ("other-patient", "Encounter"): 3,
        ("other-patient", "Observation"): 46,
        ("unsound-resource", "Observation.subject"): 1,
        ("other-practice", "Patient.managingOrganization"): 1,
        ("dangling-reference", "Bundle"): 1,
    },
    "gpconnect_spec_examples/accessrecord_structured/allergies_response1.json": REDACTED | {
        ("bad-element", "Patient.generalPractitioner"): 1,
        ("other-practice", "Patient.managingOrganization"): 1,
    },
}  # fmt: skip
WHAT_IT_IS = {
    "gpconnect_messaging/blood-pressure-check-service--example-1.xml": "XML: a FHIR message",
    "gpconnect_messaging/pharmacy-first-service--example-1.xml": "XML: a FHIR message",
    "gpconnect_messaging/send-document--generic-example.xml": "XML: a FHIR message",
    "gpconnect_messaging/update-record--itk3--*.xml": "XML: a FHIR message",
    "gpconnect_messaging/example--gpc-data-model--encounter.xml": "XML (root element Encounter)",
    "gpconnect_messaging/example--gpc-update-record--prsb--safeguarding.xml": "XML (root element Flag)",
    "gpconnect_messaging/example--gpc-update-record--prsb--*.xml": "XML (root element ClinicalImpression)",
    "gpconnect_spec_examples/accessrecord_structured/*.json": "a documentation page around JSON",
    "gpconnect_spec_examples/appointments/*_appt_*.json": "an Appointment of GP Connect",
    "gpconnect_spec_examples/*/retrieve_patients_appts_response_example.json": "the answer to a search",
    "gpconnect_spec_examples/*/search_for_free_slots_response_example.json": "the answer to a search",
    "gpconnect_spec_examples/foundations/find_*.json": "the answer to a search",
    "gpconnect_spec_examples/foundations/register_patient_response_example.json": "the answer to a search",
    "gpconnect_spec_examples/foundations/register_patient_request_example.json": "a request (Parameters)",
    "gpconnect_spec_examples/foundations/get_capability_statement_response_example.json": "a capability statement",
    "gpconnect_spec_examples/foundations/read_*.json": "alone, as GP Connect Foundations answers",
    "gp2gp_edge/*.json": "no sound Patient",
}
"""What the reason says of each file that is set aside (the first pattern that fits)."""
"""What each sample's defects are: a code when nothing of it can be used, else (code, element) and how often."""


def samples() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.*")) if ROOT.is_dir() else [""]


def content_of(name: str) -> bytes:
    if not name:
        pytest.skip("the sample files (shared/samples/gp beside the repository) are missing")
    return (ROOT / name).read_bytes()


@pytest.mark.parametrize("name", samples())
def test_every_sample_is_mapped_or_refused_with_its_code(name):
    content = content_of(name)
    expected = EXPECTED.get(name, "not-json" if name.endswith(".xml") else "not-a-structured-record")
    if isinstance(expected, str):
        with pytest.raises(Unreadable) as caught:
            parse(content, name=Path(name).name, sender="A82038", as_of=AS_OF)
        assert caught.value.defect.code == expected
        said = next(words for pattern, words in WHAT_IT_IS.items() if fnmatch(name, pattern))
        assert said in caught.value.defect.reason
        return
    parsed = parse(content, name=Path(name).name, sender="A82038", as_of=AS_OF)
    assert Counter((defect.code, defect.where.split(" ")[-1]) for defect in parsed.defects) == expected
    (event,) = parsed.events
    digest = sha256(content).hexdigest()
    folded = FoldedEvent(at=event.at, sent=event.sent, digest=digest, name=name, record=event.record)
    assert view_of(fold(event.patient, [folded], ()), Ids(b"secret", event.patient, "gp"))


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if isinstance(expected, dict)])
def test_nothing_in_a_sample_is_silently_dropped(name):
    if not ROOT.is_dir():
        pytest.skip("the sample files (shared/samples/gp beside the repository) are missing")
    assert unaccounted(content_of(name), sender="A82038", as_of=AS_OF) == []
