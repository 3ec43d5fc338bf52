"""What a message says beyond what is read: kept with the statement, segment by segment, so that nothing is lost.

Kept are local Z segments, segments of HL7 that this feed does not read (OBX, IN1, ROL ...), those about a visit in a
message that is about none, and the UK's Z segments where they say more than is read. Of the segments that are read,
what is left out is left out on purpose: see `person` and `visit`.
"""

from adapters.acute.er7 import Delimiters, Message, Segment, escape, unescape

READ = frozenset({"MSH", "EVN", "PID", "PD1", "NK1", "AL1", "IAM", "ZU8"})
READ_OF_VISIT = frozenset({"PV1", "PV2", "DG1"})
READ_IN_PART = {"ZU1": frozenset({22, 24}), "ZU3": frozenset({3, 4, 12}), "ZU4": frozenset({6, 10})}
"""Fields of the UK's own segments that are read."""
NO_VISIT = "N"
"""PV1-2 in an A28 or A31: there is no visit."""
_STANDARD = Delimiters()


def kept(message: Message, *, visit: bool, merge: bool = False) -> tuple[str, ...]:
    """The segments that are kept, with the recommended delimiters. `visit`: the message is about a visit, which was
    read; `merge`: its MRG was."""
    return tuple(_standard(one) for one in message.segments if not _is_read(one, visit=visit, merge=merge))


def _is_read(segment: Segment, *, visit: bool, merge: bool) -> bool:
    name = segment.name
    if name in READ or (merge and name == "MRG"):
        return True
    if name == "PV1" and segment.value(2) == NO_VISIT:
        return True
    if name in READ_OF_VISIT:
        return visit
    return visit and name in READ_IN_PART and not segment.says_more_than(READ_IN_PART[name])


def _standard(segment: Segment) -> str:
    marks = segment.delimiters
    if marks == _STANDARD:
        return segment.line.rstrip()
    fields = segment.line.rstrip().split(marks.field)
    return _STANDARD.field.join(
        _STANDARD.repetition.join(_repetition(part, marks) for part in field.split(marks.repetition))
        for field in fields
    )


def _repetition(text: str, marks: Delimiters) -> str:
    return _STANDARD.component.join(
        _STANDARD.subcomponent.join(
            escape(unescape(leaf, marks), _STANDARD) for leaf in component.split(marks.subcomponent)
        )
        for component in text.split(marks.component)
    )
