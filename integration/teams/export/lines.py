"""What one person's record is in an export: lines of NDJSON by type, piece by piece, as the Grant shows them.

For purposes beyond care (rule 9) lines are pseudonymised here, as the door of the API does with its answers: people and
entries by the recipient's pseudonyms, and nothing of the directory.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import orjson

from adapters.records import LONDON
from integration.record.conditions import Bound
from integration.record.longitudinal import Page, all_pages, longitudinal
from integration.record.reader import Query, Reader
from integration.record.since import shape
from integration.sharing.pseudonymised import pseudonymised
from integration.sharing.pseudonyms import Pseudonyms
from integration.sharing.request import Grant
from integration.store.extract import DIRECTORY

PIECE = 500
"""Resources that are read together: about half a megabyte."""
_FINGERPRINT = """
select sha256({shape}::bytea || coalesce(sha256(convert_to(string_agg(
    concat_ws(' ', id, extract(epoch from recorded), label), ',' order by id), 'UTF8')), '')) as fingerprint
from permitted
"""
_KEPT = f"""
select p.piece, p.lines, p.body from toldonce.export_part p
where p.job = {{job}} and p.ordinal = {{ordinal}} and p.type = {{type}} and p.piece > {{after}}
    and ({_FINGERPRINT}) = {{fingerprint}}
order by p.piece limit 8
"""
"""The next of the pieces that were written of a person, provided that nothing has changed since."""


@dataclass(frozen=True)
class Asked:
    """What of each person's record is asked for: types of resources, and the pseudonyms to name them by, if any."""

    types: Sequence[str]
    names: Pseudonyms | None = None

    @property
    def about_people(self) -> tuple[str, ...]:
        return tuple(one for one in self.types if one not in DIRECTORY)


@dataclass
class Piece:
    """Some of one person's record, by type: lines of NDJSON, and ids of entries of the directory it refers to."""

    lines: dict[str, list[bytes]] = field(default_factory=dict)
    entries: dict[str, list[UUID]] = field(default_factory=dict)


async def pages(reader: Reader, grant: Grant, asked: Asked, since: datetime | None) -> AsyncIterator[Page]:
    """A person's record as asked for, or what of it was recorded after a moment, in constant memory."""
    if not asked.about_people:
        return
    query = Query(types=asked.about_people, since=since, limit=PIECE)
    first = await longitudinal(reader, grant, query)
    async for page in all_pages(reader, grant, query, first):
        yield page


async def pieces(reader: Reader, grant: Grant, asked: Asked, since: datetime | None) -> AsyncIterator[Piece]:
    """The same as lines."""
    async for page in pages(reader, grant, asked, since):
        yield _piece(page, grant, asked)


def _piece(page: Page, grant: Grant, asked: Asked) -> Piece:
    piece, on = Piece(), grant.request.at.astimezone(LONDON).date()
    if page.patient:
        piece.lines["Patient"] = [_shown(page.patient.body, asked.names, on)]
    for row in page.rows:
        piece.lines.setdefault(row.type, []).append(_shown(row.body, asked.names, on))
    for entry in () if grant.pseudonymise else page.directory:
        type_, id_ = entry_of(entry)
        if type_ in asked.types:
            piece.entries.setdefault(type_, []).append(id_)
    return piece


def _shown(body: bytes, names: Pseudonyms | None, on: date) -> bytes:
    """A line; beyond care what may leave of it. What is put together of several rows (a golden Patient, the one top
    flag) says more than each of them may."""
    return names.in_all(orjson.dumps(pseudonymised(orjson.loads(body), on))) if names else body


def entry_of(body: bytes) -> tuple[str, UUID]:
    """Type and id of an entry of the directory: every stored body begins with them."""
    _, _, _, type_, _, _, _, id_, _ = body.split(b'"', 8)
    return type_.decode(), UUID(id_.decode())


async def fingerprint(reader: Reader, grant: Grant) -> bytes:
    """A digest of what is granted of a person and of all the rows that it shows now. Where it is the same, what was
    written is what would be written."""
    bound = Bound()
    rows = await reader.select(bound, _FINGERPRINT.format(shape=bound(shape(grant))))
    found: bytes = rows[0]["fingerprint"]
    return found


@dataclass(frozen=True)
class Written:
    """Which of what was written is meant: of which export, whose, which type, and with which fingerprint."""

    job: UUID
    ordinal: int
    type: str
    fingerprint: bytes


async def kept(reader: Reader, grant: Grant, written: Written) -> AsyncIterator[tuple[int, bytes]]:
    """Pieces of what was written of this person, and how many lines each holds; none where anything that shapes it has
    changed since."""
    after = -1
    while True:
        bound = Bound()
        statement = _KEPT.format(
            job=bound(written.job),
            ordinal=bound(written.ordinal),
            type=bound(written.type),
            after=bound(after),
            shape=bound(shape(grant)),
            fingerprint=bound(written.fingerprint),
        )
        found = await reader.select(bound, statement)
        for row in found:
            yield row["lines"], row["body"]
        if not found:
            return
        after = found[-1]["piece"]
