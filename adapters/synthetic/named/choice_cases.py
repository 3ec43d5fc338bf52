"""Four people whose choices or safety limit who may see what: an objector, a woman in hiding, sensitive codes, a
withdrawn consent."""

from datetime import date, timedelta

from adapters.synthetic.clinical import (
    CHECK_UP,
    CHEST_PAIN,
    COPD_FLARE,
    HEAD_INJURY,
    METFORMIN,
    SALBUTAMOL,
    adjustments,
)
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, medicine, number
from adapters.synthetic.world import Address, Condition, Person, Relative


def objector(today: date) -> Story:
    """A man of 71 who objects to any sharing of his record."""
    person = Person(
        key="objector",
        name="the objector",
        family="Haddon",
        given="Roger",
        title="Mr",
        sex="male",
        birth_date=born(today, 71, 5, 30),
        nhs_number=number(7),
        practice="X90301",
        mrn="1000074",
        addresses=(Address(("54 Wolfe Meadow",), "CV4 8ZP", day(today, 7000), uprn="900000000074"),),
        phone="01632960774",
        lives_alone=True,
        conditions=(Condition("44054006", "Diabetes mellitus type 2", day(today, 2400)),),
        medicines=(medicine(METFORMIN, day(today, 2400)),),
        dissent=True,
        tags=frozenset({"named", "objector"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 690, 40, 7, ("11:10",)):
        diary.consultation(at, *CHECK_UP, "Diabetes review. Repeats that nothing may be shared.")
    at = moment(today, 133, "13:30")
    diary.attendance(at, at + timedelta(hours=5), *CHEST_PAIN)
    diary.outpatient(moment(today, 70, "09:40"), "307", outcome="2", reason="Diabetes clinic")
    feet = diary.community_referral(moment(today, 220), "27", "Diabetic foot care")
    for seen in spread(today, 210, 15, 4, ("11:30",)):
        diary.community_contact(seen, feet, staff="community-27-1", location="B01")
    return Story(person, tuple(diary.events))


def restricted_address(today: date) -> Story:
    """A woman of 34 who fled domestic abuse: nobody may learn from a record where she lives."""
    person = Person(
        key="restricted-address",
        name="the woman in hiding",
        family="Sikora",
        given="Joanna",
        title="Ms",
        sex="female",
        birth_date=born(today, 34, 10, 8),
        nhs_number=number(8),
        practice="X90501",
        mrn="1000081",
        addresses=(
            Address(("115 Almond Tree Grove",), "CV2 2ZX", day(today, 2200), uprn="900000000081"),
            Address(("Flat 6", "9 Dane Meadow Road"), "CV2 5ZG", day(today, 240), uprn="900000000082"),
        ),
        phone="07700900881",
        ethnicity="C",
        language="pl",
        lives_alone=True,
        conditions=(
            Condition("412732008", "History of domestic violence", day(today, 245), sensitive=True),
            Condition("197480006", "Anxiety disorder", day(today, 230)),
        ),
        adjustments=adjustments("pl", "female-professional", "text-message"),
        impairments=("mental-health",),
        key_worker="social-worker-6",
        restricted=True,
        charity_consent=False,
        tags=frozenset({"named", "restricted"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 240, 12, 8, ("13:40",)):
        diary.consultation(at, "197480006", "Anxiety disorder", "Talked about sleep and safety.", mode="surgery")
    at = moment(today, 246, "02:45")
    diary.attendance(at, at + timedelta(hours=7), *HEAD_INJURY)
    diary.moved(person.addresses[-1].since, "X90501")
    diary.care_request(
        moment(today, 244, "12:00"),
        "Community/Other route",
        "NFA: Information and advice or signposting",
        staff="social-worker-6",
    )
    diary.safeguarding(moment(today, 244, "12:30"), "referral", "Domestic abuse", staff="social-worker-6")
    diary.charity_referral(
        moment(today, 200),
        "X9V01",
        "Housing worries",
        worker="link-worker-X9V01-3",
        source="Social worker",
        action="Support with a housing application",
    )
    return Story(person, tuple(diary.events))


def sensitive_codes(today: date) -> Story:
    """A woman of 27 with entries about sexual health and a termination, and ordinary ones beside them."""
    person = Person(
        key="sensitive-codes",
        name="the woman with sensitive codes",
        family="Bennett",
        given="Chloe",
        title="Miss",
        sex="female",
        birth_date=born(today, 27, 12, 19),
        nhs_number=number(9),
        practice="X90202",
        mrn="1000098",
        addresses=(Address(("Flat 11", "4 Loom Street"), "CV6 7ZG", day(today, 900), uprn="900000000098"),),
        phone="07700900998",
        relatives=(Relative("Bennett", "Karen", "mother", "07700900999"),),
        conditions=(
            Condition("195967001", "Asthma", day(today, 6000)),
            Condition("240589008", "Chlamydial infection", day(today, 310), sensitive=True),
            Condition("57797005", "Induced termination of pregnancy", day(today, 150), sensitive=True),
        ),
        medicines=(medicine(SALBUTAMOL, day(today, 6000)),),
        tags=frozenset({"named", "sensitive"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 600, 90, 4, ("17:20",)):
        diary.consultation(at, *CHECK_UP, "Asthma review.", staff="nurse-X90202-1")
    confidential = (
        (312, "240589008", "Chlamydial infection"),
        (165, "386639001", "Termination of pregnancy"),
        (140, "386639001", "Termination of pregnancy"),
    )
    for ago, code, term in confidential:
        note = "Confidential consultation; asks that her mother is not told."
        diary.consultation(moment(today, ago, "12:00"), code, term, note, sensitive=True)
    diary.outpatient(moment(today, 150, "08:30"), "502", outcome="1", reason="Gynaecology")
    at = moment(today, 50, "18:50")
    diary.attendance(at, at + timedelta(hours=3), "267036007", "Dyspnea")
    _crisis(diary, today)
    return Story(person, tuple(diary.events))


def _crisis(diary: Diary, today: date) -> None:
    """A crisis in which she was detained for assessment, and the care that follows it."""
    referral = diary.mental_health_referral(moment(today, 120, "15:00"), "A02", "18")
    stay = moment(today, 119, "22:30")
    diary.mental_health_stay(stay, stay + timedelta(days=16), referral, ward="Sherbourne Ward", status="02")
    diary.mental_health_care_plan(moment(today, 101, "11:00"), "12", staff="mental-health-A02-1")
    for seen in spread(today, 98, 12, 6, ("14:00", "16:30")):
        diary.mental_health_contact(seen, referral, staff="mental-health-A02-1")
    diary.care_request(
        moment(today, 60, "10:00"),
        "Community/Other route",
        "Progress to assessment, review or reassessment",
        staff="social-worker-6",
    )


def withdrawn_consent(today: date) -> Story:
    """A man of 73 who first agreed that the charity shares what it knows, and then withdrew it."""
    person = Person(
        key="withdrawn-consent",
        name="the man who withdrew his consent",
        family="Blake",
        given="Winston",
        nickname="Win",
        title="Mr",
        sex="male",
        birth_date=born(today, 73, 4, 4),
        nhs_number=number(10),
        practice="X90601",
        mrn="1000104",
        addresses=(Address(("23 Stretton Leys",), "CV3 4ZL", day(today, 5000), uprn="900000000104"),),
        phone="01632960104",
        ethnicity="M",
        lives_alone=True,
        conditions=(Condition("13645005", "Chronic obstructive pulmonary disease", day(today, 1900)),),
        medicines=(medicine(SALBUTAMOL, day(today, 1900)),),
        impairments=("stamina",),
        frailty="mild",
        care_coordinator="link-worker-X9V01-4",
        charity_consent=True,
        charity_consent_withdrawn=day(today, 45),
        tags=frozenset({"named", "consent-withdrawn"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 680, 20, 8, ("15:00",)):
        diary.consultation(at, *CHECK_UP, "COPD review.", staff="nurse-X90601-1")
    at = moment(today, 190, "07:15")
    admitted = at + timedelta(hours=5)
    diary.attendance(at, admitted, *COPD_FLARE, outcome="admitted")
    diary.admission(admitted, admitted + timedelta(days=4), *COPD_FLARE, specialty="340", ward="W30", bed="B14")
    referral = diary.charity_referral(
        moment(today, 170),
        "X9V01",
        "Loneliness",
        worker="link-worker-X9V01-4",
        source="Hospital discharge team",
        action="Befriending visits arranged",
        end=moment(today, 45, "12:00"),
    )
    for seen in spread(today, 160, 48, 7, ("11:00",)):
        diary.charity_contact(seen, "X9V01", referral, "visit", "Talked about cricket.", "link-worker-X9V01-4")
    return Story(person, tuple(diary.events))
