from datetime import datetime

import pytest
from hl7apy.parser import parse_message

from adapters.acute.acknowledge import CONDITIONS, Outcome, accepted, acknowledge, failed, refused
from adapters.acute.er7 import Segment, read
from adapters.acute.parse import SUPPORTED
from adapters.errors import Unreadable
from tests.unit.adapters.acute_messages import adt, pv1
from tests.unit.adapters.acute_messages import read as parse

AT = datetime.fromisoformat("2026-07-01T09:30")


def ack(message: bytes, outcome: Outcome) -> dict[str, Segment]:
    content = acknowledge(message, outcome, control_id="ACK1", at=AT)
    assert content.endswith(b"\r")
    return {segment.name: segment for segment in read(content).segments}


def outcome(message: bytes) -> Outcome:
    try:
        return accepted(parse(message).defects)
    except Unreadable as unreadable:
        return refused(unreadable.defect)


def test_an_accepted_message() -> None:
    message = adt("A02", "202601010900", control="13403891320453338089", more=[pv1()])
    told = ack(message, outcome(message))
    assert set(told) == {"MSH", "MSA"}
    msh, msa = told["MSH"], told["MSA"]
    assert [msh.value(number) for number in (3, 4, 5, 6, 7, 10, 11, 12)] == [
        "ROUTE", "ROUTE", "PAS", "X9A", "20260701093000", "ACK1", "P", "2.4",
    ]  # fmt: skip
    assert msh.raw(9) == "ACK^A02^ACK"
    assert [msa.value(number) for number in (1, 2, 3, 6)] == [
        "AA", "13403891320453338089", "Message accepted", "0",
    ]  # fmt: skip


def test_what_could_not_be_used_is_told_by_code_and_place() -> None:
    message = adt("A28", "20260101", pid="1||77^^^X9A^MR~9990000019^^^NHS||Doe^Jo")
    told = ack(message, outcome(message))
    assert told["MSA"].value(1) == "AA"
    assert told["MSA"].value(3) == "bad-check-digit PID-3"


@pytest.mark.parametrize(
    ("message", "code", "condition", "place"),
    [
        (adt("A17", "20260101"), "AR", "201", "MSH^1^9"),
        (adt("A28", "20260101").replace(b"|ADT^A28|", b"|ORU^R01|"), "AR", "200", "MSH^1^9"),
        (adt("A28", "20260101").replace(b"|P|2.4", b"|T|2.4"), "AR", "202", "MSH^1^11"),
        (adt("A28", "20260101", pid=""), "AE", "100", "^^"),
        (adt("A28", "20260101", pid="1||"), "AE", "101", "PID^1^3"),
        (adt("A40", "20260101", more=["MRG|1000001"]), "AE", "205", "MRG^1^1"),
    ],
)
def test_refused_messages(message: bytes, code: str, condition: str, place: str) -> None:
    told = ack(message, outcome(message))
    assert told["MSA"].value(1) == code
    assert told["MSA"].value(2) == "M1"
    assert told["MSA"].value(6) == condition
    assert told["ERR"].raw(1) == f"{place}^{condition}&{CONDITIONS[condition]}&HL70357"


@pytest.mark.parametrize("message", [b"", b"GET / HTTP/1.1\r\n", b"MSH", b"MSH|||||||||"])
def test_what_is_no_message_is_rejected_without_an_echo(message: bytes) -> None:
    told = ack(message, outcome(message))
    assert told["MSA"].value(1) == "AR"
    assert told["MSA"].value(2) is None


def test_a_failure_on_this_side_asks_to_send_again() -> None:
    told = ack(adt("A28", "20260101"), failed())
    assert (told["MSA"].value(1), told["MSA"].value(6)) == ("AE", "207")


def test_an_echo_with_other_delimiters_and_escapes() -> None:
    message = b"MSH#@!/%#PAS#X9A#US#X9#2026##ADT@A28#M|1^/F/#P#2.4\rPID#1##77\r"
    assert ack(message, accepted())["MSA"].value(2) == "M|1^#"


@pytest.mark.parametrize("event", sorted(SUPPORTED))
def test_hl7apy_finds_every_acknowledgement_valid(event: str) -> None:
    message = adt(event, "20260101")
    for one in (accepted(), failed()):
        parsed = parse_message(acknowledge(message, one, control_id="ACK1", at=AT).decode())
        assert parsed.name == "ACK"
        assert parsed.validate()
