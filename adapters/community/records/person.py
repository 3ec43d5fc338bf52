"""Rows that hang on the person: CYP001-007, CYP402-404, CYP601-602, and the care plan with its agreement."""

from adapters.tables import records as common
from adapters.tables.records import Row


class MasterPatientIndex(common.Person, frozen=True, kw_only=True, tag="CYP001"):
    """CYP001MPI: who the person is. `confidential`: the source marks the whole record as confidential (EMIS
    `IsConfidential`)."""

    main_carer: str | None = None
    looked_after: str | None = None
    safeguarding: str | None = None
    preferred_death_location: str | None = None
    death_location: str | None = None
    confidential: bool | None = None


class Registration(common.Registration, frozen=True, kw_only=True, tag="CYP002"):
    """CYP002GP."""


class Accommodation(Row, frozen=True, kw_only=True, tag="CYP003"):
    """CYP003AccommType."""

    KEY = ("status", "recorded")

    local_patient: str
    status: str
    recorded: str | None = None


class CarePlan(common.CarePlan, frozen=True, kw_only=True, tag="CYP004"):
    """CYP004CarePlanType."""


class CarePlanAgreement(common.CarePlanAgreement, frozen=True, kw_only=True, tag="CYP005"):
    """CYP005CarePlanAgreement."""


class Circumstance(Row, frozen=True, kw_only=True, tag="CYP006"):
    """CYP006SocPerCircumstances: a social or personal circumstance, `code` SNOMED CT."""

    KEY = ("code", "recorded")

    local_patient: str
    code: str
    recorded: str | None = None


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


class Disability(common.Disability, frozen=True, kw_only=True, tag="CYP602"):
    """CYP602DisabilityType."""
