"""The synthetic council: files of the real format, with a council's own mistakes."""

import csv
from codecs import BOM_UTF8
from datetime import UTC, date, datetime, timedelta
from functools import cache

import msgspec
import pytest

from adapters.records import FoldedEvent, Parsed, SourcePatient, Submission
from adapters.social_care.parse import parse
from adapters.social_care.records import Record, Row, State
from adapters.social_care.state import fold
from adapters.synthetic.nhs_numbers import nhs_number
from adapters.synthetic.organisations import COUNCIL
from adapters.synthetic.social_care import feed_files
from adapters.synthetic.social_care_people import local_id
from adapters.synthetic.world import Address, FeedFile, LifeEvent, Person, Relative, World

TODAY = date(2026, 9, 30)


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T10:00")


def event(key: str, person: str, kind: str, day: str, end: str | None = None, **detail: str) -> LifeEvent:
    return LifeEvent(key, person, kind, at(day), COUNCIL.code, at(end) if end else None, None, detail)


def person(key: str, **fields: object) -> Person:
    home = Address(("1 High Street",), "CV1 2AB", date(2000, 1, 1))
    given = {
        "family": "T", "given": "Edith", "sex": "female", "birth_date": date(1942, 3, 4), "title": "Mrs",
        "nhs_number": "9990000018", "practice": "X90201", "addresses": (home,), **fields,
    }  # fmt: skip
    return Person(key=key, **given)


MRS_T = person(
    "mrs-t", name="Mrs T", lives_alone=True, impairments=("hearing", "memory"),
    relatives=(Relative("T", "John", "son", "0", carer=True),),
)  # fmt: skip
HER_STORY = (
    event("rq", "mrs-t", "care-request", "2024-11-01", "2024-11-02", outcome="NFA: Other"),
    event("as", "mrs-t", "care-assessment", "2025-05-10", "2025-06-01", outcome="Continuation of support or services"),
    event(
        "sv", "mrs-t", "care-service", "2025-06-15", service_type="Long term support: Community",
        component="Home support or domiciliary care", provider="X9K01",
    ),
    event("sg1", "mrs-t", "safeguarding", "2025-07-01", stage="referral", concern="self-neglect"),
    event("sg2", "mrs-t", "safeguarding", "2025-09-01", stage="closed", concern="self-neglect"),
    event("sg3", "mrs-t", "safeguarding", "2026-06-01", stage="reopened", concern="self-neglect"),
    event("rv", "mrs-t", "care-review", "2026-07-01", reason="Planned", outcome="Continuation of support or services"),
)  # fmt: skip


def world(*people: Person, events: tuple[LifeEvent, ...] = HER_STORY) -> World:
    return World(7, TODAY, (MRS_T, *people), events, ())


def crowd() -> World:
    """Two hundred people without a name, each with a request, an assessment and a service."""
    people = [
        person(f"p{n}", birth_date=date(1940, 5, 6) + timedelta(days=n), nhs_number=nhs_number(n)) for n in range(200)
    ]
    events = [
        each
        for n in range(200)
        for each in (
            event(f"p{n}-rq", f"p{n}", "care-request", "2025-02-01", "2025-02-01", outcome="NFA: Other"),
            event(f"p{n}-as", f"p{n}", "care-assessment", "2025-03-01", "2025-03-20", outcome="NFA: Other"),
            event(
                f"p{n}-sv", f"p{n}", "care-service", "2025-04-01", service_type="Long term support: Community",
                component="Home support or domiciliary care",
            ),
        )
    ]  # fmt: skip
    return World(7, TODAY, people, events, ())


@pytest.fixture(scope="module")
def files() -> list[FeedFile]:
    return list(feed_files(world()))


@pytest.fixture(scope="module")
def crowded() -> list[FeedFile]:
    return list(feed_files(crowd()))


@cache
def read(file: FeedFile) -> Parsed:
    assert file.as_of is not None
    return parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of)


def view(files: list[FeedFile], key: str) -> State | None:
    patient = SourcePatient(COUNCIL.code, local_id(7, key))
    events: list[FoldedEvent] = []
    submissions: list[Submission] = []
    for file in files:
        parsed = read(file)
        assert parsed.submission is not None
        submissions.append(msgspec.structs.replace(parsed.submission, digest=file.name))
        events += [
            FoldedEvent(at=one.at, sent=one.sent, digest=file.name, name=file.name, record=one.record)
            for one in parsed.events
            if one.patient == patient
        ]
    return fold(patient, events, submissions)


def cells(files: list[FeedFile], title: str) -> list[str]:
    return [
        row[title]
        for file in files
        for row in csv.DictReader(
            file.content.decode("utf-8-sig" if file.content.startswith(BOM_UTF8) else "cp1252").splitlines()
        )
    ]


def test_two_years_of_quarterly_files_in_order(files):
    assert [file.name for file in files] == [
        "cld_2024q4.csv", "cld_2025q1.csv", "cld_2025q2.csv", "cld_2025q3.csv",
        "cld_2025q4.csv", "cld_2026q1.csv", "cld_2026q2.csv", "cld_2026q3.csv",
    ]  # fmt: skip
    assert {(file.feed, file.sender) for file in files} == {("social_care", "X9L")}
    made = [file.as_of for file in files if file.as_of]
    assert made == sorted(set(made))
    assert made[-1] < datetime(2026, 10, 1, tzinfo=UTC)


def test_the_same_world_gives_the_same_files(files):
    assert list(feed_files(world())) == files


def test_mrs_t_comes_out_whole(files):
    state = view(files, "mrs-t")

    assert state is not None
    assert state.person.nhs_number == "9990000018"
    assert (state.person.hearing_impairment, state.person.has_unpaid_carer) == ("Hard of hearing", "Yes")
    assert len(state.carers) == 1
    assert [row.description for row in state.rows if row.description] == [
        "Safeguarding concern: self-neglect",
        "Safeguarding concern closed: self-neglect",
        "Safeguarding concern reopened: self-neglect",
    ]
    (service,) = [row for row in state.rows if row.reference == "sv"]
    assert service.end is None
    assert service.detail.provider_name == "The Limes Residential Home"


def test_files_parse_and_only_the_mistakes_are_reported(crowded):
    codes = set()
    for file in crowded:
        parsed = read(file)
        codes |= {defect.code for defect in parsed.defects}

    assert codes == {"unlisted-value", "implausible-birth-date", "future-end-date", "period-overstated"}


def test_the_dirt_of_real_submissions(crowded):
    assert {"Carer", "Service User", "Service user"} & set(cells(crowded, "Client Type")) >= {
        "Service User",
        "Service user",
    }
    assert "" in cells(crowded, "NHS Number")
    assert "White" in cells(crowded, "Ethnicity")
    assert "" in cells(crowded, "Postcode")
    assert "1900-01-01" in cells(crowded, "Date of Birth")
    assert "2026-03-31" in cells(crowded[1:2], "Reporting Period End Date")


def test_a_wrong_birth_date_is_corrected_in_a_later_file():
    wrong = event("bd", "mrs-t", "birth-date-corrected", "2026-01-15", wrong="1924-03-04")
    made = list(feed_files(world(events=(*HER_STORY, wrong))))

    before, after = view(made[:5], "mrs-t"), view(made, "mrs-t")

    assert before is not None
    assert after is not None
    assert (before.person.birth_date, after.person.birth_date) == ("1924-03-04", "1942-03-04")


def test_an_event_entered_by_mistake_is_gone_with_the_next_file(crowded):
    records = [(one.patient, msgspec.json.decode(one.record, type=Record)) for one in read(crowded[0]).events]
    mistakes = [
        patient.local_id for patient, row in records if isinstance(row, Row) and row.start == row.end == "2025-03-20"
    ]
    keys = {local_id(7, f"p{n}"): f"p{n}" for n in range(200)}

    assert mistakes
    for mistaken in mistakes:
        first, later = view(crowded[:1], keys[mistaken]), view(crowded[:2], keys[mistaken])
        assert first is not None
        assert later is not None
        assert any(row.start == row.end == "2025-03-20" for row in first.rows)
        assert not any(row.start == row.end == "2025-03-20" for row in later.rows)


def test_death_ends_what_the_council_says():
    died = person("mrs-t", name="Mrs T", died=date(2026, 8, 1))
    state = view(list(feed_files(World(7, TODAY, (died,), HER_STORY, ()))), "mrs-t")

    assert state is not None
    assert state.person.death_date == "2026-08-01"
    assert all(row.end and row.end <= "2026-08-01" for row in state.rows)
