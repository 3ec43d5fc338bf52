"""What community services, the council and charities do for generated people in two years."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from adapters.synthetic.chance import occurrences, weighted
from adapters.synthetic.diary import Diary
from adapters.synthetic.health import illnesses_of
from adapters.synthetic.moments import TWO_YEARS, age_on, day, surgery_hours
from adapters.synthetic.staff import SOCIAL_WORKERS
from adapters.synthetic.world import Person


@dataclass(frozen=True)
class Course:
    """A usual course of community care: team (CSDS code), why, how often seen, how it is planned."""

    team: str
    reason: str
    contacts: int
    location: str = "A01"
    plan: str | None = None


_NURSING = Course("12", "Leg ulcer dressings", 14, plan="Wound care plan")
_MATRON = Course("19", "Long-term conditions case management", 10, plan="Long-term conditions care plan")
_THERAPY = Course("23", "Home safety and equipment", 3)
_PHYSIOTHERAPY = Course("26", "Falls rehabilitation", 5, plan="Falls prevention plan")
_FEET = Course("27", "Diabetic foot care", 4, "B01")
_CHEST = Course("30", "Pulmonary rehabilitation", 6, "B01", "Respiratory self-management plan")
_DYING = Course("14", "End of life care at home", 12, plan="Advance care plan")
_DISABILITY = Course("35", "Learning disability health facilitation", 5, plan="Health action plan")
_URGENT = Course("49", "Two-hour urgent community response", 2)
_CHILD = Course("38", "Asthma care at home and school", 3, "L01", "Asthma action plan")


def _courses(rng: Random, person: Person, need: int, today: date) -> list[Course]:
    codes = {illness.code for illness in illnesses_of(person)}
    if age_on(person.birth_date, today) < 16:
        return [_CHILD] if "195967001" in codes and rng.random() < 0.3 else []
    likely = [
        (_NURSING, 0.35 if person.frailty in ("moderate", "severe") else 0.03),
        (_MATRON, 0.45 if need >= 5 else 0.0),
        (_THERAPY, 0.25 if person.falls_risk else 0.02),
        (_PHYSIOTHERAPY, 0.3 if person.falls_risk else 0.03),
        (_FEET, 0.3 if "44054006" in codes else 0.0),
        (_CHEST, 0.35 if "13645005" in codes else 0.0),
        (_DYING, 0.8 if person.end_of_life else 0.0),
        (_DISABILITY, 0.7 if "110359009" in codes else 0.0),
        (_URGENT, 0.3 if person.frailty == "severe" else 0.03),
    ]
    return [course for course, chance in likely if rng.random() < chance]


def community(diary: Diary, rng: Random, person: Person, need: int, today: date) -> None:
    """Referrals to community teams, their contacts and care plans."""
    for course in _courses(rng, person, need, today):
        start = rng.randint(30, TWO_YEARS - 30)
        length = rng.randint(20, 200)
        closed = start > length
        end = surgery_hours(rng, day(today, start - length)) if closed else None
        opened = surgery_hours(rng, day(today, start))
        source = rng.choice(("GP", "Acute hospital", "Self", "Social services"))
        referral = diary.community_referral(opened, course.team, course.reason, source=source, end=end)
        staff = f"community-{course.team}-{rng.randint(1, 2)}"
        location = "G01" if person.addresses and person.addresses[-1].care_home else course.location
        for _ in range(occurrences(rng, course.contacts)):
            at = surgery_hours(rng, day(today, rng.randint(max(1, start - length), start - 4)))
            diary.community_contact(
                at,
                referral,
                staff=staff,
                mechanism=weighted(rng, {"01": 8, "02": 2, "11": 0.4}),
                location=location,
                attendance=weighted(rng, {"5": 17, "6": 1, "3": 1, "2": 1, "4": 0.5}),
                minutes=rng.choice((15, 20, 30, 45, 60)),
            )
        if course.plan and rng.random() < 0.8:
            diary.community_care_plan(opened + timedelta(days=3), course.plan, staff=staff)


_ROUTES = {"Community/Other route": 6.0, "Discharge from Hospital": 3.0, "Diversion from Hospital Services": 1.0}
_SERVICES = (
    ("Long term support: Community", "Home support or domiciliary care"),
    ("Long term support: Community", "Direct payment"),
    ("Short term support: ST-Max", "Reablement"),
    ("Short term support: Ongoing low level", "Equipment"),
)


def social_care(diary: Diary, rng: Random, person: Person, need: int, today: date) -> None:
    """A request, then assessment, services and reviews, for those whose need brings them to the council."""
    if age_on(person.birth_date, today) < 18 or rng.random() > _council_knows(person, need):
        return
    worker = f"social-worker-{rng.randint(1, SOCIAL_WORKERS)}"
    start = rng.randint(120, TWO_YEARS - 10)
    asked = surgery_hours(rng, day(today, start))
    if rng.random() < 0.15:
        diary.care_request(asked, weighted(rng, _ROUTES), "NFA: Information and advice or signposting", staff=worker)
        return
    diary.care_request(asked, weighted(rng, _ROUTES), "Progress to assessment, review or reassessment", staff=worker)
    opened = surgery_hours(rng, day(today, start - 10))
    done = surgery_hours(rng, day(today, start - rng.randint(14, 40)))
    outcome = "Progress to support planning or services"
    diary.care_assessment(opened, outcome, end=max(opened, done), staff=worker)
    _services(diary, rng, person, today, start - 45, worker)
    if rng.random() < 0.05:
        concern = rng.choice(("Self-neglect", "Financial abuse", "Neglect by others"))
        diary.safeguarding(surgery_hours(rng, day(today, start - 20)), "referral", concern, staff=worker)
        if rng.random() < 0.6:
            diary.safeguarding(surgery_hours(rng, day(today, start - 80)), "closed", concern, staff=worker)


def _council_knows(person: Person, need: int) -> float:
    if "110359009" in {condition.code for condition in person.conditions}:
        return 0.9
    if person.addresses and person.addresses[-1].care_home:
        return 0.85
    return {None: 0.02, "mild": 0.15, "moderate": 0.4, "severe": 0.65}[person.frailty] + 0.03 * min(need, 5)


def _services(diary: Diary, rng: Random, person: Person, today: date, start: int, worker: str) -> None:
    home = person.addresses[-1].care_home if person.addresses else None
    if home:
        since = min(start, (today - person.addresses[-1].since).days)
        kind = "Nursing" if home == "X9K02" else "Residential"
        at = surgery_hours(rng, day(today, since))
        diary.care_service(
            at, f"Long term support: {kind} care", f"Long term {kind.lower()} care", provider=home, staff=worker
        )
    else:
        service, component = rng.choice(_SERVICES)
        at = surgery_hours(rng, day(today, start))
        short = service.startswith("Short") or rng.random() < 0.2
        end = at + timedelta(days=42) if short and start > 45 else None
        diary.care_service(at, service, component, end=end, staff=worker)
    if start > 100 and rng.random() < 0.7:
        reviewed = surgery_hours(rng, day(today, start - rng.randint(42, 95)))
        reason = rng.choice(("Planned review of long term support", "Unplanned review of long term support"))
        diary.care_review(reviewed, reason, "Continuation of support or services", staff=worker)


_WISHES = (
    ("Loneliness", "Befriending visits arranged"),
    ("Help with benefits", "Attendance Allowance claim made"),
    ("Getting out of the house", "Introduced to a lunch club"),
    ("Carer strain", "Carers' group offered"),
    ("Housing worries", "Support with a housing application"),
)
_SUMMARIES = (
    "Settled and chatty.",
    "Went through letters together.",
    "Low today, rang the surgery.",
    "Joined the group.",
)


def charity(diary: Diary, rng: Random, person: Person, today: date) -> None:
    """A referral to a charity and its contacts: for whoever was asked for consent or has no home, and
    a few others who were never asked."""
    if age_on(person.birth_date, today) < 18:
        return
    if person.charity_consent is None and person.addresses and rng.random() > 0.02:
        return
    organisation = "X9V02" if not person.addresses or rng.random() < 0.15 else "X9V01"
    worker = f"link-worker-{organisation}-{rng.randint(1, 4)}"
    reason, action = rng.choice(_WISHES)
    start = rng.randint(20, 500)
    accepted = rng.random() < 0.88
    opened = surgery_hours(rng, day(today, start))
    ended = surgery_hours(rng, day(today, start // 3)) if rng.random() < 0.4 else None
    referral = diary.charity_referral(
        opened,
        organisation,
        reason,
        worker=worker,
        source=rng.choice(("GP", "Self", "Hospital discharge team", "Social worker")),
        action=action if accepted else "Declined the offer",
        accepted=accepted,
        end=ended,
    )
    for _ in range(occurrences(rng, 5) if accepted else 0):
        at = surgery_hours(rng, day(today, rng.randint(start // 3 + 1, start - 4)))
        channel = weighted(rng, {"visit": 5, "phone": 4, "group": 2})
        diary.charity_contact(max(at, opened), organisation, referral, channel, rng.choice(_SUMMARIES), worker)
