"""What a council says now: a fold over everything it ever submitted about one person."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import strategies as st

from adapters.records import FoldedEvent, SourcePatient, Submission
from adapters.social_care.parse import parse
from adapters.social_care.records import (
    Assessment,
    CaredFor,
    Person,
    Record,
    Request,
    Row,
    Service,
    State,
    Unattributed,
)
from adapters.social_care.state import fold
from adapters.social_care.write import Cover, write
from tests.unit.adapters.examples import examples

MARY = SourcePatient("X9L", "101")
HER = Person(local_id="101", nhs_number="9990000018", birth_date="1941-05-06")
Sent = tuple[Submission, Sequence[Record]]


def submission(as_of: str, start: str, end: str, *said: Record) -> Sent:
    digest = hashlib.sha256(f"{as_of}{start}{end}{said}".encode()).hexdigest()
    sent = Submission(
        dataset="cld",
        sender="X9L",
        start=start,
        end=end,
        as_of=f"{as_of}T09:00:00.000000Z",
        tables=("request", "assessment", "service", "review", "association"),
        digest=digest,
    )
    return sent, said


def events(sent: Iterable[Sent]) -> list[FoldedEvent]:
    folded = [
        FoldedEvent(at=one.as_of, sent=one.as_of, digest=one.digest, name="cld.csv", record=msgspec.json.encode(record))
        for one, said in sent
        for record in said
    ]
    return sorted(folded, key=lambda event: (event.at, event.sent, event.digest))


def state(*sent: Sent) -> State | None:
    submissions = sorted((one for one, _ in sent), key=lambda one: (one.as_of, one.digest))
    return fold(MARY, events(sent), submissions)


def row(detail: Request | Assessment | Service | None = None, **fields: object) -> Row:
    given_fields = {"person": HER, "client_type": "Service user", "start": "2025-02-01", **fields}
    return msgspec.convert({**given_fields, "detail": detail or CARE}, Row, from_attributes=True)


CARE = Service(type="Long term support: Community", component="Home support or domiciliary care")
NEEDS = Assessment(type="Long term assessment")
Q2 = ("2025-07-20", "2024-07-01", "2025-06-30")
Q3 = ("2025-10-20", "2024-10-01", "2025-09-30")
NEXT_YEAR = ("2026-10-20", "2025-10-01", "2026-09-30")
OTHER = row(detail=Request(), start="2025-01-10", end="2025-01-10")


def test_the_later_submission_is_right_about_an_event():
    running, ended = row(), row(end="2025-08-31", outcome="NFA: Support ended as planned")

    now = state(submission(*Q2, running), submission(*Q3, ended))

    assert now is not None
    assert now.rows == (ended,)


def test_an_event_that_a_later_file_leaves_out_was_cancelled():
    now = state(submission(*Q2, OTHER, row(NEEDS, end="2025-03-01")), submission(*Q3, OTHER))

    assert now is not None
    assert now.rows == (OTHER,)


def test_an_event_before_the_later_period_is_history_and_stays():
    old = row(NEEDS, end="2025-03-01")

    now = state(submission(*Q2, old), submission(*NEXT_YEAR, row(NEEDS, start="2026-02-01", end="2026-02-03")))

    assert now is not None
    assert old in now.rows


def test_a_running_service_that_a_later_file_leaves_out_is_withdrawn():
    now = state(submission(*Q2, OTHER, row()), submission(*Q3, OTHER))

    assert now is not None
    assert now.rows == (OTHER,)


def test_absence_counts_only_for_tables_that_the_file_has():
    later, said = submission(*Q3, OTHER)
    later = msgspec.structs.replace(later, tables=("request",))

    now = state(submission(*Q2, OTHER, row()), (later, said))

    assert now is not None
    assert now.rows == (OTHER, row())


def test_rows_that_could_not_be_used_are_not_absent():
    now = state(submission(*Q2, OTHER, row()), submission(*Q3, Unattributed(tables=("service", "request"))))

    assert now is not None
    assert now.rows == (OTHER, row())


def test_somebody_of_whom_everything_was_withdrawn_is_not_said_to_exist():
    assert state(submission(*Q2, row()), submission(*Q3)) is None
    assert state(submission(*Q2, CaredFor(carer="900", table="association"))) is None


def test_carers_come_from_their_own_rows_and_go_with_them():
    link = CaredFor(carer="900", table="association")

    with_carer = state(submission(*Q2, row(), link))
    without = state(submission(*Q2, row(), link), submission(*Q3, row()))

    assert with_carer is not None
    assert with_carer.carers == ("900",)
    assert without is not None
    assert without.carers == ()


def test_attributes_are_the_last_that_were_said_and_empty_takes_nothing_back():
    old = row(person=msgspec.structs.replace(HER, birth_date="1941-06-05", postcode="CV1 1AA"))
    new = row(person=Person(local_id="101", birth_date="1941-05-06"))

    now = state(submission(*Q2, old), submission(*Q3, new))

    assert now is not None
    assert (now.person.nhs_number, now.person.birth_date, now.person.postcode) == (
        "9990000018", "1941-05-06", "CV1 1AA",
    )  # fmt: skip


def test_within_a_file_the_latest_event_is_right_about_the_person():
    old = row(detail=Request(), start="2025-01-01", end="2025-01-02", person=_at("CV1 1AA"))
    new = row(person=_at("CV2 2BB"))

    now = state(submission(*Q3, new, old))

    assert now is not None
    assert now.person.postcode == "CV2 2BB"


def _at(postcode: str) -> Person:
    return msgspec.structs.replace(HER, postcode=postcode)


def test_nothing_goes_on_after_death_and_a_death_taken_back_is_taken_back():
    died = row(person=msgspec.structs.replace(HER, death_date="2025-06-01"))

    dead = state(submission(*Q2, died))
    alive = state(submission(*Q2, died), submission(*Q3, row()))

    assert dead is not None
    assert dead.rows[0].end == "2025-06-01"
    assert alive is not None
    assert (alive.person.death_date, alive.rows[0].end) == (None, None)


def test_an_id_used_again_for_somebody_else_keeps_nothing_of_the_first_person():
    first = row(NEEDS, end="2025-03-01")
    second = row(start="2026-01-01", person=Person(local_id="101", nhs_number="9912003888", birth_date="1980-01-01"))

    now = state(submission(*Q2, first), submission(*NEXT_YEAR, second))

    assert now is not None
    assert now.rows == (second,)


def test_a_split_package_keeps_its_parts_and_repeats_are_one():
    parts = [row(msgspec.structs.replace(CARE, provider_id=f"1-{number}", unit_cost="20.00")) for number in (1, 2)]

    now = state(submission(*Q3, *parts, parts[0]))

    assert now is not None
    assert list(now.rows) == parts


def test_a_raised_cost_is_no_second_service():
    costs = [row(msgspec.structs.replace(CARE, unit_cost=cost)) for cost in ("20.00", "21.50")]

    now = state(submission(*Q3, *costs))

    assert now is not None
    assert len(now.rows) == 1


@pytest.mark.parametrize(
    ("first_end", "second_start", "services"),
    [
        (None, "2025-04-01", [("2024-06-01", None)]),
        ("2025-03-31", "2025-04-01", [("2024-06-01", None)]),
        ("2025-04-01", "2025-04-01", [("2024-06-01", None)]),
        ("2025-02-28", "2025-04-01", [("2024-06-01", "2025-02-28"), ("2025-04-01", None)]),
        (None, "2025-05-01", [("2024-06-01", None), ("2025-05-01", None)]),
    ],
)
def test_a_service_begun_anew_on_the_first_of_april_goes_on(first_end, second_start, services):
    now = state(submission(*Q3, row(start="2024-06-01", end=first_end), row(start=second_start)))

    assert now is not None
    assert [(one.start, one.end) for one in now.rows] == services


def test_another_provider_from_the_first_of_april_is_another_service():
    other = msgspec.structs.replace(CARE, provider_id="1-2")

    now = state(submission(*Q3, row(start="2024-06-01", end="2025-03-31"), row(other, start="2025-04-01")))

    assert now is not None
    assert len(now.rows) == 2


def test_of_two_rows_of_one_assessment_the_preferred_outcome_counts():
    weak, strong = (
        row(NEEDS, end="2025-03-01", outcome=outcome)
        for outcome in ("NFA: Other", "Progress to support planning or services")
    )

    now = state(submission(*Q3, weak, strong))

    assert now is not None
    assert now.rows == (strong,)


_ROWS = st.builds(
    lambda kind, start, length, outcome, postcode, provider: row(
        NEEDS if kind == "assessment" else msgspec.structs.replace(CARE, provider_name=provider),
        start=f"2025-0{start}-01",
        end=None if length is None else f"2025-0{start}-{10 + length}",
        outcome=outcome,
        person=_at(postcode),
    ),
    st.sampled_from(["assessment", "service"]),
    st.integers(1, 3),
    st.none() | st.integers(0, 1),
    st.sampled_from([None, "NFA: Other"]),
    st.sampled_from(["CV1 1AA", "CV2 2BB"]),
    st.sampled_from([None, "Good Care"]),
)
_SAID = (
    _ROWS
    | st.just(CaredFor(carer="900", table="assessment", start="2025-01-01", end="2025-01-10"))
    | st.just(row(start="2025-04-01"))
)
_MARKED = _SAID | st.just(Unattributed(tables=("service",)))


def _submissions(said: st.SearchStrategy[Record]) -> st.SearchStrategy[list[Sent]]:
    return st.lists(
        st.builds(
            lambda period, records: submission(*period, *records),
            st.sampled_from([Q2, Q3, NEXT_YEAR, ("2025-08-01", "2025-02-01", "2025-07-31")]),
            st.lists(said, max_size=4),
        ),
        max_size=4,
        unique_by=lambda sent: sent[0].digest,
    )


_SUBMISSIONS = _submissions(_SAID)


@examples(_submissions(_MARKED), st.randoms(use_true_random=False), st.integers(1, 3), few=40, many=200)
def test_any_order_and_repetition_of_arrival_gives_the_same_state(sent, chance, repeats):
    arrived = list(sent) * repeats
    chance.shuffle(arrived)
    submissions = sorted({(one.as_of, one.digest): one for one, _ in arrived}.items())

    again = fold(MARY, events(arrived), [one for _, one in submissions])

    assert again == state(*sent)


@examples(_SUBMISSIONS, few=40, many=200)
def test_absence_removes_only_what_both_periods_cover(sent):
    now = state(*sent)
    standing = set(now.rows if now else ())
    latest = {}
    for one, said in sorted(sent, key=lambda each: (each[0].as_of, each[0].digest)):
        for record in said:
            if isinstance(record, Row) and record.end is not None and isinstance(record.detail, Assessment):
                latest[(record.start, record.end)] = one
    for (start, end), own in latest.items():
        later = [one for one, _ in sent if (one.as_of, one.digest) > (own.as_of, own.digest)]
        removed = own.start <= end <= own.end and any(one.start <= end <= one.end for one in later)
        kept = any(one.start == start and one.end == end for one in standing if isinstance(one.detail, Assessment))
        assert kept != removed


@examples(_SUBMISSIONS, few=30)
def test_the_state_is_json_and_back(sent):
    now = state(*sent)

    assert msgspec.json.decode(msgspec.json.encode(now), type=State | None) == now


def test_from_file_to_state():
    cover = Cover("999", "2024-10-01", "2025-09-30")
    parsed = parse(
        write([row(), OTHER], cover), name="cld_2025q3.csv", sender="X9L", as_of=datetime(2025, 10, 20, 9, tzinfo=UTC)
    )
    folded = [FoldedEvent(at=e.at, sent=e.sent, digest="d", name="cld", record=e.record) for e in parsed.events]
    assert parsed.submission is not None

    now = fold(MARY, folded, [msgspec.structs.replace(parsed.submission, digest="d")])

    assert now is not None
    assert now.rows == (OTHER, row())
    assert now.as_of == "2025-10-20"
