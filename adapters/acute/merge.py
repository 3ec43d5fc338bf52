"""A40 (and A34, which senders before HL7 v2.3.1 write) and A47: two records are one, or a record's ids were wrong.

- A40, A34: PID-3 survives, MRG-1 is discarded. The records keep their own statements and point to each other, so that a
  merge of a record that nobody spoke of yet, a chain of merges, and later messages for a discarded id all end in one
  person, in any order of arrival, and a merge can be undone. Demographics do not change, whatever the PID says.
- A47: the ids of MRG-1 were wrong, those of PID-3 are right. The record under the wrong local id is replaced as in a
  merge; PID-3 states the ids of the right one. HL7 wants the right id to be new. Where it is not, because messages
  under it were sent before, the two records are one person's by the hospital's word all the same: refusing would make
  the outcome depend on what arrived first. An A47 whose local id stays corrects the other ids, the NHS number too.

Sources: ITK HL7 v2.4 v1.0.15 5.9; HL7 v2.4 3.3.34, 3.3.40, 3.3.47.
"""

from collections.abc import Iterator, Sequence

from adapters.acute.er7 import Message, Segment
from adapters.acute.identifiers import ASSIGNED, identifier, local_id, read_ids
from adapters.acute.kept import kept
from adapters.acute.person import read_identifiers
from adapters.acute.records import Identifier, Record, Replaced, Statement, Survives
from adapters.acute.refusal import no_patient, refusal
from adapters.records import Defect

Said = list[tuple[str, Record]]
"""Local ids, and what is said of each."""


def merged(message: Message, organisation: str, recorded: str, defects: list[Defect]) -> Said:
    """Two records for each PID/MRG pair: one for the survivor, one for the discarded record. Raises Unreadable."""
    more = kept(message, visit=False, merge=True)
    said: Said = []
    for pid, mrg in _pairs(message):
        survivor, _ = _ids(pid, 3, message, organisation, defects)
        discarded, identifiers = _ids(mrg, 1, message, organisation, defects, beside=survivor)
        if survivor == discarded:
            raise refusal(
                "merge-with-itself",
                "MRG-1",
                "survivor and discarded record are the same",
                "send the discarded id in MRG-1",
                message.content,
            )
        said += (
            (survivor, Survives(recorded, discarded, identifiers, more)),
            (discarded, Replaced(recorded, survivor)),
        )
    return said


def renamed(message: Message, organisation: str, occurred: str, recorded: str, defects: list[Defect]) -> Said:
    """What PID-3 states, and the replacement of the record under the wrong id, if the local id is another now. Raises
    Unreadable."""
    more = kept(message, visit=False, merge=True)
    said: Said = []
    for pid, mrg in _pairs(message):
        right, _ = _ids(pid, 3, message, organisation, defects)
        wrong, identifiers = _ids(mrg, 1, message, organisation, defects, beside=right)
        said.append((right, Statement("A47", occurred, recorded, read_identifiers(pid, []), None, more)))
        if wrong != right:
            said += ((right, Survives(recorded, wrong, identifiers)), (wrong, Replaced(recorded, right)))
    return said


def _pairs(message: Message) -> Iterator[tuple[Segment, Segment]]:
    """Each MRG with the PID before it. Raises Unreadable `no-mrg` when there is none."""
    pid: Segment | None = None
    paired = False
    for segment in message.segments:
        if segment.name == "PID":
            pid = segment
        elif segment.name == "MRG" and pid is not None:
            paired = True
            yield pid, segment
    if not paired:
        raise refusal("no-mrg", "MRG", "the merge has no PID and MRG pair", "send PID and MRG", message.content)


def _ids(
    segment: Segment, number: int, message: Message, organisation: str, defects: list[Defect], *, beside: str = ""
) -> tuple[str, tuple[Identifier, ...]]:
    """The local id that a field of identifiers names, by the same rule as everywhere, and its identifiers. One that
    does not say who assigned it was assigned by whoever assigned `beside`."""
    found: Sequence[Identifier] = ()
    nhs: str | None = None
    repetitions = segment.repetitions(number)
    if repetitions:
        nhs, found = read_ids(repetitions, f"{segment.name}-{number}", defects)
    patient = local_id(nhs, found, organisation, assigner=beside.partition(ASSIGNED)[2])
    if patient is None:
        raise no_patient(f"{segment.name}-{number}", message.content)
    return patient, tuple(found) or tuple(map(identifier, repetitions or ()))
