"""What a mental health provider says: rows of the Mental Health Services Data Set (MHSDS), one record per row.

Field names are short; the columns they come from stand in `tables.py`. Codes are kept as sent, except that a leading
zero that a spreadsheet stripped is put back (`1` -> `01`). Dates are ISO (`2026-04-01`), times `HH:MM:SS`.
"""

import msgspec

from adapters.tables import records as common
from adapters.tables.records import Header, Row

__all__ = ["Header", "Record", "Row", "State"]


class MasterPatientIndex(common.Person, frozen=True, kw_only=True, tag="MHS001"):
    """MHS001MPI: who the person is."""

    marital_status: str | None = None


class Registration(common.Registration, frozen=True, kw_only=True, tag="MHS002"):
    """MHS002GP."""


class Indicators(Row, frozen=True, kw_only=True, tag="MHS005"):
    """MHS005PatInd: what those who care must know. The table has no date: a later row replaces an earlier one, and what
    adjustments somebody needs does not end by silence."""

    LASTS = True

    local_patient: str
    reasonable_adjustment: str | None = None
    child_protection: str | None = None
    learning_disability: str | None = None
    autism: str | None = None


class CareCoordinator(Row, frozen=True, kw_only=True, tag="MHS006"):
    """MHS006MHCareCoord: who coordinates the person's care, from when to when."""

    KEY = ("professional", "start")

    local_patient: str
    professional: str
    start: str
    end: str | None = None
    team_type: str | None = None


class Disability(common.Disability, frozen=True, kw_only=True, tag="MHS007"):
    """MHS007DisabilityType. What adjustments somebody needs does not end by silence."""

    LASTS = True


class CarePlan(common.CarePlan, frozen=True, kw_only=True, tag="MHS008"):
    """MHS008CarePlanType."""


class CarePlanAgreement(common.CarePlanAgreement, frozen=True, kw_only=True, tag="MHS009"):
    """MHS009CarePlanAgreement."""


class Referral(Row, frozen=True, kw_only=True, tag="MHS101"):
    """MHS101Referral: open while neither `discharged` nor `rejected`. `team` is here since version 6."""

    KEY = ("referral",)

    referral: str
    local_patient: str
    received: str
    received_time: str | None = None
    team: str | None = None
    source: str | None = None
    referring_organisation: str | None = None
    priority: str | None = None
    reason: str | None = None
    discharged: str | None = None
    rejected: str | None = None


class ServiceType(Row, frozen=True, kw_only=True, tag="MHS102"):
    """MHS102ServiceTypeReferredTo: a team that a referral went to; since version 6 a further one, whose `type` is told
    by MHS902."""

    KEY = ("referral", "team")

    referral: str
    team: str
    type: str | None = None
    closed: str | None = None
    rejected: str | None = None


class CareContact(common.CareContact, frozen=True, kw_only=True, tag="MHS201"):
    """MHS201CareContact."""


class CareActivity(Row, frozen=True, kw_only=True, tag="MHS202"):
    """MHS202CareActivity: what was done at a contact, by whom; `referral` is the contact's. Codes are SNOMED CT,
    but a finding is of `finding_scheme`."""

    KEY = ("referral", "contact", "activity")

    activity: str
    contact: str
    referral: str = ""
    professional: str | None = None
    minutes: int | None = None
    procedure: str | None = None
    finding_scheme: str | None = None
    finding: str | None = None
    observation: str | None = None
    value: str | None = None
    unit: str | None = None


class LegalStatus(Row, frozen=True, kw_only=True, tag="MHS401"):
    """MHS401MHActPeriod: a period under the Mental Health Act (or informal), `ended` None while it lasts."""

    KEY = ("period",)

    period: str
    local_patient: str
    start: str
    start_time: str | None = None
    expires: str | None = None
    ended: str | None = None
    ended_time: str | None = None
    status: str | None = None


class TreatmentOrder(Row, frozen=True, kw_only=True, tag="MHS404"):
    """MHS404CommTreatOrder: a community treatment order, made in a period of MHS401."""

    KEY = ("period", "start")

    period: str
    start: str
    expires: str | None = None
    ended: str | None = None


class Spell(Row, frozen=True, kw_only=True, tag="MHS501"):
    """MHS501HospProvSpell: a stay in hospital, `discharged` None while it lasts."""

    KEY = ("referral", "spell")

    spell: str
    referral: str
    start: str
    start_time: str | None = None
    source: str | None = None
    method: str | None = None
    discharged: str | None = None
    discharged_time: str | None = None
    discharge_method: str | None = None
    destination: str | None = None


class WardStay(Row, frozen=True, kw_only=True, tag="MHS502"):
    """MHS502WardStay: a part of a stay, on one ward; `referral` is the spell's."""

    KEY = ("referral", "spell", "stay")

    stay: str
    spell: str
    referral: str = ""
    ward: str | None = None
    site: str | None = None
    start: str
    start_time: str | None = None
    end: str | None = None
    end_time: str | None = None


class AssignedProfessional(Row, frozen=True, kw_only=True, tag="MHS503"):
    """MHS503AssignedCareProf: who is responsible during a stay; `referral` is the spell's."""

    KEY = ("referral", "spell", "professional", "start")

    spell: str
    professional: str
    referral: str = ""
    start: str
    end: str | None = None


class StaffMember(common.StaffMember, frozen=True, kw_only=True, tag="MHS901"):
    """MHS901StaffDetails."""


class Team(Row, frozen=True, kw_only=True, tag="MHS902"):
    """MHS902ServiceTeamDetails, told of each person who was referred to the team."""

    KEY = ("team",)
    LASTS = True

    team: str
    type: str | None = None


class Ward(Row, frozen=True, kw_only=True, tag="MHS903"):
    """MHS903WardDetails, told of each person who stayed there."""

    KEY = ("ward",)
    LASTS = True

    ward: str
    site: str | None = None


Record = (
    MasterPatientIndex
    | Registration
    | Indicators
    | CareCoordinator
    | Disability
    | CarePlan
    | CarePlanAgreement
    | Referral
    | ServiceType
    | CareContact
    | CareActivity
    | LegalStatus
    | TreatmentOrder
    | Spell
    | WardStay
    | AssignedProfessional
    | StaffMember
    | Team
    | Ward
)
"""Everything an event's `record` may be; the JSON member `table` says which."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's present view of one person: the rows that stand, each kind in order of its key."""

    as_of: str
    """When the source last spoke of the person (UTC, `adapters.records.instant`)."""
    person: MasterPatientIndex
    registrations: tuple[Registration, ...] = ()
    indicators: tuple[Indicators, ...] = ()
    coordinators: tuple[CareCoordinator, ...] = ()
    disabilities: tuple[Disability, ...] = ()
    care_plans: tuple[CarePlan, ...] = ()
    agreements: tuple[CarePlanAgreement, ...] = ()
    referrals: tuple[Referral, ...] = ()
    service_types: tuple[ServiceType, ...] = ()
    contacts: tuple[CareContact, ...] = ()
    activities: tuple[CareActivity, ...] = ()
    legal_statuses: tuple[LegalStatus, ...] = ()
    treatment_orders: tuple[TreatmentOrder, ...] = ()
    spells: tuple[Spell, ...] = ()
    ward_stays: tuple[WardStay, ...] = ()
    assigned: tuple[AssignedProfessional, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    teams: tuple[Team, ...] = ()
    wards: tuple[Ward, ...] = ()
