"""Checkpoints: what the writer signs the checker believes, and nothing else; and a note that others made."""

import base64
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from integration.audit.note import Checkpoint, Signer, cosigned, digest, text_of
from integration.audit.verify.notes import Key, Malformed, Note, read_note
from integration.errors import NotPossible

LOG = Signer("example.org/log", bytes(range(32)))
CHECKPOINT = Checkpoint("example.org/log", 1234, sha256(b"root").digest(), sha256(b"before").digest())
NOTE = LOG.sign(CHECKPOINT.text)
KEY = Key.parse(LOG.vkey)
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""Key and note of the documentation of Go's sumdb/note package: a quotation, signed."""


def test_a_checkpoint_reads_as_it_was_written():
    assert Checkpoint.of(NOTE) == CHECKPOINT
    note = Note.parse(NOTE)
    assert (note.origin, note.size, note.root) == ("example.org/log", 1234, CHECKPOINT.root)
    assert (note.previous, note.digest) == (CHECKPOINT.previous, digest(NOTE))
    assert note.signed_by([KEY])


def test_a_key_names_itself_as_gos_documentation_has_it():
    key = Key.parse(PETER)
    assert (key.name, key.id.hex()) == ("PeterNeumann", "c74f20a3")


def test_a_signature_of_gos_documentation_holds():
    text, _, line = PETERS.rpartition("\n\n")
    note = Note(f"{text}\n", "PeterNeumann", 0, b"", None, [("PeterNeumann", base64.b64decode(line.split(" ")[2]))])
    assert note.signed_by([Key.parse(PETER)])
    assert not replace(note, text=f"{text}!\n").signed_by([Key.parse(PETER)])


@given(place=st.integers(0, len(NOTE) - 1), put=st.sampled_from("0aA+/= \n\u2014"))
def test_a_note_with_any_other_character_is_not_believed(place: int, put: str):
    changed = NOTE[:place] + put + NOTE[place + 1 :]
    try:
        believed = Note.parse(changed).signed_by([KEY])
    except Malformed:
        believed = False
    assert not believed or Note.parse(changed).text == CHECKPOINT.text


def test_a_key_is_believed_for_its_sizes_only():
    for sizes, believed in (("0", True), ("1234 1235", True), ("1235", False), ("0 1234", False)):
        assert Note.parse(NOTE).signed_by([Key.parse(f"{LOG.vkey} {sizes}")]) is believed


def test_another_logs_key_is_not_believed():
    for other in (Signer("example.org/log", bytes(32)), Signer("example.org/other", bytes(range(32)))):
        assert not Note.parse(NOTE).signed_by([Key.parse(other.vkey)])


@pytest.mark.parametrize("key", ["", "a+b", PETER.replace("c74f", "c74e"), PETER[:-4], PETER.replace("Peter", "Paul")])
def test_a_key_that_contradicts_itself_is_refused(key: str):
    with pytest.raises(Malformed):
        Key.parse(key)


def test_a_checkpoint_is_read_from_the_message_it_came_in(tmp_path):
    from integration.audit.second_place import _mail

    _mail(tmp_path / "box", NOTE)
    (message,) = (tmp_path / "box" / "new").iterdir()
    assert read_note(message.read_text("utf-8")).text == CHECKPOINT.text


# ---- witnesses

WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"w")


def witness_key(name: str = "witness.example") -> str:
    material = b"\x04" + WITNESS.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id = sha256(f"{name}\n".encode() + material).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(material).decode()}"


def cosignature(text: str, moment: int = 1679315147) -> str:
    signature = WITNESS.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
    blob = bytes.fromhex(witness_key().split("+")[1]) + moment.to_bytes(8) + signature
    return f"\u2014 witness.example {base64.b64encode(blob).decode()}"


def test_a_witness_is_believed_that_is_known_and_signed_this():
    text = text_of(NOTE)
    assert cosigned(text, cosignature(text), (witness_key(),))
    assert not cosigned(text, cosignature(text), ())
    assert not cosigned(text, cosignature(text.replace("1234", "1235")), (witness_key(),))
    assert not cosigned(text, cosignature(text).replace("witness.example", "other.example"), (witness_key(),))
    assert not cosigned(text, NOTE.splitlines()[-1], (witness_key(),))


def test_a_logs_key_is_no_witness():
    with pytest.raises(NotPossible):
        cosigned(text_of(NOTE), f"\u2014 {LOG.name} AAAA", (LOG.vkey,))
