"""The longitudinal record: everything one caller may see of one person, with the directory entries it refers to.

https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from integration.record.adjustments import with_one_top_flag
from integration.record.patient import golden_patient
from integration.record.reader import Query, Reader, Row
from integration.sharing.request import Grant
from integration.store.extract import directory_entries
from mappings.uk_core import Resource


@dataclass(frozen=True)
class Page:
    """Part of a record. `patient` is on the first page only; `following` is where the next page begins."""

    patient: Resource | None
    rows: Sequence[Row]
    directory: Sequence[bytes]
    following: UUID | None = None

    def counts(self) -> dict[str, int]:
        """How many resources of each type, for the audit."""
        counted = {"Patient": 1} if self.patient else {}
        for row in self.rows:
            counted[row.type] = counted.get(row.type, 0) + 1
        return counted


async def longitudinal(reader: Reader, grant: Grant, query: Query) -> Page:
    """One page of the record in a stable order (by id), so that a page is the same whatever was read before it."""
    wanted = replace(query, limit=query.limit + 1) if query.limit else query
    rows = await reader.rows(wanted)
    more = query.limit is not None and len(rows) > query.limit
    rows = rows[: query.limit] if more else rows
    patient = await _patient(reader, grant, query, rows)
    about = await with_one_top_flag(reader, query, [row for row in rows if row.type != "Patient"])
    return Page(patient, about, await _directory(reader, patient, about), rows[-1].id if more else None)


async def read_patient(reader: Reader, grant: Grant) -> Resource | None:
    """The golden Patient, from all permitted statements."""
    return golden_patient(grant, await reader.rows(Query(types=("Patient",))))


async def _patient(reader: Reader, grant: Grant, query: Query, rows: Sequence[Row]) -> Resource | None:
    """On the first page, unless other types were asked for. With the whole record at hand it costs no further read."""
    if query.after or (query.types and "Patient" not in query.types):
        return None
    if query.limit or query.since:
        return await _changed_patient(reader, grant, query)
    return golden_patient(grant, [row for row in rows if row.type == "Patient"])


async def _changed_patient(reader: Reader, grant: Grant, query: Query) -> Resource | None:
    statements = await reader.rows(Query(types=("Patient",)))
    if query.since and all(row.recorded <= query.since for row in statements):
        return None
    return golden_patient(grant, statements)


async def _directory(reader: Reader, patient: Resource | None, rows: Sequence[Row]) -> list[bytes]:
    wanted = {entry for row in rows for entry in row.entries} | set(directory_entries(patient or {}))
    return await reader.directory(sorted(wanted))
