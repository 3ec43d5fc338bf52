"""Rows that hang on a referral: CYP101-105, CYP201-202, CYP606-609, CYP612; and the professionals of CYP901."""

from adapters.tables import records as common
from adapters.tables.records import Row


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


class WaitingTime(Row, frozen=True, kw_only=True, tag="CYP104"):
    """CYP104RTT: a waiting time that is measured, for example from referral to treatment; `end` None while it runs.
    The pathway id is a pseudonym in the copy that is known of this table, so it is not read."""

    KEY = ("referral", "type", "start")

    referral: str
    type: str | None = None
    start: str
    start_time: str | None = None
    end: str | None = None
    end_time: str | None = None
    status: str | None = None


class OnwardReferral(Row, frozen=True, kw_only=True, tag="CYP105"):
    """CYP105OnwardReferral: the provider referred the person on to `receiver` (ODS code)."""

    KEY = ("referral", "on", "reason", "receiver")

    referral: str
    on: str
    reason: str | None = None
    receiver: str | None = None


class CareContact(common.CareContact, frozen=True, kw_only=True, tag="CYP201"):
    """CYP201CareContact."""

    group: str | None = None
    administrative_category: str | None = None
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


class StaffMember(common.StaffMember, frozen=True, kw_only=True, tag="CYP901"):
    """CYP901StaffDetails."""
