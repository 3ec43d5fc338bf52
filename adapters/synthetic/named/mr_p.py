"""Mr P, 91: advanced frailty and progressive bulbar palsy, fed through a PEG; wishes to die in his nursing home."""

from datetime import date, timedelta

from adapters.synthetic.clinical import MEDICATION_REVIEW, OMEPRAZOLE, PARACETAMOL, URINE_INFECTION, adjustments
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, medicine, number
from adapters.synthetic.places import care_home_address
from adapters.synthetic.world import Address, Condition, Person, Relative

_ASPIRATION = ("422588002", "Aspiration pneumonia")
_HOME = "X9K02"
_NURSE = "community-14-1"


def story(today: date) -> Story:
    """Mr P as of `today`."""
    person = _person(today)
    diary = Diary(person.key, person.practice)
    for n, at in enumerate(spread(today, 700, 4, 31, ("11:40", "13:20"))):
        mode = "care-home" if n > 26 else "home"
        diary.consultation(at, *MEDICATION_REVIEW, "Feed and medicines through the PEG reviewed.", mode=mode)
    _hospital(diary, today)
    _community(diary, today)
    _council(diary, today)
    diary.moved(person.addresses[-1].since, "X90201")
    return Story(person, tuple(diary.events))


def _person(today: date) -> Person:
    return Person(
        key="mr-p",
        name="Mr P",
        family="Pemberton",
        given="Cyril",
        middle="James",
        title="Mr",
        sex="male",
        birth_date=born(today, 91, 1, 9),
        nhs_number=number(4),
        practice="X90201",
        mrn="1000043",
        addresses=(
            Address(("7 Thackhall Terrace",), "CV6 1ZL", day(today, 18000), uprn="900000000043"),
            care_home_address(_HOME, day(today, 75)),
        ),
        phone="01632960443",
        relatives=(Relative("Lomas", "Jean", "daughter", "07700900443", carer=True),),
        conditions=(
            Condition("54304004", "Progressive bulbar palsy", day(today, 640)),
            Condition("40739000", "Dysphagia", day(today, 660)),
            Condition("229912004", "Enteral tube feeding", day(today, 480)),
            Condition("49436004", "Atrial fibrillation", day(today, 4000)),
        ),
        medicines=(medicine(OMEPRAZOLE, day(today, 480)), medicine(PARACETAMOL, day(today, 480))),
        adjustments=adjustments("dysphagia", "wheelchair", "attorney", "anticipatory-plan", "discharge-planning"),
        impairments=("mobility", "stamina"),
        frailty="severe",
        falls_risk=True,
        end_of_life=True,
        resuscitation_decision=True,
        care_coordinator="coordinator-X9H-2",
        key_worker=_NURSE,
        tags=frozenset({"named", "end-of-life"}),
    )


def _hospital(diary: Diary, today: date) -> None:
    diary.admission(
        moment(today, 482, "08:00"),
        moment(today, 478, "15:00"),
        "229912004",
        "Enteral tube feeding",
        specialty="301",
        ward="W31",
        bed="B02",
        method="11",
    )
    stays = ((390, _ASPIRATION, 9), (265, URINE_INFECTION, 5), (160, _ASPIRATION, 14), (96, _ASPIRATION, 21))
    for ago, cause, days in stays:
        at = moment(today, ago, "18:20")
        admitted = at + timedelta(hours=5)
        home = admitted + timedelta(days=days, hours=14)
        diary.attendance(at, admitted, *cause, outcome="admitted")
        destination = "54" if ago == 96 else "19"
        stay = diary.admission(admitted, home, *cause, specialty="430", ward="AMU", bed="B21", destination=destination)
        diary.transfer(admitted + timedelta(hours=11), stay, ward="W40", bed="B05")
        if ago == 160:
            # He was taken home, nobody was there to run the feed, and the ambulance brought him back the same hour.
            diary.discharge_cancelled(home - timedelta(hours=3), stay)
    diary.outpatient(moment(today, 640, "10:00"), "400", outcome="2", reason="Progressive bulbar palsy diagnosed")


def _community(diary: Diary, today: date) -> None:
    courses = (("33", 655, 480, 6, "Swallowing assessment"), ("58", 478, None, 14, "PEG feeding regimen"))
    for team, start, end, contacts, reason in courses:
        closed = moment(today, end, "16:00") if end else None
        referral = diary.community_referral(moment(today, start), team, reason, source="Acute hospital", end=closed)
        for at in spread(today, start - 5, (end or 0) + 5, contacts, ("10:15",)):
            diary.community_contact(at, referral, staff=f"community-{team}-1", minutes=45)
    dying = diary.community_referral(moment(today, 74), "14", "End of life care in the nursing home", source="GP")
    for at in spread(today, 72, 1, 11, ("14:30",)):
        diary.community_contact(at, dying, staff=_NURSE, location="G01", minutes=45)
    plan = "Advance care plan: wishes to die at Spon End Nursing Home, not for readmission"
    diary.community_care_plan(moment(today, 70, "15:00"), plan, staff=_NURSE)


def _council(diary: Diary, today: date) -> None:
    diary.care_request(moment(today, 92), "Discharge from Hospital", "Progress to assessment, review or reassessment")
    diary.care_assessment(moment(today, 88), "Progress to support planning or services", end=moment(today, 77, "15:00"))
    diary.care_service(
        moment(today, 470), "Long term support: Community", "Home support or domiciliary care",
        end=moment(today, 96, "12:00"),
    )  # fmt: skip
    diary.care_service(moment(today, 75), "Long term support: Nursing care", "Long term nursing care", provider=_HOME)
    diary.care_review(moment(today, 20), "Unplanned review of long term support", "Continuation of support or services")
