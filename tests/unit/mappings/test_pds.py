"""PDS's view of a number -> UKCore-Patient and RelatedPerson: what is carried, and what must not be."""

from typing import Any

import pytest

from adapters.pds import records
from adapters.pds import resources as r4
from adapters.records import SourcePatient
from integration.ingest.validity import invalidity
from mappings.ids import Ids
from mappings.pds import to_resources
from mappings.uk_core import Resource

NUMBER, OTHER = "9990000182", "9990000174"
UKCORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
IDS = Ids(b"secret", SourcePatient("X9P", NUMBER), "pds")
RELATIVE = r4.RelatedPerson(
    id="1",
    relationship=(r4.CodeableConcept(coding=(r4.Coding(code="MTH"), r4.Coding(code="N"), r4.Coding(code="XX"))),),
    name=(r4.HumanName(family="Dudek", given=("Zofia",)),),
)


def practice(code: str, end: str | None = None) -> r4.Reference:
    period = r4.Period(start="2000-01-01", end=end)
    return r4.Reference(identifier=r4.Identifier(system=records.ODS_CODE, value=code, period=period))


def patient(mark: str | None = "U", status: str | None = "01", **more: Any) -> r4.Patient:
    label = (r4.Coding(system=records.CONFIDENTIALITY, code=mark),) if mark else ()
    stated = r4.CodeableConcept(coding=(r4.Coding(code=status),)) if status else None
    verified = (
        (r4.Extension(url=f"{UKCORE}NHSNumberVerificationStatus", value_codeable_concept=stated),) if stated else ()
    )
    return r4.Patient(
        id=OTHER,
        meta=r4.Meta(security=label),
        identifier=(r4.Identifier(system=records.NHS_NUMBER, value=OTHER, extension=verified),),
        name=(r4.HumanName(use="usual", family="Dudek", given=("Stanislaw",), period=r4.Period(start="1948-09-03")),),
        birth_date="1948-09-03",
        address=(r4.Address(use="home", line=("17 Ribbon Weavers Close",), postal_code="CV6 4ZX"),),
        telecom=(r4.ContactPoint(system="phone", value="01632960166"),),
        contact=(r4.Contact(telecom=(r4.ContactPoint(system="phone", value="01632960167"),)),),
        extension=(
            r4.Extension(url=BIRTH_PLACE, value_address=r4.BirthPlace(city="Lodz")),
            r4.Extension(url=f"{UKCORE}NominatedPharmacy", value_reference=practice("FX001")),
        ),
        general_practitioner=(practice("X90102"),),
        **more,
    )


def mapped(
    source: r4.Patient, *, superseded: bool = False, related: tuple[r4.RelatedPerson, ...] = ()
) -> list[Resource]:
    state = records.State(
        number=NUMBER if superseded else OTHER,
        patient=source,
        superseded=superseded,
        related=related,
        as_at="2026-09-30T08:00:00.000000Z",
    )
    made = to_resources(state, IDS)
    assert [invalidity(one) for one in made] == [None] * len(made)
    return made


def number_of(made: Resource) -> tuple[str, str]:
    (stated,) = made["identifier"]
    (coding,) = stated["extension"][0]["valueCodeableConcept"]["coding"]
    assert coding["system"].endswith("VerificationStatusEngland")
    return stated["value"], coding["code"]


def test_an_open_record_is_carried_whole():
    made, relative, *organisations = mapped(patient(), related=(RELATIVE,))
    assert number_of(made) == (OTHER, "01")
    assert made["active"] is True
    assert (made["address"][0]["postalCode"], made["telecom"][0]["value"]) == ("CV6 4ZX", "01632960166")
    assert [one["identifier"]["value"] for one in made["generalPractitioner"]] == ["X90102"]
    assert "FX001" not in str(made)
    assert made["meta"]["security"] == [{"system": records.CONFIDENTIALITY, "code": "U"}]
    assert [one["code"] for one in relative["relationship"][0]["coding"]] == ["MTH", "N", "XX"]
    assert {one["identifier"][0]["value"] for one in organisations} == {"X90102", "X9P"}


@pytest.mark.parametrize("mark", ["R", "V", None, "REDACTED"])
def test_of_whoever_is_not_marked_as_unrestricted_nothing_locates_them(mark: str | None):
    made, *organisations = mapped(patient(mark))
    assert not {"address", "telecom", "contact", "generalPractitioner"} & made.keys()
    for told in ("CV6", "Ribbon", "0163", "X90102", "Lodz"):
        assert told not in str([made, *organisations])
    assert {"R", "LOCIS"} <= {one["code"] for one in made["meta"]["security"]}
    assert made["name"][0]["family"] == "Dudek"


def test_a_replaced_number_is_an_inactive_patient_that_leads_to_the_other():
    made, *organisations = mapped(patient(), superseded=True)
    assert number_of(made) == (NUMBER, "01")
    assert (made["active"], made["id"]) == (False, IDS.own("Patient"))
    assert made["link"] == [{"other": {"reference": f"Patient/{IDS.other_patient(OTHER)}"}, "type": "replaced-by"}]
    assert made["birthDate"] == "1948-09-03"
    assert not {"address", "telecom", "contact", "generalPractitioner"} & made.keys()
    assert len(organisations) == 1


def test_of_a_number_that_is_not_found_any_more_nothing_tells_where_its_holder_is():
    lost = records.State(number=OTHER, patient=patient(), superseded=False, lost=True, as_at="2026-09-30")
    made, *organisations = to_resources(lost, IDS)
    assert made["birthDate"] == "1948-09-03"
    for told in ("CV6", "0163", "X90102", "Lodz"):
        assert told not in str([made, *organisations])


@pytest.mark.parametrize(("status", "code"), [(None, "02"), ("02", "02"), ("word", "02"), ("04", "04")])
def test_a_number_is_verified_only_where_pds_says_so(status: str | None, code: str):
    assert number_of(mapped(patient(status=status))[0]) == (OTHER, code)


def test_a_practice_whose_period_has_ended_is_none():
    source = patient()
    former = r4.Patient(
        id=OTHER,
        meta=source.meta,
        general_practitioner=(practice("X90101", "2021-12-31"), practice("X90102", "2026-09-30"), practice("X90103")),
    )
    made, *_ = mapped(former)
    assert [one["identifier"]["value"] for one in made["generalPractitioner"]] == ["X90102", "X90103"]


def test_a_death_at_midnight_is_a_day_and_one_at_another_time_a_moment():
    days = [
        mapped(patient(deceased_date_time=f"2026-01-02T{time}+00:00"))[0]["deceasedDateTime"]
        for time in ("00:00:00", "14:30:00")
    ]
    assert days == ["2026-01-02", "2026-01-02T14:30:00+00:00"]
