"""A submission of a mental health service, and what was read of it."""

from datetime import UTC, datetime

import msgspec

from adapters.mental_health import records
from adapters.mental_health.parse import parse
from adapters.records import Parsed, SourcePatient

HEADER = records.Header(provider="X9C", start="2026-04-01", end="2026-06-30", created="2026-07-01T06:00:00")
RECEIVED = datetime(2026, 7, 2, tzinfo=UTC)
PATIENT = SourcePatient("X9C", "M1")

PERSON = records.MasterPatientIndex(
    local_patient="M1", organisation="X9C", nhs_number="9990000018", nhs_number_status="01", birth_date="1942-03-09"
)
ROWS: tuple[records.Row, ...] = (
    PERSON,
    records.Registration(local_patient="M1", practice="X90401", start="2012-04-01"),
    records.Indicators(local_patient="M1", reasonable_adjustment="Y", learning_disability="1"),
    records.CareCoordinator(local_patient="M1", professional="S1", start="2026-04-03"),
    records.Referral(referral="R1", local_patient="M1", received="2026-04-02", team="T1", reason="04"),
    records.CareContact(contact="K1", referral="R1", on="2026-04-10", time="09:30:00", mechanism="01", attendance="5"),
    records.CareActivity(activity="A1", contact="K1", professional="S1"),
    records.LegalStatus(period="L1", local_patient="M1", start="2026-05-01", status="02"),
    records.Spell(spell="H1", referral="R1", start="2026-05-01"),
    records.WardStay(stay="W1", spell="H1", start="2026-05-01", ward="Sherbourne Ward"),
    records.StaffMember(professional="S1", job_role="R0700"),
    records.StaffMember(professional="S2"),
    records.Team(team="T1", type="A06"),
)


def read(content: bytes) -> Parsed:
    return parse(content, name="mhsds.zip", sender="X9C", as_of=RECEIVED)


def said(parsed: Parsed) -> list[records.Row]:
    return [msgspec.json.decode(event.record, type=records.Record) for event in parsed.events]
