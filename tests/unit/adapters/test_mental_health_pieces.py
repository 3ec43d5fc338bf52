"""An MHSDS submission read as a stream: the same as read at once, in pieces, in memory that does not grow with it."""

import csv
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mental_health import parse as mhsds
from adapters.mental_health import records
from adapters.mental_health.write import write
from adapters.records import Parsed
from adapters.tables import parse as reading
from tests.unit.adapters.mental_health_submission import HEADER, ROWS

AS_OF = datetime(2026, 7, 2, tzinfo=UTC)


def in_pieces(content: bytes, size: int) -> list[Parsed]:
    with patch.object(reading, "PIECE", size):
        return list(mhsds.pieces(io.BytesIO(content), name="mhsds.zip", sender="X9C", as_of=AS_OF))


def at_once(content: bytes) -> Parsed:
    return mhsds.parse(content, name="mhsds.zip", sender="X9C", as_of=AS_OF)


_IDS = st.sampled_from(["1", "2", "3"])
_DAYS = st.sampled_from(["2026-04-01", "2026-05-01"])
_ROWS = st.lists(
    st.one_of(
        st.builds(records.MasterPatientIndex, local_patient=_IDS, organisation=st.sampled_from(["X9C", "X9D"])),
        st.builds(records.Referral, referral=_IDS, local_patient=_IDS, received=_DAYS, team=_IDS),
        st.builds(records.ServiceType, referral=_IDS, team=_IDS),
        st.builds(records.CareContact, contact=_IDS, referral=_IDS, team=_IDS, on=_DAYS),
        st.builds(records.CareActivity, activity=_IDS, contact=_IDS, professional=_IDS),
        st.builds(records.LegalStatus, period=_IDS, local_patient=_IDS, start=_DAYS),
        st.builds(records.TreatmentOrder, period=_IDS, start=_DAYS),
        st.builds(records.Spell, spell=_IDS, referral=_IDS, start=_DAYS),
        st.builds(records.WardStay, stay=_IDS, spell=_IDS, ward=_IDS, start=_DAYS),
        st.builds(records.StaffMember, professional=_IDS),
        st.builds(records.Team, team=_IDS, type=st.sampled_from(["A06", "?"])),
        st.builds(records.Ward, ward=_IDS),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=timedelta(seconds=2))
@given(_ROWS, st.integers(1, 9))
def test_the_pieces_together_are_the_whole(rows: list[records.Row], size: int) -> None:
    """Rows hang on one another at random: dangling, ambiguous, repeated, contradicting."""
    content = write(HEADER, rows)
    whole, parts = at_once(content), in_pieces(content, size)

    assert [event for part in parts for event in part.events] == whole.events
    assert [defect for part in parts for defect in part.defects] == whole.defects
    assert [part.submission for part in parts] == [None] * (len(parts) - 1) + [whole.submission]


def test_the_same_bytes_make_the_same_pieces_and_none_is_larger_than_it_may_be() -> None:
    content = write(HEADER, ROWS)
    parts = in_pieces(content, 3)

    assert parts == in_pieces(content, 3)
    assert len(parts) > 3
    # A row may bring its events and those of every register that it refers to.
    assert max(len(part.events) for part in parts) <= 3 + 2


def test_a_person_is_told_of_each_team_and_professional_once_however_the_pieces_fall() -> None:
    again = [records.CareContact(contact="K2", referral="R1", on="2026-04-11", team="T1")]
    again += [records.CareActivity(activity="A2", contact="K2", professional="S1")]
    for size in range(1, 9):
        said = [event.record for part in in_pieces(write(HEADER, [*ROWS, *again]), size) for event in part.events]
        assert sum(b'"MHS901"' in one for one in said) == sum(b'"MHS902"' in one for one in said) == 1


# ---- a large one

PEOPLE, CONTACTS = 15_000, 9
"""With a referral each: 165,000 rows."""
LIMIT = 25
"""MB that reading it may take beside the interpreter. Measured: 7; read at once, it takes 58."""

_MEASURE = """
import re, sys
from pathlib import Path
from datetime import UTC, datetime
from adapters.mental_health.parse import pieces
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
before, events, largest = peak(), 0, 0
with open(sys.argv[1], "rb") as file:
    for piece in pieces(file, name="mhsds.zip", sender="X9C", as_of=datetime(2026, 7, 2, tzinfo=UTC)):
        assert not piece.defects
        events += len(piece.events)
        largest = max(largest, len(piece.events))
print(events, largest, (peak() - before) // 1024)
"""


def large(path: Path) -> None:
    """Written as a stream too, table by table."""
    tables = {
        "MHS001MPI": (f"C{n},X9C,1950-01-01" for n in range(PEOPLE)),
        "MHS101Referral": (f"R{n},C{n},2026-04-02,T1" for n in range(PEOPLE)),
        "MHS201CareContact": (
            f"K{n}-{k},R{n},2026-05-{k + 1:02d},09:30:00,5" for n in range(PEOPLE) for k in range(CONTACTS)
        ),
    }
    titles = {
        "MHS001MPI": "LocalPatientId,OrgIDLocalPatientId,PersonBirthDate",
        "MHS101Referral": "ServiceRequestId,LocalPatientId,ReferralRequestReceivedDate,CareProfTeamLocalID",
        "MHS201CareContact": "CareContactId,ServiceRequestId,CareContDate,CareContTime,AttendStatus",
    }
    with (
        zipfile.ZipFile(io.BytesIO(write(HEADER, ()))) as empty,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for name in empty.namelist():
            table = name.removesuffix(".csv")
            with out.open(name, "w") as file:
                if table in tables:
                    file.writelines(_lines(empty.read(name).decode(), titles[table], tables[table]))
                else:
                    file.write(empty.read(name))


def _lines(all_titles: str, filled: str, rows: Iterator[str]) -> Iterator[bytes]:
    """Every column of the table, and those that the rows have first."""
    header = next(csv.reader([all_titles]))
    first = filled.split(",")
    rest = [title for title in header if title not in first]
    yield f"{','.join([*first, *rest])}\n".encode()
    for row in rows:
        yield f"{row}{',' * len(rest)}\n".encode()


@pytest.mark.slow
def test_many_rows_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "mhsds.zip"
    large(path)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr
    events, largest, megabytes = map(int, done.stdout.split())

    assert events == PEOPLE * (CONTACTS + 2)
    assert largest <= reading.PIECE + 1
    assert megabytes < LIMIT
