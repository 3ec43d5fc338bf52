"""The tables whose rows name their person: CYP001-007, CYP402-404, CYP601-602, and the care plan with its agreement."""

from adapters.community import codes, records
from adapters.tables import codes as shared
from adapters.tables.dataset import Table, column, key

LOCAL_PATIENT = key("local_patient", "LOCAL PATIENT IDENTIFIER (EXTENDED)")
SCHEME = column(
    "scheme",
    "DIAGNOSIS SCHEME IN USE (COMMUNITY CARE)",
    "DIAGNOSIS SCHEME IN USE",
    kind="code2",
    codes=codes.DIAGNOSIS_SCHEME,
)
_PLAN = key("plan", "CARE PLAN IDENTIFIER")

INDEX = Table(
    "CYP001MPI",
    records.MasterPatientIndex,
    (
        LOCAL_PATIENT,
        key(
            "organisation",
            "ORGANISATION IDENTIFIER (LOCAL PATIENT IDENTIFIER)",
            "ORGANISATION CODE (LOCAL PATIENT IDENTIFIER)",
            header="provider",
        ),
        # The ICB's copy has no column at all in the place of the NHS number: the bridging table holds a pseudonym.
        column("nhs_number", "NHS NUMBER", kind="nhs-number", need="optional"),
        column("nhs_number_status", "NHS NUMBER STATUS INDICATOR CODE", kind="code2", codes=shared.NHS_NUMBER_STATUS),
        column("birth_date", "PERSON BIRTH DATE", kind="date", pseudonym="DateOfBirth Pseudo"),
        column("postcode", "POSTCODE OF USUAL ADDRESS", pseudonym="Postcode Pseudo"),
        column("gender", "PERSON STATED GENDER CODE", codes=codes.STATED_GENDER),
        column("ethnic_category", "ETHNIC CATEGORY", codes=shared.ETHNIC_CATEGORY),
        column("language", "LANGUAGE CODE (PREFERRED)", codes=codes.LANGUAGE),
        column("main_carer", "PERSON RELATIONSHIP (MAIN CARER)"),
        column("looked_after", "LOOKED AFTER CHILD INDICATOR"),
        column("safeguarding", "SAFEGUARDING VULNERABILITY FACTORS INDICATOR"),
        column(
            "preferred_death_location",
            "DEATH LOCATION TYPE CODE (PREFERRED)",
            codes=codes.DEATH_LOCATION,
        ),
        column("death_date", "PERSON DEATH DATE", kind="date"),
        column("death_location", "DEATH LOCATION TYPE CODE (ACTUAL)", codes=codes.DEATH_LOCATION),
        column("confidential", "IsConfidential", kind="flag", need="optional"),
    ),
    required=True,
    spans=(("birth_date", "death_date"),),
    told=("birth_date", "death_date"),
)

PERSON = (
    INDEX,
    Table(
        "CYP002GP",
        records.Registration,
        (
            LOCAL_PATIENT,
            key(
                "practice",
                "GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)",
                "GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)",
            ),
            column("start", "START DATE (GMP PATIENT REGISTRATION)", kind="date"),
            column("end", "END DATE (GMP PATIENT REGISTRATION)", kind="date"),
        ),
        dated="start",
        required=True,
        spans=(("start", "end"),),
    ),
    Table(
        "CYP003AccommType",
        records.Accommodation,
        (
            LOCAL_PATIENT,
            key("status", "ACCOMMODATION STATUS CODE"),
            column("recorded", "ACCOMMODATION STATUS RECORDED DATE", kind="date"),
        ),
        dated="recorded",
        told=("recorded",),
    ),
    Table(
        "CYP006SocPerCircumstances",
        records.Circumstance,
        (
            LOCAL_PATIENT,
            key("code", "SOCIAL AND PERSONAL CIRCUMSTANCE (SNOMED CT)"),
            column("recorded", "SOCIAL AND PERSONAL CIRCUMSTANCE RECORDED DATE", kind="date"),
        ),
        dated="recorded",
        told=("recorded",),
    ),
    Table(
        "CYP402SVF",
        records.SafeguardingFactor,
        (LOCAL_PATIENT, key("type", "SAFEGUARDING VULNERABILITY FACTORS TYPE", kind="code2")),
    ),
    Table(
        "CYP403CPP",
        records.ChildProtectionPlan,
        (
            LOCAL_PATIENT,
            column("reason", "CHILD PROTECTION PLAN REASON CODE"),
            key("start", "CHILD PROTECTION PLAN START DATE", kind="date"),
            column("end", "CHILD PROTECTION PLAN END DATE", kind="date"),
        ),
        dated="start",
        spans=(("start", "end"),),
    ),
    Table(
        "CYP404AssTechToSupportDisTyp",
        records.AssistiveTechnology,
        (
            LOCAL_PATIENT,
            key("code", "ASSISTIVE TECHNOLOGY FINDING (SNOMED CT)"),
            column("recorded", "PRESCRIPTION DATE (ASSISTIVE TECHNOLOGY)", kind="date"),
        ),
        dated="recorded",
        told=("recorded",),
    ),
    Table(
        "CYP601MedicalHistory",
        records.PreviousDiagnosis,
        (
            LOCAL_PATIENT,
            SCHEME,
            key("code", "PREVIOUS DIAGNOSIS (CODED CLINICAL ENTRY)"),
            column("diagnosed", "DIAGNOSIS DATE", kind="date"),
        ),
        dated="diagnosed",
        told=("diagnosed",),
    ),
    Table(
        "CYP602DisabilityType",
        records.Disability,
        (
            LOCAL_PATIENT,
            key("code", "DISABILITY CODE", kind="code2", codes=shared.DISABILITY),
            column("impact", "DISABILITY IMPACT PERCEPTION", kind="code2"),
        ),
    ),
)

PLANS = (
    Table(
        "CYP004CarePlanType",
        records.CarePlan,
        (
            _PLAN,
            LOCAL_PATIENT,
            column("type", "CARE PLAN TYPE (COMMUNITY CARE)", kind="code2"),
            column("created", "CARE PLAN CREATION DATE", kind="date"),
            column("created_time", "CARE PLAN CREATION TIME", kind="time"),
            column("updated", "CARE PLAN LAST UPDATED DATE", kind="date"),
            column("updated_time", "CARE PLAN LAST UPDATED TIME", kind="time"),
            column("implemented", "CARE PLAN IMPLEMENTATION DATE", kind="date"),
        ),
        dated="created",
        spans=(("created", "updated"),),
        told=("created", "updated"),
    ),
    Table(
        "CYP005CarePlanAgreement",
        records.CarePlanAgreement,
        (
            _PLAN,
            key("agreed_by", "CARE PLAN CONTENT AGREED BY", "CARE PLAN AGREED BY", kind="code2"),
            column("agreed", "CARE PLAN CONTENT AGREED DATE", "CARE PLAN AGREED DATE", kind="date"),
            column("agreed_time", "CARE PLAN CONTENT AGREED TIME", "CARE PLAN AGREED TIME", kind="time"),
        ),
        via=("CYP004", "plan"),
        dated="agreed",
        told=("agreed",),
    ),
)
