"""Two people to whom services have to adjust: a man with a learning disability, and a Deaf woman who signs."""

from datetime import date, timedelta

from adapters.synthetic.clinical import CHECK_UP, HEAD_INJURY, adjustments
from adapters.synthetic.diary import Diary
from adapters.synthetic.moments import born, day, moment, spread
from adapters.synthetic.named.story import Story, number
from adapters.synthetic.world import Address, Condition, Person, Relative

_SEIZURE = ("91175000", "Seizure")


def learning_disability(today: date) -> Story:
    """A man of 42 with a learning disability and epilepsy, in supported living."""
    person = Person(
        key="learning-disability",
        name="the man with a learning disability",
        family="Whitehouse",
        given="Darren",
        title="Mr",
        sex="male",
        birth_date=born(today, 42, 8, 17),
        nhs_number=number(5),
        practice="X90602",
        mrn="1000050",
        addresses=(Address(("Flat 2", "19 Hipswell Fields"), "CV2 4ZJ", day(today, 2600), uprn="900000000050"),),
        phone="07700900550",
        relatives=(Relative("Whitehouse", "Carol", "mother", "07700900551", carer=True),),
        conditions=(
            Condition("110359009", "Intellectual disability", born(today, 42, 8, 17)),
            Condition("84757009", "Epilepsy", day(today, 9000)),
        ),
        adjustments=adjustments(
            "easyread", "extended-appointment", "first-appointment", "low-noise", "carer-present", "passport",
            "needle-phobia", "atypical-pain", "familiarisation",
        ),
        impairments=("learning", "social"),
        care_coordinator="community-35-1",
        key_worker="social-worker-5",
        tags=frozenset({"named", "learning-disability"}),
    )  # fmt: skip
    diary = Diary(person.key, person.practice)
    for at in spread(today, 705, 30, 9, ("09:00",)):
        diary.consultation(
            at, *CHECK_UP, "Annual health check in parts, first appointment of the day, with his mother."
        )
    _learning_disability_services(diary, today)
    return Story(person, tuple(diary.events))


def _learning_disability_services(diary: Diary, today: date) -> None:
    at = moment(today, 230, "16:10")
    diary.attendance(at, at + timedelta(hours=5), *_SEIZURE, outcome="admitted")
    stay = at + timedelta(hours=5)
    diary.admission(stay, stay + timedelta(days=2), *_SEIZURE, specialty="400", ward="W43", bed="B01")
    blood = diary.admission(
        moment(today, 85, "07:45"), moment(today, 85, "15:00"), "21522001", "Abdominal pain", specialty="100",
        ward="W33", bed="B09", method="11",
    )  # fmt: skip
    # The ward could not offer a quiet room: he went home, and the admission never took place.
    diary.admission_cancelled(moment(today, 85, "09:30"), blood)
    diary.outpatient(moment(today, 180, "09:00"), "400", outcome="2", reason="Epilepsy clinic")
    referral = diary.community_referral(moment(today, 300), "35", "Learning disability health facilitation")
    for seen in spread(today, 295, 10, 8, ("10:00",)):
        diary.community_contact(seen, referral, staff="community-35-1", minutes=60)
    diary.community_care_plan(moment(today, 290, "12:00"), "Health action plan", staff="community-35-1")
    support = diary.mental_health_referral(moment(today, 400, "10:30"), "E01", "30")
    for seen in spread(today, 390, 20, 6, ("10:30",)):
        diary.mental_health_contact(seen, support, staff="mental-health-E01-1", location="A01")
    diary.mental_health_care_plan(moment(today, 380, "12:00"), "13", staff="mental-health-E01-1")
    service = "Long term support: Community"
    diary.care_assessment(
        moment(today, 600), "Progress to support planning or services", end=moment(today, 580), staff="social-worker-5"
    )
    diary.care_service(moment(today, 570), service, "Community supported living", staff="social-worker-5")
    diary.care_review(
        moment(today, 200, "11:00"),
        "Planned review of long term support",
        "Continuation of support or services",
        staff="social-worker-5",
    )


def deaf_signer(today: date) -> Story:
    """A Deaf woman of 57 whose first language is British Sign Language."""
    person = Person(
        key="deaf-bsl",
        name="the Deaf BSL user",
        family="Kearney",
        given="Anne-Marie",
        title="Ms",
        sex="female",
        birth_date=born(today, 57, 2, 11),
        nhs_number=number(6),
        practice="X90402",
        mrn="1000067",
        addresses=(Address(("30 Park Deer Walk",), "CV1 2ZN", day(today, 3800), uprn="900000000067"),),
        phone="07700900667",
        ethnicity="B",
        language="bfi",
        relatives=(Relative("Kearney", "Sean", "brother", "07700900668"),),
        conditions=(
            Condition("15188001", "Hearing loss", born(today, 57, 2, 11)),
            Condition("38341003", "Hypertensive disorder", day(today, 1500)),
        ),
        adjustments=adjustments("prefers-bsl", "bsl-interpreter", "text-message", "visual-alert"),
        impairments=("hearing",),
        charity_consent=True,
        tags=frozenset({"named", "bsl"}),
    )
    diary = Diary(person.key, person.practice)
    for at in spread(today, 640, 60, 5, ("10:00",)):
        diary.consultation(at, *CHECK_UP, "Seen with a BSL interpreter.")
    at = moment(today, 140, "20:05")
    diary.attendance(at, at + timedelta(hours=4), *HEAD_INJURY)
    diary.outpatient(moment(today, 75, "14:20"), "320", outcome="dna", reason="Letter asked her to telephone")
    diary.outpatient(moment(today, 25, "14:20"), "320", outcome="1", reason="Seen with interpreter")
    referral = diary.charity_referral(
        moment(today, 110),
        "X9V01",
        "Getting out of the house",
        worker="link-worker-X9V01-2",
        source="Self",
        action="Deaf community group",
    )
    for seen in spread(today, 100, 9, 5, ("18:00",)):
        diary.charity_contact(seen, "X9V01", referral, "group", "Came to the signing group.", "link-worker-X9V01-2")
    return Story(person, tuple(diary.events))
