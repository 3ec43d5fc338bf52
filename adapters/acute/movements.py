"""The movements of one visit, replayed: which of them stand, and where the person was from one to the next."""

from collections.abc import Sequence

from adapters.acute.records import Place, Statement, Stay, Visit
from adapters.acute.times import local, moment
from adapters.acute.triggers import TRIGGERS

ARRIVALS = frozenset({"A01", "A04"})
TRANSFERS = frozenset({"A02", "A06", "A07"})
"""Movements within a visit: a change of class usually is a change of place too."""
INPATIENT = frozenset({"I", "INPATIENT", "DAY CASE"})


def inpatient(visit: Visit) -> bool:
    """Whether PV1-2 says that the patient has a bed."""
    return (visit.patient_class or "").upper() in INPATIENT


def standing_moves(statements: Sequence[Statement], cancelled: str) -> list[Statement]:
    """Movements that no cancel took back, in the order they occurred."""
    moves = [one for one in statements if one.event in ARRIVALS or one.event in TRANSFERS]
    again = [one for one in moves if one.recorded > cancelled]
    return without_undone(again or moves, statements, "A12")


def without_undone(moves: list[Statement], statements: Sequence[Statement], cancel: str) -> list[Statement]:
    """`moves` without those that the cancels of that event take back: the one that occurred when EVN-6 of the cancel
    says (HL7 v2.4 3.4.1.6), else the last that was recorded before; no transfer, if the person is already back where
    the cancel says. A cancel that is sent again, or repeated for the same moment, is one."""
    kept = list(moves)
    cancels = {one.occurred: one for one in statements if one.event == cancel}
    for one in sorted(cancels.values(), key=lambda cancel: cancel.recorded):
        of_kind = [move for move in kept if move.event in TRIGGERS[cancel].undoes]
        named = [move for move in of_kind if move.occurred == one.occurred]
        earlier = [move for move in of_kind if move.recorded <= one.recorded]
        if named:
            kept.remove(named[-1])
        elif earlier and not (cancel == "A12" and _place(one) and _place(one) == _place(earlier[-1])):
            kept.remove(earlier[-1])
    return kept


def stays(recorded: Sequence[Statement], movements: Sequence[Statement], end: str | None) -> tuple[Stay, ...]:
    """Where the person was, from one movement to the next, until `end`."""
    found: list[Stay] = []
    for one in movements:
        place, moved = _place(one), local(one.occurred)
        if not found and one.event in TRANSFERS and one.visit and one.visit.prior_place:
            found.append(Stay(one.visit.prior_place, None))
        if not place or (found and found[-1].place == place):
            continue
        if found:
            found[-1] = Stay(found[-1].place, found[-1].start, moved)
        found.append(Stay(place, moved))
    _correct(found, recorded, movements)
    if found and end and moment(end) >= moment(found[-1].start or end):
        found[-1] = Stay(found[-1].place, found[-1].start, end)
    return tuple(stay for stay in found if stay.place != Place())


def in_order(start: str | None, end: str | None, arrival: str | None) -> tuple[str | None, str | None]:
    """FHIR per-1: a start after the end is a mistake of the sender; then the time of the arrival's own message is
    taken, or none."""
    if not (start and end) or moment(start) <= moment(end):
        return start, end
    return (arrival if arrival and moment(arrival) <= moment(end) else None), end


def _place(statement: Statement) -> Place | None:
    return statement.visit.place if statement.visit else None


def _correct(found: list[Stay], recorded: Sequence[Statement], movements: Sequence[Statement]) -> None:
    """A place in an A08 (or A03) recorded after the last movement corrects where the person is; without any movement
    it is all that is known. One recorded while a transfer stood that was taken back since told of that."""
    last = max((one.recorded for one in movements), default="")
    mistaken = _mistaken(recorded, movements)
    later = [one for one in recorded if one.event in ("A03", "A08") and one.recorded > last and _place(one)]
    believed = [one for one in later if not any(since <= one.recorded <= until for since, until in mistaken)]
    place = _place(believed[-1]) if believed else None
    if place:
        found[-1:] = [Stay(place, found[-1].start if found else None)]


def _mistaken(recorded: Sequence[Statement], movements: Sequence[Statement]) -> list[tuple[str, str]]:
    """From when to when a transfer stood that an A12 took back."""
    cancels = [one.recorded for one in recorded if one.event == "A12"]
    undone = [one.recorded for one in recorded if one.event in TRANSFERS and one not in movements] if cancels else []
    return [(since, min((until for until in cancels if until >= since), default=since)) for since in undone]
