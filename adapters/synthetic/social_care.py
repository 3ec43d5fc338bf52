"""Adult social care: what the council of the synthetic world submits, quarter by quarter, as Client Level Data.

Each file covers the twelve months before a quarter's end (the last one ends with the world), and holds the requests,
assessments and reviews completed in them, the services that ran in them, and the carers known by association.
Safeguarding is a collection of its own in England (SAC); this council sends its concerns as requests described
`Safeguarding concern`, `Safeguarding concern reopened` and `Safeguarding concern closed`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, islice
from random import Random

import msgspec

from adapters.records import LONDON
from adapters.social_care.records import (
    Assessment,
    Association,
    Caring,
    Detail,
    Request,
    Review,
    Row,
    Service,
)
from adapters.social_care.records import Person as Held
from adapters.social_care.values import KNOWN_BY_ASSOCIATION, LISTS, SERVICE_USER
from adapters.social_care.write import Cover, stream, write
from adapters.synthetic.chance import chance
from adapters.synthetic.nhs_numbers import nhs_number
from adapters.synthetic.organisations import BY_CODE, COUNCIL
from adapters.synthetic.social_care_dirt import Slip, cancelled, dirty
from adapters.synthetic.social_care_people import CaseSystem, case_system, local_id, postcode
from adapters.synthetic.world import FeedFile, LifeEvent, Person, World

COUNCIL_CODE = "999"
"""LA Code of the synthetic council; no real council has it."""
_KINDS = frozenset({"care-request", "care-assessment", "care-service", "care-review", "safeguarding"})
_QUARTERS = 8
LARGE_END = date(2026, 9, 30)
"""Last day of the period of `large_file`."""
LARGEST = 5_000_000
"""Rows of `large_file`."""
_STAGES = {"reopened": " reopened", "closed": " closed"}
_DELIVERY = "CASSR managed personal budget"


def feed_files(world: World) -> Iterator[FeedFile]:
    """The council's CSV submissions, oldest first, the same for the same world."""
    events = [event for event in world.events if event.organisation == COUNCIL.code and event.kind in _KINDS]
    ends = _quarter_ends(world.today)
    for number, end in enumerate(ends):
        made = min(end + timedelta(days=20), world.today)
        rows = list(_rows(world, events, end, made))
        if not rows:
            continue
        yield FeedFile(
            feed="social_care",
            sender=COUNCIL.code,
            name=f"cld_{end.year}q{(end.month + 2) // 3}.csv",
            content=write(rows, _cover(end, number), encoding="cp1252" if number == 1 else "utf-8-sig"),
            # the last file may be made on the day on which the last quarter's was late
            as_of=datetime.combine(made, time(9 + number), tzinfo=LONDON),
        )


def large_file(rows: int, seed: int = 7) -> Iterator[bytes]:
    """A submission of `rows` rows as `feed_files` would send it, for trying out files of any length: UTF-8 CSV, part by
    part, the same for the same `rows` and `seed`; memory does not grow with it. Five rows a person: a request, an
    assessment, two services and a review, and at every tenth person a carer's. Raises `ValueError` beyond five million
    rows (NHS test numbers end)."""
    if rows > LARGEST:
        raise ValueError(f"at most {LARGEST} rows")
    cover = _cover(LARGE_END, 0)
    return stream(islice(_many_rows(seed, date.fromisoformat(cover.period_start)), rows), cover)


def _many_rows(seed: int, first: date) -> Iterator[Row]:
    for number in count():
        rng = chance(seed, "social_care", "large", number)
        person = Held(
            local_id=f"{20_000_000 + number}",
            nhs_number=nhs_number(number) if rng.random() < 0.95 else None,
            birth_date=date(1930 + rng.randrange(70), rng.randint(1, 12), rng.randint(1, 28)).isoformat(),
            postcode=f"CV{rng.randint(1, 8)} {rng.randint(1, 9)}{rng.choice('ABDEFG')}{rng.choice('HJLNPQ')}",
            gender=rng.choice(LISTS["gender"]),
            ethnicity=rng.choice(LISTS["ethnicity"]),
            primary_support_reason=rng.choice(LISTS["primary_support_reason"]),
            accommodation_status=rng.choice(LISTS["accommodation_status"]),
            has_unpaid_carer="No" if number % 10 else "Yes",
            funding_status=rng.choice(LISTS["funding_status"]),
        )
        yield from _one_of_many(person, rng, first)
        if number % 10 == 0:
            carer = Held(local_id=f"{90_000_000 + number}")
            caring = Caring(linked=(person.local_id,))
            yield Row(person=carer, client_type=KNOWN_BY_ASSOCIATION, detail=Association(), caring=caring)


def _one_of_many(person: Held, rng: Random, first: date) -> Iterator[Row]:
    begun = first + timedelta(days=rng.randrange(200))
    details: tuple[Detail, ...] = (
        Request(route_of_access=rng.choice(LISTS["route_of_access"])),
        Assessment(type="Long term assessment", eligible_needs="Yes", method="Service user only"),
        Service(type="Long term support: Community", component=rng.choice(LISTS["component"]), delivery=_DELIVERY),
        Service(type="Short term support: ST-Max", component="Reablement", unit_cost="22.50", units_per_week="7"),
        Review(reason="Planned", outcomes_achieved="Fully met", method="Service user only"),
    )
    for place, detail in enumerate(details):
        start = begun + timedelta(days=20 * place)
        done = place != 2 or rng.random() < 0.3
        yield Row(
            person=person,
            client_type=SERVICE_USER,
            detail=detail,
            start=start.isoformat(),
            end=(start + timedelta(days=rng.randrange(30))).isoformat() if done else None,
            reference=f"E{person.local_id}-{place}",
            outcome=rng.choice(LISTS["outcome"]),
        )


def _quarter_ends(today: date) -> list[date]:
    """Quarter ends of the last two years, and today where it is none."""
    ends = [today]
    month_start = today.replace(day=1)
    while len(ends) < _QUARTERS:
        last = month_start - timedelta(days=1)
        month_start = last.replace(day=1)
        if last.month % 3 == 0:
            ends.append(last)
    return ends[::-1]


def _cover(end: date, number: int) -> Cover:
    """The submission module. The third file overstates its period: it claims the whole financial year to come."""
    stated = date(end.year + 1, 3, 31) if number == 2 else end
    return Cover(COUNCIL_CODE, _year_before(end).isoformat(), stated.isoformat())


def _year_before(end: date) -> date:
    after = end + timedelta(days=1)
    return date(after.year - 1, after.month, 28 if (after.month, after.day) == (2, 29) else after.day)


def _rows(world: World, events: Sequence[LifeEvent], end: date, made: date) -> Iterator[Row]:
    people = {person.key: person for person in world.people}
    cases = case_system(world)
    said: dict[str, list[LifeEvent]] = defaultdict(list)
    for event in events:
        if _covered(event, end):
            said[event.person].append(event)
    for key, of_person in said.items():
        person = people[key]
        stated = cases.held(person, end)
        for event in of_person:
            yield from _sent(world, person, _row(event, stated, end), event, made)
        yield from _carers(cases, people, person, end)


def _covered(event: LifeEvent, end: date) -> bool:
    """Whether the year to `end` has the event: completed ones by their last day, services by any day they ran."""
    first = _year_before(end)
    begun, done = event.at.date(), event.end.date() if event.end else None
    if event.kind == "care-service":
        return begun <= end and (done is None or done >= first)
    return first <= (done or begun) <= end


def _sent(world: World, person: Person, row: Row, event: LifeEvent, made: date) -> Iterator[Row]:
    """The row as sent, and now and then one beside it that was entered by mistake and is gone in the next file."""
    if person.name is not None:
        yield row
        return
    rng = chance(world.seed, "social_care", event.key, made)
    old = postcode(person, made, before=True)
    yield dirty(row, Slip(rng, made, old))
    mistake = cancelled(row, chance(world.seed, "social_care", "mistake", event.key))
    if mistake and (made - date.fromisoformat(mistake.start or "")).days < 120:
        yield mistake


def _row(event: LifeEvent, stated: Held, end: date) -> Row:
    done = event.end.date() if event.end else None
    if event.kind != "care-service":
        done = done or event.at.date()
    return Row(
        person=stated,
        client_type=SERVICE_USER,
        detail=_detail(event),
        start=event.at.date().isoformat(),
        end=done.isoformat() if done and done <= end else None,
        reference=event.key,
        description=_description(event),
        outcome=_outcome(event, done is not None and done <= end),
    )


def _detail(event: LifeEvent) -> Detail:
    detail = event.detail
    match event.kind:
        case "care-assessment":
            kind = detail.get("assessment_type", "Long term assessment")
            return Assessment(type=kind, eligible_needs="Yes", carer_involved="No", method="Service user only")
        case "care-review":
            return Review(reason=detail.get("reason"), outcomes_achieved="Partially met", method="Service user only")
        case "care-service":
            return _service(event)
        case _:
            return Request(route_of_access=detail.get("route", "Community/Other route"))


def _service(event: LifeEvent) -> Service:
    provider = event.detail.get("provider", COUNCIL.code)
    own = provider == COUNCIL.code
    organisation = BY_CODE.get(provider)
    rng = chance("social_care", "service", event.key)
    component = event.detail.get("component")
    return Service(
        type=event.detail.get("service_type"),
        component=component,
        delivery="Direct payment" if component == "Direct payment" else _DELIVERY,
        provider_name=organisation.name if organisation else provider,
        provider_id=None if own else cqc_location(provider),
        unit_cost=f"{rng.randint(18, 30)}.00",
        cost_frequency="Hourly",
        units_per_week=str(rng.randint(2, 21)),
        full_cost_client="No",
    )


@lru_cache
def cqc_location(organisation: str) -> str:
    """An invented CQC location id of an organisation of this world, for example `1-0123456789`."""
    return f"1-0{chance('social_care', 'cqc', organisation).randrange(10**9):09d}"


def _description(event: LifeEvent) -> str | None:
    if event.kind != "safeguarding":
        return event.detail.get("description")
    concern = event.detail.get("concern")
    stage = f"Safeguarding concern{_STAGES.get(event.detail.get('stage', ''), '')}"
    return f"{stage}: {concern}" if concern else stage


def _outcome(event: LifeEvent, done: bool) -> str | None:
    if event.kind == "safeguarding":
        return (
            "NFA: Other" if event.detail.get("stage") == "closed" else "Progress to assessment, review or reassessment"
        )
    if event.kind == "care-service":
        return "NFA: Support ended as planned" if done else "Continuation of support or services"
    return event.detail.get("outcome")


def _carers(cases: CaseSystem, people: dict[str, Person], person: Person, end: date) -> Iterator[Row]:
    """The relatives who care for `person`, known to the council because of them."""
    for number, relative in enumerate(relative for relative in person.relatives if relative.carer):
        known = people.get(relative.person or "")
        if known:
            stated = msgspec.structs.replace(cases.held(known, end), primary_support_reason=None)
        else:
            stated = Held(local_id=local_id(cases.seed, f"{person.key}/carer-{number}"))
        yield Row(
            person=stated,
            client_type=KNOWN_BY_ASSOCIATION,
            detail=Association(),
            caring=Caring(
                hours_per_week="20 or more", adults_cared_for="1", linked=(local_id(cases.seed, person.key),)
            ),
        )
