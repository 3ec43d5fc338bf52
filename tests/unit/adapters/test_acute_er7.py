import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.acute.er7 import Delimiters, escape, read, split, unescape
from adapters.errors import Unreadable
from tests.unit.adapters.examples import examples

ODD = Delimiters("#", "@", "!", "/", "%")


@examples(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])), st.sampled_from([Delimiters(), ODD]), few=40
)
def test_escaped_text_comes_back_and_holds_no_delimiter(text: str, delimiters: Delimiters) -> None:
    written = escape(text, delimiters)
    assert unescape(written, delimiters) == text
    for mark in (delimiters.field, delimiters.component, delimiters.repetition, delimiters.subcomponent):
        assert mark not in written


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"A\T\E", "A&E"),
        (r"\X4869\!", "Hi!"),
        (r"\Xc3a9\t\Xe9\ ", "été "),
        (r"\H\loud\N\ voice", "loud voice"),
        (r"line\.br\line", "line\nline"),
        (r"C:\temp", r"C:\temp"),
        ("ends with \\", "ends with \\"),
        (r"\Q9\ unknown", r"\Q9\ unknown"),
        (r"\XZZ\ no hex", r"\XZZ\ no hex"),
    ],
)
def test_escape_sequences(written: str, meant: str) -> None:
    assert unescape(written, Delimiters()) == meant


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("tail", ["", "  ", "|||"])
def test_line_ends_trailing_blanks_and_a_missing_last_line_end(line_end: str, tail: str) -> None:
    content = line_end.join([f"MSH|^~\\&|PAS|X9A{tail}", f"PID|1||77^^^X9A^MR{tail}"]).encode()
    message = read(content)
    pid = message.first("PID")
    assert [segment.name for segment in message.segments] == ["MSH", "PID"]
    assert pid is not None
    assert pid.value(3) == "77"
    assert message.segments[0].value(4) == "X9A"
    assert message.defects == []


def test_delimiters_are_those_of_the_message() -> None:
    message = read(b"MSH#@!/%#PAS#X9A\rPID#1##77@@@X9A@MR!78@@@X9A@MR%sub##O/F/Hara@Pat\r")
    pid = message.first("PID")
    assert pid is not None
    assert [one.part(1) for one in pid.repetitions(3) or ()] == ["77", "78"]
    assert (pid.repetitions(3) or ())[1].part(5) == "MR"
    assert pid.value(5) == "O#Hara"


@pytest.mark.parametrize(
    "content", [b"MSH", b"MSHA^~\\&|PAS", b"MSH|^^~\\&|PAS", b"MSH| ~\\&|", b"MSH\x01^~\\&\x01PAS"]
)
def test_unusable_delimiters_are_refused(content: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read(content)
    assert caught.value.defect.code == "bad-delimiters"
    assert caught.value.defect.fragment == content


def test_an_empty_msh_2_means_the_recommended_delimiters() -> None:
    assert read(b"MSH||PAS|X9A").segments[0].delimiters == Delimiters()


def test_null_is_not_empty() -> None:
    pid = read(b'MSH|^~\\&|\rPID|||""|""~""|a~""~b||""^""|^^|\r').first("PID")
    assert pid is not None
    assert pid.value(1) is None
    assert pid.value(3) == ""
    assert pid.repetitions(3) == ()
    assert pid.repetitions(4) == ()
    assert [one.part(1) for one in pid.repetitions(5) or ()] == ["a", "b"]
    assert pid.repetitions(6) is None
    assert pid.repetitions(7) == ()
    assert pid.repetitions(8) == ()
    assert pid.repetitions(99) is None


@pytest.mark.parametrize(
    ("declared", "content", "codec"),
    [
        ("UNICODE", "Zoë", "utf-8"),
        ("UNICODE UTF-8", "Łukasz", "utf-8"),
        ("", "Zoë", "utf-8"),
        ("ASCII", "Zoe", "ascii"),
        ("8859/1", "Zoë’s", "cp1252"),
        ("8859/2", "Łukasz", "iso8859-2"),
        ("8859/7", "Νίκος", "iso8859-7"),
        ("WINDOWS-1252", "Zoë’s", "cp1252"),
        ("UNICODE~ISO IR87", "Zoë", "utf-8"),
        ("8859/15", "€", "iso8859-15"),
    ],
)
def test_character_sets(declared: str, content: str, codec: str) -> None:
    head = f"MSH|^~\\&|PAS|X9A||||||||||||||{declared}\r".encode()
    message = read(head + b"PID|" + content.encode(codec))
    assert message.segments[1].value(1) == content
    assert message.defects == []


@pytest.mark.parametrize(
    ("declared", "codec", "text"),
    [
        ("UNICODE", "cp1252", "Zoë"),
        ("KLINGON", "utf-8", "Zoë"),
        ("", "cp1252", "Zoë’s"),
        ("ASCII", "utf-8", "Zoë"),
        ("ASCII", "cp1252", "Zoë"),
        ("8859/1", "utf-8", "Zoë"),
        ("8859/2", "utf-8", "Łukasz"),
        ("8859/1", "latin-1", "\x81Zoë"),
    ],
)
def test_a_wrong_character_set_is_a_defect_and_the_text_is_kept(declared: str, codec: str, text: str) -> None:
    head = f"MSH|^~\\&|PAS|X9A||||||||||||||{declared}\r".encode()
    message = read(head + b"PID|" + text.encode(codec))
    assert message.segments[1].value(1) == text
    assert [(defect.code, defect.where) for defect in message.defects] == [("bad-character-set", "MSH-18")]


def test_control_characters_never_reach_a_value() -> None:
    assert read(b"MSH|^~\\&|\rPID|a\x01b\x1fc\\X0007\\d\te\r").segments[1].value(1) == "abcd\te"


def test_a_line_that_is_no_segment_is_a_defect_with_its_bytes() -> None:
    message = read(b"MSH|^~\\&|\rPID|1\ra line end inside a field\rPV1|1\r")
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "PV1"]
    assert [(defect.code, defect.fragment) for defect in message.defects] == [
        ("bad-segment", b"a line end inside a field")
    ]


def test_split_takes_framing_byte_order_mark_and_batch_headers() -> None:
    batch = b"FHS|^~\\&|PAS\rBHS|^~\\&|PAS\rMSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\rBTS|2\rFTS|1\r"
    contents, defects = split(b"\xef\xbb\xbf" + batch)
    assert [read(one).segments[0].value(3) for one in contents] == ["A", "B"]
    assert defects == []
    framed, defects = split(b"\x0bMSH|^~\\&|A\r\x1c\r\x0bMSH|^~\\&|B\r\x1c\r")
    assert [read(one).segments[0].value(3) for one in framed] == ["A", "B"]
    assert defects == []
    wide, _ = split("MSH|^~\\&|Zoë\r".encode("utf-16"))
    assert read(wide[0]).segments[0].value(3) == "Zoë"


def test_msh_inside_a_field_starts_no_message() -> None:
    contents, _ = split(b"MSH|^~\\&|A\rNTE|1||MSH|looks like a header\r")
    assert len(contents) == 1


def test_text_before_the_first_message_is_a_defect() -> None:
    contents, defects = split(b"Dear colleague,\rMSH|^~\\&|A\r")
    assert len(contents) == 1
    assert [(defect.code, defect.fragment) for defect in defects] == [("not-hl7", b"Dear colleague,")]


@pytest.mark.parametrize("content", [b"", b"\r\n", b"PID|1||77\r", b"%PDF-1.7", "<Bundle/>".encode("utf-16")])
def test_what_has_no_msh_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        split(content)
    assert caught.value.defect.code == "not-hl7"


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_unreadable(content: bytes) -> None:
    for tried in (content, b"MSH|^~\\&|" + content):
        assert _outcome(tried) in ("read", "not-hl7", "bad-delimiters")


def _outcome(content: bytes) -> str:
    try:
        messages = [read(one) for one in split(content)[0]]
    except Unreadable as unreadable:
        return unreadable.defect.code
    return "read" if all(message.segments[0].name == "MSH" for message in messages) else "without MSH"
