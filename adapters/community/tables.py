"""CSDS v1.6 as data: every table and column that is read, by the titles an ICB receives them under."""

from adapters.community import records, titles
from adapters.community.person_tables import PERSON, PLANS
from adapters.community.referral_tables import CONTACTS, DIAGNOSES, REFERRALS
from adapters.tables.dataset import DataSet, Register, column, key

HEADER = (
    column("version", "DATA SET VERSION NUMBER"),
    key("provider", "ORGANISATION IDENTIFIER (CODE OF PROVIDER)", "ORGANISATION CODE (CODE OF PROVIDER)"),
    column(
        "submitter",
        "ORGANISATION IDENTIFIER (CODE OF SUBMITTING ORGANISATION)",
        "ORGANISATION CODE (CODE OF SUBMITTING ORGANISATION)",
    ),
    key("start", "REPORTING PERIOD START DATE", kind="date"),
    key("end", "REPORTING PERIOD END DATE", kind="date"),
    column("created", "DATE AND TIME DATA SET CREATED"),
    column("system", "PRIMARY DATA COLLECTION SYSTEM IN USE"),
)

STAFF = Register(
    "CYP901StaffDetails",
    records.StaffMember,
    (
        key("professional", "CARE PROFESSIONAL LOCAL IDENTIFIER"),
        column("registration_body", "PROFESSIONAL REGISTRATION BODY CODE", kind="code2"),
        column("registration", "PROFESSIONAL REGISTRATION ENTRY IDENTIFIER"),
        column("staff_group", "CARE PROFESSIONAL STAFF GROUP (COMMUNITY CARE)", kind="code2"),
        column("occupation", "OCCUPATION CODE"),
        column("job_role", "CARE PROFESSIONAL (JOB ROLE CODE)"),
    ),
    met=(("CYP202", "professional"),),
    whole=True,
)

IGNORED = frozenset(
    {
        "CYP007",  # employment status: not needed by those who care, and not published onward
        "CYP008",  # overseas visitor charging: administration of payment
        "CYP301",  # group sessions: counts participants, and holds nothing that leads to one of them
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

RECORD_NUMBER = "RECORD NUMBER"
"""In the copy that an ICB receives: says which person of CYP001 a row of any table is about."""

CSDS = DataSet(
    name="csds",
    title="CSDS v1.6",
    header="CYP000Header",
    header_columns=HEADER,
    tables=(*PERSON, *PLANS, *REFERRALS, *DIAGNOSES, *CONTACTS),
    registers=(STAFF,),
    ignored=IGNORED,
    file_names=titles.FILES,
    titles=titles.TITLES,
    record_number=RECORD_NUMBER,
)
TABLES = CSDS.by_code
