"""What community services say of one person, and what becomes of it."""

from typing import Any

from adapters.community import records
from adapters.records import SourcePatient
from mappings import uk_core
from mappings.ids import Ids

IDS = Ids(b"secret" * 6, SourcePatient("X9C", "C1"), "community")
P: dict[str, Any] = {"provider": "X9C"}
PERSON = records.MasterPatientIndex(
    **P,
    local_patient="C1",
    organisation="X9C",
    nhs_number="9990000018",
    nhs_number_status="01",
    birth_date="1942-03-05",
    postcode="CV1 2AB",
    gender="2",
    ethnic_category="J",
    language="q4",
    safeguarding="Y",
    looked_after="N",
    preferred_death_location="21",
    death_date="2026-08-01",
    death_location="10",
    main_carer="03",
)
STATE = records.State(
    as_of="2026-07-01T05:00:00.000000Z",
    person=PERSON,
    registrations=(
        records.Registration(**P, local_patient="C1", practice="X90101", start="2001-04-01", end="2015-01-01"),
        records.Registration(**P, local_patient="C1", practice="X90102", start="2015-01-01"),
        records.Registration(**P, local_patient="C1", practice="V81997", start="2020-01-01"),
    ),
    accommodations=(records.Accommodation(**P, local_patient="C1", status="MA01", recorded="2026-01-01"),),
    care_plans=(
        records.CarePlan(
            **P, plan="P1", local_patient="C1", type="10", created="2026-04-11", created_time="10:00:00",
            updated="2026-05-01", implemented="2026-04-12",
        ),
    ),
    agreements=(records.CarePlanAgreement(**P, plan="P1", agreed_by="10", agreed="2026-04-12"),),
    circumstances=(
        records.Circumstance(**P, local_patient="C1", code="105529008", recorded="2026-04-10"),
        records.Circumstance(**P, local_patient="C1", code="160770002", recorded="2026-04-10"),
    ),
    technologies=(records.AssistiveTechnology(**P, local_patient="C1", code="285055002", recorded="2026-04-10"),),
    referrals=(
        records.Referral(
            **P, referral="R1", local_patient="C1", received="2026-04-10", received_time="11:30:00", source="01",
            referring_organisation="X90102", priority="2", reason="048",
        ),
        records.Referral(**P, referral="R2", local_patient="C1", received="2026-01-10", discharged="2026-02-10"),
        records.Referral(**P, referral="R3", local_patient="C1", received="2026-03-10"),
    ),
    service_types=(
        records.ServiceType(**P, referral="R1", team="T12", type="12"),
        records.ServiceType(**P, referral="R2", team="T26", type="26", closed="2026-02-01"),
        records.ServiceType(**P, referral="R3", team="T27", type="27", rejected="2026-03-12", rejection_reason="02"),
    ),
    other_reasons=(records.OtherReason(**P, referral="R1", reason="012"),),
    waiting_times=(
        records.WaitingTime(
            **P, referral="R1", type="02", start="2026-04-10", start_time="11:30:00", end="2026-04-15", status="30"
        ),
        records.WaitingTime(**P, referral="R9", start="2026-04-10"),
    ),
    onward_referrals=(
        records.OnwardReferral(**P, referral="R1", on="2026-05-02", reason="03", receiver="X9A"),
        records.OnwardReferral(**P, referral="R9", on="2026-05-03"),
    ),
    contacts=(
        records.CareContact(
            **P, contact="K1", referral="R1", team="T12", on="2026-04-15", time="09:30:00", minutes=45,
            consultation_type="01", mechanism="01", location="A01", attendance="5", subject="02", group="Y",
            administrative_category="02",
        ),
        records.CareContact(
            **P, contact="K2", referral="R1", team="T12", on="2026-04-20", mechanism="02", location="A01",
            attendance="3", medium="03",
        ),
        records.CareContact(
            **P, contact="K3", referral="R9", on="2026-04-21", location="B01", site="X9C01", cancelled="2026-04-20",
            cancellation_reason="04", replacement_booked="2026-05-01",
        ),
    ),
    activities=(
        records.CareActivity(
            **P, activity="A1", contact="K1", referral="R1", type="02", professional="S1", procedure_scheme="06",
            procedure="225358003", finding_scheme="04", finding="13645005", observation_scheme="03",
            observation="27113001", value="61.5", unit="kg",
        ),
        records.CareActivity(**P, activity="A2", contact="K1", referral="R1", type="03", professional="S9"),
    ),
    safeguarding_factors=(records.SafeguardingFactor(**P, local_patient="C1", type="07"),),
    child_protection_plans=(
        records.ChildProtectionPlan(**P, local_patient="C1", reason="N", start="1950-01-01", end="1951-01-01"),
    ),
    disabilities=(
        records.Disability(**P, local_patient="C1", code="02"),
        records.Disability(**P, local_patient="C1", code="NN"),
    ),
    previous_diagnoses=(
        records.PreviousDiagnosis(**P, local_patient="C1", scheme="02", code="J449", diagnosed="2010-01-01"),
    ),
    diagnoses=(
        records.ProvisionalDiagnosis(**P, referral="R1", scheme="06", code="13645005", diagnosed="2026-04-15"),
        records.PrimaryDiagnosis(**P, referral="R2", scheme="77", code="ABC", diagnosed="2026-01-11"),
    ),
    referral_assessments=(
        records.ReferralAssessment(**P, referral="R1", tool="1109000", score="7", completed="2026-04-12"),
    ),
    contact_assessments=(
        records.ContactAssessment(**P, activity="A1", contact="K1", referral="R1", tool="1109001", score="3/10"),
    ),
    staff=(records.StaffMember(**P, professional="S1", registration_body="09", registration="12A3456E",
                               job_role="R0700", staff_group="01"),),
)  # fmt: skip


def of_type(resources: list[uk_core.Resource], resource_type: str) -> list[uk_core.Resource]:
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def own(resources: list[uk_core.Resource], resource_type: str, *key: str) -> uk_core.Resource:
    """The resource of `resource_type` with this natural key."""
    wanted = IDS.own(resource_type, *key)
    (found,) = [one for one in resources if (one["resourceType"], one["id"]) == (resource_type, wanted)]
    return found


def codes_of(concept: dict[str, Any]) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]
