"""What goes wrong, one input each, about one person: who they are must turn up nowhere but in the bytes."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.community import records as csds
from adapters.community.write import write as write_csds
from adapters.social_care import records as cld
from adapters.social_care.write import Cover
from adapters.social_care.write import write as write_cld
from adapters.vcfse.records import Client, Location, Name, Referral, Sharing
from adapters.vcfse.write import csv_bytes, referral_table, xlsx_bytes
from integration.ingest.inbox import Delivery
from tests.unit.adapters.gp_answers import bundle, observation, patient

AS_OF = datetime(2026, 9, 1, 8, tzinfo=UTC)
BAD_NUMBER = "9990000019"
"""Its check digit would be 8."""
FAMILY, GIVEN, POSTCODE, LOCAL = "Quillfeather", "Zebediah", "CV9 9QZ", "LOC77341"
SECRETS = (
    FAMILY, FAMILY.upper(), GIVEN, GIVEN.upper(), POSTCODE, POSTCODE.replace(" ", ""), LOCAL, BAD_NUMBER,
    "999 000 0019", "19310203", "1931-02-03", "03/02/1931", "3 Feb 1931",
)  # fmt: skip
"""What may stand in no reason, place, remedy or log line."""


@dataclass(frozen=True)
class Bad:
    """`codes`: of the quarantine entries. `stored`: whether the person is kept, without what could not be used."""

    title: str
    delivery: Delivery
    codes: Sequence[str]
    stored: bool = False


def hl7(*segments: str) -> bytes:
    head = "MSH|^~\\&|PAS|X9A|ROUTE|ROUTE|20260901090000||ADT^A28^ADT_A05|M1|P|2.4"
    return "".join(f"{segment}\r" for segment in (head, "EVN||20260901090000", *segments)).encode()


def pid(number: str = "") -> str:
    identifiers = f"{number}^^^NHS~{LOCAL}^^^X9A^MR" if number else f"{LOCAL}^^^X9A^MR"
    return f"PID|1||{identifiers}||{FAMILY.upper()}^{GIVEN.upper()}^^^MR^^L||19310203|1|||1 High St^^^^{POSTCODE}"


def gp_patient(number: str) -> dict[str, object]:
    name = [{"use": "official", "family": FAMILY, "given": [GIVEN]}]
    identifier = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}]
    return patient(identifier=identifier, name=name, birthDate="1931-02-03", id=LOCAL)


def gp_bundle(number: str) -> bytes:
    return bundle(gp_patient(number), observation(subject={"reference": f"Patient/{LOCAL}"}))


def referral(number: str | None = None) -> Referral:
    client = Client(
        client_id=LOCAL,
        name=Name(family=FAMILY, given=(GIVEN,)),
        birth_date="1931-02-03",
        nhs_number=number,
        location=Location(lines=("1 High Street",), postcode=POSTCODE),
    )
    sharing = Sharing(share="yes", on="2026-08-01", taken_by="A Worker")
    return Referral(client=client, sharing=sharing, referral_id="R1", referred_on="2026-08-01")


def without_columns(content: bytes, *titles: str) -> bytes:
    """A CSV without the columns that have these titles."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    kept = [place for place, title in enumerate(rows[0]) if title not in titles]
    assert len(kept) == len(rows[0]) - len(titles)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[row[place] for place in kept] for row in rows])
    return text.getvalue().encode()


def council(number: str | None = None) -> bytes:
    person = cld.Person(local_id=LOCAL, nhs_number=number, birth_date="1931-02-03", postcode=POSTCODE, gender="Male")
    row = cld.Row(
        person=person, client_type="Service User", detail=cld.Service(type="Long Term Support: Community",
        component="Home Support"), start="2026-03-01",
    )  # fmt: skip
    return write_cld([row], Cover("999", "2025-07-01", "2026-06-30"))


def community(number: str | None = None) -> bytes:
    header = csds.Header(
        provider="X9C", submitter="X9C", start="2026-07-01", end="2026-07-31", created="2026-08-10T09:00:00"
    )
    return write_csds(
        header,
        [
            csds.MasterPatientIndex(
                provider="X9C", organisation="X9C", local_patient=LOCAL, nhs_number=number, nhs_number_status="01",
                birth_date="1931-02-03", postcode=POSTCODE, gender="1",
            ),
            csds.Registration(provider="X9C", local_patient=LOCAL, practice="X90401", start="2020-01-01"),
            csds.Referral(provider="X9C", local_patient=LOCAL, referral="REF1", received="2026-07-03"),
            csds.CareContact(provider="X9C", contact="CON1", referral="REF1", on="2026-07-09"),
        ],
    )  # fmt: skip


def rezipped(content: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The archive with each file as `change` returns it; None leaves it out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w") as target:
        for entry in source.infolist():
            changed = change(entry.filename, source.read(entry))
            if changed is not None:
                target.writestr(entry.filename, changed)
    return stream.getvalue()


def without_table(name: str) -> bytes:
    return rezipped(community(), lambda file, content: None if file == f"{name}.csv" else content)


def without_table_column(name: str, title: str) -> bytes:
    return rezipped(
        community(), lambda file, content: without_columns(content, title) if file == f"{name}.csv" else content
    )


def with_file(name: str) -> bytes:
    stream = io.BytesIO(community())
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(name, "a letter")
    return stream.getvalue()


def damaged(content: bytes) -> bytes:
    """A byte of the archive's data is another one: its checksum no longer holds."""
    place = content.index(b"CYP101Referral.csv") + 40
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _table(number: str | None = None) -> bytes:
    return csv_bytes(referral_table([referral(number)]))


def _workbook(name: str) -> bytes:
    table = referral_table([referral()])
    return xlsx_bytes([type(table)(name=name, header=table.header, rows=table.rows)])


def _named(feed: str, sender: str, name: str, content: bytes) -> Delivery:
    return Delivery(feed, sender, name, content, AS_OF)


def _acute(content: bytes) -> Delivery:
    return _named("acute", "X9A", "M1.hl7", content)


def _gp(content: bytes) -> Delivery:
    return _named("gp", "X90401", "answer.json", content)


def _charity(content: bytes, name: str = "log.csv") -> Delivery:
    return _named("vcfse", "X9V01", name, content)


def _council(content: bytes) -> Delivery:
    return _named("social_care", "X9L", "cld.csv", content)


def _community(content: bytes) -> Delivery:
    return _named("community", "X9C", "csds.zip", content)


BAD = (
    Bad("HL7 cut off in its header", _acute(hl7(pid())[:40]), ["unsupported-message-type"]),
    Bad("HL7 cut off before the patient's id", _acute(hl7(pid()[:7])), ["no-patient-id"]),
    Bad("HL7 cut off before PID", _acute(hl7()), ["no-pid"]),
    Bad("no HL7 at all", _acute(f"{FAMILY} 19310203".encode()), ["not-hl7"]),
    Bad("STU3 bundle of nobody", _gp(bundle(observation())), ["no-patient"]),
    Bad("STU3 bundle of two people", _gp(bundle(gp_patient(BAD_NUMBER), patient())), ["several-patients"]),
    Bad("STU3 bundle cut off", _gp(gp_bundle(BAD_NUMBER)[:200]), ["not-json"]),
    Bad("CSV without any column that says who",
        _charity(without_columns(_table(), "Client ID", "First name", "Surname", "DOB")), ["missing-column"]),
    Bad("CSV without the date of referral", _charity(without_columns(_table(), "Referral date")),
        ["missing-column"], stored=True),
    Bad("CSV without headers", _charity(_table().split(b"\r\n")[1]), ["unknown-headers"]),
    Bad("XLSX whose only sheet is called by a client's name", _charity(_workbook(f"{GIVEN} {FAMILY}"), "log.xlsx"),
        ["wrong-sheet"]),
    Bad("XLSX that is broken", _charity(_workbook("Referrals")[:400], "log.xlsx"), ["broken-workbook"]),
    Bad("CLD without a column that it needs", _council(without_columns(council(), "Event Type")), ["no-header"]),
    Bad("CLD without one that it can do without", _council(without_columns(council(), "Gender")), ["missing-column"],
        stored=True),
    Bad("CLD as a broken workbook", _council(_workbook("Referrals")[:400]), ["not-a-workbook"]),
    Bad("CLD as a workbook of something else", _council(_workbook(FAMILY)), ["no-header"]),
    Bad("CSDS without its patients", _community(without_table("CYP001MPI")),
        ["missing-table", "orphan-table", "orphan-table", "orphan-table"]),
    Bad("CSDS without their practices", _community(without_table("CYP002GP")), ["missing-table"], stored=True),
    Bad("CSDS without its header", _community(without_table("CYP000Header")), ["missing-header"]),
    Bad("CSDS without a key column", _community(without_table_column("CYP101Referral", "SERVICE REQUEST IDENTIFIER")),
        ["missing-column", "orphan-table"], stored=True),
    Bad("CSDS without another column",
        _community(without_table_column("CYP101Referral", "SERVICE DISCHARGE DATE")), ["missing-column"], stored=True),
    Bad("CSDS with a file that is no table",
        _community(with_file(f"{GIVEN} {FAMILY} {BAD_NUMBER}.pdf")), ["unknown-table"], stored=True),
    Bad("CSDS that is no ZIP file", _community(community()[:300]), ["not-a-zip"]),
    Bad("CSDS with a damaged file", _community(damaged(community())), ["not-a-zip"]),
    Bad("bad check digit in HL7", _acute(hl7(pid(BAD_NUMBER))), ["bad-check-digit"], stored=True),
    Bad("bad check digit in GP Connect", _gp(gp_bundle(BAD_NUMBER)), ["bad-check-digit"], stored=True),
    Bad("bad check digit in CSDS", _community(community(BAD_NUMBER)), ["bad-check-digit"], stored=True),
    Bad("bad check digit in CLD", _council(council(BAD_NUMBER)), ["bad-check-digit"], stored=True),
    Bad("bad check digit in a charity's sheet", _charity(_table(BAD_NUMBER)), ["bad-check-digit"], stored=True),
)  # fmt: skip
GOOD = Delivery("acute", "X9A", "GOOD.hl7", hl7("PID|1||1000777^^^X9A^MR||NEIGHBOUR^NELL||19500101|2"), AS_OF)
"""What arrives beside it and must not suffer."""
