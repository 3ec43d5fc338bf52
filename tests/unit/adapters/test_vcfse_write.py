"""What is written as a charity's sheet is read back, in every style and file format."""

from datetime import UTC, date, datetime
from typing import get_args

import msgspec
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace
from nhs_number.validate import is_valid

from adapters.vcfse.parse import parse
from adapters.vcfse.records import Client, Contact, Entry, Location, Measure, Name, Referral, Row, Sharing
from adapters.vcfse.write import DateStyle, Style, contact_table, csv_bytes, referral_table, xlsx_bytes
from tests.unit.adapters.examples import examples

AS_OF = datetime(2026, 9, 30, 17, tzinfo=UTC)

DAYS = st.dates(date(2020, 1, 1), date(2026, 9, 1)).map(date.isoformat)
WORDS = st.lists(
    st.sampled_from(["Zoë", "O’Brien", "Hill-Smith", "benefits", "£20", "=1+1", '"so"', "é"]), min_size=1, max_size=3
)
TEXT = WORDS.map(" ".join)
WORD = st.sampled_from(["Ann", "Zoë", "O’Brien", "Hill-Smith", "Bo"])
ANSWER = st.sampled_from(["yes", "no", None])
NUMBERS = [number for n in range(999000000, 999000060) for d in range(10) if is_valid(number := f"{n}{d}")]

NAMES = st.builds(
    Name,
    family=WORD,
    given=st.lists(WORD, min_size=1, max_size=2).map(tuple),
    prefix=st.sampled_from([None, "Mrs", "Dr"]),
    nickname=st.none() | WORD,
)
LOCATIONS = st.none() | st.builds(
    Location, lines=st.lists(WORD, max_size=2).map(tuple), postcode=st.sampled_from(["CV1 2AB", "NFA", "B1 1AA"])
)
SHARING = st.builds(
    Sharing,
    share=ANSWER,
    view=ANSWER,
    notes=ANSWER,
    on=st.none() | DAYS,
    view_on=st.none() | DAYS,
    taken_by=st.none() | TEXT,
) | st.builds(
    Sharing, share=st.just("no"), view=st.just("no"), notes=st.just("no"), withdrawn_on=DAYS, on=st.none() | DAYS
)


def clients(number: int) -> st.SearchStrategy[Client]:
    return st.builds(
        Client,
        client_id=st.just(f"{number}"),
        name=NAMES,
        birth_date=st.none() | st.dates(date(1910, 1, 1), date(2020, 1, 1)).map(date.isoformat),
        nhs_number=st.none() | st.sampled_from(NUMBERS),
        gender=st.none() | st.sampled_from(["F", "M"]),
        phone=st.none() | st.sampled_from(["02476000111", "07700900123"]),
        email=st.none() | st.just("a@example.org"),
        location=LOCATIONS,
        practice=st.none() | TEXT,
    )


def referrals(number: int) -> st.SearchStrategy[Referral]:
    return st.builds(
        Referral,
        client=clients(number),
        sharing=SHARING,
        referral_id=st.none() | st.just(f"R{number}"),
        referred_on=DAYS,
        source=st.none() | TEXT,
        reason=st.none() | TEXT,
        worker=st.none() | TEXT,
        service=st.none() | st.lists(TEXT, min_size=1, max_size=3).map("\n".join),
        accepted=ANSWER,
        outcome=st.none() | TEXT,
        measures=st.sampled_from([(), (Measure(instrument="ONS4", point="start", value="7/7/6/3"),)]),
        status=st.sampled_from([None, "Open", "Closed"]),
        closed_on=st.none() | DAYS,
        care_coordinator=ANSWER,
        adjustments=st.none() | TEXT,
    )


def contacts(number: int) -> st.SearchStrategy[Contact]:
    return st.builds(
        Contact,
        client=clients(number),
        sharing=SHARING,
        contact_id=st.none() | st.just(f"C{number}"),
        contacted_on=DAYS,
        contacted_at=st.none() | st.times().map(lambda clock: f"{clock:%H:%M}"),
        minutes=st.none() | st.integers(1, 600),
        kind=st.none() | TEXT,
        topic=st.none() | TEXT,
        attendance=st.none() | TEXT,
        removed=st.booleans(),
    )


STYLES = st.builds(
    Style,
    dates=st.sampled_from(get_args(DateStyle)),
    numbers=st.booleans(),
    null=st.sampled_from(["", "NULL", "No data"]),
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"])
DELIMITERS = st.sampled_from([",", ";", "\t"])


def with_notes(row: Row) -> st.SearchStrategy[Row]:
    """The row with notes where it says that they may be shared."""
    shared = row.sharing is not None and row.sharing.notes == "yes"
    return (st.none() | TEXT).map(lambda notes: replace(row, notes=notes if shared else None))


def entries(content: bytes) -> list[Entry]:
    parsed = parse(content, name="sheet", sender="X9V01", as_of=AS_OF)
    return [msgspec.json.decode(event.record, type=Entry) for event in parsed.events]


REFERRALS = st.tuples(*(referrals(number).flatmap(with_notes) for number in (1, 2)))
CONTACTS = st.tuples(*(contacts(number).flatmap(with_notes) for number in (1, 2)))


@examples(rows=REFERRALS, style=STYLES, encoding=ENCODINGS, delimiter=DELIMITERS, few=20, many=120)
def test_referrals_written_as_csv_are_read_back(rows, style, encoding, delimiter):
    content = csv_bytes(referral_table(rows, style), encoding=encoding, delimiter=delimiter)
    assert entries(content) == list(rows)


@examples(rows=CONTACTS, style=STYLES, encoding=ENCODINGS, delimiter=DELIMITERS, few=20, many=120)
def test_contacts_written_as_csv_are_read_back(rows, style, encoding, delimiter):
    content = csv_bytes(contact_table(rows, style, consent=True), encoding=encoding, delimiter=delimiter)
    assert entries(content) == list(rows)


@examples(
    referral=referrals(1).flatmap(with_notes), contact=contacts(2).flatmap(with_notes), style=STYLES, few=10, many=60
)
def test_both_sheets_of_a_workbook_are_read_back(referral, contact, style):
    content = xlsx_bytes([referral_table([referral], style), contact_table([contact], style, consent=True)])
    assert entries(content) == [referral, contact]


@examples(name=NAMES, few=30)
def test_a_name_in_one_column_is_read_back_with_its_parts(name):
    row = Referral(client=Client(client_id="1", name=name), referred_on="2026-01-05")
    [read] = entries(csv_bytes(referral_table([row], Style(one_name=True))))
    assert read.client.name.family == name.family
    assert read.client.name.given == name.given
    assert read.client.name.text


def test_equal_tables_give_equal_workbooks_and_text_is_no_formula():
    table = referral_table([Referral(client=Client(client_id="1"), referred_on="2026-01-05", outcome="=1+1")])
    assert xlsx_bytes([table]) == xlsx_bytes([table])
    assert entries(xlsx_bytes([table]))[0].outcome == "=1+1"


def test_an_encoding_that_lacks_a_character_is_refused():
    table = referral_table([Referral(client=Client(client_id="1"), reason="Łódź")])
    with pytest.raises(UnicodeEncodeError):
        csv_bytes(table, encoding="cp1252")
