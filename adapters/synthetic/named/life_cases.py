"""The two ends of life: a child of nine with asthma, and a woman who died at home as she had wished."""

from datetime import date, timedelta

from adapters.synthetic.clinical import FUROSEMIDE, PNEUMONIA, SALBUTAMOL, adjustments
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, medicine, number
from adapters.synthetic.world import Address, Condition, Person, Relative

_ASTHMA = ("195967001", "Asthma")


def child(today: date) -> Story:
    """A boy of nine with asthma; no safeguarding concern has ever been raised."""
    person = Person(
        key="child",
        name="the child",
        family="Reid",
        given="Callum",
        title="Master",
        sex="male",
        birth_date=born(today, 9, 5, 12),
        nhs_number=number(19),
        practice="X90202",
        mrn="1000180",
        addresses=(Address(("27 Edgewick Mews",), "CV6 5ZT", day(today, 2500), uprn="900000000180"),),
        phone="07700900180",
        ethnicity="M",
        household="reid",
        relatives=(Relative("Reid", "Keisha", "mother", "07700900180"),),
        conditions=(Condition(*_ASTHMA, day(today, 1700)),),
        allergies=(Condition("91935009", "Allergy to peanut", day(today, 2000)),),
        medicines=(medicine(SALBUTAMOL, day(today, 1700)),),
        tags=frozenset({"named", "child"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 690, 40, 8, ("15:50",)):
        diary.consultation(at, *_ASTHMA, "Asthma review with his mother. Spacer technique good.")
    at = moment(today, 99, "20:30")
    admitted = at + timedelta(hours=3)
    diary.attendance(at, admitted, *_ASTHMA, outcome="admitted")
    diary.admission(admitted, admitted + timedelta(days=1), *_ASTHMA, specialty="420", ward="W14", bed="B04")
    diary.outpatient(moment(today, 55, "09:00"), "420", outcome="2", reason="Asthma clinic")
    referral = diary.community_referral(
        moment(today, 95), "38", "Asthma care at home and school", source="Acute hospital", end=moment(today, 30)
    )
    for seen in spread(today, 90, 34, 4, ("10:20",)):
        diary.community_contact(seen, referral, staff="community-38-1", location="L01")
    diary.community_care_plan(moment(today, 88, "12:00"), "Asthma action plan", staff="community-38-1")
    return Story(person, tuple(diary.events))


def died(today: date) -> Story:
    """A woman of 88, had she lived: died at home three months ago, her care plan followed."""
    person = Person(
        key="died",
        name="the woman who died",
        family="Atkins",
        given="Doreen",
        title="Mrs",
        sex="female",
        birth_date=born(today, 88, 8, 1),
        nhs_number=number(20),
        practice="X90301",
        mrn="1000197",
        addresses=(Address(("3 Prior Field Road",), "CV4 7ZJ", day(today, 16000), uprn="900000000197"),),
        phone="01632960197",
        relatives=(Relative("Atkins", "Alan", "son", "07700900197", carer=True),),
        conditions=(
            Condition("84114007", "Heart failure", day(today, 1900)),
            Condition("433144002", "Chronic kidney disease stage 3", day(today, 1500)),
        ),
        medicines=(medicine(FUROSEMIDE, day(today, 1900)),),
        adjustments=adjustments("anticipatory-plan", "home-visit"),
        impairments=("stamina",),
        frailty="severe",
        falls_risk=True,
        end_of_life=True,
        resuscitation_decision=True,
        care_coordinator="coordinator-X9H-3",
        key_worker="community-14-2",
        charity_consent=True,
        died=day(today, 90),
        tags=frozenset({"named", "died"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 710, 92, 16, ("12:00", "16:00")):
        diary.consultation(at, "84114007", "Heart failure", "Comfort first, as she asked.", mode="home")
    _last_year(diary, today)
    diary.died(moment(today, 90, "05:20"), "X90301", "home")
    return Story(person, tuple(diary.events))


def _last_year(diary: Diary, today: date) -> None:
    at = moment(today, 250, "16:00")
    admitted = at + timedelta(hours=7)
    diary.attendance(at, admitted, *PNEUMONIA, outcome="admitted")
    stay = diary.admission(admitted, admitted + timedelta(days=11), *PNEUMONIA, specialty="430", ward="AMU", bed="B10")
    diary.transfer(admitted + timedelta(hours=12), stay, ward="W40", bed="B22")
    dying = diary.community_referral(
        moment(today, 236), "14", "End of life care at home", source="Acute hospital", end=moment(today, 90, "17:00")
    )
    for seen in spread(today, 233, 91, 20, ("09:45",)):
        diary.community_contact(seen, dying, staff="community-14-2", minutes=45)
    diary.community_care_plan(
        moment(today, 230, "14:00"), "Advance care plan: wishes to die at home", staff="community-14-2"
    )
    progress = "Progress to support planning or services"
    diary.care_assessment(moment(today, 238), progress, end=moment(today, 234, "15:00"), staff="social-worker-7")
    diary.care_service(
        moment(today, 233), "Long term support: Community", "Home support or domiciliary care",
        end=moment(today, 90, "17:00"), staff="social-worker-7",
    )  # fmt: skip
    referral = diary.charity_referral(
        moment(today, 225), "X9V01", "Carer strain", worker="link-worker-X9V01-2", source="GP",
        action="Carers' group offered to her son", end=moment(today, 91, "12:00"),
    )  # fmt: skip
    for seen in spread(today, 220, 95, 6, ("14:30",)):
        diary.charity_contact(seen, "X9V01", referral, "visit", "Sat with her while Alan slept.", "link-worker-X9V01-2")
