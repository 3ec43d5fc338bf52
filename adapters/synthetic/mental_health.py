"""The mental health side of the trust: an MHSDS submission per quarter, each covering half a year, so that every row is
sent about twice and the second sending corrects the first.

The dirt: leading zeros that a spreadsheet stripped, NHS numbers that nobody traced (02), contacts that never took place
and are gone from the next submission.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from adapters.mental_health import records
from adapters.mental_health.write import write
from adapters.records import LONDON
from adapters.synthetic.chance import chance
from adapters.synthetic.organisations import COMMUNITY
from adapters.synthetic.world import FeedFile, LifeEvent, Person, Staff, World

_QUARTERS = 8
_QUARTER = timedelta(days=91)
_SITE = f"{COMMUNITY.code}M1"
_SEEN = ("5", "6")
_PSYCHOSIS, _ASSERTIVE_OUTREACH = "02", "A08"
"""A reason for which referrals go to a second team, and that team."""


@dataclass(frozen=True)
class _Period:
    """Reporting period, both days included; `first`: the oldest of all."""

    start: date
    end: date
    first: bool

    def covers(self, event: LifeEvent) -> bool:
        return self.start <= event.at.date() <= self.end

    def overlaps(self, event: LifeEvent) -> bool:
        ended = event.end.date() if event.end else self.end
        return event.at.date() <= self.end and ended >= self.start

    def sends_first(self, event: LifeEvent) -> bool:
        """Whether no earlier period covered the event."""
        return self.first or event.at.date() > self.end - _QUARTER


@dataclass
class _Patient:
    """A person of the trust's mental health service, with their events by kind."""

    person: Person
    local_id: str
    rng: Random
    events: defaultdict[str, list[LifeEvent]] = field(default_factory=lambda: defaultdict(list))
    untraced: bool = False
    mistaken: frozenset[str] = frozenset()
    """Keys of contacts that never took place."""
    stripped: frozenset[str] = frozenset()
    """Keys of contacts whose codes lost their leading zeros."""

    def of(self, kind: str, referral: str) -> list[LifeEvent]:
        return [event for event in self.events[f"mental-health-{kind}"] if event.detail["referral"] == referral]


def feed_files(world: World) -> Iterator[FeedFile]:
    """The trust's submissions of two years, oldest first; none when nobody is known. The same world gives the same
    bytes."""
    patients = _patients(world)
    for period in _periods(world.today) if patients else ():
        created = datetime.combine(period.end + timedelta(days=1), time(7), LONDON)
        header = records.Header(
            provider=COMMUNITY.code,
            submitter=COMMUNITY.code,
            start=period.start.isoformat(),
            end=period.end.isoformat(),
            created=created.replace(tzinfo=None).isoformat(),
            version="6.0",
            system="Synthetic",
        )
        rows = [row for patient in patients for row in _rows(patient, period)]
        yield FeedFile(
            feed="mental_health",
            sender=COMMUNITY.code,
            name=f"MHSDS_{COMMUNITY.code}_{period.end:%Y%m%d}.zip",
            content=write(header, [*rows, *_registers(world.staff, rows)]),
            as_of=created,
        )


def _periods(today: date) -> Iterator[_Period]:
    for before in reversed(range(_QUARTERS)):
        end = today - timedelta(days=1) - _QUARTER * before
        yield _Period(end - 2 * _QUARTER + timedelta(days=1), end, before == _QUARTERS - 1)


def _patients(world: World) -> list[_Patient]:
    people = {
        person.key: _Patient(person, f"M{200001 + index}", chance(world.seed, "mental-health-feed", person.key))
        for index, person in enumerate(world.people)
    }
    for event in world.events:
        if event.kind.startswith("mental-health-"):
            people[event.person].events[event.kind].append(event)
    known = [patient for patient in people.values() if patient.events]
    for patient in known:
        contacts = [event.key for event in patient.events["mental-health-contact"]]
        patient.untraced = patient.person.name is None and patient.rng.random() < 0.1
        patient.mistaken = frozenset(key for key in contacts if patient.rng.random() < 0.02)
        patient.stripped = frozenset(key for key in contacts if patient.rng.random() < 0.05)
    return known


def _rows(patient: _Patient, period: _Period) -> Iterator[records.Row]:
    active = [event for event in patient.events["mental-health-referral"] if period.overlaps(event)]
    if not active:
        return
    yield from _person(patient, period)
    for referral in active:
        yield from _referral(patient, referral, period)
        for contact in patient.of("contact", referral.key):
            yield from _contact(patient, contact, referral, period)
        for stay in patient.of("stay", referral.key):
            if stay.at.date() <= period.end:
                yield from _stay(patient, stay, referral, period)
    for plan in patient.events["mental-health-care-plan"]:
        if plan.at.date() <= period.end:
            yield from _plan(patient, plan)


def _person(patient: _Patient, period: _Period) -> Iterator[records.Row]:
    person, local_id = patient.person, patient.local_id
    lived = [address for address in person.addresses if address.since <= period.end]
    died = person.died if person.died and person.died <= period.end else None
    yield records.MasterPatientIndex(
        local_patient=local_id,
        organisation=COMMUNITY.code,
        nhs_number=person.nhs_number,
        nhs_number_status=("02" if patient.untraced else "01") if person.nhs_number else "04",
        birth_date=person.birth_date.isoformat(),
        postcode=lived[-1].postcode if lived else None,
        gender="1" if person.sex == "male" else "2",
        ethnic_category=person.ethnicity,
        language=person.language,
        death_date=died.isoformat() if died else None,
    )
    if person.practice:
        registered = max(person.birth_date, date(2012, 4, 1)).isoformat()
        yield records.Registration(local_patient=local_id, practice=person.practice, start=registered)
    yield records.Indicators(
        local_patient=local_id,
        reasonable_adjustment="Y" if person.adjustments else "N",
        child_protection="1",
        learning_disability="1" if "learning" in person.impairments else "5",
        autism="1" if "social" in person.impairments else "X",
    )


def _referral(patient: _Patient, referral: LifeEvent, period: _Period) -> Iterator[records.Row]:
    detail = referral.detail
    ended = _day(referral.end, period)
    received = referral.at.date().isoformat()
    yield records.Referral(
        referral=referral.key,
        local_patient=patient.local_id,
        received=received,
        received_time=referral.at.time().isoformat("seconds"),
        team=f"MH{detail['team']}",
        source=detail["source"],
        referring_organisation=patient.person.practice,
        priority="2" if detail["reason"] == "18" else "1",
        reason=detail["reason"],
        discharged=ended,
    )
    if detail["reason"] == _PSYCHOSIS:
        yield records.ServiceType(referral=referral.key, team=f"MH{_ASSERTIVE_OUTREACH}", closed=ended)
    yield records.CareCoordinator(
        local_patient=patient.local_id,
        professional=referral.staff or "",
        start=received,
        end=ended,
        team_type=detail["team"],
    )


def _contact(patient: _Patient, contact: LifeEvent, referral: LifeEvent, period: _Period) -> Iterator[records.Row]:
    if not period.covers(contact) or (contact.key in patient.mistaken and not period.sends_first(contact)):
        return
    detail = contact.detail
    stripped = contact.key in patient.stripped
    attendance = detail["attendance"]
    yield records.CareContact(
        contact=contact.key,
        referral=referral.key,
        on=contact.at.date().isoformat(),
        time=contact.at.time().isoformat("seconds"),
        minutes=45,
        consultation_type="2" if stripped else "02",
        subject="01",
        mechanism=detail["mechanism"].lstrip("0") if stripped else detail["mechanism"],
        location=detail["location"],
        site=_SITE if detail["location"] == "B01" else None,
        attendance=attendance,
        cancelled=contact.at.date().isoformat() if attendance in ("2", "4") else None,
    )
    if attendance in _SEEN:
        activity = f"{contact.key}-1"
        yield records.CareActivity(activity=activity, contact=contact.key, professional=contact.staff, minutes=45)


def _plan(patient: _Patient, plan: LifeEvent) -> Iterator[records.Row]:
    day, clock = plan.at.date().isoformat(), plan.at.time().isoformat("seconds")
    yield records.CarePlan(
        plan=plan.key,
        local_patient=patient.local_id,
        type=plan.detail["plan_type"],
        created=day,
        created_time=clock,
        updated=day,
        updated_time=clock,
        implemented=day,
    )
    yield records.CarePlanAgreement(plan=plan.key, agreed_by="10", agreed=day, agreed_time=clock)


def _stay(patient: _Patient, stay: LifeEvent, referral: LifeEvent, period: _Period) -> Iterator[records.Row]:
    start, clock = stay.at.date().isoformat(), stay.at.time().isoformat("seconds")
    ended = _day(stay.end, period)
    left = stay.end.time().isoformat("seconds") if stay.end and ended else None
    yield records.Spell(
        spell=stay.key,
        referral=referral.key,
        start=start,
        start_time=clock,
        source="19",
        method="25" if referral.detail["team"] == "A02" else "2D",
        discharged=ended,
        discharged_time=left,
        discharge_method="1" if ended else None,
        destination="19" if ended else None,
    )
    yield records.WardStay(
        stay=f"{stay.key}-w1",
        spell=stay.key,
        ward=stay.detail["ward"],
        start=start,
        start_time=clock,
        end=ended,
        end_time=left,
    )
    if referral.staff:
        yield records.AssignedProfessional(spell=stay.key, professional=referral.staff, start=start, end=ended)
    yield records.LegalStatus(
        period=f"{stay.key}-l1",
        local_patient=patient.local_id,
        start=start,
        start_time=clock,
        ended=ended,
        ended_time=left,
        status=stay.detail["status"],
    )
    if ended and stay.detail["order"] == "yes":
        expires = (date.fromisoformat(ended) + timedelta(days=182)).isoformat()
        yield records.TreatmentOrder(period=f"{stay.key}-l1", start=ended, expires=expires)


def _registers(staff: Sequence[Staff], rows: Sequence[records.Row]) -> Iterator[records.Row]:
    for member in staff:
        if member.key.startswith("mental-health-"):
            yield records.StaffMember(professional=member.key, registration=member.registration, job_role=member.job)
    teams = {row.team for row in rows if isinstance(row, records.Referral | records.ServiceType) and row.team}
    for team in sorted(teams):
        yield records.Team(team=team, type=team.removeprefix("MH"))
    for ward in sorted({row.ward for row in rows if isinstance(row, records.WardStay) and row.ward}):
        yield records.Ward(ward=ward, site=_SITE)


def _day(moment: datetime | None, period: _Period) -> str | None:
    """The day, once the period has seen it."""
    return moment.date().isoformat() if moment and moment.date() <= period.end else None
