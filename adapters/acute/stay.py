"""All messages about one visit -> the visit: its status, its times, its classes, and where the person was.

A cancel takes back what was recorded before it: A11 the admission, A12 the last transfer, A13 the discharge, A38 the
pre-admission, A25 to A27 what was pending, A52 a leave of absence and A53 the return from one. What is recorded after a
cancel counts again. Movements are then replayed in the order they occurred.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import astuple

from adapters.acute.movements import in_order, inpatient, standing_moves, stays, without_undone
from adapters.acute.records import ClassSpan, Statement, Visit, VisitState, VisitStatus
from adapters.acute.times import local, moment
from adapters.acute.triggers import CANCELS, MOVEMENTS

DIED_METHOD, DIED_DESTINATION, DIED_IN_DEPARTMENT = "4", "79", "10"
EMERGENCY = frozenset({"E", "ED", "EMERGENCY"})
"""PV1-2 of an A&E attendance, for which PV1-36 is the disposal: 4 is no death there, but a referral to a clinic."""
NOT_SEEN = frozenset({"2", "3", "4", "7"})
"""ZU3-3 (table ZU007): cancelled, did not attend, or came too late to be seen."""
SEEN = frozenset({"5", "6"})
_DEATH_WORDS = frozenset({"dead", "died", "deceased", "patient died"})
_PLANS = frozenset({"A05", "A14"})
_HERE = (MOVEMENTS | CANCELS | {"A15", "A16"}) - _PLANS - {"A03", "A11", "A27", "A38"}
"""Events that only happen to somebody who is a patient at that moment."""
_COUNTS_AGAIN = MOVEMENTS | _PLANS
"""Events after an A11 that make the visit real again."""
_DISCHARGE_FIELDS = ("discharged", "discharge_method", "discharge_destination")
_FORGETS = {
    "A13": _DISCHARGE_FIELDS,
    "A25": ("expected_discharge",),
    "A26": ("pending_place",),
    "A02": ("pending_place",),
}
"""Event -> fields whose earlier values it voids; what a cancel itself says of them is not believed."""
_FIELDS = Visit.__struct_fields__


class _Discharge(NamedTuple):
    end: str
    said: bool
    """Whether PV1-45 gave the end; else it is when the A03 occurred."""


def settle(statements: Sequence[Statement]) -> VisitState:
    """The visit after all its messages. `statements` (at least one) are in the pipeline's total order."""
    recorded = sorted(statements, key=lambda one: (one.recorded, one.event in CANCELS))
    reopened, cancelled = _latest(recorded, "A13"), _latest(recorded, "A11")
    details = _details(recorded)
    discharge = _discharge(recorded, max(reopened, cancelled))
    status = _status(recorded, statements, cancelled, discharge, details)
    movements = standing_moves(statements, cancelled)
    start = details.admitted or _arrival(movements)
    if start is None and status in ("planned", "cancelled"):
        start = details.expected_admission or details.to_come_in or None
    start, end = in_order(start, discharge.end if discharge else None, _arrival(movements))
    return VisitState(
        details, status, start, end, stays(recorded, movements, end), _classes(movements, details, start, end)
    )


def died_in(visit: VisitState) -> bool:
    """Whether the discharge says that the person died: method 4 (not of A&E, where it is 10), destination 79, or a
    sender's word for it."""
    if visit.status != "finished":
        return False
    details = visit.details
    method, destination = details.discharge_method or "", details.discharge_destination or ""
    words = {method.lower(), destination.lower()}
    died = DIED_IN_DEPARTMENT if is_emergency(details) else DIED_METHOD
    return method == died or DIED_DESTINATION in (method, destination) or bool(words & _DEATH_WORDS)


def is_emergency(visit: Visit) -> bool:
    """Whether PV1-2 says A&E."""
    return (visit.patient_class or "").upper() in EMERGENCY


def said_of(statement: Statement) -> Visit:
    """The visit of a statement that is about one."""
    assert statement.visit is not None  # fold_visits only passes statements about a visit
    return statement.visit


def _latest(recorded: Sequence[Statement], *events: str) -> str:
    """When an event of these was last recorded; "" sorts before every instant."""
    return max((one.recorded for one in recorded if one.event in events), default="")


def _details(recorded: Sequence[Statement]) -> Visit:
    """PV1 and PV2 by the null rule, in the order of recording."""
    held: dict[str, object] = dict.fromkeys(_DISCHARGE_FIELDS)
    for statement in recorded:
        forgets = _FORGETS.get(statement.event, ())
        for name in forgets:
            held[name] = None
        void = _DISCHARGE_FIELDS if statement.event in CANCELS else ()
        for name, value in zip(_FIELDS, astuple(said_of(statement)), strict=True):
            if value is not None and name not in void and not (forgets and name in forgets):
                held[name] = value
    return Visit(**held)  # type: ignore[arg-type] # every value came out of a Visit


def _discharge(recorded: Sequence[Statement], undone: str) -> _Discharge | None:
    """The discharge that stands: an A03, or PV1-45 in any message that is no cancel (the event wins over the field);
    the explicit null takes it back."""
    found: _Discharge | None = None
    for statement in recorded:
        said = said_of(statement).discharged
        if statement.recorded <= undone or statement.event in CANCELS:
            continue
        if said:
            found = _Discharge(said, said=True)
        elif said == "" and statement.event != "A03":
            found = None
        elif statement.event == "A03" and not (found and found.said and said is None):
            found = _Discharge(local(statement.occurred), said=False)
    return found


def _status(
    recorded: Sequence[Statement],
    statements: Sequence[Statement],
    cancelled: str,
    discharge: _Discharge | None,
    details: Visit,
) -> VisitStatus:
    """A08 changes no status; what was recorded after an A11 counts again."""
    standing = {one.event for one in recorded if one.recorded > cancelled}
    planned = bool(standing & _PLANS)
    withdrawn = _latest(recorded, "A38", "A27")
    if cancelled and not standing & _COUNTS_AGAIN:
        return "cancelled"
    if details.attended in NOT_SEEN and "A01" not in standing:
        return "cancelled"
    if discharge or (details.attended in SEEN and details.attendance_outcome and not inpatient(details)):
        return "finished"
    if standing & _HERE or (details.admitted and not (planned or withdrawn)):
        return "onleave" if _is_on_leave(statements) else "in-progress"
    if details.attended in SEEN:
        return "in-progress"
    if withdrawn and withdrawn >= _latest(recorded, *_PLANS):
        return "cancelled"
    if planned:
        return "cancelled" if details.removed else "planned"
    return "unknown"


def _is_on_leave(statements: Sequence[Statement]) -> bool:
    """Whether the last leave or return that no cancel took back is a leave."""
    moves = [one for one in statements if one.event in ("A21", "A22")]
    standing = without_undone(without_undone(moves, statements, "A52"), statements, "A53")
    return bool(standing) and standing[-1].event == "A21"


def _arrival(movements: Sequence[Statement]) -> str | None:
    return next((local(one.occurred) for one in movements if one.event in ("A01", "A04")), None)


def _classes(
    movements: Sequence[Statement], details: Visit, start: str | None, end: str | None
) -> tuple[ClassSpan, ...]:
    """What the patient was from one movement to the next, where that changed; the last is what the visit is now."""
    spans: list[ClassSpan] = []
    for one in movements:
        said = said_of(one).patient_class
        if not said or (spans and spans[-1].patient_class == said):
            continue
        moved = local(one.occurred)
        if spans:
            spans[-1] = ClassSpan(spans[-1].patient_class, spans[-1].start, moved)
        spans.append(ClassSpan(said, moved))
    if len(spans) < len(("before", "after")):
        return ()
    first, last = spans[0], spans[-1]
    if start and moment(start) <= moment(first.end or start):
        spans[0] = ClassSpan(first.patient_class, start, first.end)
    if end and moment(end) >= moment(last.start):
        spans[-1] = ClassSpan(details.patient_class or last.patient_class, last.start, end)
    return tuple(spans)
