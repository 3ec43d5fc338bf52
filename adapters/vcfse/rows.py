"""One row of a sheet -> one record. Every cell that cannot be read is a defect, and the rest of the row is used."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TypeVar

from adapters.records import Defect
from adapters.vcfse import values
from adapters.vcfse.book import Cell
from adapters.vcfse.columns import DateOrder, Guide, Kind, plain, words
from adapters.vcfse.header import Layout
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

Value = TypeVar("Value")

ANSWERS = frozenset({"share", "view", "notes", "withdrawn_on", "accepted", "care_coordinator"})
"""Fields whose cells say yes or no."""
DATES = ("birth_date", "referred_on", "contacted_on", "closed_on", "on", "view_on", "withdrawn_on")
_STRICTEST_FIRST: Sequence[Answer | None] = ("no", "unclear", None, "yes")
MEASURES = (("ONS4", "start"), ("ONS4", "end"), ("WEMWBS", "start"), ("WEMWBS", "end"))


def column_name(index: int) -> str:
    """Letters of a column as spreadsheets show them: 0 -> A, 26 -> AA."""
    letters = ""
    number = index + 1
    while number:
        number, remainder = divmod(number - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


@dataclass(frozen=True)
class Frame:
    """What all rows of one sheet share. `title`: the sheet in words; `sheet`: its name, blank for CSV; `orders`: how
    the dates of each field's column are read; `today`: the day of the sheet."""

    title: str
    sheet: str
    layout: Layout
    guide: Guide
    orders: Mapping[str, DateOrder]
    today: date

    def defect(self, code: str, place: str, reason: str, remedy: str, *, column: str = "") -> Defect:
        """A defect of the sheet; `place` says where in it."""
        where = f"{self.title} {place}".strip()
        return Defect(code=code, where=where, reason=reason, remedy=remedy, sheet=self.sheet, column=column)


@dataclass
class RowReader:
    """Reads the fields of one row by name; `number` is the row's number in the spreadsheet, from 1."""

    frame: Frame
    number: int
    cells: Sequence[Cell]
    defects: list[Defect] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        return self.frame.layout

    @property
    def today(self) -> date:
        return self.frame.today

    def has(self, name: str) -> bool:
        """Whether the sheet has a column for this field."""
        return name in self.layout.fields

    def cell(self, name: str) -> Cell:
        """The raw cell of a field, blank when the sheet or the row lacks it; what the charity writes for nothing, and
        in its place for yes and no, is put into our words."""
        return self._meant(name, self.layout.fields.get(name))

    def cells_of(self, name: str) -> list[Cell]:
        """The cells of a field that permits something, of every column that the sheet has for it."""
        return [self.cell(name), *(self._meant(name, index) for index in self.layout.more.get(name, ()))]

    def _meant(self, name: str, index: int | None) -> Cell:
        cell = "" if index is None or index >= len(self.cells) else self.cells[index]
        own = self.frame.guide.answers
        meant = own.get(plain(cell)) if own and isinstance(cell, str) else None
        return cell if meant is None or (meant and name not in ANSWERS) else meant

    def event_date(self, name: str) -> str | None:
        """The field as ISO date of something that happened."""
        return self.read(name, lambda cell: values.event_date(cell, self.frame.orders.get(name, "day first")))

    def read(self, name: str, reading: Callable[[Cell], Value | None]) -> Value | None:
        """The field's value, or None and a defect when it cannot be read."""
        try:
            return reading(self.cell(name))
        except values.CellError as fault:
            self.report(name, fault.code, fault.reason, fault.remedy)
            return None

    @cached_property
    def texts(self) -> Sequence[str]:
        """All cells as one line of text each."""
        return [values.text(cell) or "" for cell in self.cells]

    def text(self, name: str) -> str | None:
        """The field as one line of text."""
        if self.frame.guide.answers:
            return values.text(self.cell(name))
        index = self.layout.fields.get(name)
        return None if index is None or index >= len(self.texts) else self.texts[index] or None

    def consent(self, name: str) -> Answer | None:
        """A yes-or-no field that permits something: what is neither is reported. Of several columns the strictest
        counts: yes is what all of them say."""
        answered = min(map(values.answer, self.cells_of(name)), key=_STRICTEST_FIRST.index)
        if answered == "unclear":
            self.report(name, "unclear-consent", "neither yes nor no, so nothing is shared", "Write Y or N.")
        return answered

    def past_date(self, name: str) -> str | None:
        """The field as ISO date that is not after the day of the sheet; a column of dates may also say yes or no."""
        cell, order = self.cell(name), self.frame.orders.get(name, "day first")
        if name == "withdrawn_on":
            cell = next((cell for cell in self.cells_of(name) if values.answer(cell) == "unclear"), "")
        return self.read(name, lambda _: values.past_date(cell, self.today, order))

    def report(self, name: str, code: str, reason: str, remedy: str) -> None:
        """A defect of this row; `name` is the field, or empty for the row as a whole."""
        index = self.layout.fields.get(name)
        fragment = "" if index is None else str(self.cell(name))
        self.defects.append(
            Defect(
                code=code,
                where=f"{self.frame.title} row {self.number}{self._column(index)}",
                reason=reason,
                remedy=remedy,
                fragment=(fragment or repr(list(self.cells))).encode(errors="replace"),
                sheet=self.frame.sheet,
                row=self.number,
                column="" if index is None else column_name(index),
            )
        )

    def _column(self, index: int | None) -> str:
        if index is None:
            return ""
        return f" column {column_name(index)} ({' '.join(self.layout.header.texts[index].split())})"


def read_row(reader: RowReader, kind: Kind) -> Row:
    """The record of a row. Defects are left in the reader."""
    return _referral(reader) if kind == "referral" else _contact(reader)


def _referral(reader: RowReader) -> Referral:
    client, sharing, status = _client(reader), _sharing(reader), reader.text("status")
    return Referral(
        client=client,
        sharing=sharing,
        referral_id=values.record_id(reader.cell("referral_id")),
        referred_on=reader.event_date("referred_on"),
        source=reader.text("source"),
        reason=reader.text("reason"),
        worker=reader.text("worker"),
        service=values.lines(reader.cell("service")),
        accepted=_decision(reader, "accepted"),
        outcome=reader.text("outcome"),
        measures=_measures(reader),
        status=status,
        closed_on=reader.event_date("closed_on"),
        care_coordinator=_decision(reader, "care_coordinator"),
        adjustments=values.lines(reader.cell("adjustments")),
        notes=_notes(reader, sharing),
        removed=_removed(status),
    )


def _contact(reader: RowReader) -> Contact:
    client, contacted_on = _client(reader), reader.event_date("contacted_on")
    booked = "planned" if contacted_on and contacted_on > reader.today.isoformat() else None
    sharing = _sharing(reader) if reader.has("share") else None
    return Contact(
        client=client,
        sharing=sharing,
        contact_id=reader.text("contact_id"),
        referral_id=values.record_id(reader.cell("referral_id")),
        contacted_on=contacted_on,
        contacted_at=reader.read("contacted_at", values.clock),
        minutes=reader.read("minutes", values.minutes),
        kind=reader.text("kind"),
        worker=reader.text("worker"),
        service=reader.text("service"),
        topic=reader.text("topic"),
        attendance=reader.text("attendance") or booked,
        notes=_notes(reader, sharing),
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
        client_id=values.record_id(reader.cell("client_id")),
        name=_name(reader),
        birth_date=_birth_date(reader),
        born_about=_born_about(reader),
        nhs_number=reader.read("nhs_number", values.nhs_number_of),
        gender=reader.text("gender"),
        phone=values.phone(reader.cell("phone")),
        mobile=values.phone(reader.cell("mobile")),
        email=reader.text("email"),
        location=_location(reader),
        practice=reader.text("practice"),
    )


def _birth_date(reader: RowReader) -> str | None:
    order = reader.frame.orders.get("birth_date", "day first")
    return reader.read("birth_date", lambda cell: values.birth_date(cell, reader.today, order))


def _born_about(reader: RowReader) -> int | None:
    """From a column of ages, or an age where the birth date should be."""
    ages = (values.age(reader.cell(name)) for name in ("age", "birth_date"))
    return next((reader.today.year - years for years in ages if years is not None), None)


def _notes(reader: RowReader, sharing: Sharing | None) -> str | None:
    """Free text of all its columns, only where this row says that it may be shared."""
    if sharing is None or sharing.notes != "yes":
        return None
    cells = (reader.cells[index] for index in reader.layout.notes if index < len(reader.cells))
    return "\n".join(kept for cell in cells if (kept := values.paragraphs(cell))) or None


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
        notes=("no" if withdrawn else reader.consent("notes")) if reader.has("notes") else None,
        on=reader.past_date("on"),
        view_on=reader.past_date("view_on"),
        taken_by=reader.text("taken_by"),
        method=reader.text("method"),
        withdrawn_on=reader.past_date("withdrawn_on"),
    )
    if sharing.view == "yes" and not view_is_evidenced(sharing):
        reader.report("view", "consent-evidence", "a consent to view needs its date and who took it", "Fill in both.")
    return sharing


def _withdrawn(reader: RowReader) -> bool:
    """Anything but blank or no in a column of withdrawal ends all consents, even a date that cannot be read."""
    return any(values.answer(cell) in ("yes", "unclear") for cell in reader.cells_of("withdrawn_on"))
