"""The care-home resident, 79: six weeks of leg pain treated as cellulitis, DVT not excluded, refuses hospital."""

from datetime import date

from adapters.synthetic.clinical import CELLULITIS, CHECK_UP, FUROSEMIDE, PARACETAMOL, adjustments
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, medicine, number
from adapters.synthetic.places import care_home_address
from adapters.synthetic.world import Address, Condition, Person, Relative

SIX_WEEKS = (50, 8)
"""Days ago of the first and last of his 24 contacts with the practice about the leg."""
_HUB = "coordinator-X9H-4"

_LEG = (
    (*CELLULITIS, "Left calf red and hot. Oral flucloxacillin started.", "care-home"),
    ("10601006", "Pain in lower limb", "Home reports more pain, cannot weight-bear.", "telephone"),
    (*CELLULITIS, "No better. Second antibiotic. Calf 4 cm wider than the right; DVT not excluded.", "care-home"),
    ("10601006", "Pain in lower limb", "Declines scan at the hospital. Has capacity for this decision.", "care-home"),
    (*CELLULITIS, "Manager asks for a plan; out-of-hours notes not seen by us.", "telephone"),
)  # fmt: skip


def story(today: date) -> Story:
    """The care-home resident as of `today`."""
    person = _person(today)
    diary = Diary(person.key, person.practice)
    for at in spread(today, 690, 120, 6, ("11:20",)):
        diary.consultation(at, *CHECK_UP, "Weekly care-home round.", mode="care-home")
    for n, at in enumerate(spread(today, *SIX_WEEKS, 24, ("09:30", "15:45"))):
        code, term, note, mode = _LEG[n % len(_LEG)]
        diary.consultation(at, code, term, note, staff=f"gp-X90401-{n % 3 + 1}", mode=mode)
    diary.outpatient(moment(today, 520, "10:00"), "430", outcome="1", reason="Falls clinic")
    _ambulance_and_hub(diary, today)
    _council(diary, today)
    diary.moved(person.addresses[-1].since, "X90401")
    return Story(person, tuple(diary.events))


def _person(today: date) -> Person:
    return Person(
        key="care-home-resident",
        name="the care-home resident",
        family="Whitcombe",
        given="Arthur",
        title="Mr",
        sex="male",
        birth_date=born(today, 79, 6, 21),
        nhs_number=number(3),
        practice="X90401",
        mrn="1000036",
        addresses=(
            Address(("41 Stanley Orchard",), "CV5 6ZW", day(today, 11000), uprn="900000000036"),
            care_home_address("X9K01", day(today, 410)),
        ),
        phone="01632960336",
        relatives=(Relative("Whitcombe", "Janet", "daughter", "07700900336"),),
        conditions=(
            Condition("128045006", "Cellulitis", day(today, 50)),
            Condition("10601006", "Pain in lower limb", day(today, 50)),
            Condition("84114007", "Heart failure", day(today, 2100)),
            Condition("433144002", "Chronic kidney disease stage 3", day(today, 1800)),
        ),
        medicines=(medicine(FUROSEMIDE, day(today, 2100)), medicine(PARACETAMOL, day(today, 50))),
        allergies=(Condition("91931000", "Allergy to erythromycin", day(today, 7000)),),
        adjustments=adjustments("anticipatory-plan", "home-visit", "wheelchair"),
        impairments=("mobility",),
        frailty="severe",
        falls_risk=True,
        care_coordinator=_HUB,
        key_worker="community-45-1",
        tags=frozenset({"named", "care-home"}),
    )


def _ambulance_and_hub(diary: Diary, today: date) -> None:
    for ago, clock in ((30, "21:40"), (17, "02:25")):
        called = moment(today, ago, clock)
        reason = "999 call: leg pain, declined conveyance to hospital"
        response = diary.community_referral(
            called, "49", reason, source="Ambulance service", end=moment(today, ago - 2, "12:00")
        )
        seen = moment(today, ago - 1, "09:15")
        diary.community_contact(seen, response, staff="community-49-1", location="G01", minutes=60)
    frailty = diary.community_referral(
        moment(today, 15, "11:00"), "45", "Frailty pathway", source="Coventry Coordination Hub"
    )
    for at in spread(today, 14, 2, 4, ("10:30",)):
        diary.community_contact(at, frailty, staff="community-45-1", location="G01", minutes=45)
    diary.community_care_plan(
        moment(today, 13, "16:00"), "Anticipatory care plan: treatment at The Limes", staff="community-45-1"
    )


def _council(diary: Diary, today: date) -> None:
    diary.care_request(moment(today, 450), "Community/Other route", "Progress to assessment, review or reassessment")
    diary.care_assessment(
        moment(today, 440), "Progress to support planning or services", end=moment(today, 420, "15:00")
    )
    diary.care_service(
        moment(today, 410), "Long term support: Residential care", "Long term residential care", provider="X9K01"
    )
    diary.care_review(moment(today, 60), "Planned review of long term support", "Continuation of support or services")
