"""Client Level Data: bytes -> records, and what is said about what could not be used."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import Unreadable
from adapters.records import Parsed, SourcePatient
from adapters.social_care import columns, values
from adapters.social_care.parse import parse
from adapters.social_care.records import (
    TABLES,
    Assessment,
    Association,
    CaredFor,
    Caring,
    Person,
    Record,
    Request,
    Review,
    Row,
    Service,
    Unattributed,
)
from adapters.social_care.write import Cover, write
from tests.unit.adapters.examples import examples

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples" / "social_care"
COVER = Cover("999", "2024-10-01", "2025-09-30")
MARY = Person(local_id="101", nhs_number="9990000018", birth_date="1941-05-06", gender="Female", postcode="CV1 2AB")
CARE = Row(
    person=MARY,
    client_type="Service user",
    detail=Service(type="Long term support: Community", component="Home support or domiciliary care"),
    start="2025-02-01",
)


def read(content: bytes, name: str = "cld_2025q3.csv") -> Parsed:
    return parse(content, name=name, sender="X9L", as_of=datetime(2025, 10, 20, 9, tzinfo=UTC))


def records(parsed: Parsed) -> list[Record]:
    return [msgspec.json.decode(event.record, type=Record) for event in parsed.events]


def table(*rows: dict[str, str], **common: str) -> bytes:
    """CSV of rows given by column title, the required columns filled with a running service of person 101."""
    filled = [
        {
            "LA Code": "999",
            "Reporting Period Start Date": COVER.period_start,
            "Reporting Period End Date": COVER.period_end,
            "LA Person Unique Identifier": "101",
            "Client Type": "Service user",
            "Event Type": "Service",
            "Event Start Date": "2025-02-01",
            "Event End Date": "",
            **common,
            **row,
        }
        for row in rows
    ]
    titles = list(dict.fromkeys(title for row in filled for title in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, titles)
    writer.writeheader()
    writer.writerows(filled)
    return text.getvalue().encode()


def found(parsed: Parsed, code: str) -> list[str]:
    return [defect.where for defect in parsed.defects if defect.code == code]


def test_a_row_is_one_event_of_the_councils_own_person():
    parsed = read(write([CARE], COVER))

    assert records(parsed) == [CARE]
    assert parsed.events[0].patient == SourcePatient("X9L", "101")
    assert parsed.events[0].at == "2025-10-20T09:00:00.000000Z"
    assert not parsed.defects


def test_a_file_is_one_submission_of_the_tables_it_has():
    request = Row(
        person=MARY,
        client_type="Service user",
        detail=Request(),
        start="2025-03-01",
        end="2025-03-02",
        outcome="NFA: Other",
    )

    submission = read(write([CARE, request], COVER)).submission

    assert submission is not None
    assert (submission.dataset, submission.sender, submission.start, submission.end) == (
        "cld", "X9L", "2024-10-01", "2025-09-30",
    )  # fmt: skip
    assert submission.tables == ("request", "service")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding):
    row = msgspec.structs.replace(CARE, description="Zoë’s care")

    assert records(read(write([row], COVER, encoding=encoding))) == [row]


def test_the_layout_an_icb_receives_has_no_nhs_number():
    row = msgspec.structs.replace(CARE, person=Person(local_id="101", pseudonym="9990000018"))

    parsed = read(write([row], COVER, pseudonymised=True))

    person = records(parsed)[0].person
    assert (person.nhs_number, person.pseudonym) == (None, "9990000018")
    assert not parsed.defects


def test_workbook_with_dates_and_numbers_in_cells():
    book = openpyxl.Workbook()
    book.create_sheet("Notes").append(["Please read"])
    sheet = book.create_sheet("CLD")
    sheet.append([*columns.REQUIRED, "NHS Number", "Date of Birth"])
    sheet.append([101, "Service User", "Service", datetime(2025, 2, 1), None, 9990000018, datetime(1941, 5, 6)])  # noqa: DTZ001
    content = io.BytesIO()
    book.save(content)

    row = records(read(content.getvalue(), "cld.xlsx"))[0]

    assert (row.person.local_id, row.person.nhs_number, row.person.birth_date) == ("101", "9990000018", "1941-05-06")
    assert (row.client_type, row.start, row.end) == ("Service user", "2025-02-01", None)


def test_a_workbook_without_the_cld_sheet_is_unreadable_and_says_what_to_do():
    book = openpyxl.Workbook()
    book.active.append(["Safeguarding Adults Collection"])
    content = io.BytesIO()
    book.save(content)

    with pytest.raises(Unreadable) as caught:
        read(content.getvalue(), "sac.xlsx")

    assert caught.value.defect.code == "no-header"
    assert "send the CLD sheet" in caught.value.defect.remedy


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no-header"),
        (b"\x00\x01\x02", "not-text"),
        (b"PK\x03\x04broken", "not-a-workbook"),
        (b"name;dob\r\nA;1941", "no-header"),
    ],
)
def test_what_is_no_cld_at_all_is_unreadable(content, code):
    with pytest.raises(Unreadable) as caught:
        read(content)

    assert caught.value.defect.code == code


def test_rows_of_several_councils_are_unreadable():
    with pytest.raises(Unreadable, match="LA Code names more than one council"):
        read(table({"LA Code": "998"}, {}))


def test_a_value_outside_its_list_is_kept_as_text_or_left_out_and_named():
    parsed = read(table({"Ethnicity": "White", "Gender": "Z", "Employment Status": "Retired", "Dementia": "Perhaps"}))

    person = records(parsed)[0].person
    assert (person.ethnicity, person.gender, person.employment_status) == ("White", None, "Retired")
    assert found(parsed, "unlisted-value") == [
        "cld_2025q3.csv row 2 Ethnicity", "cld_2025q3.csv row 2 Gender", "cld_2025q3.csv row 2 Dementia",
    ]  # fmt: skip
    # Release 2's list of these is not public as a whole
    assert found(parsed, "unverified-value") == ["cld_2025q3.csv row 2 Employment Status"]


@pytest.mark.parametrize(
    ("title", "text", "field", "code"),
    [
        ("NHS Number", "9990000019", "nhs_number", "bad-check-digit"),
        ("NHS Number", "9999999999", "nhs_number", "placeholder-nhs-number"),
        ("Date of Birth", "1900-01-01", "birth_date", "implausible-birth-date"),
        ("Date of Birth", "2031-01-01", "birth_date", "implausible-birth-date"),
        ("Date of Birth", "31/02/1950", "birth_date", "bad-date"),
        ("Date of Death", "2026-01-01", "death_date", "future-death-date"),
        ("Postcode", "nearby", "postcode", "bad-postcode"),
        ("GP Practice Code", "the surgery", "practice_code", "bad-practice-code"),
    ],
)
def test_an_unusable_cell_is_left_out_and_the_rest_of_the_row_kept(title, text, field, code):
    parsed = read(table({title: text}))

    assert getattr(records(parsed)[0].person, field) is None
    assert found(parsed, code) == [f"cld_2025q3.csv row 2 {title}"]
    assert all(text not in f"{defect.reason} {defect.where}" for defect in parsed.defects)


@pytest.mark.parametrize(
    "text", ["2025-02-03", "03/02/2025", "2025-02-03 00:00:00", "03-Feb-2025", "2025-02-03T00:00:00"]
)
def test_dates_as_councils_write_them(text):
    assert records(read(table({"Event Start Date": text})))[0].start == "2025-02-03"


def test_no_fixed_abode_is_no_postcode_and_no_fault():
    parsed = read(table({"Postcode": "ZZ99 3VZ", "GP Practice Code": "V81997"}))

    assert records(parsed)[0].person == Person(local_id="101")
    assert not found(parsed, "bad-postcode")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"Event End Date": "2025-12-01"}, "future-end-date"),
        ({"Event End Date": "2025-01-01"}, "end-before-start"),
        ({"Event Type": "Review"}, "missing-end-date"),
    ],
)
def test_a_wrong_end_is_left_out_and_the_event_kept(row, code):
    parsed = read(table(row))

    assert records(parsed)[0].end is None
    assert found(parsed, code) == ["cld_2025q3.csv row 2 Event End Date"]


@pytest.mark.parametrize(
    ("row", "code", "tables"),
    [
        ({"Event Start Date": ""}, "missing-start-date", {"service"}),
        ({"Event Type": "Request", "Event Start Date": "2025-12-01"}, "future-start-date", {"request"}),
        ({"Client Type": "Cat"}, "missing-client-type", {"service"}),
        ({"Event Type": "Party"}, "missing-event-type", set(TABLES)),
    ],
)  # fmt: skip
def test_a_row_without_its_key_is_not_used_but_not_absent_either(row, code, tables):
    parsed = read(table(row))

    (marker,) = records(parsed)
    assert isinstance(marker, Unattributed)
    assert set(marker.tables) == tables
    assert found(parsed, code) == ["cld_2025q3.csv row 2"]


def test_a_row_of_nobody_is_not_used_and_may_be_what_others_are_missing():
    parsed = read(table({"LA Person Unique Identifier": ""}, {}, {"Event Type": "Review"}))

    assert len(parsed.events) == 2
    assert found(parsed, "missing-person-id") == ["cld_2025q3.csv row 2"]
    assert parsed.submission is not None
    assert parsed.submission.tables == ("review",)


def test_a_row_with_too_many_cells_may_be_anybodys_so_nothing_counts_as_absent():
    parsed = read(table({}) + b"999,2024-10-01,2025-09-30,102,Service user,Service,2025-02-01,,surplus\r\n")

    assert found(parsed, "row-length") == ["cld_2025q3.csv row 3"]
    assert parsed.submission is not None
    assert parsed.submission.tables == ()


@pytest.mark.parametrize(
    "differing",
    [
        ({"NHS Number": "9990000018"}, {"NHS Number": "9912003888"}),
        ({"Date of Birth": "1941-05-06"}, {"Date of Birth": "1980-05-06"}),
        ({"Pseudo NHS Number": "A1"}, {"Pseudo NHS Number": "B2"}),
    ],
)
def test_an_id_given_to_two_people_is_not_used_and_the_rest_is(differing):
    parsed = read(table(*differing, {"LA Person Unique Identifier": "102"}))

    assert [event.patient.local_id for event in parsed.events] == ["101", "101", "102"]
    assert [type(record) for record in records(parsed)] == [Unattributed, Unattributed, Row]
    assert found(parsed, "ambiguous-person") == ["cld_2025q3.csv rows 2, 3"]


def test_missing_numbers_and_placeholders_make_nobody_ambiguous():
    parsed = read(
        table(
            {"NHS Number": "9990000018"},
            {"NHS Number": ""},
            {"NHS Number": "1111111111", "Date of Birth": "1900-01-01"},
        )
    )

    assert not found(parsed, "ambiguous-person")
    assert len(parsed.events) == 3


def test_a_row_that_identifies_nobody_under_an_id_with_a_number_may_be_somebody_elses():
    parsed = read(table({"NHS Number": "9990000018"}, {"Event Type": "Review", "Adult 1 Linked Person_ID": "555"}))

    row, unused, link = records(parsed)
    assert isinstance(row, Row)
    assert unused == Unattributed(tables=("review",))
    assert link == CaredFor(carer="101", table="review", start="2025-02-01")
    assert found(parsed, "unidentified-row") == ["cld_2025q3.csv row 3"]


@pytest.mark.parametrize(
    "rows",
    [
        ({"NHS Number": "9990000018", "Date of Birth": "1941-05-06"}, {"Date of Birth": "1941-05-06"}),
        ({"Date of Birth": "1941-05-06"}, {}),
        ({}, {}),
    ],
)
def test_a_birth_date_that_agrees_or_no_number_at_all_makes_no_row_doubtful(rows):
    parsed = read(table(*rows))

    assert [type(record) for record in records(parsed)] == [Row, Row]


def test_a_carers_row_that_cannot_be_used_withdraws_no_link():
    parsed = read(table({"Event Start Date": "", "Adult 1 Linked Person_ID": "555"}))

    assert {(event.patient.local_id, record) for event, record in zip(parsed.events, records(parsed), strict=True)} == {
        ("101", Unattributed(tables=("service",))),
        ("555", Unattributed(tables=("service",))),
    }


def test_a_carers_row_tells_the_linked_adults_too():
    parsed = read(
        table(
            {
                "LA Person Unique Identifier": "900",
                "Client Type": "Unpaid carer known by association",
                "Event Type": "",
                "Event Start Date": "",
                "Adult 1 Linked Person_ID": "101",
                "Adult 2 Linked Person_ID": "900",
            }
        )
    )

    assert [(event.patient.local_id) for event in parsed.events] == ["900", "101"]
    assert isinstance(records(parsed)[0].detail, Association)
    assert records(parsed)[1] == CaredFor(carer="900", table="association")
    assert found(parsed, "linked-to-self") == ["cld_2025q3.csv row 2"]


@pytest.mark.parametrize(
    ("common", "code", "period"),
    [
        ({}, None, ("2024-10-01", "2025-09-30")),
        ({"Reporting Period End Date": "2026-03-31"}, "period-overstated", ("2024-12-24", "2025-06-30")),
        ({"Reporting Period Start Date": "2023-04-01"}, "period-overstated", ("2024-12-24", "2025-09-30")),
        ({"Reporting Period Start Date": "2025-12-01"}, "period-disagrees", ("2024-12-24", "2025-06-30")),
        ({"Reporting Period Start Date": ""}, "period-disagrees", ("2024-12-24", "2025-06-30")),
    ],
)
def test_a_reporting_period_that_cannot_be_true_is_derived_from_the_events(common, code, period):
    ended = ({"Event Start Date": "2020-01-01", "Event End Date": end} for end in ("2024-12-24", "2025-06-30"))

    parsed = read(table(*ended, {}, **common))

    assert parsed.submission is not None
    assert (parsed.submission.start, parsed.submission.end) == period
    assert (code is None) == (not any(defect.code.startswith("period") for defect in parsed.defects))
    assert code is None or found(parsed, code) == ["cld_2025q3.csv"]


def test_a_file_without_rows_says_so_and_withdraws_nothing():
    parsed = read(write([], COVER))

    assert [defect.code for defect in parsed.defects] == ["no-rows"]
    assert parsed.submission is not None
    assert parsed.submission.tables == ()


def test_columns_that_are_not_known_or_not_there_are_named():
    parsed = read(table({"Favourite colour": "blue"}))

    assert found(parsed, "unknown-column") == ["cld_2025q3.csv Favourite colour"]
    assert "cld_2025q3.csv Dementia" in found(parsed, "missing-column")


def test_titles_may_come_with_underscores_and_in_any_order():
    header = b"event_end_date,EVENT_START_DATE,Event_Type,Client_Type,LA_Person_Unique_Identifier\r\n"

    row = records(read(header + b",2025-02-01,Service,Carer,7\r\n"))[0]

    assert (row.person.local_id, row.client_type, row.start) == ("7", "Unpaid carer", "2025-02-01")


_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="\x7f\x85\xa0"), max_size=12
).map(str.strip)
_OPTIONAL = st.none() | _TEXT.filter(bool)


def _listed(field: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values.LISTS[field])


_PEOPLE = st.builds(
    Person,
    local_id=st.integers(1, 10**8).map(str),
    nhs_number=st.sampled_from([None, "9990000018", "9912003888"]),
    birth_date=st.none() | st.dates(datetime(1920, 1, 1).date(), datetime(2006, 1, 1).date()).map(str),  # noqa: DTZ001
    practice_name=_OPTIONAL,
    ethnicity=_listed("ethnicity"),
    primary_support_reason=_listed("primary_support_reason"),
    has_unpaid_carer=_listed("has_unpaid_carer"),
    employment_status=_listed("employment_status"),
    visual_impairment=_listed("visual_impairment"),
    hearing_impairment=_listed("hearing_impairment"),
    accommodation_status=_listed("accommodation_status"),
    funding_status=_listed("funding_status"),
)
_DETAILS = st.one_of(
    st.builds(Request, route_of_access=_listed("route_of_access")),
    st.builds(Assessment, type=_listed("assessment.type"), method=_listed("method")),
    st.builds(Review, reason=_listed("reason"), outcomes_achieved=_listed("outcomes_achieved")),
    st.builds(
        Service,
        type=_listed("service.type"),
        component=_listed("component"),
        provider_name=_OPTIONAL,
        unit_cost=_OPTIONAL,
    ),
)
ROWS = st.builds(
    Row,
    person=_PEOPLE,
    client_type=st.sampled_from(["Service user", "Unpaid carer"]),
    detail=_DETAILS,
    start=st.dates(datetime(2024, 1, 1).date(), datetime(2025, 1, 1).date()).map(str),  # noqa: DTZ001
    end=st.dates(datetime(2025, 1, 1).date(), datetime(2025, 9, 30).date()).map(str),  # noqa: DTZ001
    reference=_OPTIONAL,
    description=_OPTIONAL,
    outcome=_listed("outcome"),
    caring=st.builds(Caring, linked=st.sampled_from([(), ("900000001",), ("900000001", "900000002")])),
)


@examples(st.lists(ROWS, max_size=5, unique_by=lambda row: row.person.local_id), few=30, many=200)
def test_what_is_written_is_read_back(rows):
    parsed = read(write(rows, COVER))

    assert [record for record in records(parsed) if isinstance(record, Row)] == rows
    assert {defect.code for defect in parsed.defects} <= {"no-rows"}


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_do_worse_than_unreadable(content):
    outcome: Parsed | Unreadable
    try:
        outcome = read(content)
    except Unreadable as unreadable:
        outcome = unreadable

    said = outcome.submission if isinstance(outcome, Parsed) else outcome.defect.remedy
    assert said


@pytest.mark.samples
def test_the_sample_header_is_exactly_release_1():
    sample = SAMPLES / "cld_release1_header_as_received.csv"
    if not sample.exists():
        pytest.skip(f"no sample header: {sample} is missing")

    header = next(csv.reader(sample.read_text("utf-8-sig").splitlines()))

    assert header == [column.title for column in columns.layout(pseudonymised=True)]


SAMPLE_FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file())


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLE_FILES, reason=f"no samples: {SAMPLES} is missing")
def test_every_sample_is_read_or_refused_for_the_right_reason():
    came_to: dict[str, set[str]] = {}
    for path in SAMPLE_FILES:
        try:
            codes = {defect.code for defect in read(path.read_bytes(), path.name).defects}
        except Unreadable as unreadable:
            codes = {unreadable.defect.code}
        came_to.setdefault(path.suffix, set()).update(codes)

    # the only file with CLD's columns has no row; the others are definitions of Interweave's code systems and profiles
    assert came_to == {".csv": {"no-rows"}, ".fsh": {"no-header"}}
