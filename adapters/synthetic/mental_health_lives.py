"""What mental health services do for generated people in two years."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from adapters.synthetic.chance import occurrences, weighted
from adapters.synthetic.diary import Diary
from adapters.synthetic.health import illnesses_of
from adapters.synthetic.moments import TWO_YEARS, age_on, any_hour, day, surgery_hours
from adapters.synthetic.world import Person

WARDS = ("Sherbourne Ward", "Swanswell Ward", "Hearsall Ward")


@dataclass(frozen=True)
class Course:
    """A usual course of mental health care, and how likely: team (MHSDS code), reason (MHSDS code), how often seen,
    plans (MHSDS codes), and the chance of a stay on a ward."""

    team: str
    reason: str
    likely: float
    contacts: int
    plans: tuple[str, ...] = ()
    stay: float = 0.0


_COURSES = {
    "58214004": Course("A06", "02", 0.95, 10, ("10", "12"), 0.4),  # schizophrenia
    "35489007": Course("A06", "04", 0.3, 6, ("12",), 0.08),  # depressive disorder
    "197480006": Course("A05", "05", 0.25, 4),  # anxiety disorder
    "52448006": Course("A17", "08", 0.4, 3, ("10",)),  # dementia
    "110359009": Course("E01", "30", 0.5, 5, ("13",)),  # intellectual disability
}
"""By the SNOMED CT code of the condition."""


def mental_health(diary: Diary, rng: Random, person: Person, today: date) -> None:
    """Referrals to mental health teams, with contacts, plans and stays. Nobody under 18: theirs is another service."""
    if age_on(person.birth_date, today) < 18:
        return
    for illness in illnesses_of(person):
        course = _COURSES.get(illness.code)
        if course and rng.random() < course.likely:
            _treat(diary, rng, course, today)


def _treat(diary: Diary, rng: Random, course: Course, today: date) -> None:
    start = rng.randint(60, TWO_YEARS - 30)
    length = rng.randint(50, 500)
    closed = start > length
    opened = surgery_hours(rng, day(today, start))
    end = surgery_hours(rng, day(today, start - length)) if closed else None
    referral = diary.mental_health_referral(opened, course.team, course.reason, end=end)
    staff = f"mental-health-{course.team}-{rng.randint(1, 2)}"
    for _ in range(occurrences(rng, course.contacts)):
        at = surgery_hours(rng, day(today, rng.randint(max(1, start - length), start - 4)))
        diary.mental_health_contact(
            at,
            referral,
            staff=staff,
            mechanism=weighted(rng, {"01": 6, "02": 2, "11": 2}),
            location=weighted(rng, {"B01": 4, "A01": 2}),
            attendance=weighted(rng, {"5": 14, "6": 2, "3": 3, "2": 1, "4": 0.5}),
        )
    for plan in course.plans:
        diary.mental_health_care_plan(opened + timedelta(days=6), plan, staff=staff)
    if rng.random() < course.stay:
        _stay(diary, rng, referral, start, today)


def _stay(diary: Diary, rng: Random, referral: str, start: int, today: date) -> None:
    at = any_hour(rng, day(today, start - 8))
    days = rng.randint(6, 45)
    end = at + timedelta(days=days, hours=3)
    status = weighted(rng, {"01": 2, "02": 2, "03": 1})
    order = status == "03" and rng.random() < 0.5
    diary.mental_health_stay(
        at, end if end.date() < today else None, referral, ward=rng.choice(WARDS), status=status, order=order
    )
