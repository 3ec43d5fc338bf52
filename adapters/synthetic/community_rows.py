"""What one submission of the synthetic community trust says of one person: its rows, with the dirt that they carry."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from adapters.community import records
from adapters.synthetic.organisations import ACUTE, COMMUNITY, COUNCIL
from adapters.synthetic.world import LifeEvent, Person, Staff

STEP = timedelta(days=91)
"""Between two submissions; each covers two of them."""
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
class Submission:
    """A reporting period (inclusive) and its number, 0 the oldest."""

    number: int
    start: date
    end: date


@dataclass
class Case:
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


def _is_first_sending(at: date, submission: Submission) -> bool:
    """Whether no earlier submission's period held this day."""
    return submission.number == 0 or at > submission.end - STEP


def rows_of(case: Case, submission: Submission) -> Iterator[records.Row]:
    """What a submission says of one person: nothing where none of their referrals was open in its period."""
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


def _is_in_caseload(referral: LifeEvent, submission: Submission) -> bool:
    ended = referral.end.date() if referral.end else submission.end
    return referral.at.date() <= submission.end and ended >= submission.start


def _index(case: Case, submission: Submission) -> records.MasterPatientIndex:
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


def _birth_date(case: Case, submission: Submission) -> date:
    for correction in case.birth_dates:
        if submission.end < correction.at.date() and "wrong" in correction.detail:
            return date.fromisoformat(correction.detail["wrong"])
    born = case.person.birth_date
    first = min(referral.at.date() for referral in case.referrals)
    if case.mistypes_birth_date and _is_first_sending(first, submission):
        return born.replace(day=born.month, month=born.day)
    return born


def _postcode(case: Case, submission: Submission) -> str | None:
    lived = [address for address in case.person.addresses if address.since <= submission.end]
    if not lived:
        return None
    return (lived[0] if case.keeps_old_postcode else lived[-1]).postcode


def _lives_in_care_home(person: Person) -> bool:
    return bool(person.addresses) and person.addresses[-1].care_home is not None


def _person_rows(case: Case, submission: Submission) -> Iterator[records.Row]:
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


def _open_concern(case: Case, submission: Submission) -> bool:
    """Whether a safeguarding concern is open at the end of the period: the next submission that carries the person
    without the factor withdraws it."""
    concern = [event for event in case.safeguarding if event.at.date() <= submission.end]
    return bool(concern) and concern[-1].detail.get("stage") != "closed"


def _referral_rows(case: Case, referral: LifeEvent, submission: Submission) -> Iterator[records.Row]:
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


def _referrer(case: Case, referral: LifeEvent) -> str | None:
    source = referral.detail.get("source", "")
    return case.person.practice if source == "GP" else _REFERRERS.get(source)


def _team(case: Case, referral: LifeEvent, submission: Submission) -> str:
    team = referral.detail.get("team", "12")
    wrong = case.mistaken.get(referral.key) == "team" and _is_first_sending(referral.at.date(), submission)
    return ("23" if team != "23" else "26") if wrong else team


def _contact_rows(case: Case, referral: LifeEvent, contact: LifeEvent, submission: Submission) -> Iterator[records.Row]:
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


def _plan_rows(case: Case, plan: LifeEvent) -> Iterator[records.Row]:
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


def staff_rows(staff: Sequence[Staff]) -> Iterator[records.StaffMember]:
    """The trust's own professionals: every submission names all of them."""
    for member in staff:
        if member.organisation == COMMUNITY.code:
            yield records.StaffMember(
                professional=member.key,
                registration=member.registration,
                job_role="R0700" if "nurse" in member.job.lower() else None,
            )
