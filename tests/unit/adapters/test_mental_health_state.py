"""MHSDS submissions: what stands of all of them, whatever their order and however often they come."""

from collections.abc import Sequence
from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mental_health import records
from adapters.mental_health.state import fold
from adapters.mental_health.tables import MHSDS
from adapters.records import FoldedEvent, Submission
from tests.unit.adapters.mental_health_submission import PATIENT, PERSON

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
