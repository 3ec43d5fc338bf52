"""What a person chose, from every consent cell of every sheet. The rules err on the side of not sharing:

- a choice is given only when some row says yes and no row says otherwise, unless that yes is provably later;
- an undated yes is older than any no; an undated no stands on the day of the last sheet that says it; a no that took
  the place of a yes without a new date was made when we first saw it;
- a cell that is blank or unclear where the choice was given before ends it; a blank cell, or a deleted row, where it
  was refused before leaves the refusal standing;
- while a Client ID stands for several people, nothing is given.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

from msgspec.structs import replace

from adapters.records import local_moment
from adapters.vcfse.records import Answer, Choice, Row, Sharing, row_key, view_is_evidenced

Subject = Literal["share", "view", "notes"]


@dataclass(frozen=True)
class SheetRows:
    """What one file says of one person, at the UTC instant `at`. `shared`: their id stands for several people there."""

    at: str
    rows: Sequence[Row] = ()
    shared: bool = False


@dataclass(frozen=True)
class Statement:
    """One row's answer. `written`: its date in the sheet; `on`: the ISO date that it counts from, empty when unknown;
    `said`: the instant of the first sheet that said so."""

    answer: Answer
    written: str
    on: str
    said: str
    sharing: Sharing


@dataclass
class Ledger:
    """The answers that stand, by row, and what followed from them after each sheet: the permitting statement, or
    None, beside the sheet's instant."""

    standing: dict[tuple[str, ...], Statement] = field(default_factory=dict)
    history: list[tuple[str, Statement | None]] = field(default_factory=list)


def stands(sheets: Iterable[SheetRows]) -> dict[tuple[str, ...], tuple[str, Row]]:
    """The rows that stand after all sheets, with the instant of the sheet that said so last: the latest row of a key
    wins, a removed row goes, and absence says nothing. Within one sheet a refusal outlasts a second row of its key."""
    standing: dict[tuple[str, ...], tuple[str, Row]] = {}
    for sheet in sheets:
        for key, row in _rows_of(sheet).items():
            standing.pop(key, None)
            if not row.removed:
                standing[key] = (sheet.at, row)
    return standing


def choose(sheets: Sequence[SheetRows], subject: Subject) -> Choice | None:
    """The person's choice about `subject`, or None when none was recorded (or nobody can say whose it is)."""
    ledger = Ledger()
    for sheet in sheets:
        _enter(ledger, sheet, subject)
        ledger.history.append((sheet.at, _permitting(ledger.standing.values())))
    if not sheets or _suspended(sheets):
        return None
    return _given(ledger) or _withdrawn(ledger) or _refused(ledger)


def _suspended(sheets: Sequence[SheetRows]) -> bool:
    """Whether the id last stood for several people: only a later sheet with consent cells of this person ends that,
    so that a file of sessions, which has none, does not."""
    stating = [sheet for sheet in sheets if sheet.shared or any(row.sharing is not None for row in sheet.rows)]
    return any(sheet.shared for sheet in stating if sheet.at == stating[-1].at)


def _rows_of(sheet: SheetRows) -> Mapping[tuple[str, ...], Row]:
    rows: dict[tuple[str, ...], Row] = {}
    for row in sheet.rows:
        key = row_key(row)
        rows[key] = _stricter(rows[key], row) if key in rows else row
    return rows


def _stricter(earlier: Row, later: Row) -> Row:
    was, now = earlier.sharing, later.sharing
    if was is None or now is None:
        return later
    share, view, notes = (
        before if _blocks(before) else after
        for before, after in ((was.share, now.share), (was.view, now.view), (was.notes, now.notes))
    )
    return replace(later, sharing=replace(now, share=share, view=view, notes=notes))


def _blocks(answer: Answer | None) -> bool:
    return answer in ("no", "unclear")


def _enter(ledger: Ledger, sheet: SheetRows, subject: Subject) -> None:
    for key, row in _rows_of(sheet).items():
        earlier = ledger.standing.pop(key, None)
        if stated := _statement(row, sheet.at, subject, earlier):
            ledger.standing[key] = stated


def _statement(row: Row, at: str, subject: Subject, earlier: Statement | None) -> Statement | None:
    answer, written = _reading(row.sharing or Sharing(), subject)
    if answer is None and earlier and _blocks(earlier.answer):
        return earlier
    if answer is None or (row.removed and not _blocks(answer)):
        return None
    repeated = earlier is not None and (earlier.answer, earlier.written) == (answer, written)
    sharing, on = row.sharing or Sharing(), written
    if _blocks(answer):
        on = sharing.withdrawn_on or _denied_on(written, at, earlier)
    return Statement(answer, written, on, earlier.said if earlier and repeated else at, sharing)


def _denied_on(written: str, at: str, earlier: Statement | None) -> str:
    if written and earlier and earlier.written == written:
        return earlier.on if _blocks(earlier.answer) else _day(at)
    return written or _day(at)


def _reading(sharing: Sharing, subject: Subject) -> tuple[Answer | None, str]:
    """The answer and its date as written; a consent to view without evidence is none."""
    if subject != "view":
        return (sharing.share if subject == "share" else sharing.notes), sharing.on or ""
    answer = None if sharing.view == "yes" and not view_is_evidenced(sharing) else sharing.view
    return answer, sharing.view_on or sharing.on or ""


def _permitting(standing: Iterable[Statement]) -> Statement | None:
    known = list(standing)
    latest = max((statement for statement in known if statement.answer == "yes"), key=_age, default=None)
    denied = max((statement.on for statement in known if _blocks(statement.answer)), default=None)
    return None if latest is None or (denied is not None and latest.on <= denied) else latest


def _age(statement: Statement) -> tuple[str, str]:
    return statement.on, statement.said


def _given(ledger: Ledger) -> Choice | None:
    permitting = ledger.history[-1][1]
    return _choice("given", permitting, permitting.said) if permitting else None


def _withdrawn(ledger: Ledger) -> Choice | None:
    """A choice that was given after an earlier sheet, or that a sheet says was given and withdrawn."""
    denials = [statement for statement in ledger.standing.values() if _blocks(statement.answer)]
    for (_, permitted), (ended, _) in reversed(list(pairwise(ledger.history))):
        if permitted:
            known = max((denial.on for denial in denials if denial.on >= permitted.on), default=_day(ended))
            return _choice("withdrawn", permitted, ended, until=min(known, _day(ended)))
    told = max((denial for denial in denials if denial.sharing.withdrawn_on), key=_age, default=None)
    return _choice("withdrawn", told, told.said, until=told.on) if told else None


def _refused(ledger: Ledger) -> Choice | None:
    refusals = [statement for statement in ledger.standing.values() if statement.answer == "no"]
    latest = max(refusals, key=_age, default=None)
    return _choice("refused", latest, latest.said) if latest else None


def _choice(
    outcome: Literal["given", "withdrawn", "refused"], statement: Statement, recorded: str, *, until: str | None = None
) -> Choice:
    sharing = statement.sharing
    return Choice(
        outcome=outcome,
        recorded=recorded,
        on=statement.written if statement.written and not (until and until < statement.written) else None,
        until=until,
        taken_by=sharing.taken_by,
        method=sharing.method,
    )


def _day(at: str) -> str:
    """The London date of a UTC instant, as sheets mean dates."""
    return local_moment(datetime.fromisoformat(at))[:10]
