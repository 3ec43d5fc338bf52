"""Rows that say the same event, and services that only look like two, become one.

Councils split packages of care over rows, leave ends open, raise costs in place and begin running services anew on 1
April; DHSC names these as what makes false duplicates (Main_tables/docs/methodology/6-deduplication).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from adapters.social_care.records import Row, Service, natural_key
from adapters.social_care.values import LISTS

_PREFERENCE = {outcome: place for place, outcome in enumerate(LISTS["outcome"])}
_NEW_YEAR = "-04-01"
"""Month and day on which councils' financial years begin."""


def distinct(rows: Iterable[Row]) -> list[Row]:
    """One row for each event. A package of care that one submission splits over several rows keeps its parts; parts
    that differ in nothing but their cost are one, and so are a service and its new beginning on 1 April."""
    best: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = (*natural_key(row), *_package(row))
        best[key] = min(best[key], row, key=_precedence) if key in best else row
    return _continued(list(best.values()))


def _package(row: Row) -> tuple[str, ...]:
    """What tells the parts of a split package apart. Not the cost: it is raised once a year, and nobody is shown it."""
    service = row.detail
    if not isinstance(service, Service):
        return ()
    by = (service.provider_id, None) if service.provider_id else (None, service.provider_name)
    return tuple(part or "" for part in (service.delivery, *by, service.units_per_week))


def _precedence(row: Row) -> tuple[bool, str, int, bytes]:
    """Of rows that say the same event: a running one, the latest end, then the outcome that CLD prefers."""
    latest_first = "".join(chr(0x10FFFF - ord(digit)) for digit in row.end or "")
    return (
        row.end is not None,
        latest_first,
        _PREFERENCE.get(row.outcome or "", len(_PREFERENCE)),
        msgspec.json.encode(row),
    )


def _continued(rows: Sequence[Row]) -> list[Row]:
    """Services that go on over 1 April under a new start are one again, from their first start."""
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    kept: list[Row] = []
    for row in rows:
        if isinstance(row.detail, Service) and row.start:
            service = row.detail
            alike[(row.client_type, service.type or "", service.component or "", *_package(row))].append(row)
        else:
            kept.append(row)
    for services in alike.values():
        kept += _chained(sorted(services, key=lambda row: (row.start or "", row.end or "9999")))
    return kept


def _chained(services: Sequence[Row]) -> list[Row]:
    chained: list[Row] = []
    for row in services:
        before = chained[-1] if chained else None
        if before and _goes_on(before, row):
            chained[-1] = msgspec.structs.replace(row, start=before.start)
        else:
            chained.append(row)
    return chained


def _goes_on(before: Row, row: Row) -> bool:
    """Whether `row` begins on 1 April with a service that was running then, or had ended just before."""
    start = row.start or ""
    if not start.endswith(_NEW_YEAR) or (before.start or "") >= start:
        return False
    return before.end is None or before.end >= (date.fromisoformat(start) - timedelta(days=1)).isoformat()
