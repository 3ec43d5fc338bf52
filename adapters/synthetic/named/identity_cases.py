"""People whom a matching rule gets wrong: no number, twins, mother and daughter of one name, a corrected number."""

from dataclasses import replace
from datetime import date, timedelta

from adapters.synthetic.clinical import CELLULITIS, CHECK_UP, FALL, HEAD_INJURY, adjustments
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, number
from adapters.synthetic.world import Address, Condition, LifeEvent, Person, Relative

WRONG_NUMBER = number(18)
"""What the hospital held, unverified, for the man whose number was corrected; it is nobody's."""


def rough_sleeper(today: date) -> Story:
    """A man of about 46 without home, practice or known NHS number: the charity and A&E know him."""
    person = Person(
        key="rough-sleeper",
        name="the rough sleeper",
        family="Wrobel",
        given="Tomasz",
        nickname="Tommy",
        title="Mr",
        sex="male",
        birth_date=born(today, 46, 1, 1),
        nhs_number=None,
        practice=None,
        mrn="1000111",
        addresses=(),
        ethnicity="C",
        language="pl",
        conditions=(Condition("128045006", "Cellulitis", day(today, 95)),),
        adjustments=adjustments("pl"),
        key_worker="link-worker-X9V02-1",
        charity_consent=True,
        tags=frozenset({"named", "rough-sleeper"}),
    )
    diary = Diary(person.key, person.practice)
    for ago, clock in ((330, "23:50"), (214, "03:40"), (61, "04:20")):
        at = moment(today, ago, clock)
        diary.attendance(at, at + timedelta(hours=8), *HEAD_INJURY)
    at = moment(today, 95, "21:15")
    admitted = at + timedelta(hours=6)
    diary.attendance(at, admitted, *CELLULITIS, outcome="admitted")
    stay = diary.admission(
        admitted, admitted + timedelta(days=3), *CELLULITIS, specialty="300", ward="AMU", bed="B18", destination="98"
    )
    diary.transfer(admitted + timedelta(hours=10), stay, ward="W21", bed="B20")
    worker = "link-worker-X9V02-1"
    referral = diary.charity_referral(
        moment(today, 420, "20:00"), "X9V02", "Sleeping rough", worker=worker, source="Street outreach",
        action="Outreach breakfast, help to register with a practice",
    )  # fmt: skip
    for seen in spread(today, 418, 4, 16, ("07:30", "20:30")):
        diary.charity_contact(seen, "X9V02", referral, "visit", "Met by the canal basin. Leg looks sore.", worker)
    return Story(person, tuple(diary.events))


def twins(today: date) -> list[Story]:
    """Sisters of 24: same birth date, address and telephone, names one letter apart, numbers next to each other."""
    first = Person(
        key="twin-a",
        name="the first twin",
        family="Hussain",
        given="Zara",
        title="Miss",
        sex="female",
        birth_date=born(today, 24, 7, 7),
        nhs_number=number(11),
        practice="X90302",
        mrn="1000128",
        addresses=(Address(("62 Hawthorn Ride",), "CV4 9ZF", day(today, 8700), uprn="900000000128"),),
        phone="07700900128",
        ethnicity="J",
        household="hussain",
        relatives=(Relative("Hussain", "Shazia", "mother", "07700900129"),),
        conditions=(Condition("195967001", "Asthma", day(today, 5500)),),
        allergies=(Condition("91935009", "Allergy to peanut", day(today, 6000)),),
        tags=frozenset({"named", "twin"}),
    )
    second = replace(
        first,
        key="twin-b",
        name="the second twin",
        given="Zahra",
        nhs_number=number(12),
        mrn="1000135",
        conditions=(Condition("84757009", "Epilepsy", day(today, 4000)),),
        allergies=(),
    )
    return [
        Story(first, _twin_events(first, today, ("267036007", "Dyspnea"), 130)),
        Story(second, _twin_events(second, today, ("91175000", "Seizure"), 128)),
    ]


def _twin_events(person: Person, today: date, cause: tuple[str, str], ago: int) -> tuple[LifeEvent, ...]:
    diary = Diary(person.key, person.practice)
    for at in spread(today, 660, ago - 20, 4, ("16:40",)):
        diary.consultation(at, *CHECK_UP, "Yearly review.", staff="nurse-X90302-1")
    at = moment(today, ago, "22:10")
    diary.attendance(at, at + timedelta(hours=3), *cause)
    diary.outpatient(moment(today, ago - 40, "10:00"), "340" if person.key == "twin-a" else "400", outcome="2")
    return tuple(diary.events)


def same_name(today: date) -> list[Story]:
    """A mother of 86 and her daughter of 61, both Margaret Kelly, at one address with one telephone."""
    home = (Address(("8 Larkspur Green",), "CV5 7QZ", day(today, 14000), uprn="900000000142"),)
    daughter = Person(
        key="daughter-same-name",
        name="the daughter",
        family="Kelly",
        given="Margaret",
        title="Ms",
        sex="female",
        birth_date=born(today, 61, 4, 25),
        nhs_number=number(16),
        practice="X90101",
        mrn="1000159",
        addresses=home,
        phone="01632960142",
        ethnicity="B",
        household="kelly",
        conditions=(Condition("35489007", "Depressive disorder", day(today, 1200)),),
        tags=frozenset({"named", "same-name", "carer"}),
    )
    mother = replace(
        daughter,
        key="mother-same-name",
        name="the mother",
        title="Mrs",
        previous_family="Doherty",
        birth_date=born(today, 86, 4, 23),
        nhs_number=number(15),
        mrn="1000142",
        relatives=(Relative("Kelly", "Margaret", "daughter", "01632960142", carer=True, person="daughter-same-name"),),
        conditions=(
            Condition("52448006", "Dementia", day(today, 800)),
            Condition("64859006", "Osteoporosis", day(today, 3000)),
        ),
        adjustments=adjustments("via-carer", "extended-appointment"),
        impairments=("memory",),
        frailty="moderate",
        falls_risk=True,
        care_coordinator="coordinator-X9H-1",
        tags=frozenset({"named", "same-name"}),
    )
    return [Story(mother, _mother_events(mother, today)), Story(daughter, _daughter_events(daughter, today))]


def _mother_events(person: Person, today: date) -> tuple[LifeEvent, ...]:
    diary = Diary(person.key, person.practice)
    for at in spread(today, 700, 25, 13, ("10:40",)):
        diary.consultation(at, "52448006", "Dementia", "Daughter present. Memory and safety reviewed.", mode="home")
    at = moment(today, 175, "14:25")
    admitted = at + timedelta(hours=6)
    diary.attendance(at, admitted, *FALL, outcome="admitted")
    stay = diary.admission(
        admitted, admitted + timedelta(days=7), "5913000", "Fracture of neck of femur", specialty="110", ward="AMU",
        bed="B03",
    )  # fmt: skip
    diary.transfer(admitted + timedelta(hours=9), stay, ward="W52", bed="B16")
    therapy = diary.community_referral(
        moment(today, 166), "26", "Rehabilitation after hip fracture", source="Acute hospital", end=moment(today, 100)
    )
    for seen in spread(today, 163, 104, 8, ("13:15",)):
        diary.community_contact(seen, therapy, staff="community-26-1", minutes=45)
    progress = "Progress to support planning or services"
    diary.care_assessment(moment(today, 165), progress, end=moment(today, 158, "15:00"), staff="social-worker-4")
    diary.care_service(
        moment(today, 157), "Short term support: ST-Max", "Reablement", end=moment(today, 115), staff="social-worker-4"
    )
    return tuple(diary.events)


def _daughter_events(person: Person, today: date) -> tuple[LifeEvent, ...]:
    diary = Diary(person.key, person.practice)
    for at in spread(today, 650, 35, 6, ("18:00",)):
        diary.consultation(at, "73595000", "Stress", "Tired from caring for her mother, who has the same name.")
    diary.outpatient(moment(today, 172, "09:30"), "410", outcome="1", reason="Painful hands")
    return tuple(diary.events)


def corrected_number(today: date) -> Story:
    """A man of 78 for whom the hospital first held another, unverified NHS number, on a record merged since."""
    person = Person(
        key="merged-number",
        name="the man whose number was corrected",
        family="Dudek",
        given="Stanislaw",
        nickname="Stan",
        title="Mr",
        sex="male",
        birth_date=born(today, 78, 9, 3),
        nhs_number=number(17),
        practice="X90102",
        mrn="1000166",
        other_mrn="1000173",
        addresses=(Address(("17 Ribbon Weavers Close",), "CV6 4ZX", day(today, 9900), uprn="900000000166"),),
        phone="01632960166",
        ethnicity="C",
        relatives=(Relative("Dudek", "Zofia", "spouse", "01632960166", carer=True),),
        conditions=(Condition("49436004", "Atrial fibrillation", day(today, 1400)),),
        tags=frozenset({"named", "merged"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 670, 15, 10, ("12:30",)):
        diary.consultation(at, *CHECK_UP, "Blood thinning reviewed.", staff="nurse-X90102-1")
    at = moment(today, 210, "17:45")
    diary.attendance(at, at + timedelta(hours=4), "80313002", "Palpitations")
    diary.outpatient(moment(today, 150, "11:00"), "320", outcome="2", reason="Palpitations")
    diary.birth_date_corrected(moment(today, 122, "10:00"), "X9A", born(today, 78, 3, 9))
    diary.record_merged(moment(today, 120, "10:00"), "X9A", "1000173", wrong_nhs_number=WRONG_NUMBER)
    diary.outpatient(moment(today, 60, "11:00"), "320", outcome="1", reason="Palpitations settled")
    return Story(person, tuple(diary.events))
