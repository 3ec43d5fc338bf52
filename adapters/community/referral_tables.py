"""The tables that hang on a referral: CYP101-105, CYP201-202, CYP606-609, CYP612."""

from adapters.community import codes, records
from adapters.community.person_tables import LOCAL_PATIENT, SCHEME
from adapters.community.rules import attended, not_early
from adapters.tables import codes as shared
from adapters.tables.dataset import Table, column, key

_REFERRAL = key("referral", "SERVICE REQUEST IDENTIFIER")
_CONTACT = key("contact", "CARE CONTACT IDENTIFIER")
_ACTIVITY = key("activity", "CARE ACTIVITY IDENTIFIER")
_TEAM = column("team", "CARE PROFESSIONAL TEAM LOCAL IDENTIFIER")
_TOOL = key("tool", "CODED ASSESSMENT TOOL TYPE (SNOMED CT)")
_SCORE = column("score", "PERSON SCORE")
_VIA_REFERRAL = ("CYP101", "referral")

REFERRALS = (
    Table(
        "CYP101Referral",
        records.Referral,
        (
            _REFERRAL,
            LOCAL_PATIENT,
            key("received", "REFERRAL REQUEST RECEIVED DATE", kind="date"),
            column("received_time", "REFERRAL REQUEST RECEIVED TIME", kind="time"),
            column("source", "SOURCE OF REFERRAL FOR COMMUNITY", kind="code2"),
            column(
                "referring_organisation",
                "ORGANISATION IDENTIFIER (REFERRING ORGANISATION)",
                "ORGANISATION IDENTIFIER (REFERRING)",
                "REFERRING ORGANISATION CODE",
            ),
            column("priority", "PRIORITY TYPE CODE", codes=shared.PRIORITY),
            column("reason", "PRIMARY REASON FOR REFERRAL (COMMUNITY CARE)"),
            column("discharged", "SERVICE DISCHARGE DATE", kind="date"),
        ),
        dated="received",
        spans=(("received", "discharged"),),
        told=("received",),
        rules=(not_early("received"),),
    ),
    Table(
        "CYP102ServiceTypeReferredTo",
        records.ServiceType,
        (
            _REFERRAL,
            _TEAM,
            column("type", "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)", kind="code2", codes=codes.TEAM_TYPE),
            column("closed", "REFERRAL CLOSURE DATE", kind="date"),
            column("closure_reason", "REFERRAL CLOSURE REASON"),
            column("rejected", "REFERRAL REJECTION DATE", kind="date"),
            column("rejection_reason", "REFERRAL REJECTION REASON"),
        ),
        via=_VIA_REFERRAL,
        told=("closed", "rejected"),
    ),
    Table(
        "CYP103OtherReasonReferral",
        records.OtherReason,
        (_REFERRAL, key("reason", "OTHER REASON FOR REFERRAL (COMMUNITY CARE)")),
        via=_VIA_REFERRAL,
    ),
    Table(
        "CYP104RTT",
        records.WaitingTime,
        (
            _REFERRAL,
            column(
                "type", "WAITING TIME MEASUREMENT TYPE (COMMUNITY CARE)", "WAITING TIME MEASUREMENT TYPE", kind="code2"
            ),
            key("start", "REFERRAL TO TREATMENT PERIOD START DATE", kind="date"),
            column("start_time", "REFERRAL TO TREATMENT PERIOD START TIME", kind="time"),
            column("end", "REFERRAL TO TREATMENT PERIOD END DATE", kind="date"),
            column("end_time", "REFERRAL TO TREATMENT PERIOD END TIME", kind="time"),
            column("status", "REFERRAL TO TREATMENT PERIOD STATUS", kind="code2"),
        ),
        via=_VIA_REFERRAL,
        dated="start",
        spans=(("start", "end"),),
        told=("start", "end"),
    ),
    Table(
        "CYP105OnwardReferral",
        records.OnwardReferral,
        (
            _REFERRAL,
            key("on", "ONWARD REFERRAL DATE", kind="date"),
            column("reason", "ONWARD REFERRAL REASON (COMMUNITY CARE)", "ONWARD REFERRAL REASON", kind="code2"),
            column(
                "receiver",
                "ORGANISATION IDENTIFIER (RECEIVING ORGANISATION)",
                "ORGANISATION IDENTIFIER (RECEIVING)",
                "ORGANISATION CODE (RECEIVING)",
            ),
        ),
        via=_VIA_REFERRAL,
        dated="on",
        told=("on",),
    ),
    Table(
        "CYP609CodedAssessmentReferral",
        records.ReferralAssessment,
        (_REFERRAL, _TOOL, _SCORE, column("completed", "ASSESSMENT TOOL COMPLETION DATE", kind="date")),
        via=_VIA_REFERRAL,
        dated="completed",
        told=("completed",),
    ),
)

DIAGNOSES = tuple(
    Table(
        name,
        record,
        (
            _REFERRAL,
            SCHEME,
            key("code", f"{word} DIAGNOSIS (CODED CLINICAL ENTRY)"),
            column("diagnosed", dated, kind="date"),
        ),
        via=_VIA_REFERRAL,
        dated="diagnosed",
        told=("diagnosed",),
    )
    for name, record, word, dated in (
        ("CYP606ProvDiag", records.ProvisionalDiagnosis, "PROVISIONAL", "PROVISIONAL DIAGNOSIS DATE"),
        ("CYP607PrimDiag", records.PrimaryDiagnosis, "PRIMARY", "DIAGNOSIS DATE"),
        ("CYP608SecDiag", records.SecondaryDiagnosis, "SECONDARY", "DIAGNOSIS DATE"),
    )
)

CONTACTS = (
    Table(
        "CYP201CareContact",
        records.CareContact,
        (
            _CONTACT,
            _REFERRAL,
            _TEAM,
            key("on", "CARE CONTACT DATE", kind="date"),
            column("time", "CARE CONTACT TIME", kind="time"),
            column("minutes", "CLINICAL CONTACT DURATION OF CARE CONTACT", kind="count"),
            column("consultation_type", "CONSULTATION TYPE", kind="code2", codes=shared.CONSULTATION_TYPE),
            column("subject", "CARE CONTACT SUBJECT", kind="code2", codes=shared.CONTACT_SUBJECT),
            column("medium", "CONSULTATION MEDIUM USED", kind="code2", need="optional"),
            column("mechanism", "CONSULTATION MECHANISM (COMMUNITY CARE)", kind="code2", codes=shared.MECHANISM),
            column("location", "ACTIVITY LOCATION TYPE CODE", codes=shared.LOCATION_TYPE),
            column("site", "ORGANISATION SITE IDENTIFIER (OF TREATMENT)", "SITE CODE (OF TREATMENT)"),
            column("group", "GROUP THERAPY INDICATOR", codes=codes.GROUP_THERAPY),
            column(
                "attendance",
                "ATTENDANCE STATUS",
                "ATTENDED OR DID NOT ATTEND CODE",
                codes=shared.ATTENDANCE,
            ),
            column(
                "administrative_category",
                "ADMINISTRATIVE CATEGORY CODE",
                kind="code2",
                codes=codes.ADMINISTRATIVE_CATEGORY,
            ),
            column("cancelled", "CARE CONTACT CANCELLATION DATE", kind="date"),
            column("cancellation_reason", "CARE CONTACT CANCELLATION REASON", kind="code2"),
            column("replacement_booked", "REPLACEMENT APPOINTMENT BOOKED DATE", kind="date"),
        ),
        via=_VIA_REFERRAL,
        dated="on",
        told=("cancelled",),
        rules=(attended, not_early("on")),
        among=(("team", "CYP102"),),
    ),
    Table(
        "CYP202CareActivity",
        records.CareActivity,
        (
            _ACTIVITY,
            _CONTACT,
            column(
                "type",
                "COMMUNITY CARE ACTIVITY TYPE",
                "COMMUNITY CARE ACTIVITY TYPE CODE",
                kind="code2",
                codes=codes.ACTIVITY_TYPE,
            ),
            column("professional", "CARE PROFESSIONAL LOCAL IDENTIFIER"),
            column("minutes", "CLINICAL CONTACT DURATION OF CARE ACTIVITY", kind="count"),
            column(
                "procedure_scheme",
                "PROCEDURE SCHEME IN USE (COMMUNITY CARE)",
                "PROCEDURE SCHEME IN USE",
                kind="code2",
                codes=codes.PROCEDURE_SCHEME,
            ),
            column("procedure", "CODED PROCEDURE (CLINICAL TERMINOLOGY)"),
            column(
                "finding_scheme",
                "FINDING SCHEME IN USE (COMMUNITY CARE)",
                "FINDING SCHEME IN USE",
                kind="code2",
                codes=codes.FINDING_SCHEME,
            ),
            column("finding", "CODED FINDING (CODED CLINICAL ENTRY)"),
            column(
                "observation_scheme",
                "OBSERVATION SCHEME IN USE (COMMUNITY CARE)",
                "OBSERVATION SCHEME IN USE",
                kind="code2",
                codes=codes.OBSERVATION_SCHEME,
            ),
            column("observation", "CODED OBSERVATION (CLINICAL TERMINOLOGY)"),
            column("value", "OBSERVATION VALUE"),
            column("unit", "UCUM UNIT OF MEASUREMENT"),
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
