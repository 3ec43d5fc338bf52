"""The community trust's side of the synthetic world: a CSDS submission per quarter, each covering half a year, so that
every row is sent about twice and the second sending corrects the first.

The dirt is the data set's own: leading zeros that a spreadsheet stripped, NHS numbers that nobody traced (02) or that
are missing, postcodes from before a move, a referral sent under the wrong team, a contact that never took place, a
birth date with day and month swapped.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from adapters.community import records
from adapters.community.write import write
from adapters.records import LONDON
from adapters.synthetic.organisations import ACUTE, COMMUNITY, COUNCIL
from adapters.synthetic.world import FeedFile, LifeEvent, Person, Staff, World

_QUARTERS = 8
_STEP = timedelta(days=91)
_WINDOW = 2 * _STEP - timedelta(days=1)
_SEEN = frozenset({"5", "6"})
_DISABILITY = {
    "vision": "09",
    "hearing": "02",
    "mobility": "05",
    "dexterity": "03",
    "learning": "04",
    "memory": "04",
    "mental-health": "01",
    "stamina": "08",
    "social": "01",
    "other": "XX",
}
_REFERRERS = {"Acute hospital": ACUTE.code, "Social services": COUNCIL.code}
_SIGN_LANGUAGE_ADJUSTMENTS = frozenset({"204331000000107", "520471000000105"})


@dataclass(frozen=True)
class _Submission:
    """A reporting period (inclusive) and its number, 0 the oldest."""

    number: int
    start: date
    end: date


@dataclass
class _Case:
    """One person of the trust: their events by kind, and the dirt that their rows carry."""

    person: Person
    local_patient: str
    random: Random
    referrals: list[LifeEvent] = field(default_factory=list)
    contacts: defaultdict[str, list[LifeEvent]] = field(default_factory=lambda: defaultdict(list))
    plans: list[LifeEvent] = field(default_factory=list)
    safeguarding: list[LifeEvent] = field(default_factory=list)
    birth_dates: list[LifeEvent] = field(default_factory=list)
    untraced: bool = False
    keeps_old_postcode: bool = False
    mistypes_birth_date: bool = False
    mistaken: dict[str, str] = field(default_factory=dict)
    """Event key -> what the first sending gets wrong about it: `team`, `contact`, `zero`."""


def feed_files(world: World) -> Iterator[FeedFile]:
    """The trust's submissions of two years, oldest first; the same world gives the same bytes."""
    cases = _cases(world)
    for submission in _submissions(world.today):
        rows = [row for case in cases for row in _rows(case, submission)]
        created = datetime.combine(submission.end + timedelta(days=1), time(6), LONDON)
        header = records.Header(
            version="1.6",
            provider=COMMUNITY.code,
            submitter=COMMUNITY.code,
            start=submission.start.isoformat(),
            end=submission.end.isoformat(),
            created=created.replace(tzinfo=None).isoformat(),
            system="Synthetic",
        )
        yield FeedFile(
            feed="community",
            sender=COMMUNITY.code,
            name=f"CSDS_{COMMUNITY.code}_{submission.end:%Y%m%d}.zip",
            content=write(header, [*rows, *_staff_rows(world.staff)]),
            as_of=created,
        )


def _submissions(today: date) -> Iterator[_Submission]:
    for number in range(_QUARTERS):
        end = today - timedelta(days=1) - _STEP * (_QUARTERS - 1 - number)
        yield _Submission(number, end - _WINDOW, end)


def _cases(world: World) -> list[_Case]:
    cases = {
        person.key: _Case(person, f"C{100001 + index}", Random(f"{world.seed}:community:{person.key}"))  # noqa: S311 - synthetic data, reproducible on purpose
        for index, person in enumerate(world.people)
    }
    for event in world.events:
        if event.person in cases:
            _file(event, cases[event.person])
    known = [case for case in cases.values() if case.referrals]
    for case in known:
        _soil(case)
    plain = [case for case in known if case.person.name is None and case.person.birth_date.day <= 12]
    if plain:
        plain[len(plain) // 2].mistypes_birth_date = True
    return known


def _file(event: LifeEvent, case: _Case) -> None:
    if event.organisation != COMMUNITY.code:
        return
    if event.kind == "birth-date-corrected":
        case.birth_dates.append(event)
    elif event.kind == "community-referral":
        case.referrals.append(event)
    elif event.kind == "community-contact":
        case.contacts[event.detail.get("referral", "")].append(event)
    elif event.kind == "community-care-plan":
        case.plans.append(event)
    elif event.kind == "safeguarding":
        case.safeguarding.append(event)


def _soil(case: _Case) -> None:
    """Decides once what is wrong, so that every submission agrees on it."""
    case.untraced = case.random.random() < 0.1
    case.keeps_old_postcode = case.random.random() < 0.3
    for referral in case.referrals:
        if case.person.name is None and case.random.random() < 0.03:
            case.mistaken[referral.key] = "team"
        for contact in case.contacts[referral.key]:
            chance = case.random.random()
            case.mistaken[contact.key] = "contact" if chance < 0.02 else "zero" if chance < 0.12 else ""


def _is_first_sending(at: date, submission: _Submission) -> bool:
    """Whether no earlier submission's period held this day."""
    return submission.number == 0 or at > submission.end - _STEP


def _rows(case: _Case, submission: _Submission) -> Iterator[records.Row]:
    active = [referral for referral in case.referrals if _is_in_caseload(referral, submission)]
    if not active:
        return
    yield _index(case, submission)
    yield from _person_rows(case, submission)
    for referral in active:
        yield from _referral_rows(case, referral, submission)
        for contact in case.contacts[referral.key]:
            yield from _contact_rows(case, referral, contact, submission)
    for plan in case.plans:
        if plan.at.date() <= submission.end:
            yield from _plan_rows(case, plan)


def _is_in_caseload(referral: LifeEvent, submission: _Submission) -> bool:
    ended = referral.end.date() if referral.end else submission.end
    return referral.at.date() <= submission.end and ended >= submission.start


def _index(case: _Case, submission: _Submission) -> records.MasterPatientIndex:
    person = case.person
    died = person.died if person.died and person.died <= submission.end else None
    signs = any(adjustment.code in _SIGN_LANGUAGE_ADJUSTMENTS for adjustment in person.adjustments)
    return records.MasterPatientIndex(
        local_patient=case.local_patient,
        organisation=COMMUNITY.code,
        nhs_number=person.nhs_number,
        nhs_number_status=("02" if case.untraced else "01") if person.nhs_number else "04",
        birth_date=_birth_date(case, submission).isoformat(),
        postcode=_postcode(case, submission),
        gender="1" if person.sex == "male" else "2",
        ethnic_category=person.ethnicity,
        language="q4" if signs else person.language,
        safeguarding="Y" if _open_concern(case, submission) else "N",
        preferred_death_location=("41" if _lives_in_care_home(person) else "21") if person.end_of_life else None,
        death_date=died.isoformat() if died else None,
    )


def _birth_date(case: _Case, submission: _Submission) -> date:
    for correction in case.birth_dates:
        if submission.end < correction.at.date() and "wrong" in correction.detail:
            return date.fromisoformat(correction.detail["wrong"])
    born = case.person.birth_date
    first = min(referral.at.date() for referral in case.referrals)
    if case.mistypes_birth_date and _is_first_sending(first, submission):
        return born.replace(day=born.month, month=born.day)
    return born


def _postcode(case: _Case, submission: _Submission) -> str | None:
    lived = [address for address in case.person.addresses if address.since <= submission.end]
    if not lived:
        return None
    return (lived[0] if case.keeps_old_postcode else lived[-1]).postcode


def _lives_in_care_home(person: Person) -> bool:
    return bool(person.addresses) and person.addresses[-1].care_home is not None


def _person_rows(case: _Case, submission: _Submission) -> Iterator[records.Row]:
    person, local_patient = case.person, case.local_patient
    known_since = min(referral.at.date() for referral in case.referrals).isoformat()
    if person.practice:
        registered = max(person.birth_date, date(2012, 4, 1)).isoformat()
        yield records.Registration(local_patient=local_patient, practice=person.practice, start=registered)
    if person.lives_alone:
        yield records.Circumstance(local_patient=local_patient, code="105529008", recorded=known_since)
    for code in sorted({_DISABILITY.get(impairment, "XX") for impairment in person.impairments}):
        yield records.Disability(local_patient=local_patient, code=code)
    if "hearing" in person.impairments:
        yield records.AssistiveTechnology(local_patient=local_patient, code="285055002", recorded=known_since)
    if _open_concern(case, submission):
        yield records.SafeguardingFactor(local_patient=local_patient, type="01")


def _open_concern(case: _Case, submission: _Submission) -> bool:
    """Whether a safeguarding concern is open at the end of the period: the next submission that carries the person
    without the factor withdraws it."""
    concern = [event for event in case.safeguarding if event.at.date() <= submission.end]
    return bool(concern) and concern[-1].detail.get("stage") != "closed"


def _referral_rows(case: _Case, referral: LifeEvent, submission: _Submission) -> Iterator[records.Row]:
    ended = referral.end if referral.end and referral.end.date() <= submission.end else None
    yield records.Referral(
        referral=referral.key,
        local_patient=case.local_patient,
        received=referral.at.date().isoformat(),
        received_time=referral.at.time().isoformat("seconds"),
        source=referral.detail.get("source"),
        referring_organisation=_referrer(case, referral),
        priority="1",
        reason=referral.detail.get("reason"),
        discharged=ended.date().isoformat() if ended else None,
    )
    team = _team(case, referral, submission)
    yield records.ServiceType(
        referral=referral.key,
        team=f"T{team}",
        type=team,
        closed=ended.date().isoformat() if ended else None,
    )
    diagnosed = [one for one in case.person.conditions if not one.sensitive and one.onset <= submission.end]
    if diagnosed:
        yield records.PrimaryDiagnosis(
            referral=referral.key, scheme="06", code=diagnosed[0].code, diagnosed=diagnosed[0].onset.isoformat()
        )


def _referrer(case: _Case, referral: LifeEvent) -> str | None:
    source = referral.detail.get("source", "")
    return case.person.practice if source == "GP" else _REFERRERS.get(source)


def _team(case: _Case, referral: LifeEvent, submission: _Submission) -> str:
    team = referral.detail.get("team", "12")
    wrong = case.mistaken.get(referral.key) == "team" and _is_first_sending(referral.at.date(), submission)
    return ("23" if team != "23" else "26") if wrong else team


def _contact_rows(
    case: _Case, referral: LifeEvent, contact: LifeEvent, submission: _Submission
) -> Iterator[records.Row]:
    day = contact.at.date()
    if not submission.start <= day <= submission.end:
        return
    mistake = case.mistaken.get(contact.key)
    if mistake == "contact" and not _is_first_sending(day, submission):
        return
    detail = contact.detail
    mechanism = detail.get("mechanism", "01")
    attendance = detail.get("attendance", "5")
    minutes = int(detail.get("minutes", "30"))
    yield records.CareContact(
        contact=contact.key,
        referral=referral.key,
        team=f"T{_team(case, referral, submission)}",
        on=day.isoformat(),
        time=contact.at.time().isoformat("seconds"),
        minutes=minutes,
        consultation_type="01" if contact is case.contacts[referral.key][0] else "02",
        subject="01",
        mechanism=mechanism.lstrip("0") if mistake == "zero" else mechanism,
        location=detail.get("location", "A01"),
        group="N",
        attendance=attendance,
        administrative_category="1" if mistake == "zero" else "01",
        cancelled=day.isoformat() if attendance in ("2", "4") else None,
    )
    if attendance in _SEEN:
        yield records.CareActivity(
            activity=f"{contact.key}-1",
            contact=contact.key,
            type="02" if contact is case.contacts[referral.key][0] else "03",
            professional=contact.staff,
            minutes=minutes,
        )


def _plan_rows(case: _Case, plan: LifeEvent) -> Iterator[records.Row]:
    day = plan.at.date().isoformat()
    yield records.CarePlan(
        plan=plan.key,
        local_patient=case.local_patient,
        type=plan.detail.get("plan_type"),
        created=day,
        created_time=plan.at.time().isoformat("seconds"),
        updated=day,
        implemented=day,
    )
    yield records.CarePlanAgreement(plan=plan.key, agreed_by="10", agreed=day)


def _staff_rows(staff: Sequence[Staff]) -> Iterator[records.StaffMember]:
    for member in staff:
        if member.organisation == COMMUNITY.code:
            yield records.StaffMember(
                professional=member.key,
                registration=member.registration,
                job_role="R0700" if "nurse" in member.job.lower() else None,
            )
