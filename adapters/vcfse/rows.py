"""One row of a sheet -> one record. Every cell that cannot be read is a defect, and the rest of the row is used."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from adapters.records import Defect
from adapters.vcfse import values
from adapters.vcfse.columns import Kind, Layout, words
from adapters.vcfse.names import one_field
from adapters.vcfse.records import (
    Answer,
    Client,
    Contact,
    Location,
    Measure,
    Name,
    Referral,
    Row,
    Sharing,
    view_is_evidenced,
)
from adapters.vcfse.sheets import Cell

Value = TypeVar("Value")

MEASURES = (("ONS4", "start"), ("ONS4", "end"), ("WEMWBS", "start"), ("WEMWBS", "end"))


def column_name(index: int) -> str:
    """Letters of a column as spreadsheets show them: 0 -> A, 26 -> AA."""
    letters = ""
    number = index + 1
    while number:
        number, remainder = divmod(number - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


@dataclass
class RowReader:
    """Reads the fields of one row by name; `number` is the row's number in the spreadsheet, from 1."""

    sheet: str
    number: int
    cells: Sequence[Cell]
    layout: Layout
    today: date
    defects: list[Defect] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether the sheet has a column for this field."""
        return name in self.layout.fields

    def cell(self, name: str) -> Cell:
        """The raw cell of a field; blank when the sheet or the row lacks it."""
        index = self.layout.fields.get(name)
        return "" if index is None or index >= len(self.cells) else self.cells[index]

    def read(self, name: str, reading: Callable[[Cell], Value | None]) -> Value | None:
        """The field's value, or None and a defect when it cannot be read."""
        try:
            return reading(self.cell(name))
        except values.CellError as fault:
            self.report(name, fault.code, fault.reason, fault.remedy)
            return None

    def text(self, name: str) -> str | None:
        """The field as one line of text."""
        return values.text(self.cell(name))

    def consent(self, name: str) -> Answer | None:
        """A yes-or-no field that permits something: what is neither is reported."""
        answered = values.answer(self.cell(name))
        if answered == "unclear":
            self.report(name, "unclear-consent", "neither yes nor no, so nothing is shared", "Write Y or N.")
        return answered

    def past_date(self, cell: Cell) -> str | None:
        """ISO date that is not after the day of the sheet."""
        return values.past_date(cell, self.today)

    def report(self, name: str, code: str, reason: str, remedy: str) -> None:
        """A defect of this row; `name` is the field, or empty for the row as a whole."""
        index = self.layout.fields.get(name)
        fragment = "" if index is None else str(self.cell(name))
        self.defects.append(
            Defect(
                code=code,
                where=f"{self.sheet} row {self.number}{self._column(index)}",
                reason=reason,
                remedy=remedy,
                fragment=(fragment or repr(list(self.cells))).encode(),
            )
        )

    def _column(self, index: int | None) -> str:
        if index is None:
            return ""
        return f" column {column_name(index)} ({' '.join(self.layout.headers[index].split())})"


def read_row(reader: RowReader, kind: Kind) -> Row:
    """The record of a row. Defects are left in the reader."""
    return _referral(reader) if kind == "referral" else _contact(reader)


def _referral(reader: RowReader) -> Referral:
    status = reader.text("status")
    return Referral(
        client=_client(reader),
        sharing=_sharing(reader),
        referral_id=reader.text("referral_id"),
        referred_on=reader.read("referred_on", values.event_date),
        source=reader.text("source"),
        reason=reader.text("reason"),
        worker=reader.text("worker"),
        service=values.lines(reader.cell("service")),
        accepted=_decision(reader, "accepted"),
        outcome=reader.text("outcome"),
        measures=_measures(reader),
        status=status,
        closed_on=reader.read("closed_on", values.event_date),
        care_coordinator=_decision(reader, "care_coordinator"),
        adjustments=values.lines(reader.cell("adjustments")),
        removed=_removed(status),
    )


def _contact(reader: RowReader) -> Contact:
    contacted_on = reader.read("contacted_on", values.event_date)
    booked = "planned" if contacted_on and contacted_on > reader.today.isoformat() else None
    return Contact(
        client=_client(reader),
        sharing=_sharing(reader) if reader.has("share") else None,
        contact_id=reader.text("contact_id"),
        referral_id=reader.text("referral_id"),
        contacted_on=contacted_on,
        contacted_at=reader.read("contacted_at", values.clock),
        minutes=reader.read("minutes", values.minutes),
        kind=reader.text("kind"),
        worker=reader.text("worker"),
        service=reader.text("service"),
        topic=reader.text("topic"),
        attendance=reader.text("attendance") or booked,
        removed=_removed(reader.text("status")),
    )


def _removed(status: str | None) -> bool:
    return (status or "").casefold() in words("removed")


def _measures(reader: RowReader) -> tuple[Measure, ...]:
    found = []
    for instrument, point in MEASURES:
        if value := reader.text(f"{instrument.lower()}_{point}"):
            found.append(Measure(instrument=instrument, point=point, value=value))  # type: ignore[arg-type] # literals
    return tuple(found)


def _decision(reader: RowReader, name: str) -> Answer | None:
    """Yes, no or blank; other words decide nothing, and are reported."""
    answered = values.answer(reader.cell(name))
    if answered == "unclear":
        reader.report(name, "bad-value", "neither yes nor no", "Write Y or N.")
        return None
    return answered


def _client(reader: RowReader) -> Client:
    return Client(
        client_id=values.client_id(reader.cell("client_id")),
        name=_name(reader),
        birth_date=reader.read("birth_date", lambda cell: values.birth_date(cell, reader.today)),
        nhs_number=reader.read("nhs_number", values.nhs_number_of),
        gender=reader.text("gender"),
        phone=values.phone(reader.cell("phone")),
        mobile=values.phone(reader.cell("mobile")),
        email=reader.text("email"),
        location=_location(reader),
        practice=reader.text("practice"),
    )


def _name(reader: RowReader) -> Name | None:
    prefix, nickname = reader.text("prefix"), reader.text("nickname")
    family, given = reader.text("family"), reader.text("given")
    if family or given:
        return Name(family=family, given=tuple((given or "").split()), prefix=prefix, nickname=nickname)
    whole = reader.text("name")
    if whole is None:
        return Name(nickname=nickname) if nickname else None
    read = one_field(whole)
    return Name(
        family=read.family,
        given=read.given,
        prefix=prefix or read.prefix,
        nickname=nickname or read.nickname,
        text=read.text,
    )


def _location(reader: RowReader) -> Location | None:
    postcode = values.postcode(reader.cell("postcode"))
    parts = re.split(r"[,\n]", values.lines(reader.cell("address")) or "")
    lines = tuple(" ".join(part.split()) for part in parts if part.strip())
    return Location(lines=lines, postcode=postcode) if lines or postcode else None


def _sharing(reader: RowReader) -> Sharing:
    withdrawn = _withdrawn(reader)
    sharing = Sharing(
        share="no" if withdrawn else reader.consent("share"),
        view=("no" if withdrawn else reader.consent("view")) if reader.has("view") else None,
        on=reader.read("on", reader.past_date),
        view_on=reader.read("view_on", reader.past_date),
        taken_by=reader.text("taken_by"),
        method=reader.text("method"),
        withdrawn_on=reader.read("withdrawn_on", lambda cell: _date_or_answer(reader, cell)),
    )
    if sharing.view == "yes" and not view_is_evidenced(sharing):
        reader.report("view", "consent-evidence", "a consent to view needs its date and who took it", "Fill in both.")
    return sharing


def _withdrawn(reader: RowReader) -> bool:
    """Anything but blank or no in the column of withdrawal ends both consents, even a date that cannot be read."""
    return values.answer(reader.cell("withdrawn_on")) in ("yes", "unclear")


def _date_or_answer(reader: RowReader, cell: Cell) -> str | None:
    return None if values.answer(cell) in ("yes", "no") else reader.past_date(cell)
