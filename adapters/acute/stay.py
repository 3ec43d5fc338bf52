"""All messages about one visit -> the visit: its status, its times and where the person was.

A cancel takes back what was recorded before it: A11 the admission, A12 the last transfer, A13 the discharge, A38 the
pre-admission. What is recorded after a cancel counts again. Movements are then replayed in the order they occurred.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.acute.records import Place, Statement, Stay, Visit, VisitState, VisitStatus
from adapters.records import LONDON, local_moment

ARRIVALS = frozenset({"A01", "A04"})
CANCELS = frozenset({"A11", "A12", "A13", "A38"})
DIED_METHOD, DIED_DESTINATION = "4", "79"
_DEATH_WORDS = frozenset({"dead", "died", "deceased", "patient died"})
_DISCHARGE_FIELDS = ("discharged", "discharge_method", "discharge_destination")


class _Discharge(NamedTuple):
    recorded: str
    end: str
    said: bool
    """Whether PV1-45 gave the end; else it is when the A03 occurred."""


def settle(statements: Sequence[Statement]) -> VisitState:
    """The visit after all its messages. `statements` (at least one) are in the pipeline's total order."""
    recorded = sorted(statements, key=lambda statement: statement.recorded)
    reopened, cancelled = _latest(recorded, "A13"), _latest(recorded, "A11")
    details = _details(recorded, reopened)
    discharge = _discharge(recorded, max(reopened, cancelled))
    status = _status(recorded, cancelled, discharge, details)
    movements = _standing_moves(statements, cancelled)
    start = details.admitted or _first_time(movements)
    if start is None and status in ("planned", "cancelled"):
        start = details.expected_admission or None
    start, end = _in_order(start, discharge.end if discharge else None, movements)
    return VisitState(details, status, start, end, _stays(recorded, movements, end))


def died_in(visit: VisitState) -> bool:
    """Whether the discharge says that the person died: method 4, destination 79, or a sender's word for it."""
    if visit.status != "finished":
        return False
    method, destination = visit.details.discharge_method or "", visit.details.discharge_destination or ""
    words = {method.lower(), destination.lower()}
    return method == DIED_METHOD or DIED_DESTINATION in (method, destination) or bool(words & _DEATH_WORDS)


def _latest(recorded: Sequence[Statement], event: str) -> str:
    """When an event of this kind was last recorded; "" sorts before every instant."""
    return max((one.recorded for one in recorded if one.event == event), default="")


def _visit(statement: Statement) -> Visit:
    assert statement.visit is not None  # fold_visits only passes statements about a visit
    return statement.visit


def _details(recorded: Sequence[Statement], reopened: str) -> Visit:
    """PV1 and PV2 by the null rule, in the order of recording; a reopened visit forgets its discharge."""
    held: dict[str, object] = dict.fromkeys(_DISCHARGE_FIELDS)
    for statement in recorded:
        visit = _visit(statement)
        void = statement.event in CANCELS or statement.recorded <= reopened
        for name in Visit.__struct_fields__:
            value = getattr(visit, name)
            if value is not None and not (void and name in _DISCHARGE_FIELDS):
                held[name] = value
    return Visit(**held)  # type: ignore[arg-type] # every value came out of a Visit


def _discharge(recorded: Sequence[Statement], undone: str) -> _Discharge | None:
    """The discharge that stands: an A03, or PV1-45 in any message that is no cancel (the event wins over the field);
    the explicit null takes it back."""
    found: _Discharge | None = None
    for statement in recorded:
        said = _visit(statement).discharged
        if statement.recorded <= undone or statement.event in CANCELS:
            continue
        if said:
            found = _Discharge(statement.recorded, said, said=True)
        elif said == "" and statement.event != "A03":
            found = None
        elif statement.event == "A03" and not (found and found.said and said is None):
            found = _Discharge(statement.recorded, _local(statement.occurred), said=False)
    return found


def _status(recorded: Sequence[Statement], cancelled: str, discharge: _Discharge | None, details: Visit) -> VisitStatus:
    """A08 changes no status; what was recorded after an A11 counts again."""
    standing = {one.event for one in recorded if one.recorded > cancelled}
    if cancelled and not standing & {"A01", "A02", "A03", "A04", "A05"}:
        return "cancelled"
    if discharge:
        return "finished"
    if standing & {"A01", "A02", "A04", "A12", "A13"} or (details.admitted and not standing & {"A05", "A38"}):
        return "in-progress"
    if "A38" in standing and _latest(recorded, "A38") >= _latest(recorded, "A05"):
        return "cancelled"
    return "planned" if "A05" in standing else "unknown"


def _standing_moves(statements: Sequence[Statement], cancelled: str) -> list[Statement]:
    """Movements that no cancel took back, in the order they occurred. An A12 takes back the last transfer recorded
    before it, unless the person is already back where it says (then it repeats an earlier A12)."""
    moves = [one for one in statements if one.event in ARRIVALS | {"A02"}]
    again = [one for one in moves if one.recorded > cancelled]
    moves = again or moves
    cancels = sorted((one for one in statements if one.event == "A12"), key=lambda one: one.recorded)
    for cancel in cancels:
        earlier = [one for one in moves if one.event == "A02" and one.recorded <= cancel.recorded]
        restored = _visit(cancel).place
        if earlier and (not restored or restored != _visit(earlier[-1]).place):
            moves.remove(earlier[-1])
    return moves


def _first_time(movements: Sequence[Statement]) -> str | None:
    return next((_local(one.occurred) for one in movements if one.event in ARRIVALS), None)


def _stays(recorded: Sequence[Statement], movements: Sequence[Statement], end: str | None) -> tuple[Stay, ...]:
    """Where the person was, from one movement to the next, until `end`."""
    stays: list[Stay] = []
    for one in movements:
        visit, moved = _visit(one), _local(one.occurred)
        if not stays and one.event == "A02" and visit.prior_place:
            stays.append(Stay(visit.prior_place, None))
        if not visit.place or (stays and stays[-1].place == visit.place):
            continue
        if stays:
            stays[-1] = Stay(stays[-1].place, stays[-1].start, moved)
        stays.append(Stay(visit.place, moved))
    _correct(stays, recorded, movements)
    if stays and end and _moment(end) >= _moment(stays[-1].start or end):
        stays[-1] = Stay(stays[-1].place, stays[-1].start, end)
    return tuple(stay for stay in stays if stay.place != Place())


def _correct(stays: list[Stay], recorded: Sequence[Statement], movements: Sequence[Statement]) -> None:
    """A place in an A08 (or A03) recorded after the last movement corrects where the person is; without any movement
    it is all that is known."""
    last = max((one.recorded for one in movements), default="")
    later = [one for one in recorded if one.event in ("A03", "A08") and one.recorded > last and _visit(one).place]
    place = _visit(later[-1]).place if later else None
    if place:
        stays[-1:] = [Stay(place, stays[-1].start if stays else None)]


def _in_order(start: str | None, end: str | None, movements: Sequence[Statement]) -> tuple[str | None, str | None]:
    """FHIR per-1: a start after the end is a mistake of the sender; then the time of the arrival's own message is
    taken, or none."""
    if not (start and end) or _moment(start) <= _moment(end):
        return start, end
    arrival = _first_time(movements)
    return (arrival if arrival and _moment(arrival) <= _moment(end) else None), end


def _local(instant: str) -> str:
    return local_moment(datetime.fromisoformat(instant))


def _moment(fhir: str) -> datetime:
    """A FHIR date (also year, year-month) or dateTime as an aware moment, for comparison."""
    if len(fhir) < len("2024-01-01"):
        fhir = (fhir + "-01-01")[:10]
    found = datetime.fromisoformat(fhir)
    return found if found.tzinfo else found.replace(tzinfo=LONDON)
