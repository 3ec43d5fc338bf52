"""The fold of CSDS submissions: the latest row wins, absence removes only what both periods cover, order is nothing."""

from collections.abc import Sequence
from itertools import permutations
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.community import records
from adapters.community.state import fold
from adapters.records import FoldedEvent, SourcePatient, Submission

PATIENT = SourcePatient("X9C", "C1")
PERSON = records.MasterPatientIndex(provider="X9C", local_patient="C1", organisation="X9C", postcode="CV1 2AB")
ALL_TABLES = ("CYP001", "CYP002", "CYP101", "CYP201", "CYP402")

Sent = tuple[Submission, Sequence[records.Row]]


def sent(
    number: int,
    start: str,
    end: str,
    rows: Sequence[records.Row],
    *,
    tables: tuple[str, ...] = ALL_TABLES,
    sender: str = "X9C",
) -> Sent:
    """Submission `number`, created in that order."""
    submission = Submission(
        dataset="csds",
        sender=sender,
        start=start,
        end=end,
        as_of=f"2026-{number:02d}-01T00:00:00.000000Z",
        tables=tables,
        digest=f"{number:064d}",
    )
    return submission, rows


def folded(*everything: Sent) -> records.State | None:
    """Fold as the pipeline does: events in total order, submissions by (as_of, digest), envelopes once each."""
    unique = {submission.digest: (submission, rows) for submission, rows in everything}
    ordered = sorted(unique.values(), key=lambda one: (one[0].as_of, one[0].digest))
    events = [
        FoldedEvent(
            at=submission.as_of,
            sent=submission.as_of,
            digest=submission.digest,
            name="csds.zip",
            record=msgspec.json.encode(row),
        )
        for submission, rows in ordered
        for row in rows
    ]
    return fold(PATIENT, events, [submission for submission, _ in ordered])


def contact(name: str, on: str, attendance: str = "5") -> records.CareContact:
    return records.CareContact(provider="X9C", date=on, contact=name, referral="R1", on=on, attendance=attendance)


def contacts(state: records.State | None) -> list[str]:
    assert state is not None
    return [one.contact for one in state.contacts]


FIRST = sent(1, "2026-01-01", "2026-03-31", [PERSON, contact("K1", "2026-01-15"), contact("K2", "2026-03-10")])


def test_the_latest_row_wins() -> None:
    state = folded(FIRST, sent(2, "2026-01-01", "2026-03-31", [PERSON, contact("K1", "2026-01-15", "3")]))
    assert state is not None
    assert [(one.contact, one.attendance) for one in state.contacts] == [("K1", "3")]


def test_absence_inside_both_periods_removes() -> None:
    assert contacts(folded(FIRST, sent(2, "2026-03-01", "2026-05-31", [PERSON]))) == ["K1"]


def test_absence_outside_the_later_period_keeps() -> None:
    assert contacts(folded(FIRST, sent(2, "2026-04-01", "2026-06-30", [PERSON]))) == ["K1", "K2"]


def test_absence_outside_the_earlier_period_keeps() -> None:
    early = sent(1, "2026-03-01", "2026-03-31", [PERSON, contact("K0", "2026-01-02")])
    assert contacts(folded(early, sent(2, "2026-01-01", "2026-03-31", [PERSON]))) == ["K0"]


def test_absence_from_a_table_that_was_not_sent_keeps() -> None:
    later = sent(2, "2026-01-01", "2026-03-31", [PERSON], tables=("CYP001",))
    assert contacts(folded(FIRST, later)) == ["K1", "K2"]


def test_absence_from_another_senders_submission_keeps() -> None:
    later = sent(2, "2026-01-01", "2026-03-31", [], sender="X9D")
    assert contacts(folded(FIRST, later)) == ["K1", "K2"]


def test_absence_of_the_whole_person_removes_their_contacts_but_not_who_they_are() -> None:
    state = folded(FIRST, sent(2, "2026-01-01", "2026-03-31", []))
    assert state is not None
    assert state.person == PERSON
    assert state.contacts == ()


FACTOR = records.SafeguardingFactor(provider="X9C", local_patient="C1", type="01")
UNDATED = sent(1, "2026-01-01", "2026-03-31", [PERSON, FACTOR])


def factors(state: records.State | None) -> tuple[records.SafeguardingFactor, ...]:
    assert state is not None
    return state.safeguarding_factors


def test_an_undated_row_is_withdrawn_by_a_later_submission_that_carries_the_person_and_the_table() -> None:
    assert factors(folded(UNDATED)) == (FACTOR,)
    assert factors(folded(UNDATED, sent(2, "2026-04-01", "2026-06-30", [PERSON]))) == ()


def test_an_undated_row_stands_while_no_later_submission_speaks_of_it() -> None:
    for silent in (
        sent(2, "2026-04-01", "2026-06-30", []),
        sent(2, "2026-04-01", "2026-06-30", [PERSON], tables=("CYP001",)),
        sent(2, "2026-04-01", "2026-06-30", [PERSON], sender="X9D"),
    ):
        assert factors(folded(UNDATED, silent)) == (FACTOR,)


def test_an_undated_row_that_is_sent_again_stands_again() -> None:
    gone, again = sent(2, "2026-04-01", "2026-06-30", [PERSON]), sent(3, "2026-07-01", "2026-09-30", [PERSON, FACTOR])
    assert factors(folded(UNDATED, gone, again)) == (FACTOR,)


def test_who_somebody_is_and_whom_they_met_is_not_withdrawn() -> None:
    nurse = records.StaffMember(provider="X9C", professional="S1")
    first = sent(1, "2026-01-01", "2026-03-31", [PERSON, nurse], tables=("CYP001", "CYP901"))
    state = folded(first, sent(2, "2026-01-01", "2026-03-31", [PERSON], tables=("CYP001", "CYP901")))
    assert state is not None
    assert (state.person, state.staff) == (PERSON, (nurse,))


def test_a_withdrawn_row_that_is_sent_again_stands_again() -> None:
    gone = sent(2, "2026-01-01", "2026-03-31", [PERSON])
    again = sent(3, "2026-01-01", "2026-06-30", [contact("K1", "2026-01-15")])
    assert contacts(folded(FIRST, gone, again)) == ["K1"]


def referral(received: str) -> records.Referral:
    return records.Referral(provider="X9C", date=received, referral="R1", local_patient="C1", received=received)


def of_somebody_else(number: int, start: str, end: str) -> Sent:
    """A submission that gives referral R1 to another person: nothing of it is about this one but who they are."""
    return sent(number, start, end, [PERSON])


def referrals(state: records.State | None) -> list[str]:
    assert state is not None
    return [one.referral for one in state.referrals]


REFERRED = sent(
    1,
    "2026-01-01",
    "2026-03-31",
    [
        PERSON,
        referral("2026-03-01"),
        contact("K1", "2026-03-15"),
        contact("K2", "2025-12-20"),
        records.CareActivity(provider="X9C", date="2025-12-20", activity="A1", contact="K2", referral="R1"),
    ],
    tables=(*ALL_TABLES, "CYP202"),
)


def test_a_referral_that_the_next_submission_gives_to_somebody_else_goes_with_all_that_hangs_on_it() -> None:
    """The contact of December lies outside both periods, and so do its activities: they go as well."""
    state = folded(REFERRED, of_somebody_else(2, "2026-03-01", "2026-04-30"))
    assert state is not None
    assert (referrals(state), contacts(state), state.activities) == ([], [], ())


def test_a_referral_that_comes_back_to_the_first_person_stands_again_with_what_is_sent_again() -> None:
    back = sent(3, "2026-03-01", "2026-05-31", [PERSON, referral("2026-03-01"), contact("K3", "2026-05-02")])
    state = folded(REFERRED, of_somebody_else(2, "2026-03-01", "2026-04-30"), back)
    assert (referrals(state), contacts(state)) == (["R1"], ["K2", "K3"])


def test_a_referral_whose_date_is_outside_the_later_period_stays_with_the_first_person_too() -> None:
    """The known limit of adapters/tables/state.py."""
    state = folded(REFERRED, of_somebody_else(2, "2026-04-01", "2026-06-30"))
    assert (referrals(state), contacts(state)) == (["R1"], ["K1", "K2"])


def test_a_contact_of_another_referral_is_not_touched() -> None:
    other = msgspec.structs.replace(contact("K9", "2025-12-01"), referral="R2")
    first = sent(1, "2026-01-01", "2026-03-31", [*REFERRED[1], other])
    assert contacts(folded(first, of_somebody_else(2, "2026-03-01", "2026-04-30"))) == ["K9"]


def test_another_data_set_of_the_same_sender_says_nothing_here() -> None:
    submission, _ = sent(2, "2026-01-01", "2026-03-31", [])
    other = msgspec.structs.replace(submission, dataset="mhsds")
    assert contacts(folded(FIRST, (other, []))) == ["K1", "K2"]


def test_nothing_is_said_of_a_person_who_was_never_named() -> None:
    assert fold(PATIENT, [], []) is None
    assert folded(sent(1, "2026-01-01", "2026-03-31", [contact("K1", "2026-01-15")])) is None


def test_the_latest_statement_of_the_person_stands() -> None:
    moved = msgspec.structs.replace(PERSON, postcode="CV3 4CD")
    state = folded(sent(2, "2026-04-01", "2026-06-30", [moved]), FIRST)
    assert state is not None
    assert (state.person.postcode, state.as_of) == ("CV3 4CD", "2026-02-01T00:00:00.000000Z")


def test_the_state_survives_a_round_trip_through_json() -> None:
    state = folded(FIRST)
    assert msgspec.json.decode(msgspec.json.encode(state), type=records.State) == state


def test_every_order_of_three_submissions_is_the_same() -> None:
    all_three = [
        FIRST,
        sent(2, "2026-02-01", "2026-04-30", [PERSON, contact("K2", "2026-03-10", "3"), contact("K3", "2026-04-05")]),
        sent(3, "2026-03-01", "2026-05-31", [contact("K3", "2026-04-05", "6")]),
    ]
    states = [folded(*order) for order in permutations(all_three)]
    assert all(state == states[0] for state in states)
    assert contacts(states[0]) == ["K1", "K3"]


_DAYS = st.integers(1, 28).map(lambda day: f"2026-02-{day:02d}")
_CONTACTS = st.lists(
    st.tuples(st.sampled_from(["K1", "K2", "K3", "K4"]), _DAYS, st.sampled_from(["2", "3", "5"])), max_size=5
)
_SUBMISSIONS = st.lists(
    st.tuples(
        _DAYS, _DAYS, _CONTACTS, st.booleans(), st.sampled_from(["X9C", "X9D"]), st.sets(st.sampled_from(["01", "02"])),
        st.booleans(),
    ),
    min_size=1, max_size=6,
).map(
    lambda drawn: [
        sent(
            number,
            min(one, two),
            max(one, two),
            [
                *([PERSON] if named or number == 1 else []),
                *(contact(*row) for row in rows),
                *(records.SafeguardingFactor(provider="X9C", local_patient="C1", type=kind) for kind in sorted(kinds)),
            ],
            tables=ALL_TABLES if carries else ("CYP001",),
            sender=sender,
        )
        for number, (one, two, rows, carries, sender, kinds, named) in enumerate(drawn, start=1)
    ]
)  # fmt: skip


@given(_SUBMISSIONS, st.randoms(use_true_random=False), st.data())
def test_any_order_and_repetition_of_submissions_gives_the_same_state(
    submissions: list[Sent], random: Random, data: st.DataObject
) -> None:
    repeated = submissions + data.draw(st.lists(st.sampled_from(submissions), max_size=3))
    random.shuffle(repeated)
    assert folded(*repeated) == folded(*submissions)


@given(_SUBMISSIONS)
def test_every_row_of_the_last_submission_stands_and_no_other_is_invented(submissions: list[Sent]) -> None:
    state = folded(*submissions)
    standing = set(contacts(state))
    last = {row.contact: row for row in submissions[-1][1] if isinstance(row, records.CareContact)}
    ever = {row.contact for _, rows in submissions for row in rows if isinstance(row, records.CareContact)}
    assert set(last) <= standing <= ever
    assert state is not None
    assert {one.contact: one for one in state.contacts if one.contact in last} == last


@given(_SUBMISSIONS)
def test_a_row_is_removed_exactly_when_both_periods_cover_its_date(submissions: list[Sent]) -> None:
    standing = set(contacts(folded(*submissions)))
    for name in {row.contact for _, rows in submissions for row in rows if isinstance(row, records.CareContact)}:
        carried = [
            (index, row)
            for index, (_, rows) in enumerate(submissions)
            for row in rows
            if isinstance(row, records.CareContact) and row.contact == name
        ]
        index, row = carried[-1]
        holder = submissions[index][0]
        withdrawn = holder.start <= row.on <= holder.end and any(
            later.sender == holder.sender and "CYP201" in later.tables and later.start <= row.on <= later.end
            for later, _ in submissions[index + 1 :]
        )
        assert (name in standing) is not withdrawn


@given(_SUBMISSIONS)
def test_an_undated_row_is_removed_exactly_when_a_later_submission_speaks_of_the_person(
    submissions: list[Sent],
) -> None:
    standing = {factor.type for factor in factors(folded(*submissions))}
    for kind in ("01", "02"):
        carried = [
            index
            for index, (_, rows) in enumerate(submissions)
            if any(isinstance(row, records.SafeguardingFactor) and row.type == kind for row in rows)
        ]
        withdrawn = carried and any(
            later.sender == submissions[carried[-1]][0].sender and "CYP402" in later.tables and PERSON in rows
            for later, rows in submissions[carried[-1] + 1 :]
        )
        assert (kind in standing) is bool(carried and not withdrawn)
