"""Client Level Data: bytes -> records, and what is said about what could not be used."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import Unreadable
from adapters.records import Parsed, SourcePatient
from adapters.social_care import values
from adapters.social_care.records import (
    TABLES,
    Assessment,
    Association,
    CaredFor,
    Caring,
    Person,
    Request,
    Review,
    Row,
    Service,
    Unattributed,
)
from adapters.social_care.write import write
from tests.unit.adapters.examples import examples
from tests.unit.adapters.social_care_files import CARE, COVER, found, read, records, table


def test_a_row_is_one_event_of_the_councils_own_person():
    parsed = read(write([CARE], COVER))

    assert records(parsed) == [CARE]
    assert parsed.events[0].patient == SourcePatient("X9L", "101")
    assert parsed.events[0].at == "2025-10-20T09:00:00.000000Z"
    assert not parsed.defects


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
