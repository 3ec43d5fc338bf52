"""The one Reasonable Adjustment flag per patient: every source's existence flag, united for this caller.

NHS England Patient Flags: a patient has one top flag; its `flag-detail` extensions name the adjustments and the
impairments. https://simplifier.net/guide/patient-flag-implementation-guide
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from msgspec import structs

from integration.record.reader import Query, Reader, Row
from mappings import uk_core

_EXISTENCE = "national-reasonable-adjustment-flag"
_TOP = ("code", (f"{uk_core.RA_PATIENT_FLAG}|{_EXISTENCE}",))


async def with_one_top_flag(reader: Reader, query: Query, rows: Sequence[Row]) -> list[Row]:
    """These rows, which `query` found, with one top flag: it unites the details of all permitted ones, has the id of
    the first, and is active if any of them is. It stands where the first one that the query meets stands, so that it
    comes once however many pages are read. Asked for by id, each source's own is answered."""
    if query.ids or not any(_is_top_flag(row) for row in rows):
        return list(rows)
    tops = await _top_flags(reader, query, rows, everyone=True)
    place = (await _top_flags(reader, query, rows, everyone=False))[0].id
    united = _united([row.resource() for row in tops], tops)
    meets = not query.statuses or united.resource()["status"] in query.statuses
    shown = [united if row.id == place else row for row in rows if row.id == place or not _is_top_flag(row)]
    return shown if meets else [row for row in shown if row is not united]


async def _top_flags(reader: Reader, query: Query, rows: Sequence[Row], *, everyone: bool) -> list[Row]:
    """Permitted top flags by id: all, or those that the query meets. A query for whole types has found them already."""
    if query != Query(types=query.types):
        narrowed = Query() if everyone else replace(query, after=None, limit=None)
        rows = await reader.rows(replace(narrowed, types=("Flag",), tokens=(*narrowed.tokens, _TOP)))
    return [row for row in rows if _is_top_flag(row)]


def _is_top_flag(row: Row) -> bool:
    if row.type != "Flag" or _EXISTENCE.encode() not in row.body:
        return False
    codings = row.resource().get("code", {}).get("coding", ())
    return any(one.get("system") == uk_core.RA_PATIENT_FLAG and one.get("code") == _EXISTENCE for one in codings)


def _united(flags: Sequence[dict[str, Any]], rows: Sequence[Row]) -> Row:
    if len(rows) == 1:
        return rows[0]
    first = dict(next((flag for flag in flags if flag["status"] == "active"), flags[0]))
    details: dict[bytes, Any] = {}
    for flag in flags:
        for extension in flag.get("extension", ()):
            details.setdefault(orjson.dumps(extension, option=orjson.OPT_SORT_KEYS), extension)
    first["id"] = str(rows[0].id)
    if details:
        first["extension"] = list(details.values())
    first["meta"] = {
        **first["meta"],
        "versionId": "-".join(str(row.version) for row in rows),
        "lastUpdated": max(row.recorded for row in rows).isoformat(timespec="milliseconds"),
    }
    return structs.replace(
        rows[0],
        recorded=max(row.recorded for row in rows),
        entries=sorted({entry for row in rows for entry in row.entries}),
        body=orjson.dumps(first),
    )
