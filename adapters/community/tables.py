"""CSDS v1.6 as data: every table and column that is read, by the titles an ICB receives them under.

A column's first title is the one that is written; further titles are older names of the same item. `need` says what a
fault costs: a `key` must be there and filled, or the row cannot be used; an `expected` column that is missing is
reported and its rows are used without; an `optional` one may be missing (it is not in every version of the extract).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from adapters.community import records

Kind = Literal["text", "code2", "date", "time", "count", "nhs-number"]
Need = Literal["key", "expected", "optional"]


@dataclass(frozen=True)
class Column:
    """`code2`: a two-character code, so that a digit alone lost its leading zero. `pseudonym` is the title that stands
    in the place of the column in the copy that an ICB receives."""

    field: str
    titles: tuple[str, ...]
    kind: Kind = "text"
    need: Need = "expected"
    pseudonym: str | None = None


@dataclass(frozen=True)
class Table:
    """`via`: the table and the field by which a row finds the person it is about; None = it names the person itself.
    `dated`: the field that places the row in a reporting period; without a value the row it hangs on decides."""

    name: str
    record: type[records.Row]
    columns: Sequence[Column]
    via: tuple[str, str] | None = None
    dated: str | None = None
    mandatory: bool = False
    code: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", self.name[:6].upper())


def _key(name: str, *titles: str, kind: Kind = "text") -> Column:
    return Column(name, titles, kind, "key")


def _column(name: str, *titles: str, kind: Kind = "text", need: Need = "expected") -> Column:
    return Column(name, titles, kind, need)


_LOCAL_PATIENT = _key("local_patient", "LOCAL PATIENT IDENTIFIER (EXTENDED)")
_REFERRAL = _key("referral", "SERVICE REQUEST IDENTIFIER")
_CONTACT = _key("contact", "CARE CONTACT IDENTIFIER")
_ACTIVITY = _key("activity", "CARE ACTIVITY IDENTIFIER")
_PLAN = _key("plan", "CARE PLAN IDENTIFIER")
_TEAM = _column("team", "CARE PROFESSIONAL TEAM LOCAL IDENTIFIER")
_TOOL = _key("tool", "CODED ASSESSMENT TOOL TYPE (SNOMED CT)")
_SCORE = _column("score", "PERSON SCORE")
_SCHEME = _column("scheme", "DIAGNOSIS SCHEME IN USE (COMMUNITY CARE)", "DIAGNOSIS SCHEME IN USE", kind="code2")

HEADER_NAME = "CYP000Header"
HEADER = (
    _column("version", "DATA SET VERSION NUMBER"),
    _key("provider", "ORGANISATION IDENTIFIER (CODE OF PROVIDER)", "ORGANISATION CODE (CODE OF PROVIDER)"),
    _column(
        "submitter",
        "ORGANISATION IDENTIFIER (CODE OF SUBMITTING ORGANISATION)",
        "ORGANISATION CODE (CODE OF SUBMITTING ORGANISATION)",
    ),
    _key("start", "REPORTING PERIOD START DATE", kind="date"),
    _key("end", "REPORTING PERIOD END DATE", kind="date"),
    _column("created", "DATE AND TIME DATA SET CREATED"),
    _column("system", "PRIMARY DATA COLLECTION SYSTEM IN USE"),
)

_PERSON = (
    Table(
        "CYP001MPI",
        records.MasterPatientIndex,
        (
            _LOCAL_PATIENT,
            _key(
                "organisation",
                "ORGANISATION IDENTIFIER (LOCAL PATIENT IDENTIFIER)",
                "ORGANISATION CODE (LOCAL PATIENT IDENTIFIER)",
            ),
            # The ICB's copy has no column at all in the place of the NHS number: the bridging table holds a pseudonym.
            _column("nhs_number", "NHS NUMBER", kind="nhs-number", need="optional"),
            _column("nhs_number_status", "NHS NUMBER STATUS INDICATOR CODE", kind="code2"),
            Column("birth_date", ("PERSON BIRTH DATE",), "date", pseudonym="DateOfBirth Pseudo"),
            Column("postcode", ("POSTCODE OF USUAL ADDRESS",), pseudonym="Postcode Pseudo"),
            _column("gender", "PERSON STATED GENDER CODE"),
            _column("ethnic_category", "ETHNIC CATEGORY"),
            _column("language", "LANGUAGE CODE (PREFERRED)"),
            _column("looked_after", "LOOKED AFTER CHILD INDICATOR"),
            _column("safeguarding", "SAFEGUARDING VULNERABILITY FACTORS INDICATOR"),
            _column("preferred_death_location", "DEATH LOCATION TYPE CODE (PREFERRED)"),
            _column("death_date", "PERSON DEATH DATE", kind="date"),
        ),
        mandatory=True,
    ),
    Table(
        "CYP002GP",
        records.Registration,
        (
            _LOCAL_PATIENT,
            _key(
                "practice",
                "GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)",
                "GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)",
            ),
            _column("start", "START DATE (GMP PATIENT REGISTRATION)", kind="date"),
            _column("end", "END DATE (GMP PATIENT REGISTRATION)", kind="date"),
        ),
        dated="start",
        mandatory=True,
    ),
    Table(
        "CYP003AccommType",
        records.Accommodation,
        (
            _LOCAL_PATIENT,
            _key("status", "ACCOMMODATION STATUS CODE"),
            _column("recorded", "ACCOMMODATION STATUS RECORDED DATE", kind="date"),
        ),
        dated="recorded",
    ),
    Table(
        "CYP006SocPerCircumstances",
        records.Circumstance,
        (
            _LOCAL_PATIENT,
            _key("code", "SOCIAL AND PERSONAL CIRCUMSTANCE (SNOMED CT)"),
            _column("recorded", "SOCIAL AND PERSONAL CIRCUMSTANCE RECORDED DATE", kind="date"),
        ),
        dated="recorded",
    ),
    Table(
        "CYP402SVF",
        records.SafeguardingFactor,
        (_LOCAL_PATIENT, _key("type", "SAFEGUARDING VULNERABILITY FACTORS TYPE", kind="code2")),
    ),
    Table(
        "CYP403CPP",
        records.ChildProtectionPlan,
        (
            _LOCAL_PATIENT,
            _column("reason", "CHILD PROTECTION PLAN REASON CODE"),
            _key("start", "CHILD PROTECTION PLAN START DATE", kind="date"),
            _column("end", "CHILD PROTECTION PLAN END DATE", kind="date"),
        ),
        dated="start",
    ),
    Table(
        "CYP404AssTechToSupportDisTyp",
        records.AssistiveTechnology,
        (
            _LOCAL_PATIENT,
            _key("code", "ASSISTIVE TECHNOLOGY FINDING (SNOMED CT)"),
            _column("recorded", "PRESCRIPTION DATE (ASSISTIVE TECHNOLOGY)", kind="date"),
        ),
        dated="recorded",
    ),
    Table(
        "CYP601MedicalHistory",
        records.PreviousDiagnosis,
        (
            _LOCAL_PATIENT,
            _SCHEME,
            _key("code", "PREVIOUS DIAGNOSIS (CODED CLINICAL ENTRY)"),
            _column("diagnosed", "DIAGNOSIS DATE", kind="date"),
        ),
        dated="diagnosed",
    ),
    Table(
        "CYP602DisabilityType",
        records.Disability,
        (
            _LOCAL_PATIENT,
            _key("code", "DISABILITY CODE", kind="code2"),
            _column("impact", "DISABILITY IMPACT PERCEPTION", kind="code2"),
        ),
    ),
)

_PLANS = (
    Table(
        "CYP004CarePlanType",
        records.CarePlan,
        (
            _PLAN,
            _LOCAL_PATIENT,
            _column("type", "CARE PLAN TYPE (COMMUNITY CARE)", kind="code2"),
            _column("created", "CARE PLAN CREATION DATE", kind="date"),
            _column("created_time", "CARE PLAN CREATION TIME", kind="time"),
            _column("updated", "CARE PLAN LAST UPDATED DATE", kind="date"),
            _column("updated_time", "CARE PLAN LAST UPDATED TIME", kind="time"),
            _column("implemented", "CARE PLAN IMPLEMENTATION DATE", kind="date"),
        ),
        dated="created",
    ),
    Table(
        "CYP005CarePlanAgreement",
        records.CarePlanAgreement,
        (
            _PLAN,
            _key("agreed_by", "CARE PLAN CONTENT AGREED BY", "CARE PLAN AGREED BY", kind="code2"),
            _column("agreed", "CARE PLAN CONTENT AGREED DATE", "CARE PLAN AGREED DATE", kind="date"),
            _column("agreed_time", "CARE PLAN CONTENT AGREED TIME", "CARE PLAN AGREED TIME", kind="time"),
        ),
        via=("CYP004", "plan"),
        dated="agreed",
    ),
)

_REFERRALS = (
    Table(
        "CYP101Referral",
        records.Referral,
        (
            _REFERRAL,
            _LOCAL_PATIENT,
            _key("received", "REFERRAL REQUEST RECEIVED DATE", kind="date"),
            _column("received_time", "REFERRAL REQUEST RECEIVED TIME", kind="time"),
            _column("source", "SOURCE OF REFERRAL FOR COMMUNITY", kind="code2"),
            _column(
                "referring_organisation",
                "ORGANISATION IDENTIFIER (REFERRING ORGANISATION)",
                "ORGANISATION IDENTIFIER (REFERRING)",
                "REFERRING ORGANISATION CODE",
            ),
            _column("priority", "PRIORITY TYPE CODE"),
            _column("reason", "PRIMARY REASON FOR REFERRAL (COMMUNITY CARE)"),
            _column("discharged", "SERVICE DISCHARGE DATE", kind="date"),
        ),
        dated="received",
    ),
    Table(
        "CYP102ServiceTypeReferredTo",
        records.ServiceType,
        (
            _REFERRAL,
            _TEAM,
            _column("type", "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)", kind="code2"),
            _column("closed", "REFERRAL CLOSURE DATE", kind="date"),
            _column("closure_reason", "REFERRAL CLOSURE REASON"),
            _column("rejected", "REFERRAL REJECTION DATE", kind="date"),
            _column("rejection_reason", "REFERRAL REJECTION REASON"),
        ),
        via=("CYP101", "referral"),
    ),
    Table(
        "CYP103OtherReasonReferral",
        records.OtherReason,
        (_REFERRAL, _key("reason", "OTHER REASON FOR REFERRAL (COMMUNITY CARE)")),
        via=("CYP101", "referral"),
    ),
    Table(
        "CYP609CodedAssessmentReferral",
        records.ReferralAssessment,
        (_REFERRAL, _TOOL, _SCORE, _column("completed", "ASSESSMENT TOOL COMPLETION DATE", kind="date")),
        via=("CYP101", "referral"),
        dated="completed",
    ),
)

_DIAGNOSES = tuple(
    Table(
        name,
        record,
        (
            _REFERRAL,
            _SCHEME,
            _key("code", f"{word} DIAGNOSIS (CODED CLINICAL ENTRY)"),
            _column("diagnosed", dated, kind="date"),
        ),
        via=("CYP101", "referral"),
        dated="diagnosed",
    )
    for name, record, word, dated in (
        ("CYP606ProvDiag", records.ProvisionalDiagnosis, "PROVISIONAL", "PROVISIONAL DIAGNOSIS DATE"),
        ("CYP607PrimDiag", records.PrimaryDiagnosis, "PRIMARY", "DIAGNOSIS DATE"),
        ("CYP608SecDiag", records.SecondaryDiagnosis, "SECONDARY", "DIAGNOSIS DATE"),
    )
)

_CONTACTS = (
    Table(
        "CYP201CareContact",
        records.CareContact,
        (
            _CONTACT,
            _REFERRAL,
            _TEAM,
            _key("on", "CARE CONTACT DATE", kind="date"),
            _column("time", "CARE CONTACT TIME", kind="time"),
            _column("minutes", "CLINICAL CONTACT DURATION OF CARE CONTACT", kind="count"),
            _column("consultation_type", "CONSULTATION TYPE", kind="code2"),
            _column("subject", "CARE CONTACT SUBJECT", kind="code2"),
            _column("medium", "CONSULTATION MEDIUM USED", kind="code2", need="optional"),
            _column("mechanism", "CONSULTATION MECHANISM (COMMUNITY CARE)", kind="code2"),
            _column("location", "ACTIVITY LOCATION TYPE CODE"),
            _column("site", "ORGANISATION SITE IDENTIFIER (OF TREATMENT)", "SITE CODE (OF TREATMENT)"),
            _column("group", "GROUP THERAPY INDICATOR"),
            _column("attendance", "ATTENDANCE STATUS", "ATTENDED OR DID NOT ATTEND CODE"),
            _column("administrative_category", "ADMINISTRATIVE CATEGORY CODE", kind="code2"),
            _column("cancelled", "CARE CONTACT CANCELLATION DATE", kind="date"),
            _column("cancellation_reason", "CARE CONTACT CANCELLATION REASON", kind="code2"),
            _column("replacement_booked", "REPLACEMENT APPOINTMENT BOOKED DATE", kind="date"),
        ),
        via=("CYP101", "referral"),
        dated="on",
    ),
    Table(
        "CYP202CareActivity",
        records.CareActivity,
        (
            _ACTIVITY,
            _CONTACT,
            _column("type", "COMMUNITY CARE ACTIVITY TYPE", "COMMUNITY CARE ACTIVITY TYPE CODE", kind="code2"),
            _column("professional", "CARE PROFESSIONAL LOCAL IDENTIFIER"),
            _column("minutes", "CLINICAL CONTACT DURATION OF CARE ACTIVITY", kind="count"),
            _column(
                "procedure_scheme",
                "PROCEDURE SCHEME IN USE (COMMUNITY CARE)",
                "PROCEDURE SCHEME IN USE",
                kind="code2",
            ),
            _column("procedure", "CODED PROCEDURE (CLINICAL TERMINOLOGY)"),
            _column("finding_scheme", "FINDING SCHEME IN USE (COMMUNITY CARE)", "FINDING SCHEME IN USE", kind="code2"),
            _column("finding", "CODED FINDING (CODED CLINICAL ENTRY)"),
            _column(
                "observation_scheme",
                "OBSERVATION SCHEME IN USE (COMMUNITY CARE)",
                "OBSERVATION SCHEME IN USE",
                kind="code2",
            ),
            _column("observation", "CODED OBSERVATION (CLINICAL TERMINOLOGY)"),
            _column("value", "OBSERVATION VALUE"),
            _column("unit", "UCUM UNIT OF MEASUREMENT"),
        ),
        via=("CYP201", "contact"),
    ),
    Table(
        "CYP612CodedAssessmentContact",
        records.ContactAssessment,
        (_ACTIVITY, _TOOL, _SCORE),
        via=("CYP202", "activity"),
    ),
)

STAFF = Table(
    "CYP901StaffDetails",
    records.StaffMember,
    (
        _key("professional", "CARE PROFESSIONAL LOCAL IDENTIFIER"),
        _column("registration_body", "PROFESSIONAL REGISTRATION BODY CODE", kind="code2"),
        _column("registration", "PROFESSIONAL REGISTRATION ENTRY IDENTIFIER"),
        _column("staff_group", "CARE PROFESSIONAL STAFF GROUP (COMMUNITY CARE)", kind="code2"),
        _column("occupation", "OCCUPATION CODE"),
        _column("job_role", "CARE PROFESSIONAL (JOB ROLE CODE)"),
    ),
)

PERSON_TABLES = (*_PERSON, *_PLANS, *_REFERRALS, *_DIAGNOSES, *_CONTACTS)
"""In an order in which every table comes after the one that its rows hang on."""
TABLES = {table.code: table for table in (*PERSON_TABLES, STAFF)}

CLEAR_COLUMNS = frozenset({"NHS NUMBER", "PERSON BIRTH DATE", "POSTCODE OF USUAL ADDRESS"})
"""Held by the sender in clear; an ICB receives pseudonyms instead, so they are missing from its column list."""

IGNORED = frozenset(
    {
        "CYP007",  # employment status: not needed by those who care, and not published onward
        "CYP008",  # overseas visitor charging: administration of payment
        "CYP104",  # referral to treatment: measures waiting times of pathways
        "CYP105",  # onward referral: the receiving organisation states the referral that it holds
        "CYP301",  # group sessions: counts of people, names none
        "CYP401",  # special educational need: belongs to education
        "CYP501",  # coded immunisation: general practice holds the immunisation record
        "CYP502",  # immunisation: as CYP501
        "CYP603",  # newborn hearing screening: child health record, no adult pathway uses it
        "CYP604",  # blood spot result: as CYP603
        "CYP605",  # infant physical examination: as CYP603
        "CYP610",  # breastfeeding status: as CYP603
        "CYP611",  # observation in v1.5 form; v1.6 sends weight and height as coded observations of CYP202
        "CYP613",  # anonymous self-assessment: names no person
    }
)
"""Tables of the data set that are left out on purpose; any other unknown file is a defect."""
