import msgspec
import pytest

from adapters.acute.identifiers import is_placeholder
from adapters.acute.parse import SUPPORTED
from adapters.acute.records import Record, Replaced, Statement, Survives
from adapters.errors import Unreadable
from adapters.records import Parsed, SourcePatient
from tests.unit.adapters.acute_messages import NUMBER, OTHER_NUMBER, adt, pv1, read


def record(parsed: Parsed, position: int = 0) -> Record:
    return msgspec.json.decode(parsed.events[position].record, type=Record)


def statement(parsed: Parsed, position: int = 0) -> Statement:
    found = record(parsed, position)
    assert isinstance(found, Statement)
    return found


def codes(parsed: Parsed) -> list[tuple[str, str]]:
    return [(defect.code, defect.where) for defect in parsed.defects]


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read(content)
    assert caught.value.defect.fragment == content
    assert caught.value.defect.remedy
    return caught.value.defect.code


@pytest.mark.parametrize(
    "nhs",
    [
        f"{NUMBER}^^^NHS",
        f"{NUMBER}^^^NHS^NH",
        f"{NUMBER}^^^NHS^HN",
        f"{NUMBER}^^^NHSNBR^NHSNMBR",
        f"{NUMBER}^^^^NHS",
        f"{NUMBER}^^^^NH",
        f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}^^^NHS",
        f"{NUMBER[:3]}-{NUMBER[3:6]}-{NUMBER[6:]}^^^nhs&2.16.840.1.113883.2.1.4.1&ISO^NH",
    ],
)
def test_nhs_number_in_every_dialect(nhs: str) -> None:
    for pid in (f"1||77^^^X9A^MR~{nhs}", f"1||{nhs}~77^^^MRENTR^MEDREC"):
        parsed = read(adt("A28", "20260101", pid=pid))
        assert parsed.events[0].patient == SourcePatient("X9A", "77")
        assert statement(parsed).person.nhs_number == NUMBER
        assert parsed.defects == []


def test_a_bare_ten_digit_number_is_a_local_id() -> None:
    parsed = read(adt("A28", "20260101", pid=f"1||{NUMBER}"))
    assert parsed.events[0].patient.local_id == NUMBER
    assert statement(parsed).person.nhs_number == ""


@pytest.mark.parametrize(
    ("written", "code"),
    [("9990000019", "bad-check-digit"), ("1234567890", "bad-check-digit"), ("not known", "bad-nhs-number"),
     ("999000001", "bad-nhs-number")],
)  # fmt: skip
def test_an_unusable_nhs_number_is_a_defect_and_the_rest_is_used(written: str, code: str) -> None:
    parsed = read(adt("A01", "202601010900", pid=f"1||77^^^X9A^MR~{written}^^^NHS||Doe^Jo", more=[pv1()]))
    assert codes(parsed) == [(code, "PID-3")]
    assert parsed.defects[0].fragment == written.encode()
    said = statement(parsed)
    assert said.person.nhs_number is None
    assert said.person.names is not None
    assert said.visit is not None
    assert written not in parsed.defects[0].reason + parsed.defects[0].remedy


def test_two_different_nhs_numbers_are_used_neither() -> None:
    parsed = read(adt("A28", "20260101", pid=f"1||77^^^X9A^MR~{NUMBER}^^^NHS~{OTHER_NUMBER}^^^NHS"))
    assert codes(parsed) == [("several-nhs-numbers", "PID-3")]
    assert statement(parsed).person.nhs_number is None


@pytest.mark.parametrize(
    ("pid_32", "status"),
    [("NSTS01", "01"), ("UD~NSTS02", "02"), ("NSTS08~NSTS01", "08"), ("", None), ("UD", ""), ("NSTS77", "")],
)
def test_verification_status_comes_from_pid_32(pid_32: str, status: str | None) -> None:
    pid = f"1||77^^^X9A^MR~{NUMBER}^^^NHS" + "|" * 29 + pid_32
    assert statement(read(adt("A28", "20260101", pid=pid))).person.nhs_number_status == status


@pytest.mark.parametrize("digit", "013456789")  # 2222222222 is no possible Scottish number
def test_placeholders_pass_the_check_digit_and_are_never_verified(digit: str) -> None:
    assert is_placeholder(digit * 10)
    pid = f"1||77^^^X9A^MR~{digit * 10}^^^NHS" + "|" * 29 + "NSTS01"
    assert statement(read(adt("A28", "20260101", pid=pid))).person.nhs_number_status == "02"


def test_an_unknown_identity_is_never_verified() -> None:
    pid = f"1||77^^^X9A^MR~{NUMBER}^^^NHS" + "|" * 28 + "Y|NSTS01"
    assert statement(read(adt("A28", "20260101", pid=pid))).person.nhs_number_status == "02"


def test_a_status_without_a_usable_number_says_nothing() -> None:
    pid = "1||77^^^X9A^MR~9990000019^^^NHS" + "|" * 29 + "NSTS01"
    assert statement(read(adt("A28", "20260101", pid=pid))).person.nhs_number_status is None


@pytest.mark.parametrize(
    ("pid_3", "local_id"),
    [
        ("8001^^^X9A^MR~8002^^^OLD^XX", "8001"),
        ("8002^^^OLD^XX~8001^^^X9A^MR", "8001"),
        ("40800000^^^MRENTR^MEDREC", "40800000"),
        ("123456789^^^USSSA^SS~555^^^PAS", "555"),
        (f"{NUMBER}^^^NHS", f"nhs:{NUMBER}"),
        ("8001^^^X9A01^MR", "8001^^^X9A01"),
        ("8001^^^x9a02^MR", "8001^^^X9A02"),
        ("8001^^^Infirmary PAS^MR", "8001^^^INFIRMARY"),
    ],
)
def test_local_id(pid_3: str, local_id: str) -> None:
    assert read(adt("A28", "20260101", pid=f"1||{pid_3}||Doe^Jo")).events[0].patient.local_id == local_id


def test_a_placeholder_without_mrn_never_joins_two_people() -> None:
    def local_id(name: str) -> str:
        return read(adt("A28", "20260101", pid=f"1||3333333333^^^NHS||{name}")).events[0].patient.local_id

    assert local_id("Doe^Jo") == local_id("DOE^JO") != local_id("Roe^Jo")
    assert local_id("Doe^Jo").startswith("nhs:3333333333:")
    assert "Doe" not in local_id("Doe^Jo")
    for nameless in ("", "Unknown^Jo", "Doe"):
        assert refusal(adt("A28", "20260101", pid=f"1||3333333333^^^NHS||{nameless}")) == "no-patient-id"


@pytest.mark.parametrize("pid", ["1||", "1||||Doe^Jo", '1||""', "1||9990000019^^^NHS||Doe^Jo", "1||123^^^USSSA^SS"])
def test_without_any_patient_id_a_message_is_refused(pid: str) -> None:
    assert refusal(adt("A28", "20260101", pid=pid)) == "no-patient-id"


def test_refusals() -> None:
    assert refusal(adt("A28", "20260101", pid="")) == "no-pid"
    assert refusal(adt("A17", "20260101")) == "unsupported-event"
    assert refusal(adt("A40", "20260101")) == "no-mrg"
    assert refusal(adt("A40", "20260101", more=["MRG|"])) == "no-patient-id"
    assert refusal(adt("A40", "20260101", more=["MRG|1000001^^^X9A^MR"])) == "merge-with-itself"
    assert refusal(adt("A28", "20260101").replace(b"|ADT^A28|", b"|ORU^R01|")) == "unsupported-message-type"
    for processing in (b"T", b"D", b"t"):
        assert refusal(adt("A28", "20260101").replace(b"|P|2.4", b"|" + processing + b"|2.4")) == "not-production"


def test_the_trigger_event_is_that_of_msh_9_and_of_evn_only_without_it() -> None:
    content = adt("A03", "20260101", more=[pv1()]).replace(b"EVN|", b"EVN|A01")
    assert statement(read(content)).event == "A03"
    assert statement(read(content.replace(b"ADT^A03", b"ADT"))).event == "A01"


@pytest.mark.parametrize(
    ("facility", "organisation"),
    [("RCB", "RCB"), ("RCB55", "RCB"), ("x9z", "X9Z"), ("", "X9A"), ("UCLH", "X9A"), ("General Hospital", "X9A")],
)
def test_the_organisation_is_that_of_msh_4_when_it_is_an_ods_code(facility: str, organisation: str) -> None:
    content = adt("A28", "20260101").replace(b"|PAS|X9A|", f"|PAS|{facility}|".encode())
    assert read(content, sender="X9A").events[0].patient.organisation == organisation


@pytest.mark.parametrize("event", sorted(SUPPORTED - {"A34", "A40", "A47"}))
def test_movements_are_ordered_by_occurrence_and_the_rest_by_recording(event: str) -> None:
    parsed = read(adt(event, "202607010900", recorded="202607011000", sent="202607011001", more=[pv1()]))
    moved = event in {"A01", "A02", "A03", "A04", "A05", "A06", "A07", "A21", "A22"}
    assert parsed.events[0].at == ("2026-07-01T08:00:00.000000Z" if moved else "2026-07-01T09:00:00.000000Z")
    assert parsed.events[0].sent == "2026-07-01T09:01:00.000000Z"


def test_times_stand_in_for_each_other() -> None:
    def times(content: bytes) -> tuple[str, str]:
        event = read(content).events[0]
        return event.at, event.sent

    head = "MSH|^~\\&|PAS|X9A|||{}||ADT^A01|M1|P|2.4"
    assert times(adt("A01", "", recorded="", msh=head.format("20260701100100"))) == (
        "2026-07-01T09:01:00.000000Z",
        "2026-07-01T09:01:00.000000Z",
    )
    assert times(adt("A01", "", recorded="202601010900", msh=head.format(""))) == (
        "2026-01-01T09:00:00.000000Z",
        "2026-01-01T09:00:00.000000Z",
    )
    assert times(adt("A01", "", msh=head.format(""))) == (
        "2026-11-01T12:00:00.000000Z",
        "2026-11-01T12:00:00.000000Z",
    )


@pytest.mark.parametrize(
    ("written", "birth"),
    [
        ("19651213", "1965-12-13"),
        ("196512131515", "1965-12-13T15:15:00+00:00"),
        ("19890118000000", "1989-01-18"),
        ("196506130000+0000", "1965-06-13"),
        ("196506132330-0500", "1965-06-13"),
        ("1965", "1965"),
        ("196512", "1965-12"),
    ],
)
def test_a_birth_date_is_its_first_eight_digits(written: str, birth: str) -> None:
    assert statement(read(adt("A28", "20260101", pid=f"1||77||Doe^Jo||{written}"))).person.birth_date == birth


@pytest.mark.parametrize("written", ["196513121515", "19650230", "12/03/1965", "00000000", "1965121", "18010101"])
def test_an_impossible_birth_date_is_a_defect_and_the_rest_is_used(written: str) -> None:
    parsed = read(adt("A28", "20260101", pid=f"1||77||Doe^Jo||{written}|2"))
    assert codes(parsed) == [("bad-time", "PID-7")]
    assert statement(parsed).person.birth_date is None
    assert statement(parsed).person.sex == "2"


def test_impossible_envelope_times_are_defects_and_another_time_orders() -> None:
    parsed = read(adt("A01", "20261301", recorded="202601010900", sent="yesterday", more=[pv1(f44="20260199")]))
    assert codes(parsed) == [("bad-time", "MSH-7"), ("bad-time", "EVN-6"), ("bad-time", "PV1-44")]
    assert parsed.events[0].at == "2026-01-01T09:00:00.000000Z"


def test_a_death_that_is_contradicted_is_a_defect_and_the_time_is_used() -> None:
    pid = "1||77||Doe^Jo" + "|" * 24 + "202601020304|N"
    parsed = read(adt("A31", "20260103", pid=pid))
    assert codes(parsed) == [("death-contradicted", "PID-30")]
    assert statement(parsed).person.died == "2026-01-02T03:04:00+00:00"


def test_a_visit_event_without_a_visit_still_says_who_the_person_is() -> None:
    parsed = read(adt("A01", "202601010900", more=[pv1(number="")]))
    assert codes(parsed) == [("no-visit-number", "PV1-19")]
    assert statement(parsed).visit is None
    assert codes(read(adt("A01", "202601010900"))) == [("no-pv1", "PV1")]


@pytest.mark.parametrize("event", ["A28", "A31"])
def test_a_person_event_has_no_visit(event: str) -> None:
    parsed = read(adt(event, "202601010900", more=[pv1(f2="N")]))
    assert statement(parsed).visit is None
    assert parsed.defects == []


def test_ward_dialects() -> None:
    def place(pv1_3: str) -> tuple[str, str, str, str]:
        visit = statement(read(adt("A01", "202601010900", more=[pv1(f3=pv1_3)]))).visit
        assert visit is not None
        assert visit.place is not None
        return visit.place.ward, visit.place.room, visit.place.bed, visit.place.site

    assert place("RCB^OBS1^BAY2-6^RCB55") == ("OBS1", "", "BAY2-6", "RCB55")
    assert place("West Wing^RCB-AWRD^BED2^RCB55") == ("RCB-AWRD", "", "BED2", "RCB55")
    assert place("ED^^^RCB55") == ("ED", "", "", "RCB55")
    assert place("T11E^T11E BY02^BY02-25^U^R") == ("T11E", "T11E BY02", "BY02-25", "")
    assert place("RenalWard^MainRoom^Bed 1^Simulated Hospital") == ("RenalWard", "MainRoom", "Bed 1", "")


def test_one_doctor_under_several_ids_is_one_doctor_with_the_national_code() -> None:
    same = "HB^BADGER^HONEY~C1111111^BADGER^HONEY~752^BADGER^HONEY"
    visit = statement(read(adt("A01", "202601010900", more=[pv1(f7=same, f9=f"{same}~C2222222^OTTER^OLIVE")]))).visit
    assert visit is not None
    assert visit.attending is not None
    assert visit.attending.id == "C1111111"
    assert [doctor.id for doctor in visit.consulting or ()] == ["C1111111", "C2222222"]


def test_a_merge_is_two_events_per_pair() -> None:
    more = ["MRG|1000002^^^X9A^MR", "PID|1||1000003^^^X9A^MR", "MRG|1000004"]
    parsed = read(adt("A40", "202601010900", more=more))
    assert [event.patient.local_id for event in parsed.events] == ["1000001", "1000002", "1000003", "1000004"]
    kept, gone = record(parsed, 0), record(parsed, 1)
    assert isinstance(kept, Survives)
    assert (kept.discarded, kept.identifiers[0].value) == ("1000002", "1000002")
    assert isinstance(gone, Replaced)
    assert gone.survivor == "1000001"


def test_in_a_batch_only_the_broken_message_is_left_out() -> None:
    good, other = adt("A28", "20260101", control="M1"), adt("A31", "20260102", control="M3")
    broken = adt("A28", "20260101", pid="1||", control="M2")
    parsed = read(b"BHS|^~\\&|PAS\r" + good + broken + other + b"BTS|3\r")
    assert [statement(parsed, position).event for position in range(2)] == ["A28", "A31"]
    assert codes(parsed) == [("no-patient-id", "message 2, PID-3")]
    assert parsed.defects[0].fragment == broken


LOCAL = ("ZPD|1|x^y~z|", "ZUK|y", "OBX|1|TX|a||b\\T\\c")


def test_segments_that_are_not_read_change_nothing_and_are_kept_as_they_came() -> None:
    plain, noisy = statement(read(adt("A28", "20260101"))), statement(read(adt("A28", "20260101", more=LOCAL)))
    assert noisy == msgspec.structs.replace(plain, kept=LOCAL)


def test_what_is_kept_of_a_message_with_other_delimiters_has_the_usual_ones() -> None:
    content = b"MSH#@!/%#PAS#X9A###2026##ADT@A28#M1#P#2.4\rPID#1##77\rZZZ#1#a@b!c%d#/F/ | ^ //E/\r"
    assert statement(read(content)).kept == ("ZZZ|1|a^b~c&d|# \\F\\ \\S\\ //",)


@pytest.mark.parametrize(
    ("line", "kept"),
    [("ZU3|||3|1||||||||1", False), ("ZU3|004||3", True), ("ZU1||||||||||||||||||||||Y||202601020900", False)],
)
def test_a_national_segment_is_kept_where_it_says_more_than_is_read(line: str, kept: bool) -> None:
    said = statement(read(adt("A08", "20260101", more=[pv1(), line])))
    assert said.kept == ((line,) if kept else ())
    in_person_event = statement(read(adt("A31", "20260101", more=["PV1||N", line])))
    assert in_person_event.kept == (line,)
