"""Free words in what is recorded here."""

from collections.abc import Iterator

from integration.recording.faults import Fault, Json, unknown

SENSITIVE = (
    "What this says is sensitive. Record it in the system of the organisation that looks after it: its labels say who "
    "may see it."
)
_ANNOTATION = frozenset({"text", "time", "authorString"})


def note_faults(root: str, sent: Json) -> Iterator[Fault]:
    """What is wrong with the notes of a resource."""
    for place, note in enumerate(sent.get("note", ())):
        yield from unknown(f"{root}.note[{place}]", note, _ANNOTATION, ())
