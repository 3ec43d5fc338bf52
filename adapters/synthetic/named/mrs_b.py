"""Mrs B, 69: COPD, a recent heart attack, very low weight and health anxiety; rings her practice every other day."""

from datetime import date, timedelta

from adapters.synthetic.clinical import (
    ASPIRIN,
    ATORVASTATIN,
    BISOPROLOL,
    CHECK_UP,
    CITALOPRAM,
    COPD_FLARE,
    HEART_ATTACK,
    SALBUTAMOL,
    adjustments,
)
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, medicine, number
from adapters.synthetic.world import Address, Condition, Person, Relative

SIX_MONTHS = 182
"""Days before today in which she had 117 primary-care contacts and three admissions."""
_MATRON = "community-19-1"

_CALLS = (
    ("267036007", "Dyspnea", "Breathless at rest she says; speaks in full sentences.", "telephone"),
    ("29857009", "Chest pain", "Chest pain since last night, ECG at the surgery unchanged.", "surgery"),
    ("197480006", "Anxiety disorder", "Frightened of another heart attack. Son asks what to do at night.", "telephone"),
    ("248342006", "Underweight", "Weight 37 kg, BMI 15.2. Eats little, fortified drinks prescribed.", "surgery"),
    ("197480006", "Anxiety disorder", "Second call today, about a blood test not yet taken.", "telephone"),
    ("49727002", "Cough", "Sputum green, rescue pack started.", "telephone"),
    ("182836005", "Review of medication", "Had stopped the beta blocker; restarted after talking with son.", "online"),
)  # fmt: skip


def story(today: date) -> Story:
    """Mrs B as of `today`."""
    person = _person(today)
    diary = Diary(person.key, person.practice)
    for at in spread(today, 715, 200, 14, ("09:40", "15:10")):
        diary.consultation(at, *CHECK_UP, "COPD review.", staff="nurse-X90502-1")
    for n, at in enumerate(spread(today, SIX_MONTHS - 3, 1, 117, ("08:40", "12:20", "17:10"))):
        code, term, note, mode = _CALLS[n % len(_CALLS)]
        diary.consultation(at, code, term, note, staff=f"gp-X90502-{n % 4 + 1}", mode=mode)
    _hospital(diary, today)
    _support(diary, today)
    return Story(person, tuple(diary.events))


def _person(today: date) -> Person:
    return Person(
        key="mrs-b",
        name="Mrs B",
        family="Barlow",
        given="Brenda",
        title="Mrs",
        sex="female",
        birth_date=born(today, 69, 11, 2),
        nhs_number=number(2),
        practice="X90502",
        mrn="1000029",
        addresses=(Address(("Flat 3", "88 Roseberry Bank"), "CV2 1ZS", day(today, 6200), uprn="900000000029"),),
        phone="07700900229",
        household="barlow",
        relatives=(Relative("Barlow", "Craig", "son", "07700900230", carer=True),),
        conditions=(
            Condition("13645005", "Chronic obstructive pulmonary disease", day(today, 3300)),
            Condition("22298006", "Myocardial infarction", day(today, 165)),
            Condition("248342006", "Underweight", day(today, 400)),
            Condition("18193002", "Hypochondriasis", day(today, 900)),
            Condition("197480006", "Anxiety disorder", day(today, 4100)),
        ),
        medicines=(
            medicine(SALBUTAMOL, day(today, 3300)),
            medicine(ASPIRIN, day(today, 163)),
            medicine(ATORVASTATIN, day(today, 163)),
            medicine(BISOPROLOL, day(today, 163)),
            medicine(CITALOPRAM, day(today, 800)),
        ),
        adjustments=adjustments("via-carer", "telephone"),
        impairments=("stamina", "mental-health"),
        frailty="mild",
        care_coordinator="coordinator-X9H-5",
        key_worker=_MATRON,
        charity_consent=None,
        tags=frozenset({"named", "frequent-contact"}),
    )


def _hospital(diary: Diary, today: date) -> None:
    stays = (
        (165, "03:15", HEART_ATTACK, "320", "W10", 6),
        (110, "19:40", COPD_FLARE, "340", "W30", 5),
        (44, "23:05", COPD_FLARE, "340", "W30", 8),
    )
    for ago, clock, cause, specialty, ward, days in stays:
        at = moment(today, ago, clock)
        admitted = at + timedelta(hours=4)
        diary.attendance(at, admitted, *cause, outcome="admitted")
        stay = diary.admission(
            admitted, admitted + timedelta(days=days, hours=9), *cause, specialty=specialty, ward="AMU", bed="B07"
        )
        diary.transfer(admitted + timedelta(hours=13), stay, ward=ward, bed="B11")
    for ago in (90, 20):
        diary.outpatient(moment(today, ago, "11:15"), "320", outcome="2", reason="After heart attack")


def _support(diary: Diary, today: date) -> None:
    chest = diary.community_referral(moment(today, 150), "30", "Pulmonary rehabilitation", source="Acute hospital")
    for n, at in enumerate(spread(today, 140, 8, 9, ("14:00",))):
        diary.community_contact(at, chest, staff="community-30-1", attendance="2" if n % 4 == 3 else "5", minutes=45)
    matron = diary.community_referral(
        moment(today, 96), "19", "Key worker, assigned by the care and support forum", source="Care and support forum"
    )
    for at in spread(today, 94, 2, 12, ("10:00",)):
        diary.community_contact(at, matron, staff=_MATRON, minutes=60)
    diary.community_care_plan(moment(today, 93, "12:00"), "Long-term conditions care plan", staff=_MATRON)
    diary.care_request(moment(today, 98), "Discharge from Hospital", "Progress to assessment, review or reassessment")
    diary.care_assessment(
        moment(today, 90), "NFA: Support declined", end=moment(today, 76, "15:00"), staff="social-worker-2"
    )
