"""One row of cells -> what it states of whom, with its faults noted."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.social_care import cells, records, values
from adapters.social_care.columns import Column
from adapters.social_care.faults import Faults

_DETAILS: dict[str, type[records.Request | records.Assessment | records.Service | records.Review]] = {
    "request": records.Request,
    "assessment": records.Assessment,
    "service": records.Service,
    "review": records.Review,
}


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says. `row` is None when it could not be used; then `tables` are those it may have belonged to."""

    number: int
    council: str | None = None
    period: tuple[str | None, str | None] = (None, None)
    local_id: str | None = None
    person: records.Person | None = None
    tables: tuple[str, ...] = ()
    row: records.Row | None = None
    unreadable: bool = False
    """Not even the person can be told."""


def read_row(
    number: int, texts: Sequence[str], columns: Sequence[Column | None], today: str, faults: Faults
) -> Statement:
    """Reads row `number` (as a spreadsheet shows it). `today`: ISO date on which the file was sent, in London."""
    if len(texts) > len(columns) and any(texts[len(columns) :]):
        faults.add("row-length", row=number)
        return Statement(number=number, unreadable=True)  # its cells may stand in the wrong columns
    parts = _parts(number, texts, columns, faults)
    said, row = parts["submission"], parts["row"]
    person = _person(number, parts["person"], today, faults)
    kind = _kind(number, row, faults) if person else None
    tables = (kind,) if kind else ()
    built = _row(number, parts, person, kind, today, faults) if person and kind else None
    return Statement(
        number=number,
        council=said.get("council"),
        period=(said.get("period_start"), said.get("period_end")),
        local_id=person.local_id if person else None,
        person=person,
        tables=tables,
        row=built,
    )


def _parts(
    number: int, texts: Sequence[str], columns: Sequence[Column | None], faults: Faults
) -> dict[str, dict[str, str]]:
    """{part: {field: value}} of the cells that hold one."""
    parts: dict[str, dict[str, str]] = {
        part: {} for part in ("submission", "person", "row", "caring", "request", "assessment", "service", "review")
    }
    for column, text in zip(columns, texts, strict=False):
        if column is None or not text:
            continue
        value, fault = cells.read_cell(column, text)
        if fault:
            faults.add(fault, row=number, column=column.title, content=text)
        if value is not None:
            parts[column.part][column.field] = value
    return parts


def _person(number: int, said: dict[str, str], today: str, faults: Faults) -> records.Person | None:
    if "local_id" not in said:
        faults.add("missing-person-id", row=number)
        return None
    if (born := said.get("birth_date")) and cells.birth_date(born, today)[1]:
        faults.add("implausible-birth-date", row=number, column="Date of Birth", content=said.pop("birth_date"))
    if said.get("death_date", "") > today:
        faults.add("future-death-date", row=number, column="Date of Death", content=said.pop("death_date"))
    return records.Person(**said)


def _kind(number: int, row: dict[str, str], faults: Faults) -> str | None:
    """Which of `records.TABLES` the row belongs to, or None when it cannot be told."""
    event_type = row.get("event_type", "")
    if not event_type and row.get("client_type") == values.KNOWN_BY_ASSOCIATION:
        return "association"
    if event_type not in values.LISTS["event_type"]:
        faults.add("missing-event-type", row=number)
        return None
    return event_type.lower()


def _row(
    number: int, parts: dict[str, dict[str, str]], person: records.Person, kind: str, today: str, faults: Faults
) -> records.Row | None:
    row = parts["row"]
    if row.get("client_type") not in values.LISTS["client_type"]:
        faults.add("missing-client-type", row=number)
        return None
    caring = _caring(parts["caring"])
    if kind == "association":
        return records.Row(person=person, client_type=row["client_type"], detail=records.Association(), caring=caring)
    if not _starts(number, row, kind, today, faults):
        return None
    return records.Row(
        person=person,
        client_type=row["client_type"],
        detail=_DETAILS[kind](**parts[kind]),
        start=row["start"],
        end=_end(number, row, kind, today, faults),
        reference=row.get("reference"),
        description=row.get("description"),
        outcome=row.get("outcome"),
        caring=caring,
    )


def _starts(number: int, row: dict[str, str], kind: str, today: str, faults: Faults) -> bool:
    if "start" not in row:
        faults.add("missing-start-date", row=number)
        return False
    if row["start"] > today and kind != "service":
        faults.add("future-start-date", row=number)
        return False
    return True


def _end(number: int, row: dict[str, str], kind: str, today: str, faults: Faults) -> str | None:
    end = row.get("end")
    fault = None
    if end and end > today:
        fault = "future-end-date"
    elif end and end < row["start"]:
        fault = "end-before-start"
    elif end is None and kind != "service":
        fault = "missing-end-date"
    if fault:
        faults.add(fault, row=number, column="Event End Date", content=end or "")
        return None
    return end


def _caring(said: dict[str, Any]) -> records.Caring:
    linked = dict.fromkeys(said.pop(f"linked_{number}", None) for number in (1, 2, 3))
    linked.pop(None, None)
    return records.Caring(linked=tuple(adult for adult in linked if adult), **said)
