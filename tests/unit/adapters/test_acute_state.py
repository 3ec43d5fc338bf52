"""Folding a hospital's messages: the null rule, cancels, reopening, merges, and that no order of arrival matters."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.acute.records import State, VisitState
from adapters.acute.state import fold
from adapters.records import SourcePatient
from tests.unit.adapters.acute_messages import NUMBER, OTHER_NUMBER, PATIENT, adt, folded, pv1, state
from tests.unit.adapters.examples import examples

WARD_1, WARD_2, WARD_3 = "X9A^W1^B1^X9A01", "X9A^W2^B2^X9A01", "X9A^W3^B3^X9A01"
FULL_PID = (
    f"1||1000001^^^X9A^MR~{NUMBER}^^^NHS||Doe^Jo^Ann^^Ms^^L~Doe^Jojo^^^^^A||19500102|2|||1 High St^^Coventry^^CV1 1AA"
    "||07700900001~02477 000000|02477 111111|EN|M||||||A||||||||N||NSTS01"
)


def visit(*envelopes: bytes) -> VisitState:
    (only,) = state(*envelopes).visits
    return only


def wards(found: VisitState) -> list[str]:
    return [stay.place.ward for stay in found.stays]


def admission(**fields: str) -> bytes:
    return adt("A01", "202601010900", recorded="202601010905", more=[pv1(f3=WARD_1, f4="21", **fields)])


def test_what_is_not_sent_stays_and_what_is_sent_replaces() -> None:
    before = adt("A28", "202601010900", pid=FULL_PID)
    after = adt("A31", "202601020900", pid="1||1000001^^^X9A^MR~9990000018^^^NHS||Roe^Jo^^^^^L|||9||||")
    held = state(before, after).person
    assert [name.family for name in held.names or ()] == ["Roe"]
    assert held.sex == "9"
    assert held.birth_date == "1950-01-02"
    assert (held.addresses or ())[0].postcode == "CV1 1AA"
    assert len(held.telecoms or ()) == 2
    assert (held.nhs_number, held.nhs_number_status) == (NUMBER, "01")


def test_the_explicit_null_deletes() -> None:
    deleting = '1||1000001^^^X9A^MR||Doe^Jo||""|""|||""^""^""^^""||""|""|""|""||||||""'
    held = state(adt("A28", "202601010900", pid=FULL_PID), adt("A31", "202601020900", pid=deleting)).person
    assert held.addresses == ()
    assert held.telecoms == ()
    assert held.work_telecoms == ()
    for value in (held.birth_date, held.sex, held.language, held.marital_status, held.ethnicity):
        assert value == ""


def test_a_repeating_field_is_a_snapshot() -> None:
    fewer = adt("A31", "202601020900", pid="1||1000001^^^X9A^MR||Doe^Jo^^^^^L||||||||07700900001")
    held = state(adt("A28", "202601010900", pid=FULL_PID), fewer).person
    assert len(held.names or ()) == 1
    assert [telecom.value for telecom in held.telecoms or ()] == ["07700900001"]
    assert held.nhs_number == ""


def test_an_unusable_number_takes_nothing_away() -> None:
    typo = adt("A31", "202601020900", pid="1||1000001^^^X9A^MR~9990000019^^^NHS||Doe^Jo")
    held = state(adt("A28", "202601010900", pid=FULL_PID), typo).person
    assert (held.nhs_number, held.nhs_number_status) == (NUMBER, "01")


def test_a_status_belongs_to_its_number() -> None:
    other = adt("A31", "202601020900", pid=f"1||1000001^^^X9A^MR~{OTHER_NUMBER}^^^NHS||Doe^Jo")
    held = state(adt("A28", "202601010900", pid=FULL_PID), other).person
    assert (held.nhs_number, held.nhs_number_status) == (OTHER_NUMBER, None)


def test_relatives_are_a_snapshot_of_segments() -> None:
    def said(at: str, *names: str) -> bytes:
        return adt("A31", at, more=[f"NK1|{n}|{name}|1" for n, name in enumerate(names, 1)])

    one, two = said("20260101", "A^Ann", "B^Bob"), said("20260102", "C^Cy")
    silent, none = said("20260103"), said("20260104", '""')
    assert [r.name.family for r in state(one).person.relatives or ()] == ["A", "B"]
    assert [r.name.family for r in state(one, two, silent).person.relatives or ()] == ["C"]
    assert state(one, two, none).person.relatives == ()


def test_a_movement_entered_late_tells_who_the_person_is_when_it_is_entered() -> None:
    moved = adt("A31", "202601100900", pid="1||1000001||New^Jo")
    late = adt("A01", "202601010900", recorded="202601200900", pid="1||1000001||Newer^Jo", more=[pv1()])
    assert (state(late, moved).person.names or ())[0].family == "Newer"


def test_admission_transfer_and_discharge() -> None:
    transfer = adt("A02", "202601021000", more=[pv1(f3=WARD_2, f6=WARD_1)])
    discharge = adt("A03", "202601051100", more=[pv1(f36="1", f37="19", f45="202601051045")])
    here = visit(admission(), transfer)
    assert (here.status, here.start, here.end) == ("in-progress", "2026-01-01T09:00:00+00:00", None)
    assert wards(here) == ["W1", "W2"]
    assert here.stays[0].end == here.stays[1].start == "2026-01-02T10:00:00+00:00"
    gone = visit(admission(), transfer, discharge)
    assert (gone.status, gone.end) == ("finished", "2026-01-05T10:45:00+00:00")
    assert gone.stays[-1].end == gone.end
    assert gone.details.admission_method == "21"


def test_a_discharge_without_pv1_45_ends_when_it_occurred() -> None:
    assert visit(admission(), adt("A03", "202601051100", more=[pv1()])).end == "2026-01-05T11:00:00+00:00"


def test_an_update_keeps_the_status() -> None:
    update = adt("A08", "202601060900", more=[pv1(f10="430")])
    discharge = adt("A03", "202601051100", more=[pv1()])
    assert visit(admission(), update).status == "in-progress"
    assert visit(admission(), discharge, update).status == "finished"
    assert visit(admission(), update).details.treatment_function == "430"
    assert visit(update).status == "unknown"
    assert visit(adt("A08", "202601060900", more=[pv1(f44="202601010900")])).status == "in-progress"


def test_pv1_45_finishes_except_in_a_cancel() -> None:
    ended = {"f45": "202601051045"}
    assert visit(admission(), adt("A08", "202601060900", more=[pv1(**ended)])).status == "finished"
    assert visit(admission(), adt("A13", "202601060900", more=[pv1(**ended)])).status == "in-progress"
    assert visit(admission(), adt("A12", "202601060900", more=[pv1(**ended)])).status == "in-progress"


def test_the_explicit_null_in_pv1_45_takes_a_discharge_back() -> None:
    discharge = adt("A03", "202601051100", more=[pv1(f45="202601051045")])
    undone = visit(admission(), discharge, adt("A08", "202601060900", more=[pv1(f45='""')]))
    assert (undone.status, undone.end) == ("in-progress", None)


def test_a_cancelled_admission() -> None:
    cancel = adt("A11", "202601011000", more=[pv1(f45="202601010930")])
    assert visit(admission(), cancel).status == "cancelled"
    assert visit(admission(), cancel, cancel.replace(b"|M1|", b"|M2|")).status == "cancelled"
    update = adt("A08", "202601011100", more=[pv1(f10="430")])
    assert visit(admission(), cancel, update).status == "cancelled"
    again = adt("A01", "202601011200", more=[pv1(f3=WARD_2)])
    assert visit(admission(), cancel, again).status == "in-progress"
    assert wards(visit(admission(), cancel, again)) == ["W2"]


def test_a_cancelled_transfer_returns_to_where_the_person_was() -> None:
    first = adt("A02", "202601021000", more=[pv1(f3=WARD_2)])
    second = adt("A02", "202601031000", more=[pv1(f3=WARD_3)])
    cancel = adt("A12", "202601031100", more=[pv1(f3=WARD_2)])
    again = adt("A12", "202601031200", more=[pv1(f3=WARD_2)])
    bare = adt("A12", "202601031100", more=[pv1()])
    assert wards(visit(admission(), first, second, cancel)) == ["W1", "W2"]
    assert wards(visit(admission(), first, second, cancel, again)) == ["W1", "W2"]
    assert wards(visit(admission(), first, second, bare)) == ["W1", "W2"]
    assert wards(visit(admission(), cancel)) == ["W1"]


def test_an_update_while_a_mistaken_transfer_stood_is_mistaken_about_the_place() -> None:
    corrected = adt("A08", "202601020900", more=[pv1(f3=WARD_3)])
    wrong = adt("A02", "202601021000", more=[pv1(f3=WARD_2)])
    updated = adt("A08", "202601021005", more=[pv1(f3=WARD_2)])
    cancel = adt("A12", "202601021010", more=[pv1(f3=WARD_1)])
    moved = adt("A08", "202601021100", more=[pv1(f3=WARD_3)])
    assert wards(visit(admission(), wrong, updated)) == ["W1", "W2"]
    assert wards(visit(admission(), wrong, updated, cancel)) == ["W1"]
    assert wards(visit(admission(), wrong, updated, cancel, moved)) == ["W3"]
    assert wards(visit(admission(), corrected, wrong, updated, cancel)) == ["W3"]


def test_a_cancelled_discharge_reopens_the_visit() -> None:
    wrong = adt("A03", "202601051100", more=[pv1(f3=WARD_1, f36="4", f37="79", f45="202601051045")])
    reopen = adt("A13", "202601051200", more=[pv1(f3=WARD_1, f36="4", f45="202601051045")])
    here = visit(admission(), wrong, reopen)
    assert (here.status, here.end, here.details.discharge_method) == ("in-progress", None, None)
    assert here.stays[-1].end is None
    assert not state(admission(), wrong, reopen).dead
    right = adt("A03", "202601081000", more=[pv1(f36="1", f37="19")])
    gone = visit(admission(), wrong, reopen, right)
    assert (gone.status, gone.end) == ("finished", "2026-01-08T10:00:00+00:00")


def test_a_planned_admission() -> None:
    planned = adt("A05", "202601010900", more=[pv1(f2="P"), "PV2||||||||202601100800"])
    assert (visit(planned).status, visit(planned).start) == ("planned", "2026-01-10T08:00:00+00:00")
    assert visit(planned, adt("A38", "202601020900", more=[pv1()])).status == "cancelled"
    assert visit(planned, adt("A01", "202601100815", more=[pv1()])).status == "in-progress"


def test_an_emergency_attendance() -> None:
    arrival = adt("A04", "202601010900", more=[pv1(f2="E")])
    assert visit(arrival).status == "in-progress"
    assert visit(arrival, adt("A03", "202601011300", more=[pv1(f2="E")])).status == "finished"


def test_one_visit_number_of_two_authorities_is_two_visits() -> None:
    one, two = (adt("A01", "202601010900", more=[pv1(f19=f"7001^^^{name}")]) for name in ("PAS", "ED"))
    assert len(state(one, two).visits) == 2


def test_an_end_before_the_start_never_reaches_the_period() -> None:
    discharge = adt("A03", "202601051100", more=[pv1(f44="202610201716", f45="202601051045")])
    found = visit(admission(), discharge)
    assert (found.start, found.end) == ("2026-01-01T09:00:00+00:00", "2026-01-05T10:45:00+00:00")
    assert visit(discharge).start is None


@pytest.mark.parametrize(
    ("f36", "f37", "dead"),
    [("4", "79", True), ("4", "", True), ("", "79", True), ("79", "", True), ("Dead", "", True), ("1", "19", False)],
)
def test_a_discharge_may_tell_of_a_death(f36: str, f37: str, dead: bool) -> None:
    told = state(admission(), adt("A03", "202601051100", more=[pv1(f36=f36, f37=f37)]))
    assert told.dead is dead
    assert told.died is None


def test_nobody_comes_back_to_life_by_an_n() -> None:
    def said(at: str, died: str, dead: str) -> bytes:
        return adt("A31", at, pid="1||1000001||Doe^Jo" + "|" * 24 + f"{died}|{dead}")

    death, alive = said("20260103", "202601020304", "Y"), said("20260104", "", "N")
    assert state(death, alive).dead
    assert state(death, alive).died == "2026-01-02T03:04:00+00:00"
    assert not state(death, said("20260105", '""', "N")).dead
    assert not state(said("20260103", "", "Y"), said("20260105", "", '""')).dead
    assert state(said("20260103", "", "Y"), alive).dead


def test_dissent_until_consent() -> None:
    def said(at: str, value: str) -> bytes:
        return adt("A31", at, more=[f"ZU8||{value}||0"])

    no, unknown, yes = said("20260101", "2"), said("20260102", "3"), said("20260103", "1")
    (open_,) = state(no, unknown).dissents
    assert open_.until is None
    (closed,) = state(no, unknown, yes).dissents
    assert (closed.since, closed.until) == ("2026-01-01T00:00:00.000000Z", "2026-01-03T00:00:00.000000Z")
    assert state(yes).dissents == ()
    assert len(state(no, yes, said("20260104", "2")).dissents) == 2


def test_a_merge_changes_no_demographics_and_links_both_records() -> None:
    registered = adt("A28", "20260101", pid="1||1000001^^^X9A^MR||Doe^Jo")
    duplicate = adt("A28", "20260101", pid="1||1000002^^^X9A^MR||Dough^Joe")
    merge = adt("A40", "20260105", pid="1||1000001^^^X9A^MR||WRONG^NAME", more=["MRG|1000002^^^X9A^MR"])
    survivor = state(registered, duplicate, merge)
    assert (survivor.person.names or ())[0].family == "Doe"
    assert [one.discarded for one in survivor.survives] == ["1000002"]
    assert survivor.replaced_by is None
    gone = state(registered, duplicate, merge, patient=SourcePatient("X9A", "1000002"))
    assert (gone.person.names or ())[0].family == "Dough"
    assert gone.replaced_by == "1000001"
    later = adt("A31", "20260106", pid="1||1000002^^^X9A^MR||Dough^Joseph")
    assert state(registered, merge, later, patient=SourcePatient("X9A", "1000002")).replaced_by == "1000001"


def test_taking_over_the_survivor_reverses_a_merge() -> None:
    merge = adt("A40", "20260105", pid="1||1000002", more=["MRG|1000001"])
    back = adt("A40", "20260106", pid="1||1000001", more=["MRG|1000002"])
    assert state(merge).replaced_by == "1000002"
    assert state(merge, back).replaced_by is None


def test_nothing_said_is_no_state() -> None:
    assert fold(PATIENT, [], []) is None


# What happens in one hospital stay and around it, with everything that makes order matter
STORY = (
    adt("A28", "202512010900", pid=FULL_PID, control="S0"),
    admission(),
    adt("A02", "202601011400", recorded="202601021000", more=[pv1(f3=WARD_2)], control="S2"),
    adt("A02", "202601021500", more=[pv1(f3=WARD_3)], control="S3"),
    adt("A12", "202601021510", more=[pv1(f3=WARD_2)], control="S4"),
    adt("A08", "202601021600", more=[pv1(f10="430", f16="S")], control="S5"),
    adt("A03", "202601031000", more=[pv1(f36="1", f37="19", f45="202601030950")], control="S6"),
    adt("A13", "202601031030", more=[pv1()], control="S7"),
    adt("A03", "202601041100", more=[pv1(f36="1", f37="85", f45="202601041050")], control="S8"),
    adt("A31", "202601050900", pid='1||1000001^^^X9A^MR||Roe^Jo||""|9', more=["ZU8||2||2"], control="S9"),
    adt("A01", "202602010900", more=[pv1(number="7002")], control="T0"),
    adt("A11", "202602011000", more=[pv1(number="7002")], control="T1"),
    adt("A40", "202603010900", more=["MRG|1000002^^^X9A^MR"], control="T2"),
    adt("A31", "202603010900", more=["NK1|1|Doe^Al|20", "ZU8||1"], control="T3"),
)
TOLD = state(*STORY)


def test_the_story() -> None:
    first, second = TOLD.visits
    assert (first.status, first.end, wards(first)) == ("finished", "2026-01-04T10:50:00+00:00", ["W1", "W2"])
    assert first.details.discharge_destination == "85"
    assert second.status == "cancelled"
    assert TOLD.dissents[0].until is not None


@examples(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=5), few=40, many=200)
def test_any_order_and_repetition_tells_the_same(order: list[bytes], again: list[bytes]) -> None:
    assert state(*order, *again) == TOLD


@examples(st.lists(st.sampled_from(STORY), min_size=1, max_size=5), few=30)
def test_a_message_sent_again_under_another_control_id_tells_the_same(again: list[bytes]) -> None:
    resent = [content.replace(b"|P|2.4", b"-again|P|2.4") for content in again]
    assert state(*STORY, *resent) == TOLD


@given(st.sets(st.sampled_from(STORY), min_size=1))
def test_every_part_of_the_story_folds_to_sound_visits(part: set[bytes]) -> None:
    ordered = {key: event for owner, key, event in folded(sorted(part)) if owner == PATIENT}
    found = fold(PATIENT, [ordered[key] for key in sorted(ordered)], [])
    assert isinstance(found, State)
    for one in found.visits:
        assert one.status == "finished" or one.end is None
        assert not (one.start and one.end) or one.start <= one.end
        assert all(before.end == after.start for before, after in pairwise(one.stays))
