"""The one Reasonable Adjustment flag per patient: every source's existence flag, united for this caller.

NHS England Patient Flags: a patient has one top flag; its `flag-detail` extensions name the adjustments and the
impairments. https://simplifier.net/guide/patient-flag-implementation-guide
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from integration.record.reader import Row
from mappings import uk_core

_EXISTENCE = "national-reasonable-adjustment-flag"


def one_top_flag(rows: Iterable[Row]) -> list[Row]:
    """The rows, with the top flags of several sources united into that of the first (by id): its details are those of
    all, active if any of them is."""
    listed = list(rows)
    tops = sorted((row for row in listed if _is_top_flag(row)), key=lambda row: row.id)
    if len(tops) < 2:
        return listed
    united = _united([row.resource() for row in tops], tops)
    others = {row.id for row in tops[1:]}
    return [united if row.id == united.id else row for row in listed if row.id not in others]


def _is_top_flag(row: Row) -> bool:
    if row.type != "Flag" or _EXISTENCE.encode() not in row.body:
        return False
    codings = row.resource().get("code", {}).get("coding", ())
    return any(one.get("system") == uk_core.RA_PATIENT_FLAG and one.get("code") == _EXISTENCE for one in codings)


def _united(flags: Sequence[dict[str, Any]], rows: Sequence[Row]) -> Row:
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
    return replace(
        rows[0],
        recorded=max(row.recorded for row in rows),
        entries=sorted({entry for row in rows for entry in row.entries}),
        body=orjson.dumps(first),
    )
