"""Mrs T, 84: lives alone, neglects herself, and is known to all five sectors, each of which knows a part."""

from datetime import date, timedelta

from adapters.synthetic.clinical import AMLODIPINE, CHECK_UP, FALL, MEDICATION_REVIEW, PARACETAMOL, adjustments
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, medicine, number
from adapters.synthetic.world import Address, Condition, Person, Relative

BUSY_FROM, BUSY_TO = 360, 185
"""Days ago of the first and last of her 35 primary-care contacts in six months."""
_WORKER = "link-worker-X9V01-1"
_SOCIAL_WORKER = "social-worker-3"

_WORRIES = (
    ("404640003", "Dizziness", "Dizzy on standing. Had not eaten since yesterday.", "surgery"),
    ("84229001", "Fatigue", "Rang the surgery, tired. Kitchen cold, little food in the house.", "telephone"),
    ("57676002", "Joint pain", "Knees painful, paracetamol not taken as prescribed.", "surgery"),
    ("185349003", "Encounter for check up", "Third call this week about a letter she could not read.", "telephone"),
    ("401233007", "At risk for self-neglect", "Unopened post, same clothes as last visit, declined help.", "home"),
    ("386805003", "Mild cognitive disorder", "Repeats herself. Memory test 21/30. Agreed to memory clinic.", "surgery"),
    ("15188001", "Hearing loss", "Did not hear the bell. Difficult by telephone. Refer to audiology.", "telephone"),
)  # fmt: skip


def story(today: date) -> Story:
    """Mrs T as of `today`."""
    person = _person(today)
    diary = Diary(person.key, person.practice)
    _practice(diary, today)
    _council(diary, today)
    _companions(diary, today)
    _community(diary, today)
    _hospital(diary, today)
    return Story(person, tuple(diary.events))


def _person(today: date) -> Person:
    return Person(
        key="mrs-t",
        name="Mrs T",
        family="Tanner",
        given="Edith",
        middle="Rose",
        nickname="Edie",
        previous_family="Harris",
        title="Mrs",
        sex="female",
        birth_date=born(today, 84, 3, 14),
        nhs_number=number(1),
        practice="X90401",
        mrn="1000012",
        addresses=(Address(("12 Clockmakers Street",), "CV5 6ZB", day(today, 15000), uprn="900000000012"),),
        phone="01632960112",
        lives_alone=True,
        relatives=(Relative("Harris", "Graham", "nephew", "07700900112"),),
        conditions=(
            Condition("38341003", "Hypertensive disorder", day(today, 5200)),
            Condition("396275006", "Osteoarthritis", day(today, 3900)),
            Condition("15188001", "Hearing loss", day(today, 330)),
            Condition("386805003", "Mild cognitive disorder", day(today, 260)),
            Condition("401233007", "At risk for self-neglect", day(today, 470)),
            Condition("279992002", "Recurrent falls", day(today, 62)),
        ),
        allergies=(Condition("91936005", "Allergy to penicillin", day(today, 9000)),),
        medicines=(medicine(AMLODIPINE, day(today, 5200)), medicine(PARACETAMOL, day(today, 3900))),
        adjustments=adjustments("lip-read", "receptive", "extended-appointment", "home-visit", "reminders"),
        impairments=("hearing", "memory"),
        frailty="moderate",
        falls_risk=True,
        care_coordinator=_WORKER,
        key_worker=_SOCIAL_WORKER,
        charity_consent=True,
        tags=frozenset({"named", "self-neglect"}),
    )


def _practice(diary: Diary, today: date) -> None:
    for at in spread(today, 710, 420, 5, ("10:20", "14:40")):
        diary.consultation(at, *CHECK_UP, "Blood pressure review.", staff="nurse-X90401-1")
    busy = spread(today, BUSY_FROM, BUSY_TO, 35, ("09:10", "11:30", "16:20"))
    for n, at in enumerate(busy):
        code, term, note, mode = _WORRIES[n % len(_WORRIES)]
        diary.consultation(at, code, term, note, staff=f"gp-X90401-{n % 4 + 1}", mode=mode)
    for at in spread(today, 165, 12, 6, ("12:10", "09:50")):
        note = "Reviewed with the social prescriber present. Eating better, takes tablets from a box."
        diary.consultation(at, *MEDICATION_REVIEW, note, staff="gp-X90401-2", mode="home")


def _council(diary: Diary, today: date) -> None:
    staff = _SOCIAL_WORKER
    progress = "Progress to assessment, review or reassessment"
    diary.care_request(moment(today, 476, "11:00"), "Community/Other route", progress, staff=staff)
    diary.safeguarding(moment(today, 470, "15:30"), "referral", "Self-neglect", staff=staff)
    diary.care_assessment(
        moment(today, 465, "10:00"),
        "Progress to support planning or services",
        end=moment(today, 441, "16:00"),
        staff=staff,
    )
    diary.safeguarding(moment(today, 430, "12:00"), "closed", "Self-neglect", staff=staff)
    service = "Long term support: Community"
    diary.care_service(moment(today, 428), service, "Home support or domiciliary care", staff=staff)
    diary.care_service(
        moment(today, 52),
        "Short term support: Ongoing low level",
        "Equipment",
        staff=staff,
        description="Pendant alarm",
    )
    diary.safeguarding(moment(today, 148, "10:30"), "reopened", "Self-neglect", staff=staff)
    diary.care_review(
        moment(today, 110, "14:00"),
        "Unplanned review of long term support",
        "Continuation of support or services",
        staff=staff,
    )


def _companions(diary: Diary, today: date) -> None:
    referral = diary.charity_referral(
        moment(today, 340, "13:00"),
        "X9V01",
        "Loneliness",
        worker=_WORKER,
        source="GP",
        action="Social prescriber coordinates her care; weekly visits and lunch club",
    )
    told = (
        ("visit", "Sorted the post together. Two final demands, rang the council tax office with her."),
        ("phone", "Could not hear me well, will visit instead."),
        ("visit", "Fridge empty, went shopping together. Agreed that I tell the surgery."),
        ("group", "Came to the lunch club for the first time."),
    )
    for n, at in enumerate(spread(today, 330, 6, 22, ("13:30", "11:00"))):
        channel, summary = told[n % len(told)]
        diary.charity_contact(at, "X9V01", referral, channel, summary, _WORKER)


def _community(diary: Diary, today: date) -> None:
    nursing = diary.community_referral(moment(today, 300, "10:00"), "12", "Leg ulcer dressings", source="GP")
    for at in spread(today, 297, 3, 30, ("09:00", "10:30")):
        diary.community_contact(at, nursing, staff="community-12-1", minutes=30)
    diary.community_care_plan(moment(today, 296, "12:00"), "Wound care plan", staff="community-12-1")
    memory = diary.community_referral(moment(today, 240, "11:00"), "45", "Memory clinic assessment", source="GP")
    for ago, attendance in ((160, "3"), (101, "5"), (33, "5")):
        at = moment(today, ago, "14:00")
        diary.community_contact(at, memory, staff="community-45-1", location="B01", attendance=attendance, minutes=60)
    home = diary.community_referral(
        moment(today, 58),
        "23",
        "Home safety after second fall",
        source="Acute hospital",
        end=moment(today, 20, "15:00"),
    )
    for at in spread(today, 54, 22, 3, ("13:00",)):
        diary.community_contact(at, home, staff="community-23-1", minutes=45)


def _hospital(diary: Diary, today: date) -> None:
    for at in (moment(today, 118, "22:35"), moment(today, 62, "05:50")):
        diary.attendance(at, at + timedelta(hours=6, minutes=20), *FALL, outcome="home")
    diary.outpatient(moment(today, 92, "10:40"), "840", outcome="2", reason="Hearing test, bilateral loss")
    diary.outpatient(moment(today, 40, "09:20"), "840", outcome="3", reason="Hearing aids ordered")
