"""What a community provider says: rows of the Community Services Data Set (CSDS v1.6), one record per row.

Field names are short; the column titles they come from stand in `tables.py`. Codes are kept as sent, except that
leading zeros that a spreadsheet stripped are put back (`1` -> `01`). Dates are ISO (`2024-07-01`), times `HH:MM:SS`.

Identity columns come in two forms. The sender itself holds them in clear: `NHS NUMBER`, `PERSON BIRTH DATE`,
`POSTCODE OF USUAL ADDRESS`. The copy that an ICB receives has pseudonyms instead (`DateOfBirth Pseudo`,
`Postcode Pseudo`, an NHS number only in the bridging table): accepted, but a pseudonym is never read as the value it
stands for, so such a person has no NHS number, birth date or postcode here. CSDS carries no names.

Ids are reused across referrals and people: a natural key is provider + table + every id on the row's path
(provider, referral, contact, activity), and belongs to one source patient.
"""

from typing import ClassVar

import msgspec


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """CYP000: whose submission this is and which period it covers. `created` is an ISO moment, London if no offset."""

    version: str | None = None
    provider: str
    submitter: str | None = None
    start: str
    end: str
    created: str | None = None
    system: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, tag_field="table", omit_defaults=True):
    """What all rows have. `provider` is the header's ODS code; `date` is the ISO date that places the row in a
    reporting period: its own, else that of the contact or referral it belongs to, else None (never withdrawn)."""

    KEY: ClassVar[tuple[str, ...]] = ()

    provider: str = ""
    date: str | None = None

    def key(self) -> tuple[str, ...]:
        """Natural key within one source patient: provider, table, ids."""
        table = str(self.__struct_config__.tag)
        return (self.provider, table, *(getattr(self, name) or "" for name in self.KEY))


class MasterPatientIndex(Row, frozen=True, kw_only=True, tag="CYP001"):
    """CYP001MPI: who the person is. `nhs_number` has passed its check digit."""

    KEY = ("organisation", "local_patient")

    local_patient: str
    organisation: str
    nhs_number: str | None = None
    nhs_number_status: str | None = None
    birth_date: str | None = None
    postcode: str | None = None
    gender: str | None = None
    ethnic_category: str | None = None
    language: str | None = None
    looked_after: str | None = None
    safeguarding: str | None = None
    preferred_death_location: str | None = None
    death_date: str | None = None


class Registration(Row, frozen=True, kw_only=True, tag="CYP002"):
    """CYP002GP: registered practice, `end` None while current."""

    KEY = ("practice", "start")

    local_patient: str
    practice: str
    start: str | None = None
    end: str | None = None


class Accommodation(Row, frozen=True, kw_only=True, tag="CYP003"):
    """CYP003AccommType."""

    KEY = ("status", "recorded")

    local_patient: str
    status: str
    recorded: str | None = None


class CarePlan(Row, frozen=True, kw_only=True, tag="CYP004"):
    """CYP004CarePlanType."""

    KEY = ("plan",)

    plan: str
    local_patient: str
    type: str | None = None
    created: str | None = None
    created_time: str | None = None
    updated: str | None = None
    updated_time: str | None = None
    implemented: str | None = None


class CarePlanAgreement(Row, frozen=True, kw_only=True, tag="CYP005"):
    """CYP005CarePlanAgreement: who agreed the plan's content, and when."""

    KEY = ("plan", "agreed_by", "agreed")

    plan: str
    agreed_by: str
    agreed: str | None = None
    agreed_time: str | None = None


class Circumstance(Row, frozen=True, kw_only=True, tag="CYP006"):
    """CYP006SocPerCircumstances: a social or personal circumstance, `code` SNOMED CT."""

    KEY = ("code", "recorded")

    local_patient: str
    code: str
    recorded: str | None = None


class Referral(Row, frozen=True, kw_only=True, tag="CYP101"):
    """CYP101Referral: open while `discharged` is None."""

    KEY = ("referral",)

    referral: str
    local_patient: str
    received: str
    received_time: str | None = None
    source: str | None = None
    referring_organisation: str | None = None
    priority: str | None = None
    reason: str | None = None
    discharged: str | None = None


class ServiceType(Row, frozen=True, kw_only=True, tag="CYP102"):
    """CYP102ServiceTypeReferredTo: a team that a referral went to. A referral may have several."""

    KEY = ("referral", "team_key")

    referral: str
    team: str | None = None
    type: str | None = None
    closed: str | None = None
    closure_reason: str | None = None
    rejected: str | None = None
    rejection_reason: str | None = None

    @property
    def team_key(self) -> str:
        """The team's own id, else its type: a corrected type of the same team replaces the wrong one."""
        return self.team or f"type {self.type or ''}"


class OtherReason(Row, frozen=True, kw_only=True, tag="CYP103"):
    """CYP103OtherReasonReferral."""

    KEY = ("referral", "reason")

    referral: str
    reason: str


class CareContact(Row, frozen=True, kw_only=True, tag="CYP201"):
    """CYP201CareContact. `medium` is the code of the list that preceded `mechanism`; the two are not equivalent."""

    KEY = ("referral", "contact")

    contact: str
    referral: str
    team: str | None = None
    on: str
    time: str | None = None
    minutes: int | None = None
    consultation_type: str | None = None
    subject: str | None = None
    medium: str | None = None
    mechanism: str | None = None
    location: str | None = None
    site: str | None = None
    group: str | None = None
    attendance: str | None = None
    administrative_category: str | None = None
    cancelled: str | None = None
    cancellation_reason: str | None = None
    replacement_booked: str | None = None


class CareActivity(Row, frozen=True, kw_only=True, tag="CYP202"):
    """CYP202CareActivity: what was done at a contact, by whom. `referral` is resolved through the contact."""

    KEY = ("referral", "contact", "activity")

    activity: str
    contact: str
    referral: str = ""
    type: str | None = None
    professional: str | None = None
    minutes: int | None = None
    procedure_scheme: str | None = None
    procedure: str | None = None
    finding_scheme: str | None = None
    finding: str | None = None
    observation_scheme: str | None = None
    observation: str | None = None
    value: str | None = None
    unit: str | None = None


class SafeguardingFactor(Row, frozen=True, kw_only=True, tag="CYP402"):
    """CYP402SVF: a safeguarding vulnerability factor; the table has no date."""

    KEY = ("type",)

    local_patient: str
    type: str


class ChildProtectionPlan(Row, frozen=True, kw_only=True, tag="CYP403"):
    """CYP403CPP."""

    KEY = ("reason", "start")

    local_patient: str
    reason: str | None = None
    start: str
    end: str | None = None


class AssistiveTechnology(Row, frozen=True, kw_only=True, tag="CYP404"):
    """CYP404AssTechToSupportDisTyp: an assistive technology finding, `code` SNOMED CT."""

    KEY = ("code", "recorded")

    local_patient: str
    code: str
    recorded: str | None = None


class PreviousDiagnosis(Row, frozen=True, kw_only=True, tag="CYP601"):
    """CYP601MedicalHistory."""

    KEY = ("scheme", "code")

    local_patient: str
    scheme: str | None = None
    code: str
    diagnosed: str | None = None


class Disability(Row, frozen=True, kw_only=True, tag="CYP602"):
    """CYP602DisabilityType; the table has no date."""

    KEY = ("code",)

    local_patient: str
    code: str
    impact: str | None = None


class Diagnosis(Row, frozen=True, kw_only=True):
    """What the three diagnosis tables of a referral share."""

    KEY = ("referral", "scheme", "code")

    referral: str
    scheme: str | None = None
    code: str
    diagnosed: str | None = None


class ProvisionalDiagnosis(Diagnosis, frozen=True, kw_only=True, tag="CYP606"):
    """CYP606ProvDiag."""


class PrimaryDiagnosis(Diagnosis, frozen=True, kw_only=True, tag="CYP607"):
    """CYP607PrimDiag."""


class SecondaryDiagnosis(Diagnosis, frozen=True, kw_only=True, tag="CYP608"):
    """CYP608SecDiag."""


class ReferralAssessment(Row, frozen=True, kw_only=True, tag="CYP609"):
    """CYP609CodedAssessmentReferral: a scored assessment, `tool` SNOMED CT."""

    KEY = ("referral", "tool", "completed")

    referral: str
    tool: str
    score: str | None = None
    completed: str | None = None


class ContactAssessment(Row, frozen=True, kw_only=True, tag="CYP612"):
    """CYP612CodedAssessmentContact: a scored assessment during an activity; `referral`, `contact` are resolved."""

    KEY = ("referral", "contact", "activity", "tool")

    activity: str
    contact: str = ""
    referral: str = ""
    tool: str
    score: str | None = None


class StaffMember(Row, frozen=True, kw_only=True, tag="CYP901"):
    """CYP901StaffDetails: one event per person whom this professional saw, for the table itself names no patient."""

    KEY = ("professional",)

    professional: str
    registration_body: str | None = None
    registration: str | None = None
    staff_group: str | None = None
    occupation: str | None = None
    job_role: str | None = None


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
