"""What each trigger event does to a visit or a person, beside admission, transfer and discharge."""

import msgspec
import pytest
from hypothesis import strategies as st

from adapters.acute.records import Record, Replaced, State, Statement, Survives, VisitState
from adapters.records import SourcePatient
from tests.unit.adapters.acute_messages import NUMBER, OTHER_NUMBER, adt, folded, pv1, read, state
from tests.unit.adapters.examples import examples

WARD_1, WARD_2 = "X9A^W1^B1^X9A01", "X9A^W2^B2^X9A01"


def visit(*envelopes: bytes) -> VisitState:
    (only,) = state(*envelopes).visits
    return only


def move(event: str, at: str, *more: str, recorded: str = "", **fields: str) -> bytes:
    return adt(event, at, recorded=recorded, more=[pv1(**fields), *more])


ADMITTED = move("A01", "202601010900", f3=WARD_1)


def test_an_outpatient_becomes_an_inpatient_and_an_outpatient_again() -> None:
    clinic = move("A04", "202601010900", f2="O")
    kept_in = move("A06", "202601011100", f2="I", f3=WARD_1)
    sent_home = move("A07", "202601011500", f2="O")
    assert (visit(clinic, kept_in).status, visit(clinic, kept_in).details.patient_class) == ("in-progress", "I")
    found = visit(clinic, kept_in, sent_home)
    assert [(span.patient_class, span.start[11:16], (span.end or "")[11:16]) for span in found.classes] == [
        ("O", "09:00", "11:00"),
        ("I", "11:00", "15:00"),
        ("O", "15:00", ""),
    ]
    assert [stay.place.ward for stay in found.stays] == ["W1"]
    assert visit(clinic).classes == ()
    assert visit(kept_in).status == "in-progress"


def test_a_change_of_class_is_no_change_where_an_a08_only_corrects() -> None:
    correction = move("A08", "202601011000", f2="I")
    found = visit(move("A04", "202601010900", f2="E"), correction)
    assert (found.classes, found.details.patient_class) == ((), "I")


def test_leave_of_absence_and_return() -> None:
    left, back = move("A21", "202601031000"), move("A22", "202601041800")
    assert visit(ADMITTED, left).status == "onleave"
    assert visit(ADMITTED, left, back).status == "in-progress"
    assert visit(ADMITTED, left, move("A52", "202601031100")).status == "in-progress"
    in_bed = move("A21", "202601031000", f3=WARD_1), move("A52", "202601031100", f3=WARD_1)
    assert visit(ADMITTED, *in_bed).status == "in-progress"
    assert visit(ADMITTED, left, back, move("A53", "202601041900")).status == "onleave"
    again = move("A21", "202601101000")
    assert visit(ADMITTED, left, back, again).status == "onleave"
    assert visit(ADMITTED, left, back, again, move("A52", "202601101100")).status == "in-progress"
    assert visit(ADMITTED, left, move("A03", "202601061000")).status == "finished"
    assert visit(left).status == "onleave"


def test_a_leave_that_is_entered_late_is_where_it_happened() -> None:
    late = move("A21", "202601031000", recorded="202601060900")
    assert visit(ADMITTED, late, move("A22", "202601041800")).status == "in-progress"


def test_the_same_cancel_sent_twice_takes_one_leave_back() -> None:
    first, second = move("A21", "202601031000"), move("A21", "202601051000")
    cancel = move("A52", "202601051100")
    later = move("A52", "202601051100", recorded="202601051200")
    assert visit(ADMITTED, first, second, cancel, later).status == "onleave"
    assert visit(ADMITTED, first, second, cancel, move("A52", "202601051130")).status == "in-progress"


def test_a_cancel_that_says_when_the_transfer_was_takes_back_that_one() -> None:
    first, second = move("A02", "202601021000", f3=WARD_2), move("A02", "202601031000", f3="X9A^W3^B3^X9A01")
    cancel = move("A12", "202601021000", recorded="202601040900", f3=WARD_1)
    assert [one.place.ward for one in visit(ADMITTED, first, second, cancel).stays] == ["W1", "W3"]
    early = move("A12", "202601031000", recorded="202601010901", f3=WARD_2)
    assert [one.place.ward for one in visit(ADMITTED, first, second, early).stays] == ["W1", "W2"]


@pytest.mark.parametrize(("pending", "cancel"), [("A05", "A38"), ("A14", "A27")])
def test_a_pending_admission(pending: str, cancel: str) -> None:
    planned = move(pending, "202601010900", "PV2||||||||202601100800", f2="P")
    assert (visit(planned).status, visit(planned).start) == ("planned", "2026-01-10T08:00:00+00:00")
    assert visit(planned, move(cancel, "202601020900")).status == "cancelled"
    assert visit(planned, move(cancel, "202601020900"), move(pending, "202601030900")).status == "planned"
    assert visit(planned, move("A01", "202601100815")).status == "in-progress"


def test_a_pending_admission_of_somebody_who_is_here_changes_no_status() -> None:
    assert visit(ADMITTED, move("A14", "202601020900", "PV2||||||||202601100800")).status == "in-progress"


def test_a_pending_transfer() -> None:
    pending = move("A15", "202601020900", f3=WARD_1, f42=WARD_2)
    found = visit(ADMITTED, pending)
    assert found.details.pending_place is not None
    assert found.details.pending_place.ward == "W2"
    assert [stay.place.ward for stay in found.stays] == ["W1"]
    for over in (move("A26", "202601021000", f42=WARD_2), move("A02", "202601021000", f3=WARD_2)):
        assert visit(ADMITTED, pending, over).details.pending_place is None
    assert visit(pending).status == "in-progress"


def test_a_pending_discharge() -> None:
    pending = move("A16", "202601020900", "PV2|||||||||202601051200")
    assert visit(ADMITTED, pending).details.expected_discharge == "2026-01-05T12:00:00+00:00"
    assert visit(ADMITTED, pending).status == "in-progress"
    cancel = move("A25", "202601030900", "PV2|||||||||202601051200")
    assert visit(ADMITTED, pending, cancel).details.expected_discharge is None
    assert visit(ADMITTED, pending, cancel, pending).details.expected_discharge is None


@pytest.mark.parametrize(
    ("attended", "status"), [("2", "cancelled"), ("3", "cancelled"), ("4", "cancelled"), ("7", "cancelled"),
                             ("5", "in-progress"), ("6", "in-progress"), ('""', "planned")],
)  # fmt: skip
def test_whether_somebody_attended_an_appointment(attended: str, status: str) -> None:
    planned = move("A05", "202601010900", f2="O")
    assert visit(planned, move("A08", "202601100900", f"ZU3|||{attended}", f2="O")).status == status


def test_an_outcome_of_attendance_finishes_an_outpatient_visit_and_no_stay() -> None:
    seen = "ZU3|||5|1"
    arrived = move("A04", "202601010900", f2="O")
    assert visit(arrived, move("A08", "202601011000", seen, f2="O")).status == "finished"
    assert visit(ADMITTED, move("A08", "202601011000", seen)).status == "in-progress"
    assert visit(ADMITTED, move("A08", "202601011000", "ZU3|||3")).status == "in-progress"


def test_a_waiting_list_entry_is_planned_until_it_is_removed() -> None:
    waiting = move("A05", "202601010900", "ZU4||20251201||||202602010800", f2="W")
    assert (visit(waiting).status, visit(waiting).start) == ("planned", "2026-02-01T08:00:00+00:00")
    removed = move("A08", "202601020900", "ZU4|||||||||4|20260102", f2="W")
    assert visit(waiting, removed).status == "cancelled"
    assert visit(waiting, removed, move("A08", "202601030900", 'ZU4|||||||||""|""', f2="W")).status == "planned"
    assert visit(waiting, removed, move("A01", "202602010900")).status == "in-progress"


def test_discharge_planning() -> None:
    fit = move("A08", "202601020900", "ZU1||||||||||||||||||||||Y||202601021000")
    details = visit(ADMITTED, fit).details
    assert (details.medically_fit, details.ready_for_discharge) == ("Y", "2026-01-02T10:00:00+00:00")


@pytest.mark.parametrize(
    ("patient_class", "method", "dead"),
    [
        ("E", "4", False),
        ("E", "04", False),
        ("E", "10", True),
        ("ED", "4", False),
        ("I", "4", True),
        ("I", "10", False),
    ],
)
def test_a_code_of_the_discharge_means_what_it_means_for_that_class(
    patient_class: str, method: str, dead: bool
) -> None:
    arrival = move("A04", "202601010900", f2=patient_class)
    assert state(arrival, move("A03", "202601011300", f2=patient_class, f36=method)).dead is dead


def test_diagnoses_are_a_snapshot_of_the_visit() -> None:
    def said(at: str, *dg1: str) -> bytes:
        return move("A08", at, *dg1)

    two = said("202601020900", "DG1|1||J44.1^COPD^I10||202601020830|W", "DG1|2|I10|I50|Heart failure||F")
    found = visit(ADMITTED, two).details.diagnoses or ()
    assert [(one.code.code, one.code.text, one.code.system, one.type) for one in found] == [
        ("J44.1", "COPD", "I10", "W"),
        ("I50", "Heart failure", "I10", "F"),
    ]
    assert len(visit(ADMITTED, two, said("202601030900")).details.diagnoses or ()) == 2
    assert len(visit(ADMITTED, two, said("202601030900", "DG1|1||J18^^I10")).details.diagnoses or ()) == 1
    assert visit(ADMITTED, two, said("202601030900", 'DG1|1||""')).details.diagnoses == ()


def allergens(*envelopes: bytes) -> list[str]:
    return [one.allergen.text for one in state(*envelopes).person.allergies or ()]


def test_allergies_are_a_snapshot_in_al1_and_changes_in_iam() -> None:
    listed = adt("A31", "202601010900", more=["AL1|1|DA|^Penicillin|SV|Rash~Wheeze", "AL1|2|FA|^Nuts"])
    assert allergens(listed) == ["Penicillin", "Nuts"]
    assert allergens(listed, adt("A31", "202601020900")) == ["Penicillin", "Nuts"]
    assert allergens(listed, adt("A31", "202601020900", more=["AL1|1|DA|^Latex"])) == ["Latex"]
    assert allergens(listed, adt("A31", "202601020900", more=['AL1|1||""'])) == []
    added = adt("A60", "202601030900", more=["IAM|1|DA|^Tramadol|||A|77", "IAM|2|FA|^nuts|||D"])
    assert allergens(listed, added) == ["Penicillin", "Tramadol"]
    changed = adt("A60", "202601040900", more=["IAM|1|DA|^Tramadol 50mg|||U|77"])
    assert allergens(listed, added, changed) == ["Penicillin", "Tramadol 50mg"]
    deleted = adt("A60", "202601050900", more=["IAM|1||||| D|77"])
    assert allergens(listed, added, changed, deleted) == ["Penicillin"]
    penicillin = (state(listed).person.allergies or ())[0]
    assert (penicillin.severity.code, penicillin.reactions) == ("SV", ("Rash", "Wheeze"))


def test_an_allergy_that_al1_listed_is_changed_and_deleted_by_an_iam_that_has_an_id() -> None:
    listed = adt("A31", "202601010900", more=["AL1|1|DA|372687004^Amoxicillin^SCT", "AL1|2|FA|^Nuts"])
    changed = adt("A60", "202601030900", more=["IAM|1|DA|372687004^Amoxicillin^SCT|SV||U|77"])
    deleted = adt("A60", "202601040900", more=["IAM|1|DA|372687004^Amoxicillin^SCT|||D|77"])
    without_id = adt("A60", "202601040900", more=["IAM|1|DA|372687004^Amoxicillin^SCT|||D"])
    assert allergens(listed, changed) == ["Nuts", "Amoxicillin"]
    assert allergens(listed, deleted) == allergens(listed, changed, deleted) == ["Nuts"]
    assert allergens(listed, changed, without_id) == ["Nuts"]


def test_an_allergy_that_was_an_error_is_none() -> None:
    listed = adt("A31", "202601010900", more=["AL1|1|DA|^Penicillin"])
    error = adt("A60", "202601030900", more=["IAM|1|DA|^Penicillin|||U|77||||||||||E^Erroneous"])
    assert allergens(listed, error) == []


def test_a_diagnosis_that_is_marked_as_deleted_is_none() -> None:
    said = adt("A08", "202601020900", more=[pv1(), "DG1|1||E11^Diabetes^I10||20260101|F", "DG1|2||I21^^I10"])
    gone = adt(
        "A08", "202601030900", more=[pv1(), "DG1|1||E11^Diabetes^I10||20260101|F" + "|" * 15 + "D", "DG1|2||I21^^I10"]
    )
    assert [one.code.code for one in visit(ADMITTED, said).details.diagnoses or ()] == ["E11", "I21"]
    assert [one.code.code for one in visit(ADMITTED, said, gone).details.diagnoses or ()] == ["I21"]


MERGE, CHAIN = "1||2^^^X9A^MR||WRONG^NAME", "1||3^^^X9A^MR"


@pytest.mark.parametrize("event", ["A40", "A34"])
def test_merges_of_unknown_ids_chains_and_later_messages(event: str) -> None:
    story = (
        adt("A28", "202601010900", pid="1||1^^^X9A^MR||First^Jo"),
        adt(event, "202601020900", pid=MERGE, more=["MRG|1^^^X9A^MR", "ZZZ|x"]),
        adt(event, "202601030900", pid=CHAIN, more=["MRG|2^^^X9A^MR"]),
        adt("A31", "202601040900", pid="1||1^^^X9A^MR||Later^Jo"),
    )
    one, two, three = (state(*story, patient=SourcePatient("X9A", mrn)) for mrn in "123")
    assert (one.replaced_by, two.replaced_by, three.replaced_by) == ("2", "3", None)
    assert [[merge.discarded for merge in found.survives] for found in (one, two, three)] == [[], ["1"], ["2"]]
    assert two.survives[0].kept == ("ZZZ|x",)
    assert (one.person.names or ())[0].family == "Later"
    assert (two.person.names, three.person.names) == (None, None)


def records(content: bytes) -> list[tuple[str, Record]]:
    parsed = read(content)
    assert parsed.defects == []
    return [(one.patient.local_id, msgspec.json.decode(one.record, type=Record)) for one in parsed.events]


def test_an_id_correction_replaces_the_record_under_the_wrong_id_and_states_the_right_ones() -> None:
    correction = adt("A47", "202601020900", pid=f"1||2^^^X9A^MR~{NUMBER}^^^NHS||WRONG", more=["MRG|1^^^X9A^MR"])
    (right, said), (_, kept), (wrong, gone) = records(correction)
    assert (right, wrong) == ("2", "1")
    assert isinstance(said, Statement)
    assert (said.person.nhs_number, said.person.names) == (NUMBER, None)
    assert isinstance(kept, Survives)
    assert isinstance(gone, Replaced)
    assert (kept.discarded, gone.survivor) == ("1", "2")


def test_an_id_correction_to_an_id_that_is_in_use_is_a_merge_in_any_order() -> None:
    used = adt("A28", "202601010900", pid="1||2^^^X9A^MR||Doe^Jo")
    correction = adt("A47", "202601020900", pid="1||2^^^X9A^MR", more=["MRG|1^^^X9A^MR"])
    found = state(used, correction, patient=SourcePatient("X9A", "2"))
    assert [one.discarded for one in found.survives] == ["1"]
    assert (found.person.names or ())[0].family == "Doe"
    assert state(correction, used, patient=SourcePatient("X9A", "2")) == found


def test_an_id_correction_of_the_nhs_number_alone_joins_nobody() -> None:
    before = adt("A28", "202601010900", pid=f"1||1^^^X9A^MR~{NUMBER}^^^NHS||Doe^Jo" + "|" * 27 + "NSTS01")
    ids = f"1^^^X9A^MR~{OTHER_NUMBER}^^^NHS", f"1^^^X9A^MR~{NUMBER}^^^NHS"
    correction = adt("A47", "202601020900", pid=f"1||{ids[0]}", more=[f"MRG|{ids[1]}"])
    found: State = state(before, correction, patient=SourcePatient("X9A", "1"))
    assert (found.person.nhs_number, found.person.nhs_number_status) == (OTHER_NUMBER, None)
    assert (found.survives, found.replaced_by) == ((), None)
    assert (found.person.names or ())[0].family == "Doe"
    assert {owner.local_id for owner, _, _ in folded([before, correction])} == {"1"}


PENDING = "PV2|||||||||202601051200"
STORY = (
    adt("A28", "202512010900", pid=f"1||1000001^^^X9A^MR~{NUMBER}^^^NHS||Doe^Jo", more=["AL1|1|DA|^Penicillin|SV"]),
    move("A04", "202601010800", "DG1|1||R07^Chest pain^I10|||W", "ZPD|1", f2="E", f3="X9A^ED^^X9A01"),
    move("A06", "202601010900", recorded="202601011000", f2="I", f3=WARD_1),
    move("A15", "202601011100", f42=WARD_2),
    move("A26", "202601011200", f42=WARD_2),
    move("A16", "202601020900", PENDING),
    move("A21", "202601021000", recorded="202601040900"),
    move("A22", "202601030900"),
    move("A53", "202601030930"),
    move("A52", "202601040930"),
    move("A25", "202601040940", PENDING),
    move("A08", "202601041000", "DG1|1||I21^Heart attack^I10|||F", "ZU1||||||||||||||||||||||N"),
    move("A07", "202601041100", f2="O"),
    move("A05", "202601050900", "ZU4||||||202603010800", number="7002", f2="W"),
    move("A08", "202601060900", "ZU3|||3", number="7002", f2="W"),
    adt("A60", "202601060900", more=["IAM|1|DA|^Tramadol|||A|77"]),
    adt("A31", "202601070900", more=["AL1|1|DA|^Penicillin|SV", "AL1|2|FA|^Nuts"]),
    adt("A60", "202601080900", more=["IAM|1|FA|^Nuts|||D"]),
    adt("A40", "202601090900", more=["MRG|1000002^^^X9A^MR"]),
    adt("A47", "202601100900", pid=f"1||1000001^^^X9A^MR~{OTHER_NUMBER}^^^NHS", more=["MRG|1000001^^^X9A^MR"]),
)
TOLD = state(*STORY)


def test_the_story() -> None:
    first, second = TOLD.visits
    assert (first.status, [span.patient_class for span in first.classes]) == ("in-progress", ["E", "I", "O"])
    assert [one.code.code for one in first.details.diagnoses or ()] == ["I21"]
    assert (first.details.expected_discharge, first.details.pending_place) == (None, None)
    assert second.status == "cancelled"
    assert [one.allergen.text for one in TOLD.person.allergies or ()] == ["Penicillin"]
    assert TOLD.person.nhs_number == OTHER_NUMBER
    assert [one.discarded for one in TOLD.survives] == ["1000002"]


@examples(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=6), few=30, many=200)
def test_any_order_and_repetition_tells_the_same(order: list[bytes], again: list[bytes]) -> None:
    assert state(*order, *again) == TOLD


@examples(st.permutations(STORY), st.integers(1, 8), few=20)
def test_any_way_to_put_the_messages_into_files_tells_the_same(order: list[bytes], size: int) -> None:
    files = [b"".join(order[start : start + size]) for start in range(0, len(order), size)]
    assert state(*files) == TOLD
