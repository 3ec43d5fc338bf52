"""Folding a charity's rows: edits win, absence says nothing, and nothing is published without recorded consent."""

import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.records import FoldedEvent, SourcePatient, instant
from adapters.vcfse.parse import parse
from adapters.vcfse.records import (
    Client,
    Contact,
    Entry,
    Name,
    Referral,
    SharedClientId,
    Sharing,
    State,
    contact_key,
    referral_key,
)
from adapters.vcfse.state import fold
from tests.unit.adapters.examples import examples

PATIENT = SourcePatient("X9V01", "17")
ANN = Client(client_id="17", name=Name(family="Smith", given=("Ann",)), birth_date="1940-02-01")
BOB = Client(client_id="17", name=Name(family="Jones", given=("Bob",)), birth_date="1980-02-02")
YES = Sharing(share="yes", view="yes", on="2026-01-05", taken_by="Jo Link")
NO = Sharing(share="no", view="no", on="2026-01-05", taken_by="Jo Link")

Envelope = tuple[str, list[Entry]]
"""A file: the day of it, and its rows about this client."""


def folded(*envelopes: Envelope) -> State | None:
    events = [
        FoldedEvent(
            at=instant(datetime.fromisoformat(f"{day}T17:00:00+00:00")),
            sent=instant(datetime.fromisoformat(f"{day}T17:00:00+00:00")),
            digest=f"{day}-{number}",
            name="sheet",
            record=msgspec.json.encode(entry),
        )
        for number, (day, entries) in enumerate(envelopes)
        for entry in entries
    ]
    return fold(PATIENT, sorted(events, key=lambda event: (event.at, event.sent, event.digest)), [])


def referral(sharing: Sharing = YES, client: Client = ANN, **columns: object) -> Referral:
    return replace(Referral(client=client, sharing=sharing, referred_on="2026-01-05", service="Befriending"), **columns)


def contact(client: Client = ANN, **columns: object) -> Contact:
    return replace(Contact(client=client, contacted_on="2026-02-01", kind="visit"), **columns)


def outcome(*envelopes: Envelope) -> str | None:
    state = folded(*envelopes)
    return state.share.outcome if state and state.share else None


def test_with_consent_everything_is_there():
    state = folded(("2026-03-01", [referral(), contact()]))
    assert (len(state.referrals), len(state.contacts)) == (1, 1)
    assert (state.share.outcome, state.share.on, state.share.taken_by) == ("given", "2026-01-05", "Jo Link")
    assert state.view.outcome == "given"


@pytest.mark.parametrize("sharing", [Sharing(), NO, Sharing(share="unclear", on="2026-01-05"), Sharing(view="yes")])
def test_without_consent_only_who_they_are_is_there(sharing):
    state = folded(("2026-03-01", [referral(sharing), contact()]))
    assert (list(state.referrals), list(state.contacts)) == ([], [])
    assert state.client == ANN


def test_a_refusal_is_recorded_and_a_blank_is_not():
    assert outcome(("2026-03-01", [referral(NO)])) == "refused"
    assert outcome(("2026-03-01", [referral(Sharing())])) is None
    assert outcome(("2026-03-01", [referral(Sharing(share="unclear"))])) is None


def test_the_latest_sheet_wins_and_absence_removes_nothing():
    state = folded(
        ("2026-03-01", [referral(status="Open"), referral(referred_on="2026-02-02")]),
        ("2026-06-01", [referral(status="Closed")]),
    )
    assert [(row.referred_on, row.status) for row in state.referrals] == [
        ("2026-01-05", "Closed"),
        ("2026-02-02", None),
    ]


def test_a_row_marked_deleted_goes_and_with_the_last_row_the_state():
    deleted = referral(status="deleted", removed=True)
    state = folded(("2026-03-01", [referral(), contact()]), ("2026-06-01", [deleted]))
    assert list(state.referrals) == []
    assert folded(("2026-03-01", [referral()]), ("2026-06-01", [deleted])) is None


@pytest.mark.parametrize("later", [NO, Sharing(), Sharing(share="unclear", on="2026-01-05")])
def test_a_withdrawn_consent_ends_publication_and_keeps_its_dates(later):
    state = folded(("2026-03-01", [referral(), contact()]), ("2026-06-01", [referral(later)]))
    assert (list(state.referrals), list(state.contacts)) == ([], [])
    assert (state.share.outcome, state.share.on, state.share.until) == ("withdrawn", "2026-01-05", "2026-06-01")
    assert state.share.recorded == "2026-06-01T17:00:00.000000Z"


def test_a_withdrawal_seen_for_the_first_time_has_the_sheets_own_dates():
    told = Sharing(share="no", view="no", on="2026-01-05", withdrawn_on="2026-02-20")
    state = folded(("2026-03-01", [referral(told)]))
    assert (state.share.outcome, state.share.on, state.share.until) == ("withdrawn", "2026-01-05", "2026-02-20")


def test_a_withdrawal_dated_before_the_consent_gives_no_backward_period():
    told = Sharing(share="no", on="2026-02-05", withdrawn_on="2026-01-20")
    state = folded(("2026-03-01", [referral(told)]))
    assert (state.share.on, state.share.until) == (None, "2026-01-20")


def test_consent_given_again_later_publishes_again():
    again = Sharing(share="yes", on="2026-07-01")
    assert outcome(
        ("2026-03-01", [referral()]), ("2026-06-01", [referral(NO)]), ("2026-08-01", [referral(again)])
    ) == "given"  # fmt: skip


def test_between_rows_a_yes_counts_only_when_provably_later_than_every_no():
    other = {"referred_on": "2026-02-02"}
    dated_no, dated_yes = Sharing(share="no", on="2026-02-02"), Sharing(share="yes", on="2026-02-03")
    assert outcome(("2026-03-01", [referral(dated_no), referral(dated_yes, **other)])) == "given"
    assert outcome(("2026-03-01", [referral(YES), referral(dated_no, **other)])) == "refused"
    assert outcome(("2026-03-01", [referral(Sharing(share="yes")), referral(dated_no, **other)])) == "refused"
    assert outcome(("2026-03-01", [referral(Sharing(share="no")), referral(dated_yes, **other)])) == "refused"
    assert (
        outcome(("2026-03-01", [referral(dated_no), referral(Sharing(share="yes", on="2026-02-02"), **other)]))
        == "refused"
    )


def test_an_old_refusal_does_not_silence_the_row_that_consents_later_but_its_own_row():
    refused = referral(Sharing(share="no", on="2026-01-05"), reason="first time")
    agreed = referral(Sharing(share="yes", on="2026-02-03"), referred_on="2026-02-02", reason="second time")
    state = folded(("2026-03-01", [refused, agreed]))
    assert [row.reason for row in state.referrals] == ["second time"]


def test_a_no_typed_over_a_yes_counts_from_the_day_it_was_seen_not_from_the_old_date():
    second = referral(Sharing(share="yes", on="2026-02-03"), referred_on="2026-02-02")
    state = folded(("2026-03-01", [referral(YES), second]), ("2026-06-01", [referral(NO), second]))
    assert (state.share.outcome, state.share.until) == ("withdrawn", "2026-06-01")


@pytest.mark.parametrize("later", [referral(Sharing()), referral(NO, removed=True), referral(Sharing(), removed=True)])
def test_a_refusal_is_not_undone_by_clearing_or_deleting_it(later):
    second = referral(Sharing(share="yes", on="2026-01-02"), referred_on="2026-01-02")
    assert outcome(("2026-03-01", [referral(NO), second]), ("2026-06-01", [later, second])) == "refused"


def test_two_rows_of_one_key_in_a_sheet_do_not_hide_the_refusal():
    assert outcome(("2026-03-01", [referral(NO), referral(YES)])) == "refused"
    assert outcome(("2026-03-01", [referral(YES), referral(NO)])) == "refused"


def test_consent_to_view_is_a_choice_of_its_own_and_needs_evidence():
    share_only = folded(("2026-03-01", [referral(Sharing(share="yes", view="no", on="2026-01-05"))]))
    assert (share_only.share.outcome, share_only.view.outcome) == ("given", "refused")
    unproven = folded(("2026-03-01", [referral(Sharing(share="yes", view="yes", on="2026-01-05"))]))
    assert (unproven.share.outcome, unproven.view) == ("given", None)


def test_notes_are_published_only_while_their_own_row_and_the_person_agree():
    agreed = Sharing(share="yes", notes="yes", on="2026-01-05")
    noted = referral(agreed, notes="likes cats")
    first, state = ("2026-03-01", [noted]), folded(("2026-03-01", [noted]))
    assert (state.notes.outcome, [row.notes for row in state.referrals]) == ("given", ["likes cats"])
    refused_elsewhere = referral(Sharing(share="yes", notes="no", on="2026-02-02"), referred_on="2026-02-02")
    state = folded(first, ("2026-06-01", [refused_elsewhere]))
    assert (state.notes.outcome, [row.notes for row in state.referrals]) == ("withdrawn", [None, None])
    state = folded(first, ("2026-06-01", [referral(Sharing(share="yes", on="2026-01-05"))]))
    assert [row.notes for row in state.referrals] == [None]
    state = folded(first, ("2026-06-01", [referral(Sharing(share="no", notes="yes", on="2026-06-01"), notes="x")]))
    assert list(state.referrals) == []


def test_a_contact_follows_its_own_consent_cell_else_its_referral_else_the_person():
    blank = contact(sharing=Sharing())
    of_blank_referral = contact(referral_id="R2", kind="phone")
    plain = contact(kind="group")
    rows = [referral(), referral(Sharing(), referral_id="R2"), blank, of_blank_referral, plain]
    state = folded(("2026-03-01", rows))
    assert [row.kind for row in state.contacts] == ["group"]


def test_a_row_without_date_and_id_says_who_and_what_was_agreed_but_is_not_published():
    phone = replace(ANN, phone="02476000111")
    state = folded(("2026-03-01", [referral(client=phone, referred_on=None), contact()]))
    assert (state.share.outcome, state.client.phone, list(state.referrals)) == ("given", "02476000111", [])
    assert len(state.contacts) == 1


def test_each_fact_comes_from_the_freshest_row_that_has_it():
    old = replace(ANN, phone="1", email="ann@example.org")
    state = folded(
        ("2026-03-01", [referral(client=old)]),
        ("2026-06-01", [referral(client=replace(ANN, phone="2"), referred_on="2026-05-05")]),
    )
    assert (state.client.phone, state.client.email) == ("2", "ann@example.org")


def test_a_client_id_given_to_somebody_else_shows_nothing_of_the_former_holder():
    anonymous = Contact(client=Client(client_id="17"), contacted_on="2026-02-01", kind="visit")
    state = folded(("2026-03-01", [referral(), anonymous]), ("2026-06-01", [referral(client=BOB, reason="new")]))
    assert state.client == BOB
    assert [row.reason for row in state.referrals] == ["new"]
    assert list(state.contacts) == []


def test_while_a_client_id_stands_for_several_people_nothing_is_published():
    shared = ("2026-06-01", [SharedClientId()])
    state = folded(("2026-03-01", [referral(), contact()]), shared)
    assert (state.share, state.view, list(state.referrals), list(state.contacts)) == (None, None, [], [])
    assert outcome(("2026-03-01", [referral()]), shared, ("2026-07-01", [referral()])) == "given"
    assert folded(shared) is None


def test_a_file_of_sessions_does_not_end_that_nor_does_another_file_of_the_same_moment():
    before, shared = ("2026-03-01", [referral()]), ("2026-06-01", [SharedClientId()])
    assert outcome(before, shared, ("2026-06-01", [contact()]), ("2026-07-01", [contact()])) is None
    assert outcome(before, shared, ("2026-06-01", [referral()])) is None


# Promises, for any rows

SHARINGS = st.builds(
    Sharing,
    share=st.sampled_from(["yes", "no", "unclear", None]),
    view=st.sampled_from(["yes", "no", None]),
    notes=st.sampled_from(["yes", "no", None]),
    on=st.sampled_from([None, "2026-01-05", "2026-02-05"]),
    taken_by=st.sampled_from([None, "Jo Link"]),
)
REFERRALS = st.builds(
    Referral,
    client=st.sampled_from([ANN, ANN, ANN, BOB, Client(client_id="17")]),
    sharing=SHARINGS,
    referral_id=st.sampled_from([None, "R1", "R2"]),
    referred_on=st.sampled_from([None, "2026-01-05", "2026-02-05"]),
    reason=st.sampled_from(["one", "two", None]),
    notes=st.sampled_from([None, "likes cats"]),
    removed=st.sampled_from([False, False, False, True]),
)
CONTACTS = st.builds(
    Contact,
    client=st.sampled_from([ANN, Client(client_id="17")]),
    sharing=st.none() | SHARINGS,
    referral_id=st.sampled_from([None, "R1", "R2"]),
    contacted_on=st.sampled_from([None, "2026-01-05", "2026-02-05"]),
)
ROWS = st.lists(REFERRALS | CONTACTS, min_size=1, max_size=4)
ENVELOPES = st.lists(
    st.tuples(st.sampled_from(["2026-03-01", "2026-06-01", "2026-09-01"]), ROWS | st.just([SharedClientId()])),
    max_size=4,
)


def published(state: State | None) -> set[tuple[str, ...]]:
    if state is None:
        return set()
    return {("r", *referral_key(row)) for row in state.referrals} | {("c", *contact_key(row)) for row in state.contacts}


@examples(envelopes=ENVELOPES, few=60, many=400)
def test_nothing_is_published_unless_its_own_row_or_its_person_says_yes(envelopes):
    state = folded(*envelopes)
    if state is None or state.share is None or state.share.outcome != "given":
        assert published(state) == set()
    else:
        assert all(row.sharing.share == "yes" for row in state.referrals)
        assert all(row.sharing is None or row.sharing.share == "yes" for row in state.contacts)
    noted = [row for row in (*state.referrals, *state.contacts) if row.notes] if state else []
    assert all(row.sharing.notes == "yes" and state.notes.outcome == "given" for row in noted)


@examples(envelopes=ENVELOPES, data=st.data(), few=60, many=400)
def test_taking_back_a_consent_never_publishes_more(envelopes, data):
    """Monotone: whichever yes turns into a no or a blank, what is published is a part of what was."""
    yeses = [
        (sheet, row)
        for sheet, (_, rows) in enumerate(envelopes)
        for row, entry in enumerate(rows)
        if not isinstance(entry, SharedClientId) and entry.sharing and entry.sharing.share == "yes"
    ]
    if not yeses:
        return
    sheet, row = data.draw(st.sampled_from(yeses))
    changed = [(day, list(rows)) for day, rows in envelopes]
    entry = changed[sheet][1][row]
    answer = data.draw(st.sampled_from(["no", None]))
    changed[sheet][1][row] = replace(entry, sharing=replace(entry.sharing, share=answer))
    assert published(folded(*changed)) <= published(folded(*envelopes))


FILES = st.lists(
    st.tuples(
        st.sampled_from([datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)]),
        st.lists(
            st.tuples(
                st.sampled_from(["Ann Smith,01/02/1940", "Bob Jones,02/02/1980", ","]),
                st.sampled_from(["05/01/2026", "06/02/2026"]),
                st.sampled_from(["Y,05/01/2026", "N,05/01/2026", ",", "Y,"]),
                st.sampled_from(["Open", "Closed", "deleted"]),
            ),
            max_size=3,
        ),
    ),
    max_size=4,
)


@examples(files=FILES, seed=st.integers(0, 1000), few=30, many=200)
def test_any_order_and_repetition_of_files_folds_to_the_same_state(files, seed):
    def state_of(received: list[tuple[datetime, list[tuple[str, ...]]]]) -> State | None:
        events = []
        for as_of, rows in received:
            text = "Client ID,Name,DOB,Referral date,Consent,Consent date,Status\n"
            content = (text + "".join(f"17,{','.join(row)}\n" for row in rows)).encode()
            for event in parse(content, name="f", sender="X9V01", as_of=as_of).events:
                digest = f"{hash(content):x}"
                events.append(FoldedEvent(at=event.at, sent=event.sent, digest=digest, name="f", record=event.record))
        return fold(PATIENT, sorted(events, key=lambda event: (event.at, event.sent, event.digest)), [])

    shuffled = [*files, *files[:2]]
    random.Random(seed).shuffle(shuffled)
    assert state_of(shuffled) == state_of(files)


def test_a_contact_of_a_referral_that_nobody_knows_is_withheld_while_one_is_not_shared():
    shared, refused = referral(referral_id="8"), referral(NO, referral_id="7", referred_on="2025-12-01")
    lost, known = contact(contact_id="K1", referral_id="77"), contact(contact_id="K2", referral_id="8")

    def published(*entries: Entry) -> list[str | None]:
        found = folded(("2026-03-01", list(entries)))
        assert found
        return [one.contact_id for one in found.contacts]

    assert published(shared, lost, known) == ["K1", "K2"]
    again = referral(replace(YES, on="2026-02-01"), referral_id="8")
    assert published(again, refused, lost, known) == ["K2"]
