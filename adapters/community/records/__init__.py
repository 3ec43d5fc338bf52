"""What a community provider says: rows of the Community Services Data Set (CSDS v1.6), one record per row.

Field names are short; the column titles they come from stand in `tables.py` and the files it names. Codes are kept as
sent, except that leading zeros that a spreadsheet stripped are put back (`1` -> `01`). Dates are ISO (`2024-07-01`),
times `HH:MM:SS`.

Ids are reused across referrals and people: a natural key is provider + table + every id on the row's path
(provider, referral, contact, activity), and belongs to one source patient.
"""

import msgspec

from adapters.community.records.person import (
    Accommodation,
    AssistiveTechnology,
    CarePlan,
    CarePlanAgreement,
    ChildProtectionPlan,
    Circumstance,
    Disability,
    MasterPatientIndex,
    PreviousDiagnosis,
    Registration,
    SafeguardingFactor,
)
from adapters.community.records.referral import (
    CareActivity,
    CareContact,
    ContactAssessment,
    OnwardReferral,
    OtherReason,
    PrimaryDiagnosis,
    ProvisionalDiagnosis,
    Referral,
    ReferralAssessment,
    SecondaryDiagnosis,
    ServiceType,
    StaffMember,
    WaitingTime,
)
from adapters.tables.records import Header, Row

__all__ = [
    "Accommodation",
    "AssistiveTechnology",
    "CareActivity",
    "CareContact",
    "CarePlan",
    "CarePlanAgreement",
    "ChildProtectionPlan",
    "Circumstance",
    "ContactAssessment",
    "Disability",
    "Header",
    "MasterPatientIndex",
    "OnwardReferral",
    "OtherReason",
    "PreviousDiagnosis",
    "PrimaryDiagnosis",
    "ProvisionalDiagnosis",
    "Record",
    "Referral",
    "ReferralAssessment",
    "Registration",
    "Row",
    "SafeguardingFactor",
    "SecondaryDiagnosis",
    "ServiceType",
    "StaffMember",
    "State",
    "WaitingTime",
]

Record = (
    MasterPatientIndex
    | Registration
    | Accommodation
    | CarePlan
    | CarePlanAgreement
    | Circumstance
    | Referral
    | ServiceType
    | OtherReason
    | WaitingTime
    | OnwardReferral
    | CareContact
    | CareActivity
    | SafeguardingFactor
    | ChildProtectionPlan
    | AssistiveTechnology
    | PreviousDiagnosis
    | Disability
    | ProvisionalDiagnosis
    | PrimaryDiagnosis
    | SecondaryDiagnosis
    | ReferralAssessment
    | ContactAssessment
    | StaffMember
)
"""Everything an event's `record` may be; the JSON member `table` says which."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A community provider's present view of one person: the rows that stand, each kind in order of its key."""

    as_of: str
    """When the source last spoke of the person (UTC, `adapters.records.instant`)."""
    person: MasterPatientIndex
    registrations: tuple[Registration, ...] = ()
    accommodations: tuple[Accommodation, ...] = ()
    care_plans: tuple[CarePlan, ...] = ()
    agreements: tuple[CarePlanAgreement, ...] = ()
    circumstances: tuple[Circumstance, ...] = ()
    technologies: tuple[AssistiveTechnology, ...] = ()
    referrals: tuple[Referral, ...] = ()
    service_types: tuple[ServiceType, ...] = ()
    other_reasons: tuple[OtherReason, ...] = ()
    waiting_times: tuple[WaitingTime, ...] = ()
    onward_referrals: tuple[OnwardReferral, ...] = ()
    contacts: tuple[CareContact, ...] = ()
    activities: tuple[CareActivity, ...] = ()
    safeguarding_factors: tuple[SafeguardingFactor, ...] = ()
    child_protection_plans: tuple[ChildProtectionPlan, ...] = ()
    disabilities: tuple[Disability, ...] = ()
    previous_diagnoses: tuple[PreviousDiagnosis, ...] = ()
    diagnoses: tuple[ProvisionalDiagnosis | PrimaryDiagnosis | SecondaryDiagnosis, ...] = ()
    referral_assessments: tuple[ReferralAssessment, ...] = ()
    contact_assessments: tuple[ContactAssessment, ...] = ()
    staff: tuple[StaffMember, ...] = ()
