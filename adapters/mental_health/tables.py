"""MHSDS as data: every table and column that is read, by the names that an ICB receives them under.

Names of columns: `models/raw` of an ICB's published pipeline (OGL v3), which lists what NHS England sends. The formats
of the technical output specification were not available: which columns are keys follows the data set's own ids.
"""

from adapters.mental_health import codes, records
from adapters.mental_health.ignored import IGNORED
from adapters.tables import codes as shared
from adapters.tables.dataset import DataSet, Register, Table, column, key

_LOCAL_PATIENT = key("local_patient", "LocalPatientId")
_REFERRAL = key("referral", "ServiceRequestId")
_SPELL = key("spell", "HospProvSpellID", "HospProvSpellNum")
_PROFESSIONAL = key("professional", "CareProfLocalId")
_TEAM = ("OtherCareProfTeamLocalID", "CareProfTeamLocalID")
_OF_SPELL = ("MHS501", "spell")

_PEOPLE = (
    Table(
        "MHS001MPI",
        records.MasterPatientIndex,
        (
            _LOCAL_PATIENT,
            key("organisation", "OrgIDLocalPatientId"),
            column("nhs_number", "NHSNumber", kind="nhs-number", pseudonym="NHSNumber Pseudo"),
            column("nhs_number_status", "NHSNumberStatus", kind="code2", codes=shared.NHS_NUMBER_STATUS),
            column("birth_date", "PersonBirthDate", kind="date", pseudonym="PersonBirthDate Pseudo"),
            column("postcode", "Postcode", pseudonym="Postcode Pseudo"),
            column("gender", "GenderIDCode", "Gender", codes=codes.GENDER),
            column("marital_status", "MaritalStatus"),
            column("ethnic_category", "EthnicCategory", codes=shared.ETHNIC_CATEGORY),
            column("language", "LanguageCodePreferred"),
            column("death_date", "PersDeathDate", kind="date"),
        ),
        required=True,
    ),
    Table(
        "MHS002GP",
        records.Registration,
        (
            _LOCAL_PATIENT,
            key("practice", "GMPReg", "GMPCodeReg"),
            column("start", "StartDateGMPRegistration", kind="date"),
            column("end", "EndDateGMPRegistration", kind="date"),
        ),
        dated="start",
        required=True,
    ),
    Table(
        "MHS005PatInd",
        records.Indicators,
        (
            _LOCAL_PATIENT,
            column("reasonable_adjustment", "ReasonableAdjustmentInd"),
            column("child_protection", "CPP", codes=codes.CHILD_PROTECTION),
            column("learning_disability", "LDStatus", codes=codes.DIAGNOSIS_STATUS),
            column("autism", "AutismStatus", codes=codes.DIAGNOSIS_STATUS),
        ),
    ),
    Table(
        "MHS006MHCareCoord",
        records.CareCoordinator,
        (
            _LOCAL_PATIENT,
            _PROFESSIONAL,
            key("start", "StartDateAssCareCoord", kind="date"),
            column("end", "EndDateAssCareCoord", kind="date"),
            column("team_type", "CareProfServOrTeamTypeAssoc", codes=codes.TEAM_TYPE),
        ),
        dated="start",
    ),
    Table(
        "MHS007DisabilityType",
        records.Disability,
        (
            _LOCAL_PATIENT,
            key("code", "DisabCode", kind="code2", codes=shared.DISABILITY),
            column("impact", "DisabImpacPercep"),
        ),
    ),
    Table(
        "MHS008CarePlanType",
        records.CarePlan,
        (
            key("plan", "CarePlanID"),
            _LOCAL_PATIENT,
            column("type", "CarePlanTypeMH", codes=codes.CARE_PLAN_TYPE),
            column("created", "CarePlanCreatDate", kind="date"),
            column("created_time", "CarePlanCreationTime", kind="time"),
            column("updated", "CarePlanLastUpdateDate", kind="date"),
            column("updated_time", "CarePlanLastUpdateTime", kind="time"),
            column("implemented", "CarePlanImplementDate", kind="date"),
        ),
        dated="created",
    ),
    Table(
        "MHS009CarePlanAgreement",
        records.CarePlanAgreement,
        (
            key("plan", "CarePlanID"),
            key("agreed_by", "CarePlanContentAgreedBy", "CarePlanAgreedBy"),
            column("agreed", "CarePlanContentAgreedDate", "CarePlanAgreedDate", kind="date"),
            column("agreed_time", "CarePlanContentAgreedTime", "CarePlanAgreedTime", kind="time"),
        ),
        via=("MHS008", "plan"),
    ),
)

_REFERRALS = (
    Table(
        "MHS101Referral",
        records.Referral,
        (
            _REFERRAL,
            _LOCAL_PATIENT,
            key("received", "ReferralRequestReceivedDate", kind="date"),
            column("received_time", "ReferralRequestReceivedTime", kind="time"),
            column("team", "CareProfTeamLocalID", need="optional"),
            column("source", "SourceOfReferralMH"),
            column("referring_organisation", "OrgIDReferringOrg", "OrgIDReferring"),
            column("priority", "ClinRespPriorityType", codes=shared.PRIORITY),
            column("reason", "PrimReasonReferralMH", kind="code2", codes=codes.REFERRAL_REASON),
            column("discharged", "ServDischDate", kind="date"),
            column("rejected", "ReferRejectionDate", kind="date", need="optional"),
        ),
        dated="received",
    ),
    Table(
        "MHS102ServiceTypeReferredTo",
        records.ServiceType,
        (
            _REFERRAL,
            key("team", *_TEAM),
            column("type", "ServTeamTypeRefToMH", need="optional", codes=codes.TEAM_TYPE),
            column("closed", "ReferClosureDate", kind="date"),
            column("rejected", "ReferRejectionDate", kind="date"),
        ),
        via=("MHS101", "referral"),
    ),
    Table(
        "MHS201CareContact",
        records.CareContact,
        (
            key("contact", "CareContactId"),
            _REFERRAL,
            key("on", "CareContDate", kind="date"),
            column("time", "CareContTime", kind="time"),
            column("team", *_TEAM),
            column("minutes", "ClinContDurOfCareCont", kind="count"),
            column("consultation_type", "ConsType", kind="code2", codes=shared.CONSULTATION_TYPE),
            column("subject", "CareContSubj", kind="code2", codes=shared.CONTACT_SUBJECT),
            column("mechanism", "ConsMechanismMH", kind="code2", codes=shared.MECHANISM),
            column("medium", "ConsMediumUsed", kind="code2", need="optional"),
            column("location", "ActLocTypeCode", codes=shared.LOCATION_TYPE),
            column("site", "SiteIDOfTreat"),
            column("attendance", "AttendStatus", "AttendOrDNACode", codes=shared.ATTENDANCE),
            column("cancelled", "CareContCancelDate", kind="date"),
            column("cancellation_reason", "CareContCancelReas"),
        ),
        via=("MHS101", "referral"),
        dated="on",
    ),
    Table(
        "MHS202CareActivity",
        records.CareActivity,
        (
            key("activity", "CareActId"),
            key("contact", "CareContactId"),
            column("professional", "CareProfLocalId"),
            column("minutes", "ClinContactDurOfCareAct", kind="count"),
            column("procedure", "Procedure", "CodeProcAndProcStatus"),
            column("finding_scheme", "FindSchemeInUse", kind="code2"),
            column("finding", "Finding", "CodeFind"),
            column("observation", "Observation", "CodeObs"),
            column("value", "ObsValue"),
            column("unit", "UnitOfMeasurement_UCUM", "UnitMeasure"),
        ),
        via=("MHS201", "contact"),
    ),
)

_MENTAL_HEALTH_ACT = (
    Table(
        "MHS401MHActPeriod",
        records.LegalStatus,
        (
            key("period", "MHActLegalStatusClassPeriodId"),
            _LOCAL_PATIENT,
            key("start", "StartDateMHActLegalStatusClass", kind="date"),
            column("start_time", "StartTimeMHActLegalStatusClass", kind="time"),
            column("expires", "ExpiryDateMHActLegalStatusClass", kind="date"),
            column("ended", "EndDateMHActLegalStatusClass", kind="date"),
            column("ended_time", "EndTimeMHActLegalStatusClass", kind="time"),
            column("status", "LegalStatusCode", kind="code2", codes=codes.LEGAL_STATUS),
        ),
        dated="start",
    ),
    Table(
        "MHS404CommTreatOrder",
        records.TreatmentOrder,
        (
            key("period", "MHActLegalStatusClassPeriodId"),
            key("start", "StartDateCommTreatOrd", kind="date"),
            column("expires", "ExpiryDateCommTreatOrd", kind="date"),
            column("ended", "EndDateCommTreatOrd", kind="date"),
        ),
        via=("MHS401", "period"),
        dated="start",
    ),
)

_STAYS = (
    Table(
        "MHS501HospProvSpell",
        records.Spell,
        (
            _SPELL,
            _REFERRAL,
            key("start", "StartDateHospProvSpell", kind="date"),
            column("start_time", "StartTimeHospProvSpell", kind="time"),
            column("source", "SourceAdmMHHospProvSpell", "SourceAdmCodeHospProvSpell"),
            column("method", "MethAdmMHHospProvSpell", "AdmMethCodeHospProvSpell"),
            column("discharged", "DischDateHospProvSpell", kind="date"),
            column("discharged_time", "DischTimeHospProvSpell", kind="time"),
            column("discharge_method", "MethOfDischMHHospProvSpell", "DischMethCodeHospProvSpell"),
            column("destination", "DestOfDischHospProvSpell", "DischDestCodeHospProvSpell"),
        ),
        via=("MHS101", "referral"),
        dated="start",
    ),
    Table(
        "MHS502WardStay",
        records.WardStay,
        (
            key("stay", "WardStayId"),
            _SPELL,
            column("ward", "WardCode"),
            column("site", "SiteIDOfTreat", need="optional"),
            key("start", "StartDateWardStay", kind="date"),
            column("start_time", "StartTimeWardStay", kind="time"),
            column("end", "EndDateWardStay", kind="date"),
            column("end_time", "EndTimeWardStay", kind="time"),
        ),
        via=_OF_SPELL,
        dated="start",
    ),
    Table(
        "MHS503AssignedCareProf",
        records.AssignedProfessional,
        (
            _SPELL,
            _PROFESSIONAL,
            key("start", "StartDateAssCareProf", kind="date"),
            column("end", "EndDateAssCareProf", kind="date"),
        ),
        via=_OF_SPELL,
        dated="start",
    ),
)

_REGISTERS = (
    Register(
        "MHS901StaffDetails",
        records.StaffMember,
        (
            _PROFESSIONAL,
            column("registration_body", "ProfRegBodyCode", kind="code2"),
            column("registration", "ProfRegEntryId"),
            column("staff_group", "CareProfStaffGpMH", kind="code2"),
            column("occupation", "OccCode"),
            column("job_role", "CareProfJobRoleCode"),
        ),
        met=(("MHS006", "professional"), ("MHS202", "professional"), ("MHS503", "professional")),
    ),
    Register(
        "MHS902ServiceTeamDetails",
        records.Team,
        (key("team", "CareProfTeamLocalID"), column("type", "ServTeamTypeMH", codes=codes.TEAM_TYPE)),
        met=(("MHS101", "team"), ("MHS102", "team"), ("MHS201", "team")),
    ),
    Register(
        "MHS903WardDetails",
        records.Ward,
        (key("ward", "WardCode"), column("site", "SiteIDOfWard")),
        met=(("MHS502", "ward"),),
    ),
)

MHSDS = DataSet(
    name="mhsds",
    title="MHSDS v6",
    header="MHS000Header",
    header_columns=(
        key("provider", "OrgIDProvider"),
        column("submitter", "OrgIDSubmit"),
        key("start", "ReportingPeriodStartDate", kind="date"),
        key("end", "ReportingPeriodEndDate", kind="date"),
        column("created", "DateTimeDatSetCreate"),
        column("version", "DatSetVer"),
        column("system", "PrimSystemInUse"),
    ),
    tables=(*_PEOPLE, *_REFERRALS, *_MENTAL_HEALTH_ACT, *_STAYS),
    registers=_REGISTERS,
    ignored=IGNORED,
)
