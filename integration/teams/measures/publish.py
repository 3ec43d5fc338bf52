"""Published MeasureReports: what was published stays as it was, whatever is learnt later. Counting anew makes a new
version beside it, and only where the figures differ.

The connection is in a transaction, as `toldonce_ingest` to publish and as `toldonce_facts` to read. Reports tell of no
person; whose caseload it is decides who reads them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

import orjson

from integration.store.connection import Connection
from integration.teams.measures.definitions import Definition
from mappings.uk_core import Resource

_NAMES = UUID("b8c1f7de-3f0e-4c58-9f5e-6f4f8d0f2a11")
"""Namespace of the reports' ids: the same measure of the same caseload and period is the same report."""
_CHANGES = ("id", "meta", "date")
"""What differs between two versions that say the same."""
_NEWEST = "select version, body from toldonce.measure_report where id = $1 order by version desc limit 1"
_PUBLISH = """
insert into toldonce.measure_report (id, version, caseload, measure, starts, published, published_by, body)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_READ = """
select distinct on (id) caseload, measure, version, body from toldonce.measure_report
where id = $1 and ($2::int is null or version = $2) order by id, version desc
"""
_OF_CASELOAD = """
select caseload, measure, version, body from (
    select distinct on (id) * from toldonce.measure_report
    where caseload = $1 and ($2::text[] is null or measure = any($2)) order by id, version desc) newest
order by starts desc, measure, id
"""


@dataclass(frozen=True)
class Published:
    """One version of a published report."""

    caseload: str
    measure: str
    version: int
    body: bytes


async def publish(
    connection: Connection, definition: Definition, report: Resource, client: str, at: datetime
) -> tuple[UUID, int]:
    """Publish a report as it was counted; its id and version, which is the one before where nothing has changed."""
    caseload, period = report["subject"]["reference"].removeprefix("Group/"), report["period"]
    reporter = report["reporter"]["identifier"]["value"]
    id_ = uuid5(_NAMES, "|".join((caseload, definition.id, period["start"], period["end"], reporter)))
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", str(id_))
    newest = await connection.fetchrow(_NEWEST, id_)
    if newest and _said(orjson.loads(newest["body"])) == _said(report):
        return id_, newest["version"]
    version = newest["version"] + 1 if newest else 1
    meta = {**report.get("meta", {}), "versionId": str(version), "lastUpdated": at.isoformat(timespec="seconds")}
    body = orjson.dumps({"resourceType": "MeasureReport", "id": str(id_), **report, "meta": meta})
    starts = date.fromisoformat(period["start"])
    await connection.execute(_PUBLISH, id_, version, caseload, definition.id, starts, at, client, body)
    return id_, version


async def published(connection: Connection, id_: UUID, version: int | None = None) -> Published | None:
    """A report, in its newest or another version."""
    row = await connection.fetchrow(_READ, id_, version)
    return Published(*row) if row else None


async def published_of(connection: Connection, caseload: str, measures: list[str] | None = None) -> list[Published]:
    """The newest versions of a caseload's reports, the latest period first."""
    return [Published(*row) for row in await connection.fetch(_OF_CASELOAD, caseload, measures)]


def _said(report: Resource) -> Resource:
    return {name: value for name, value in orjson.loads(orjson.dumps(report)).items() if name not in _CHANGES}
