"""What happens to generated people in two years: each sector's events, as many as their need brings."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from adapters.synthetic.chance import chance, occurrences, weighted
from adapters.synthetic.clinical import (
    CELLULITIS,
    CHEST_PAIN,
    CHILD_COMPLAINTS,
    COMPLAINTS,
    FALL,
    HEAD_INJURY,
    PNEUMONIA,
    URINE_INFECTION,
)
from adapters.synthetic.diary import Diary
from adapters.synthetic.health import illnesses_of, need_of
from adapters.synthetic.mental_health_lives import mental_health
from adapters.synthetic.moments import TWO_YEARS, age_on, any_hour, day, moment, surgery_hours
from adapters.synthetic.organisations import ACUTE, COUNCIL
from adapters.synthetic.support_lives import charity, community, social_care
from adapters.synthetic.world import LifeEvent, Person

WARDS = {
    "100": "W33", "101": "W33", "110": "W52", "300": "W21", "301": "W31", "307": "W21", "320": "W10", "330": "W21",
    "340": "W30", "361": "W50", "370": "W35", "400": "W43", "410": "W21", "420": "W14", "430": "W40", "502": "W23",
}  # fmt: skip
"""Treatment function code -> ward of the acute trust; emergencies are first in the assessment unit (AMU)."""


def life_of(person: Person, seed: int, today: date) -> list[LifeEvent]:
    """The life events of a generated person in the two years before `today`, none of them after death."""
    diary = Diary(person.key, person.practice)
    need = need_of(person, today)
    if person.practice:
        _practice(diary, chance(seed, person.key, "gp"), person, need, today)
    if person.mrn:
        _hospital(diary, chance(seed, person.key, "acute"), person, need, today)
    community(diary, chance(seed, person.key, "community"), person, need, today)
    mental_health(diary, chance(seed, person.key, "mental-health"), person, today)
    social_care(diary, chance(seed, person.key, "social-care"), person, need, today)
    charity(diary, chance(seed, person.key, "vcfse"), person, today)
    _changes(diary, chance(seed, person.key, "life"), person, today)
    return _lived(diary, chance(seed, person.key, "end"), person, today)


def _practice(diary: Diary, rng: Random, person: Person, need: int, today: date) -> None:
    child = age_on(person.birth_date, today) < 16
    complaints = CHILD_COMPLAINTS if child else COMPLAINTS
    usual = f"gp-{person.practice}-{rng.randint(1, 4)}"
    for _ in range(occurrences(rng, 4 + 3.5 * need)):
        code, term, note = rng.choice(complaints)
        staff = weighted(
            rng, {usual: 6, f"gp-{person.practice}-{rng.randint(1, 4)}": 2, f"nurse-{person.practice}-1": 2}
        )
        mode = weighted(
            rng, {"surgery": 6, "telephone": 3, "online": 1, "home": 2 if person.frailty == "severe" else 0}
        )
        at = surgery_hours(rng, day(today, rng.randint(1, TWO_YEARS)))
        if at.date() >= person.birth_date:
            diary.consultation(at, code, term, note, staff=staff, mode=mode)
    for condition in person.conditions:
        if condition.sensitive:
            at = surgery_hours(rng, day(today, rng.randint(1, 400)))
            note = "Confidential consultation."
            diary.consultation(at, condition.code, condition.term, note, staff=usual, sensitive=True)


def _hospital(diary: Diary, rng: Random, person: Person, need: int, today: date) -> None:
    for _ in range(occurrences(rng, 0.4 + 0.22 * need)):
        _emergency(diary, rng, person, need, today)
    specialties = [illness.specialty for illness in illnesses_of(person)] or ["110"]
    if age_on(person.birth_date, today) < 16:
        specialties = ["420"]
    for _ in range(occurrences(rng, 0.5 + 0.5 * need)):
        at = surgery_hours(rng, day(today, rng.randint(1, TWO_YEARS)))
        outcome = weighted(rng, {"1": 3, "2": 3, "3": 3, "dna": 1})
        diary.outpatient(at, rng.choice(specialties), outcome=outcome, reason="Clinic review")
    if rng.random() < 0.06:
        _elective(diary, rng, today)


def _emergency(diary: Diary, rng: Random, person: Person, need: int, today: date) -> None:
    code, reason, specialty = _cause(rng, person, today)
    at = any_hour(rng, day(today, rng.randint(1, TWO_YEARS)))
    if at.date() < person.birth_date:
        return
    end = at + timedelta(minutes=rng.randint(70, 600))
    admitted = rng.random() < min(0.7, 0.15 + 0.07 * need)
    diary.attendance(at, end, code, reason, outcome="admitted" if admitted else "home")
    if admitted:
        _stay(diary, rng, end, code, reason, specialty, today)


def _cause(rng: Random, person: Person, today: date) -> tuple[str, str, str]:
    """SNOMED code, words, treatment function code of what brings the person to hospital."""
    if age_on(person.birth_date, today) < 16:
        return (*rng.choice((HEAD_INJURY, ("386661006", "Fever"))), "420")
    known = [(*illness.emergency, illness.specialty) for illness in illnesses_of(person) if illness.emergency]
    if known and rng.random() < 0.55:
        return rng.choice(known)
    if person.falls_risk and rng.random() < 0.6:
        return (*FALL, "430")
    return (*rng.choice((PNEUMONIA, URINE_INFECTION, CHEST_PAIN, CELLULITIS)), "300")


def _bed(rng: Random) -> str:
    return f"B{rng.randint(1, 28):02d}"


def _stay(diary: Diary, rng: Random, at: datetime, code: str, reason: str, specialty: str, today: date) -> None:
    """An emergency admission through the assessment unit, now and then corrected afterwards."""
    end: datetime | None = at + timedelta(days=rng.choice((1, 2, 3, 4, 6, 9, 15)), hours=rng.randint(1, 8))
    if end and end.date() >= today:
        end = None
    admission = diary.admission(at, end, code, reason, specialty=specialty, ward="AMU", bed=_bed(rng))
    moved = at + timedelta(hours=rng.randint(8, 20))
    if (end is None and moved.date() < today) or (end and moved < end):
        diary.transfer(moved, admission, ward=WARDS[specialty], bed=_bed(rng))
    if end and rng.random() < 0.05:
        diary.discharge_cancelled(end - timedelta(hours=1), admission)
    elif rng.random() < 0.03:
        diary.admission_cancelled(at + timedelta(minutes=40), admission)


def _elective(diary: Diary, rng: Random, today: date) -> None:
    at = moment(today, rng.randint(20, TWO_YEARS), "07:30")
    end = at + timedelta(days=rng.randint(0, 4), hours=9)
    hip = ("239872002", "Osteoarthritis of hip")
    diary.admission(at, end, *hip, specialty="110", ward=WARDS["110"], bed=_bed(rng), method="11")


def _changes(diary: Diary, rng: Random, person: Person, today: date) -> None:
    """Moves, corrections and merges: what makes yesterday's record wrong."""
    told = person.practice or COUNCIL.code
    for address in person.addresses[1:]:
        if address.since > day(today, TWO_YEARS):
            diary.moved(address.since, told)
    if person.mrn and rng.random() < 0.02:
        wrong = _mistyped(person.birth_date)
        diary.birth_date_corrected(surgery_hours(rng, day(today, rng.randint(5, 300))), ACUTE.code, wrong)
    if person.other_mrn:
        at = surgery_hours(rng, day(today, rng.randint(5, 300)))
        diary.record_merged(at, ACUTE.code, person.other_mrn)


def _mistyped(birth_date: date) -> date:
    """A birth date as it gets mistyped: day and month swapped where that is a date, else ten years off."""
    if birth_date.day <= 12 and birth_date.day != birth_date.month:
        return birth_date.replace(month=birth_date.day, day=birth_date.month)
    return birth_date.replace(year=birth_date.year - 10, day=min(birth_date.day, 28))


def _lived(diary: Diary, rng: Random, person: Person, today: date) -> list[LifeEvent]:
    """The events up to death, with the death itself; stays and services end with it."""
    if person.died is None:
        return [event for event in diary.events if event.at.date() <= today]
    died = any_hour(rng, person.died)
    home = "care-home" if person.addresses and person.addresses[-1].care_home else "home"
    place = "hospital" if person.mrn and rng.random() < 0.45 else home
    if place == "hospital":
        at = died - timedelta(days=rng.randint(1, 6), hours=2)
        diary.attendance(at, at + timedelta(hours=2), *PNEUMONIA, outcome="admitted")
        stay = {"specialty": "430", "ward": WARDS["430"], "bed": _bed(rng), "destination": "79"}
        diary.admission(at + timedelta(hours=2), died, *PNEUMONIA, **stay)
    diary.died(died, ACUTE.code if place == "hospital" else person.practice or COUNCIL.code, place)
    until = [event for event in diary.events if event.at <= died]
    return [replace(event, end=died) if event.end and event.end > died else event for event in until]
