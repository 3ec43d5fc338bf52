"""The longitudinal record: everything one caller may see of one person, with the directory entries it refers to.

https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from integration.record.adjustments import is_top_flag, with_one_top_flag
from integration.record.patient import Golden, golden
from integration.record.reader import Query, Reader, Row
from integration.record.sources import provenances
from integration.sharing.request import Grant
from integration.store.extract import directory_entries
from mappings.uk_core import Resource


class Page(msgspec.Struct, frozen=True):
    """Part of a record. `patient` is on the first page only; `following` is where the next page begins."""

    patient: Golden | None
    rows: Sequence[Row]
    directory: Sequence[bytes]
    following: UUID | None = None
    sources: Sequence[Resource] = ()
    """Where each element of `patient` is from, where that was asked for."""
    top_flag: bool = False
    """Of a page that another follows: whether the one top flag was shown by now."""

    def counts(self) -> dict[str, int]:
        """How many resources of each type, for the audit."""
        counted = Counter({"Patient": 1} if self.patient else ())
        counted.update([row.type for row in self.rows])
        if self.sources:
            counted["Provenance"] += len(self.sources)
        return counted


async def longitudinal(
    reader: Reader, grant: Grant, query: Query, *, sources: bool = False, top_flag: bool = False
) -> Page:
    """One page of the record in a stable order (by id): whatever is written meanwhile, each resource comes once, the
    one top flag too, which a page before may have shown (`top_flag`). With the sources of the Patient's elements where
    they are asked for."""
    wanted = replace(query, limit=query.limit + 1) if query.limit else query
    rows = await reader.rows(wanted, directory=True)
    more = query.limit is not None and len(rows) > query.limit
    rows = rows[: query.limit] if more else rows
    if query.limit and not (more or query.after):  # all of it is at hand
        query = replace(query, limit=None)
    patient = await _patient(reader, grant, query, rows)
    said = provenances(grant, patient) if patient and sources else []
    others = [row for row in rows if row.type != "Patient"]
    about = await with_one_top_flag(reader, query, others, shown=top_flag)
    if more and not top_flag:
        top_flag = any(row.type == "Flag" and is_top_flag(row) for row in others)
    directory = await _directory(reader, patient, said, about)
    return Page(patient, about, directory, rows[-1].id if more else None, said, top_flag)


async def all_pages(reader: Reader, grant: Grant, query: Query, first: Page) -> AsyncGenerator[Page, None]:
    """The first page and all that follow it, each directory entry with the first one that refers to it."""
    yield first
    page, sent = first, set(first.directory)
    while page.following:
        page = await longitudinal(reader, grant, replace(query, after=page.following), top_flag=page.top_flag)
        directory = [entry for entry in page.directory if entry not in sent]
        sent.update(directory)
        yield replace(page, directory=directory)


async def read_patient(reader: Reader, grant: Grant) -> Golden | None:
    """The golden Patient, from all permitted statements."""
    return golden(grant, await reader.rows(Query(types=("Patient",))))


async def _patient(reader: Reader, grant: Grant, query: Query, rows: Sequence[Row]) -> Golden | None:
    """On the first page, unless other types were asked for. With the whole record at hand it costs no further read."""
    if query.after or (query.types and "Patient" not in query.types):
        return None
    if query.limit or query.since:
        return await _changed_patient(reader, grant, query)
    return golden(grant, [row for row in rows if row.type == "Patient"])


async def _changed_patient(reader: Reader, grant: Grant, query: Query) -> Golden | None:
    statements = await reader.rows(Query(types=("Patient",)))
    if query.since and all(row.recorded <= query.since for row in statements):
        return None
    return golden(grant, statements)


async def _directory(
    reader: Reader, patient: Golden | None, said: Sequence[Resource], rows: Sequence[Row]
) -> list[bytes]:
    """What the Patient, its sources and the rows refer to."""
    wanted: set[UUID] = set().union(*[row.entries for row in rows], *map(directory_entries, said))
    wanted.update(patient.entries if patient else ())
    return await reader.directory(sorted(wanted))
