"""One row of cells -> what it states of whom, with its faults noted."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from adapters.social_care import cells, records, values
from adapters.social_care.columns import Column
from adapters.social_care.faults import Faults
from adapters.social_care.identities import Identity

_DETAILS: dict[str, type[records.Request | records.Assessment | records.Service | records.Review]] = {
    "request": records.Request,
    "assessment": records.Assessment,
    "service": records.Service,
    "review": records.Review,
}
_PARTS = ("submission", "person", "row", "caring", "request", "assessment", "service", "review")
_PLACE = {part: place for place, part in enumerate(_PARTS)}
_SUBMISSION, _PERSON, _ROW, _CARING = range(4)
Parts = list[dict[str, Any]]
"""{field: value} of the cells that hold one, for each of _PARTS."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says. `row` is None when it could not be used; then `tables` are those it may have belonged to."""

    number: int
    period: tuple[str | None, str | None] = (None, None)
    local_id: str | None = None
    person: records.Person | None = None
    linked: tuple[str, ...] = ()
    """LA ids of the adults whom the row links to."""
    tables: tuple[str, ...] = records.TABLES
    row: records.Row | None = None


class RowReader:
    """Reads the rows of one file. `columns` are those of its header, None where one is not read; `today` is the ISO
    date on which the file was sent, in London."""

    def __init__(self, columns: Sequence[Column | None], today: str, faults: Faults) -> None:
        self._width = len(columns)
        self._today = today
        self._faults = faults
        self._cells: list[tuple[int, str, Callable[[str], cells.Read] | None, str] | None] = [
            (_PLACE[column.part], column.field, cells.reader(column), column.title) if column else None
            for column in columns
        ]
        self._identifying = [
            (position, column.field, cells.reader(column))
            for position, column in enumerate(columns)
            if column and column.field in Identity._fields
        ]
        self._council = next((at for at, column in enumerate(columns) if column and column.field == "council"), None)

    def identity(self, texts: Sequence[str]) -> Identity | None:
        """Whom the row is about, or None where it does not say: as `read` will see it, noting no faults."""
        if self._too_long(texts):
            return None
        said: dict[str, str] = {}
        for position, field, read in self._identifying:
            if position < len(texts) and (text := texts[position].strip()):
                value = read(text)[0] if read else text
                if value is not None:
                    said[field] = value
        if "local_id" not in said:
            return None
        if (born := said.get("birth_date")) and cells.birth_date(born, self._today)[1]:
            del said["birth_date"]
        return Identity(**said)

    def council(self, texts: Sequence[str]) -> str:
        """The row's LA Code in small letters, or nothing."""
        at = self._council
        return texts[at].strip().casefold() if at is not None and at < len(texts) else ""

    def read(self, number: int, texts: Sequence[str]) -> Statement:
        """Row `number` (as a spreadsheet shows it)."""
        if self._too_long(texts):
            self._faults.add("row-length", row=number)
            return Statement(number=number)  # its cells may stand in the wrong columns, so it may be anybody's
        parts = self._parts(number, texts)
        said, linked = parts[_SUBMISSION], _linked(parts[_CARING])
        person = self._person(number, parts[_PERSON])
        kind = self._kind(number, parts[_ROW])
        return Statement(
            number=number,
            period=(said.get("period_start"), said.get("period_end")),
            local_id=person.local_id if person else None,
            person=person,
            linked=linked,
            tables=(kind,) if kind else records.TABLES,
            row=self._row(number, parts, person, kind, linked) if person and kind else None,
        )

    def _too_long(self, texts: Sequence[str]) -> bool:
        return len(texts) > self._width and any(map(str.strip, texts[self._width :]))

    def _parts(self, number: int, texts: Sequence[str]) -> Parts:
        parts: Parts = [{}, {}, {}, {}, {}, {}, {}, {}]
        for cell, text in zip(self._cells, texts, strict=False):
            if not text or cell is None or not (text := text.strip()):
                continue
            place, field, read, title = cell
            if read is None:
                parts[place][field] = text
                continue
            value, fault = read(text)
            if fault:
                self._faults.add(fault, row=number, column=title, content=text)
            if value is not None:
                parts[place][field] = value
        return parts

    def _person(self, number: int, said: dict[str, str]) -> records.Person | None:
        if "local_id" not in said:
            self._faults.add("missing-person-id", row=number)
            return None
        if (born := said.get("birth_date")) and (fault := cells.birth_date(born, self._today)[1]):
            self._faults.add(fault, row=number, column="Date of Birth", content=said.pop("birth_date"))
        if said.get("death_date", "") > self._today:
            self._faults.add("future-death-date", row=number, column="Date of Death", content=said.pop("death_date"))
        return records.Person(**said)

    def _kind(self, number: int, row: dict[str, str]) -> str | None:
        """Which of `records.TABLES` the row belongs to, or None when it cannot be told."""
        event_type = row.get("event_type", "")
        if not event_type and row.get("client_type") == values.KNOWN_BY_ASSOCIATION:
            return "association"
        if event_type not in values.LISTS["event_type"]:
            self._faults.add("missing-event-type", row=number)
            return None
        return event_type.lower()

    def _row(
        self, number: int, parts: Parts, person: records.Person, kind: str, linked: tuple[str, ...]
    ) -> records.Row | None:
        row = parts[_ROW]
        if row.get("client_type") not in values.LISTS["client_type"]:
            self._faults.add("missing-client-type", row=number)
            return None
        caring = records.Caring(linked=linked, **parts[_CARING])
        if kind == "association":
            return records.Row(
                person=person, client_type=row["client_type"], detail=records.Association(), caring=caring
            )
        if not self._starts(number, row, kind):
            return None
        return records.Row(
            person=person,
            client_type=row["client_type"],
            detail=_DETAILS[kind](**parts[_PLACE[kind]]),
            start=row["start"],
            end=self._end(number, row, kind),
            reference=row.get("reference"),
            description=row.get("description"),
            outcome=row.get("outcome"),
            caring=caring,
        )

    def _starts(self, number: int, row: dict[str, str], kind: str) -> bool:
        if "start" not in row:
            self._faults.add("missing-start-date", row=number)
            return False
        if row["start"] > self._today and kind != "service":
            self._faults.add("future-start-date", row=number)
            return False
        return True

    def _end(self, number: int, row: dict[str, str], kind: str) -> str | None:
        end = row.get("end")
        fault = None
        if end and end > self._today:
            fault = "future-end-date"
        elif end and end < row["start"]:
            fault = "end-before-start"
        elif end is None and kind != "service":
            fault = "missing-end-date"
        if fault:
            self._faults.add(fault, row=number, column="Event End Date", content=end or "")
            return None
        return end


def _linked(said: dict[str, Any]) -> tuple[str, ...]:
    """The linked adults, taken out of the carer module, each once."""
    found = (said.pop(f"linked_{number}", None) for number in (1, 2, 3)) if said else ()
    return tuple(dict.fromkeys(adult for adult in found if adult))
