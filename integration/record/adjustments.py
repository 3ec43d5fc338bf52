"""The one Reasonable Adjustment flag per patient: every source's existence flag, united for this caller.

NHS England Patient Flags: a patient has one top flag; its `flag-detail` extensions name the adjustments and the
impairments. https://simplifier.net/guide/patient-flag-implementation-guide
"""

from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import structs

from integration.record.reader import Query, Reader, Row
from mappings import uk_core

_EXISTENCE = "national-reasonable-adjustment-flag"
TOP_FLAG = f"code={uk_core.RA_PATIENT_FLAG}|{_EXISTENCE}"
"""What the index holds of a top flag."""


async def with_one_top_flag(reader: Reader, query: Query, rows: Sequence[Row], *, shown: bool = False) -> list[Row]:
    """These rows, which `query` found, with one top flag: it unites the details of all permitted ones, has the id of
    the first, and is active if any of them is. It stands where the first of them stands; not at all if it was `shown`
    on an earlier page. Asked for by id, each source's own is answered."""
    here = [row for row in rows if row.type == "Flag" and is_top_flag(row)]
    if query.ids or not here:
        return list(rows)
    if query != Query(types=query.types):  # else all of them are here
        tops = await reader.rows(Query(types=("Flag",), tokens=(TOP_FLAG,)))
    else:
        tops = here
    one = _united([row.resource() for row in tops], tops)
    stood, *others = [row.id for row in here]
    kept = [one if row.id == stood else row for row in rows if row.id not in others]
    return [row for row in kept if row is not one] if shown else kept


def united(rows: Sequence[Row]) -> list[Row]:
    """All permitted rows of a type with one top flag, which stands where the first of them stands."""
    tops = [row for row in rows if is_top_flag(row)]
    if len(tops) < len(("one", "another")):
        return list(rows)
    one = _united([row.resource() for row in tops], tops)
    return [one if row.id == one.id else row for row in rows if row.id == one.id or not is_top_flag(row)]


def is_top_flag(row: Row) -> bool:
    """Whether it says that there are reasonable adjustments."""
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
