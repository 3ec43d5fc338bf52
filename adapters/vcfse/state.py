"""Events of one client -> the charity's present view of them.

Rows are edited by hand and sheets are extracts: the latest sheet's row of a key wins, and absence from a later sheet
removes nothing (only a status such as `deleted` does). Only what the person's recorded consent covers is in the view;
who they are and what they chose is, always, so that they are recognised elsewhere.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from adapters.records import FoldedEvent, SourcePatient, Submission
from adapters.vcfse.consent import SheetRows, choose, stands
from adapters.vcfse.names import clearly_different, says_who
from adapters.vcfse.records import (
    Choice,
    Client,
    Contact,
    Entry,
    Referral,
    Row,
    SharedClientId,
    State,
    contact_key,
    is_identified,
    referral_key,
)

Value = TypeVar("Value")
Published = TypeVar("Published", Referral, Contact)


def fold(patient: SourcePatient, events: Sequence[FoldedEvent], submissions: Sequence[Submission] = ()) -> State | None:
    """The state after all events, in their total order; None when no row stands. `submissions` is always empty: a
    charity's sheets are no submissions, for what they leave out is not withdrawn."""
    del submissions
    sheets = _of_one_person(_sheets(events))
    rows = [row for _, row in sorted(stands(sheets).values(), key=_freshness)]
    if not rows:
        return None
    share, notes = choose(sheets, "share"), choose(sheets, "notes")
    referrals = _published_referrals(rows, share)
    return State(
        charity=patient.organisation,
        client=_client([row.client for row in rows]),
        share=share,
        view=choose(sheets, "view"),
        notes=notes,
        referrals=[_with_notes(row, notes) for row in referrals],
        contacts=[_with_notes(row, notes) for row in _published_contacts(rows, share, referrals)],
    )


def _sheets(events: Sequence[FoldedEvent]) -> list[SheetRows]:
    sheets = []
    for (at, _), group in groupby(events, key=lambda event: (event.at, event.digest)):
        entries = [msgspec.json.decode(event.record, type=Entry) for event in group]
        rows = [entry for entry in entries if not isinstance(entry, SharedClientId)]
        sheets.append(SheetRows(at, rows, shared=len(rows) < len(entries)))
    return sheets


def _of_one_person(sheets: Sequence[SheetRows]) -> list[SheetRows]:
    """The sheets without rows of somebody else who had the same Client ID: the last sheet to say so says whose it is.
    A row that names nobody is about the person whom its own sheet names, else whom the sheet before named."""
    holders = _holders(sheets)
    last = next((client for client in reversed(holders) if client), None)
    return [
        SheetRows(sheet.at, [row for row in sheet.rows if _is_about(last, row, holder)], sheet.shared)
        for sheet, holder in zip(sheets, holders, strict=True)
    ]


def _holders(sheets: Sequence[SheetRows]) -> list[Client | None]:
    holders, holder = list[Client | None](), None
    for sheet in sheets:
        holder = next((row.client for row in reversed(sheet.rows) if says_who(row.client)), holder)
        holders.append(holder)
    return holders


def _is_about(person: Client | None, row: Row, holder: Client | None) -> bool:
    who = row.client if says_who(row.client) else holder
    return person is None or who is None or not clearly_different(person, who)


def _freshness(standing: tuple[str, Row]) -> tuple[str, str]:
    at, row = standing
    return at, (row.contacted_on if isinstance(row, Contact) else row.referred_on) or ""


def _client(oldest_first: Sequence[Client]) -> Client:
    """Each fact from the freshest row that has it; a name and a location stay whole."""
    return Client(**{field: _latest(getattr(client, field) for client in oldest_first) for field in _CLIENT_FIELDS})


_CLIENT_FIELDS = Client.__struct_fields__


def _latest(values: Iterable[Value | None]) -> Value | None:
    known = [value for value in values if value is not None]
    return known[-1] if known else None


def _published_referrals(rows: Iterable[Row], share: Choice | None) -> list[Referral]:
    """Referrals whose own row records consent, while the person's consent is in force."""
    if share is None or share.outcome != "given":
        return []
    published = [row for row in rows if isinstance(row, Referral) and row.sharing.share == "yes" and is_identified(row)]
    return sorted(published, key=referral_key)


def _with_notes(row: Published, choice: Choice | None) -> Published:
    """The row, without its notes unless its own cell and the person's choice both open them."""
    if row.notes is None:
        return row
    opened = choice is not None and choice.outcome == "given" and row.sharing is not None and row.sharing.notes == "yes"
    return row if opened else replace(row, notes=None)


def _published_contacts(rows: Sequence[Row], share: Choice | None, referrals: Sequence[Referral]) -> list[Contact]:
    """Contacts whose own row, or where it has no say their referral's or the person's, records consent. Whose referral
    nobody can find may belong to one that is not published, where there is such a one."""
    if share is None or share.outcome != "given":
        return []
    made = [row for row in rows if isinstance(row, Referral)]
    open_ = {referral.referral_id for referral in referrals} | {None}
    if len(made) == len(referrals):
        open_ |= {row.referral_id for row in rows}
    published = [
        row
        for row in rows
        if isinstance(row, Contact)
        and (row.sharing is None or row.sharing.share == "yes")
        and row.referral_id in open_
        and is_identified(row)
    ]
    return sorted(published, key=contact_key)
