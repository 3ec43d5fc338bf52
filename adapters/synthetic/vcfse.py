"""What the charities of the synthetic neighbourhood send: a spreadsheet each half-year, kept by hand.

Companions Coventry (X9V01) sends a workbook of two sheets, Open Door Outreach (X9V02) two CSV files. Later files repeat
and edit rows. The dirt is that of real charities' sheets: names in one field and as people are called, few and
mistyped NHS numbers, zeros that Excel dropped, five ways to write a date, Windows-1252, titles, totals, blank rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from adapters.records import LONDON
from adapters.synthetic.chance import chance
from adapters.synthetic.organisations import BY_CODE, CHARITIES
from adapters.synthetic.world import Address, FeedFile, LifeEvent, Person, Staff, World
from adapters.vcfse.records import Answer, Client, Contact, Location, Measure, Name, Referral, Row, Sharing
from adapters.vcfse.wording import TITLE
from adapters.vcfse.write import (
    Cell,
    DateStyle,
    Style,
    Table,
    contact_table,
    csv_bytes,
    referral_table,
    whole_name,
    xlsx_bytes,
)

HALF_YEARS_AGO = (3, 2, 1, 0)
DATE_STYLES: tuple[DateStyle, ...] = ("british", "british", "short", "iso", "named", "long", "dotted", "serial")
OWN_HEADERS = {"Client ID": "Member no", "Referral date": "Came to us on"}
"""What Companions Coventry calls its columns; its workbook says so in a mapping sheet."""
CHANNELS = {"visit": "Home visit", "phone": "Telephone", "group": "Group session"}


@dataclass(frozen=True)
class Books:
    """What one charity's sheets are written from. `ids`: client ids by person; `numbers`: referral ids by event."""

    world: World
    charity: str
    people: dict[str, Person]
    staff: dict[str, Staff]
    ids: dict[str, str]
    numbers: dict[str, str]

    @property
    def headers(self) -> dict[str, str]:
        """Our header -> this charity's own, where it has one."""
        return OWN_HEADERS if self.in_workbook else {}

    @property
    def in_workbook(self) -> bool:
        """Whether this charity keeps one workbook, in columns of its own (else two CSV files)."""
        return self.charity == CHARITIES[0].code


def feed_files(world: World) -> Iterator[FeedFile]:
    """Every file of both charities, oldest first for each; the same world gives the same bytes."""
    for charity in CHARITIES:
        books = _books(world, charity.code)
        for half_years in HALF_YEARS_AGO:
            yield from _files(books, world.today - timedelta(days=182 * half_years))


def _books(world: World, charity: str) -> Books:
    events = [event for event in world.events if event.organisation == charity]
    referrals = [event for event in events if event.kind == "charity-referral"]
    known = list(dict.fromkeys(event.person for event in referrals))
    return Books(
        world=world,
        charity=charity,
        people={person.key: person for person in world.people},
        staff={worker.key: worker for worker in world.staff},
        ids={key: f"CC-{n:04}" if charity == CHARITIES[0].code else f"{n:04}" for n, key in enumerate(known, 1)},
        numbers={event.key: f"R{n:05}" for n, event in enumerate(referrals, 1)},
    )


def _files(books: Books, day: date) -> Iterator[FeedFile]:
    told = [event for event in books.world.events if event.organisation == books.charity and event.at.date() <= day]
    referrals = [event for event in told if event.kind == "charity-referral"]
    contacts = [event for event in told if event.kind == "charity-contact"]
    if referrals and books.in_workbook:
        sheets = [_guide(), _mapping(), _referral_sheet(books, referrals, day), _contact_sheet(books, contacts, day)]
        yield _file(books, f"Companions client log {day:%d-%m-%Y}.xlsx", xlsx_bytes(sheets), day)
    elif referrals:
        first = day == books.world.today - timedelta(days=182 * HALF_YEARS_AGO[0])
        saved = _exported if first else _saved
        yield _file(books, f"referrals_{day}.csv", saved(_referral_sheet(books, referrals, day)), day)
        yield _file(books, f"sessions_{day}.csv", saved(_contact_sheet(books, contacts, day)), day)


def _file(books: Books, name: str, content: bytes, day: date) -> FeedFile:
    return FeedFile("vcfse", books.charity, name, content, datetime.combine(day, time(17), tzinfo=LONDON))


def _saved(table: Table) -> bytes:
    """As Excel saves CSV in England, unless a name does not fit into Windows-1252."""
    try:
        return csv_bytes(table, encoding="cp1252")
    except UnicodeEncodeError:
        return csv_bytes(table, encoding="utf-8-sig")


def _exported(table: Table) -> bytes:
    """As the charity's former case system exported: UTF-16 with tabs."""
    return csv_bytes(table, encoding="utf-16", delimiter="\t")


def _guide() -> Table:
    return Table(name="How to fill this in", header=["One row for each referral. Please don't merge cells."], rows=[])


def _mapping() -> Table:
    return Table(name=TITLE, header=["Our name", "Your name"], rows=[list(pair) for pair in OWN_HEADERS.items()])


def _referral_sheet(books: Books, events: Sequence[LifeEvent], day: date) -> Table:
    rows = [_line(books, event, _referral(books, event, day), "") for event in events]
    return _sheet(books, referral_table([], Style(one_name=books.in_workbook)), rows)


def _contact_sheet(books: Books, events: Sequence[LifeEvent], day: date) -> Table:
    rows = [_line(books, event, _contact(books, event, day), event.detail["summary"]) for event in events]
    return _sheet(books, contact_table([], Style(one_name=books.in_workbook)), rows)


def _sheet(books: Books, table: Table, rows: Sequence[Sequence[Cell]]) -> Table:
    """Titles, blank rows and a total around the rows; the CSV files carry an unnamed column of row numbers instead of
    titles, as an export does."""
    header = [books.headers.get(title, title) for title in table.header]
    spaced = [line for n, row in enumerate(rows, 1) for line in ([[], row] if n % 23 == 0 else [row])]
    if books.in_workbook:
        title = ["Companions Coventry: " + table.name.lower(), ""]
        return replace(table, header=header, rows=spaced, title=title, footer=[[], ["Total", len(rows)]])
    numbered = [[n, *row] for n, row in enumerate(spaced, 1)]
    return replace(table, header=["", *header], rows=numbered, footer=[["", f"TOTAL {len(rows)}"]])


def _line(books: Books, event: LifeEvent, row: Row, notes: str) -> list[Cell]:
    rng = _chance(books, event.key)
    style = Style(
        dates=rng.choice(DATE_STYLES),
        one_name=books.in_workbook,
        numbers=rng.random() < 0.4,
        null=rng.choice(("", "", "NULL", "n/a", "No data")) if not books.in_workbook else "",
    )
    table = referral_table([row], style) if isinstance(row, Referral) else contact_table([row], style)
    cells = dict(zip(table.header, table.rows[0], strict=True))
    _spoil(cells, books.people[event.person], _chance(books, event.person), event.at.date())
    cells["Notes"] = f"“{notes}” – see file" if notes else None
    return list(cells.values())


def _spoil(cells: dict[str, Cell], person: Person, rng: Random, day: date) -> None:
    """Mistakes that stay with a person: an age for a birth date, an NHS number with a wrong last digit."""
    if "named" in person.tags:
        return
    if rng.random() < 0.04:
        cells["DOB"] = str(day.year - person.birth_date.year)
    if person.nhs_number and rng.random() < 0.03:
        wrong = (int(person.nhs_number[-1]) + 1) % 10
        cells["NHS No."] = f"{person.nhs_number[:-1]}{wrong}"


def _referral(books: Books, event: LifeEvent, day: date) -> Referral:
    person, detail, rng = books.people[event.person], event.detail, _chance(books, event.key, "scores")
    accepted = detail.get("accepted", "yes") == "yes"
    closed = _closed(person, event, day)
    start = rng.randint(28, 48)
    return Referral(
        client=_client(books, person, day),
        sharing=_sharing(books, person, event, day),
        referral_id=books.numbers[event.key] if books.in_workbook else None,
        referred_on=event.at.date().isoformat(),
        source=detail.get("source"),
        reason=detail.get("reason"),
        worker=_worker(books, detail.get("worker")),
        service=detail.get("action") if accepted else None,
        accepted="yes" if accepted else "no",
        outcome=_outcome(detail.get("action", ""), accepted=accepted, closed=closed),
        measures=_measures(start, closed) if accepted and rng.random() < 0.6 else (),
        status="Closed" if closed else "Open" if accepted else "Declined",
        closed_on=closed.isoformat() if closed else None,
        care_coordinator="yes" if person.care_coordinator and person.care_coordinator == detail.get("worker") else None,
        adjustments="\n".join(adjustment.term for adjustment in person.adjustments) or None,
    )


def _closed(person: Person, event: LifeEvent, day: date) -> date | None:
    ends = [end for end in (event.end.date() if event.end else None, person.died) if end and end <= day]
    return min(ends, default=None)


def _outcome(action: str, *, accepted: bool, closed: date | None) -> str | None:
    if not accepted:
        return action or None
    return "Support finished as agreed" if closed else None


def _sharing(books: Books, person: Person, event: LifeEvent, day: date) -> Sharing:
    """Nothing for those who were never asked. The workbook has a column for withdrawals; in the CSV files the Y is
    overwritten with N and the old date stays."""
    if person.charity_consent is None:
        return Sharing()
    referred, withdrawn = event.at.date(), person.charity_consent_withdrawn
    ended = withdrawn is not None and withdrawn <= max(day, referred)
    answer: Answer = "yes" if person.charity_consent and not ended else "no"
    dated = withdrawn if books.in_workbook and ended and withdrawn and withdrawn > referred else None
    notes = _chance(books, person.key, "notes").random() < 0.2 and "named" not in person.tags
    return Sharing(
        share=answer,
        view=answer,
        notes=answer if notes else None,
        on=referred.isoformat(),
        taken_by=_worker(books, event.detail.get("worker")),
        method="verbal",
        withdrawn_on=dated.isoformat() if dated else None,
    )


def _worker(books: Books, key: str | None) -> str | None:
    worker = books.staff.get(key or "")
    return f"{worker.given} {worker.family}" if worker else None


def _measures(start: int, closed: date | None) -> tuple[Measure, ...]:
    first = Measure(instrument="WEMWBS", point="start", value=str(start))
    return (first, Measure(instrument="WEMWBS", point="end", value=str(start + 6))) if closed else (first,)


def _contact(books: Books, event: LifeEvent, day: date) -> Contact:
    rng = _chance(books, event.key, "session")
    return Contact(
        client=_client(books, books.people[event.person], day),
        referral_id=books.numbers.get(event.detail["referral"]) if books.in_workbook else None,
        contacted_on=event.at.date().isoformat(),
        contacted_at=f"{event.at:%H:%M}",
        minutes=rng.choice((15, 30, 45, 60, 90)),
        kind=CHANNELS.get(event.detail["channel"], event.detail["channel"]),
        worker=_worker(books, event.staff),
    )


def _client(books: Books, person: Person, day: date) -> Client:
    rng = _chance(books, person.key, "client")
    home = _home(person, day)
    return Client(
        client_id=books.ids.get(person.key),
        name=_name(books, person, rng),
        birth_date=person.birth_date.isoformat(),
        nhs_number=person.nhs_number if rng.random() < 0.25 else None,
        gender=person.sex[0].upper(),
        phone=person.phone,
        location=Location(lines=(*home.lines, home.city), postcode=home.postcode) if home else None,
        practice=BY_CODE[person.practice].name if person.practice else None,
    )


def _home(person: Person, day: date) -> Address | None:
    return next((home for home in reversed(person.addresses) if home.since <= day), None)


def _name(books: Books, person: Person, rng: Random) -> Name:
    """As the worker hears it: in the workbook in one field, often with what the person is called."""
    full = Name(
        family=person.family,
        given=(person.given,),
        prefix=person.title if rng.random() < 0.5 else None,
        nickname=None if books.in_workbook else person.nickname,
    )
    if not books.in_workbook:
        return full
    forms = [f"{person.given} {person.family}", f"{person.family}, {person.given}", whole_name(full)]
    if person.nickname:
        forms += [f"{person.nickname} {person.family}", f"{person.given} ({person.nickname}) {person.family}"]
    return Name(text=rng.choice(forms))


def _chance(books: Books, *purpose: str) -> Random:
    return chance(books.world.seed, "vcfse", books.charity, *purpose)
