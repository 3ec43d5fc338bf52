"""MHSDS submissions: what is written is read back, nothing is lost in silence, and order and repetition are nothing."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import Unreadable
from adapters.mental_health import records
from adapters.mental_health.parse import parse
from adapters.mental_health.state import fold
from adapters.mental_health.tables import MHSDS
from adapters.mental_health.write import write
from adapters.records import FoldedEvent, Parsed, SourcePatient, Submission
from adapters.tables import cells
from adapters.tables.dataset import Column, Register, Table
from adapters.tables.dataset import plain as _plain
from mappings.concept_maps import concept_map

HEADER = records.Header(provider="X9C", start="2026-04-01", end="2026-06-30", created="2026-07-01T06:00:00")
RECEIVED = datetime(2026, 7, 2, tzinfo=UTC)
PATIENT = SourcePatient("X9C", "M1")
SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"

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


def codes(parsed: Parsed) -> list[str]:
    return [defect.code for defect in parsed.defects]


def changed(content: bytes, change: Callable[[dict[str, str]], Any]) -> bytes:
    """The submission with its files (name -> text) changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {entry: archive.read(entry).decode() for entry in archive.namelist()}
    change(files)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, text in files.items():
            archive.writestr(entry, text)
    return packed.getvalue()


# ---- what is written is read back

_WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "Sm"), include_characters='",\n;'),
    min_size=1,
    max_size=12,
).map(lambda text: " ".join(text.split(" ")).strip() or "x")
_VALUES: dict[Callable[..., Any], st.SearchStrategy[Any]] = {
    cells.text: _WORDS,
    cells.code2: st.sampled_from(["01", "12", "98", "XX"]),
    cells.iso_date: st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat),
    cells.iso_time: st.times().map(lambda moment: moment.replace(microsecond=0).isoformat()),
    cells.count: st.integers(0, 9999),
    cells.ten_digits: st.sampled_from(["9990000018", "9990000026", "9990000034"]),
}
_PATHS: dict[str, dict[str, str]] = {
    "MHS001": {"local_patient": "M 1", "organisation": "X9C"},
    "MHS006": {"local_patient": "M 1", "professional": "S1"},
    "MHS008": {"plan": "P1", "local_patient": "M 1"},
    "MHS009": {"plan": "P1"},
    "MHS101": {"referral": "R1", "local_patient": "M 1", "team": "T1"},
    "MHS102": {"referral": "R1"},
    "MHS201": {"contact": "K1", "referral": "R1"},
    "MHS202": {"activity": "A1", "contact": "K1"},
    "MHS401": {"period": "L1", "local_patient": "M 1"},
    "MHS404": {"period": "L1"},
    "MHS501": {"spell": "H1", "referral": "R1"},
    "MHS502": {"spell": "H1", "ward": "W1"},
    "MHS503": {"spell": "H1"},
    "MHS901": {"professional": "S1"},
    "MHS902": {"team": "T1"},
    "MHS903": {"ward": "W1"},
}
"""The ids by which one row of each table finds its person, so that all hang together."""


def _row(table: Table | Register) -> st.SearchStrategy[records.Row]:
    path = _PATHS.get(table.code, {"local_patient": "M 1"})
    values = {
        column.field: st.just(path[column.field]) if column.field in path else _value(column)
        for column in table.columns
    }
    return st.fixed_dictionaries(values).map(lambda drawn: table.record(**drawn))


def _value(column: Column) -> st.SearchStrategy[Any]:
    drawn = st.sampled_from(sorted(column.codes)) if column.codes else _VALUES[column.convert]
    return drawn if column.need == "key" else st.none() | drawn


_SUBMISSIONS = st.tuples(*(_row(table) for table in MHSDS.by_code.values()))


@settings(max_examples=40, deadline=None)
@given(_SUBMISSIONS)
def test_parse_of_write_is_what_was_written(rows: tuple[records.Row, ...]) -> None:
    parsed = read(write(HEADER, rows))

    assert not parsed.defects
    assert [_as_written(row) for row in _sorted(said(parsed))] == _sorted(rows)
    assert {event.patient for event in parsed.events} == {SourcePatient("X9C", "M 1")}


def _sorted(rows: Sequence[records.Row]) -> list[records.Row]:
    return sorted(rows, key=lambda row: row.table)


def _as_written(row: records.Row) -> records.Row:
    """Without what header and path say."""
    return msgspec.structs.replace(row, provider="", date=None, **({"referral": ""} if _inherits(row) else {}))


def _inherits(row: records.Row) -> bool:
    table = MHSDS.by_code[row.table]
    return isinstance(table, Table) and "referral" in table.inherits


def test_every_record_is_a_table_and_every_table_a_member_of_the_state() -> None:
    tables = {table.record for table in MHSDS.by_code.values()}
    assert tables == set(get_args(records.Record))
    named = {kind for field in msgspec.structs.fields(records.State) for kind in (field.type, *get_args(field.type))}
    assert tables <= named


def test_the_same_records_make_the_same_bytes() -> None:
    assert write(HEADER, ROWS) == write(HEADER, ROWS)


# ---- what a submission says


def test_a_submission_says_its_period_and_which_tables_it_carries_whole() -> None:
    parsed = read(write(HEADER, ROWS))

    assert parsed.submission is not None
    assert (parsed.submission.dataset, parsed.submission.start, parsed.submission.end) == (
        "mhsds",
        "2026-04-01",
        "2026-06-30",
    )
    assert parsed.submission.as_of == "2026-07-01T05:00:00.000000Z"
    assert set(parsed.submission.tables) == set(MHSDS.by_code)


def test_rows_inherit_their_path_and_their_date() -> None:
    rows = {row.table: row for row in said(read(write(HEADER, ROWS)))}

    assert rows["MHS202"].key() == ("X9C", "MHS202", "R1", "K1", "A1")
    assert rows["MHS202"].date == "2026-04-10"
    assert rows["MHS502"].key() == ("X9C", "MHS502", "R1", "H1", "W1")


def test_a_register_tells_people_of_those_whom_they_met() -> None:
    rows = said(read(write(HEADER, ROWS)))

    assert [row.professional for row in rows if isinstance(row, records.StaffMember)] == ["S1"]
    assert [row.team for row in rows if isinstance(row, records.Team)] == ["T1"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (records.CareContact(contact="K9", referral="R9", on="2026-04-10"), "orphan-row"),
        (records.CareContact(contact="K9", referral="R1", on="yesterday"), "bad-date"),
        (records.CareContact(contact="", referral="R1", on="2026-04-10"), "missing-value"),
    ],
)
def test_a_row_that_cannot_be_used_is_reported_and_the_table_says_nothing_by_absence(
    row: records.Row, code: str
) -> None:
    parsed = read(write(HEADER, [*ROWS, row]))

    assert codes(parsed) == [code]
    assert parsed.submission is not None
    assert "MHS201" not in parsed.submission.tables
    assert len(said(parsed)) == len(said(read(write(HEADER, ROWS))))
    assert parsed.defects[0].where.startswith("MHS201CareContact.csv row 3 ")
    assert b"R" in parsed.defects[0].fragment


def test_an_id_that_two_people_have_is_ambiguous() -> None:
    other = records.MasterPatientIndex(local_patient="M1", organisation="X9D")

    assert set(codes(read(write(HEADER, [*ROWS, other])))) >= {"ambiguous-reference"}


def test_a_value_that_cannot_be_read_costs_the_value_and_an_unknown_code_nothing() -> None:
    person = msgspec.structs.replace(PERSON, nhs_number="1234567890", gender="Q")
    parsed = read(write(HEADER, [person]))
    (read_back,) = said(parsed)

    assert codes(parsed) == ["bad-check-digit", "unknown-code"]
    assert isinstance(read_back, records.MasterPatientIndex)
    assert (read_back.nhs_number, read_back.gender) == (None, "Q")


def test_two_rows_of_one_key_are_reported_where_they_differ() -> None:
    again = records.Referral(referral="R1", local_patient="M1", received="2026-04-02", team="T2")

    assert codes(read(write(HEADER, [*ROWS, again, again]))) == ["duplicate-row"]


def test_titles_may_differ_in_capitals_and_a_pseudonym_is_no_value() -> None:
    def as_an_icb_receives_it(files: dict[str, str]) -> None:
        text = files["MHS001MPI.csv"].replace("LocalPatientId,", "localpatientid,", 1)
        files["MHS001MPI.csv"] = text.replace("NHSNumber,", "NHSNumber Pseudo,", 1)

    parsed = read(changed(write(HEADER, ROWS), as_an_icb_receives_it))
    person = next(row for row in said(parsed) if isinstance(row, records.MasterPatientIndex))

    assert codes(parsed) == []
    assert person.nhs_number is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda files: files.pop("MHS002GP.csv"), "missing-table"),
        (lambda files: files.update({"notes of Mrs T.txt": "private"}), "unknown-table"),
        (lambda files: files.update({"sub/MHS002GP.csv": "LocalPatientId"}), "duplicate-table"),
        (lambda files: files.update({"MHS201CareContact.csv": 'CareContactId\n"K1'}), "missing-column"),
    ],
)
def test_a_fault_of_one_file_leaves_the_others(change: Callable[[dict[str, str]], Any], code: str) -> None:
    parsed = read(changed(write(HEADER, ROWS), change))

    assert code in codes(parsed)
    assert PATIENT in {event.patient for event in parsed.events}


def test_tables_left_out_on_purpose_are_no_defect() -> None:
    left_out = changed(write(HEADER, ROWS), lambda files: files.update({"MHS801ClusterTool.csv": "x"}))

    assert codes(read(left_out)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda files: files.pop("MHS000Header.csv"), "missing-header"),
        (lambda files: files.update({"MHS000Header.csv": "OrgIDProvider\nX9C\n"}), "bad-header"),
        (lambda files: files.update({"../MHS001MPI.csv": "x"}), "unsafe-name"),
        (lambda files: files.update({"MHS001MPI.csv": "x" * 3_000_000}), "too-large"),
    ],
)
def test_a_submission_that_cannot_be_used_at_all(change: Callable[[dict[str, str]], Any], code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(changed(write(HEADER, ROWS), change))
    assert refused.value.defect.code == code


def test_somebody_elses_submission_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        parse(write(HEADER, ROWS), name="mhsds.zip", sender="X9A", as_of=RECEIVED)
    assert refused.value.defect.code == "wrong-sender"


# ---- whatever arrives

SOUND = write(HEADER, ROWS)
PRIVATE = re.compile(r"9990000018|1942|Sherbourne|M1\b")


@settings(max_examples=120, deadline=1000)
@given(st.integers(0, 2**32))
def test_no_mangled_archive_breaks_the_reading(seed: int) -> None:
    rng = random.Random(seed)
    mangled = bytearray(SOUND)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(mangled))
        mangled[place : place + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
    assert_read_or_refused(bytes(mangled))


@settings(max_examples=120, deadline=1000)
@given(st.integers(0, 2**32))
def test_no_mangled_table_breaks_the_reading(seed: int) -> None:
    rng = random.Random(seed)

    def mangle(files: dict[str, str]) -> None:
        name = rng.choice(sorted(files))
        lines = list(csv.reader(io.StringIO(files[name])))
        row = rng.choice(lines)
        row[rng.randrange(len(row))] = rng.choice(["", '"', "\x00", "é" * 40, "9" * 30, "2026-02-30", "²", "\ud7ff"])
        text = io.StringIO()
        csv.writer(text, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(lines)
        files[name] = text.getvalue()[: rng.choice([None, -1, -7])]

    assert_read_or_refused(changed(SOUND, mangle))


def assert_read_or_refused(content: bytes) -> None:
    """And no defect's words hold what a cell held."""
    try:
        defects = read(content).defects
    except Unreadable as refused:
        defects = [refused.defect]
    assert not [one for one in defects if PRIVATE.search(f"{one.where} {one.reason} {one.remedy}")]


# ---- the fold

Sent = tuple[Submission, Sequence[records.Row]]


def sent(number: int, start: str, end: str, *rows: records.Row, tables: Sequence[str] = tuple(MHSDS.by_code)) -> Sent:
    submission = Submission(
        dataset="mhsds",
        sender="X9C",
        start=start,
        end=end,
        as_of=f"2026-{number:02d}-01T00:00:00.000000Z",
        tables=tuple(tables),
        digest=f"{number:064d}",
    )
    return submission, rows


def folded(*everything: Sent) -> records.State | None:
    """As the pipeline does: events in total order, submissions by (as_of, digest), each envelope once."""
    ordered = sorted({one[0].digest: one for one in everything}.values(), key=lambda one: one[0].as_of)
    events = [
        FoldedEvent(at=to.as_of, sent=to.as_of, digest=to.digest, name="", record=msgspec.json.encode(row))
        for to, rows in ordered
        for row in rows
    ]
    return fold(PATIENT, events, [to for to, _ in ordered])


def contact(name: str, on: str, attendance: str = "5") -> records.CareContact:
    return records.CareContact(provider="X9C", date=on, contact=name, referral="R1", on=on, attendance=attendance)


HALF = ("2026-01-01", "2026-06-30")
NEXT = ("2026-04-01", "2026-09-30")


def test_the_latest_row_of_a_key_stands() -> None:
    state = folded(
        sent(7, *HALF, PERSON, contact("K1", "2026-05-01", "0")), sent(10, *NEXT, PERSON, contact("K1", "2026-05-01"))
    )
    assert state is not None
    assert [one.attendance for one in state.contacts] == ["5"]


@pytest.mark.parametrize(
    ("on", "tables", "stands"),
    [
        ("2026-05-01", tuple(MHSDS.by_code), False),  # inside both periods
        ("2026-02-01", tuple(MHSDS.by_code), True),  # before the later period
        ("2026-08-01", tuple(MHSDS.by_code), True),  # after the earlier period
        ("2026-05-01", ("MHS001",), True),  # the later submission does not carry the table
    ],
)
def test_absence_withdraws_only_inside_both_periods_and_of_a_table_that_was_sent(
    on: str, tables: tuple[str, ...], stands: bool
) -> None:
    state = folded(sent(7, *HALF, PERSON, contact("K1", on)), sent(10, *NEXT, PERSON, tables=tables))
    assert state is not None
    assert bool(state.contacts) is stands


def test_another_senders_submission_withdraws_nothing() -> None:
    to, rows = sent(10, *NEXT, PERSON)
    state = folded(
        sent(7, *HALF, PERSON, contact("K1", "2026-05-01")), (msgspec.structs.replace(to, sender="X9D"), rows)
    )
    assert state is not None
    assert len(state.contacts) == 1


def test_who_somebody_is_is_never_withdrawn_and_without_it_nothing_is_said() -> None:
    assert folded(sent(7, *HALF, PERSON), sent(10, *NEXT)) is not None
    assert folded(sent(7, *HALF, contact("K1", "2026-05-01"))) is None


def test_what_adjustments_somebody_needs_does_not_end_by_silence_and_an_undated_registration_does() -> None:
    needs = records.Indicators(provider="X9C", local_patient="M1", reasonable_adjustment="Y")
    deaf = records.Disability(provider="X9C", local_patient="M1", code="03")
    practice = records.Registration(provider="X9C", local_patient="M1", practice="X90401")
    state = folded(sent(7, *HALF, PERSON, needs, deaf, practice), sent(10, *NEXT, PERSON))
    assert state is not None
    assert (state.indicators, state.disabilities, state.registrations) == ((needs,), (deaf,), ())


def test_entries_of_registers_are_never_withdrawn() -> None:
    assert all(register.record.LASTS for register in MHSDS.registers)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_order_and_repetition_of_submissions_is_nothing(data: st.DataObject) -> None:
    days = ("2026-02-01", "2026-05-01", "2026-08-01")
    rows = st.lists(st.builds(contact, st.sampled_from("AB"), st.sampled_from(days), st.sampled_from("0357")))
    periods = [HALF, NEXT, ("2026-07-01", "2026-12-31")]
    history = [sent(number, *period, PERSON, *data.draw(rows)) for number, period in enumerate(periods, start=7)]

    states = {str(folded(*order, *order[:2])) for order in permutations(history)}

    assert len(states) == 1


# ---- the lists and the names


@pytest.mark.parametrize(
    ("table", "field", "map_name"),
    [
        ("MHS001", "gender", "MhsdsGender"),
        ("MHS005", "child_protection", "MhsdsChildProtection"),
        ("MHS005", "learning_disability", "MhsdsLearningDisabilityStatus"),
        ("MHS005", "autism", "MhsdsAutismStatus"),
        ("MHS006", "team_type", "MhsdsTeamType"),
        ("MHS008", "type", "MhsdsCarePlanType"),
        ("MHS101", "reason", "MhsdsReferralReason"),
        ("MHS401", "status", "MhsdsLegalStatus"),
        ("MHS902", "type", "MhsdsTeamType"),
    ],
)
def test_the_codes_that_are_accepted_are_those_of_the_concept_map(table: str, field: str, map_name: str) -> None:
    (column,) = [column for column in MHSDS.by_code[table].columns if column.field == field]
    assert column.codes == {element["code"] for element in concept_map(map_name)["group"][0]["element"]}


@pytest.mark.samples
def test_columns_and_tables_are_named_as_an_icb_receives_them() -> None:
    listing = SAMPLES / "community" / "csds_mhsds_columns_as_received_by_icb.csv"
    if not listing.exists():
        pytest.skip("no samples here")
    rows = [row for row in csv.DictReader(listing.read_text().splitlines()) if row["dataset"] == "MHSDS"]
    listed = {(row["table"], _plain(row["column"])) for row in rows}
    clear = {"nhsnumber", "personbirthdate", "postcode"}
    read_columns = {
        (name.upper(), _plain(title))
        for name, columns in (
            (MHSDS.header, MHSDS.header_columns),
            *((table.name, table.columns) for table in MHSDS.by_code.values()),
        )
        for column in columns
        for title in (*column.titles, *([column.pseudonym] if column.pseudonym else []))
    }
    assert {column for _, column in read_columns - listed} == clear  # the ICB has pseudonyms instead
    tables = {row["table"][:6] for row in rows if re.match(r"MHS\d{3}", row["table"])}
    assert tables == set(MHSDS.files) | MHSDS.ignored
