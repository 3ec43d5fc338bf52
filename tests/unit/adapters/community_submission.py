"""A submission of a community service, ways to change it, and what was read of it."""

import csv
import io
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest

from adapters.community import records
from adapters.community.parse import parse
from adapters.errors import Unreadable
from adapters.records import Parsed

HEADER = records.Header(
    version="1.6",
    provider="X9C",
    submitter="X9C",
    start="2026-04-01",
    end="2026-06-30",
    created="2026-07-01T06:00:00",
    system="Synthetic",
)
AS_OF = datetime(2026, 7, 2, tzinfo=UTC)
ROWS: list[records.Row] = [
    records.MasterPatientIndex(
        local_patient="C1",
        organisation="X9C",
        nhs_number="9990000018",
        nhs_number_status="01",
        birth_date="1942-03-05",
        postcode="CV1 2AB",
        gender="2",
    ),
    records.Registration(local_patient="C1", practice="X90101", start="2012-04-01"),
    records.Referral(referral="R1", local_patient="C1", received="2026-04-10", priority="1"),
    records.ServiceType(referral="R1", team="T12", type="12"),
    records.CareContact(contact="K1", referral="R1", team="T12", on="2026-04-15", time="09:30:00", mechanism="01"),
    records.CareActivity(activity="A1", contact="K1", type="02", professional="S1"),
    records.ContactAssessment(activity="A1", tool="1109000", score="7"),
    records.StaffMember(professional="S1", job_role="R0700"),
    records.StaffMember(professional="S2", job_role="R0700"),
]


def read(content: bytes, sender: str = "X9C") -> Parsed:
    return parse(content, name="csds.zip", sender=sender, as_of=AS_OF)


def decoded(parsed: Parsed) -> list[records.Row]:
    return [msgspec.json.decode(event.record, type=records.Record) for event in parsed.events]


def of_kind(parsed: Parsed, kind: type[records.Row]) -> list[records.Row]:
    return [row for row in decoded(parsed) if isinstance(row, kind)]


def zipped(files: dict[str, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in files.items():
            out.writestr(name, text)
    return content.getvalue()


def files_of(content: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return {name: source.read(name).decode() for name in source.namelist()}


def with_cell(content: bytes, table: str, column: str, value: str, row: int = 1) -> bytes:
    """`content` with one cell overwritten; `row` counts data rows from 1."""
    files = files_of(content)
    lines = list(csv.reader(io.StringIO(str(files[f"{table}.csv"]))))
    lines[row][lines[0].index(column)] = value
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return zipped({**files, f"{table}.csv": text.getvalue()})


def without_column(content: bytes, table: str, column: str) -> bytes:
    files = files_of(content)
    lines = list(csv.reader(io.StringIO(str(files[f"{table}.csv"]))))
    place = lines[0].index(column)
    text = io.StringIO()
    csv.writer(text).writerows([line[:place] + line[place + 1 :] for line in lines])
    return zipped({**files, f"{table}.csv": text.getvalue()})


def codes(parsed: Parsed) -> list[str]:
    return [defect.code for defect in parsed.defects]


def refused(content: bytes, sender: str = "X9C") -> str:
    with pytest.raises(Unreadable) as caught:
        read(content, sender)
    assert caught.value.defect.remedy
    return caught.value.defect.code
