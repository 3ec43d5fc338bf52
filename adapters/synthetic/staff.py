"""Who works for the organisations of synthetic Coventry. Names are invented; registrations have the right shape only.

Keys say the organisation and the job: `gp-X90401-1`, `nurse-X90401-1`, `consultant-430`, `community-12-1`,
`mental-health-A06-1`, `social-worker-1`, `link-worker-X9V01-1`, `coordinator-X9H-1`, `manager-X9K01-1`, `paramedic-1`.
"""

from functools import cache

from adapters.synthetic.chance import chance
from adapters.synthetic.names import COMMUNITIES, SHARES, given_name
from adapters.synthetic.organisations import ACUTE, AMBULANCE, CARE_HOMES, CHARITIES, COMMUNITY, COUNCIL, HUB, PRACTICES
from adapters.synthetic.world import Sex, Staff

GPS_PER_PRACTICE = 4
NURSES_PER_PRACTICE = 2
SOCIAL_WORKERS = 8
LINK_WORKERS = 4
COORDINATORS = 6
"""One coordinator of the hub per neighbourhood team."""

SPECIALTIES = {
    "100": "General surgery", "101": "Urology", "110": "Trauma and orthopaedics", "120": "Ear nose and throat",
    "130": "Ophthalmology", "180": "Emergency medicine", "300": "General internal medicine", "301": "Gastroenterology",
    "307": "Diabetes", "320": "Cardiology", "330": "Dermatology", "340": "Respiratory medicine",
    "361": "Renal medicine", "370": "Medical oncology", "400": "Neurology", "410": "Rheumatology", "420": "Paediatrics",
    "430": "Elderly medicine", "502": "Gynaecology", "715": "Old age psychiatry", "840": "Audiology",
}  # fmt: skip
"""Treatment function code -> name, of those that people here are seen in."""

COMMUNITY_TEAMS = {
    "12": "District nurse", "14": "End of life nurse", "17": "Hearing therapist", "19": "Community matron",
    "23": "Occupational therapist", "26": "Physiotherapist", "27": "Podiatrist", "30": "Respiratory nurse",
    "33": "Speech and language therapist", "35": "Community learning disability nurse", "37": "Clinical psychologist",
    "38": "Children's community nurse", "43": "Tissue viability nurse", "45": "Neighbourhood team nurse",
    "47": "Palliative care nurse", "49": "Urgent community response practitioner", "52": "Reablement therapist",
    "58": "Dietitian",
}  # fmt: skip
"""CSDS team type code -> job of those who work in it."""

MENTAL_HEALTH_TEAMS = {
    "A02": "Crisis practitioner", "A05": "Primary care mental health practitioner",
    "A06": "Community psychiatric nurse", "A17": "Memory clinic nurse", "E01": "Learning disability nurse",
}  # fmt: skip
"""MHSDS team type code -> job of those who work in it."""


def _worker(key: str, job: str, organisation: str, *, title: str | None = None, registration: str = "") -> Staff:
    rng = chance("staff", key)
    community = COMMUNITIES[rng.choices(list(SHARES), weights=list(SHARES.values()))[0]]
    sex: Sex = "female" if rng.random() < 0.6 else "male"
    usual = "Ms" if sex == "female" else "Mr"
    return Staff(
        key=key,
        family=rng.choice(community.families),
        given=given_name(rng, community, sex, 40),
        title=title or usual,
        job=job,
        organisation=organisation,
        registration=f"{registration}{rng.randrange(10**7):07d}" if registration else None,
    )


def _practice_staff() -> list[Staff]:
    workers = []
    for practice in PRACTICES:
        for n in range(1, GPS_PER_PRACTICE + 1):
            key = f"gp-{practice.code}-{n}"
            workers.append(_worker(key, "General practitioner", practice.code, title="Dr", registration="G"))
        for n in range(1, NURSES_PER_PRACTICE + 1):
            workers.append(_worker(f"nurse-{practice.code}-{n}", "Practice nurse", practice.code))
    return workers


def _trust_staff() -> list[Staff]:
    consultants = [
        _worker(f"consultant-{code}", f"Consultant, {name.lower()}", ACUTE.code, title="Dr", registration="C")
        for code, name in SPECIALTIES.items()
    ]
    teams = [
        _worker(f"community-{code}-{n}", job, COMMUNITY.code) for code, job in COMMUNITY_TEAMS.items() for n in (1, 2)
    ]
    mental_health = [
        _worker(f"mental-health-{code}-{n}", job, COMMUNITY.code)
        for code, job in MENTAL_HEALTH_TEAMS.items()
        for n in (1, 2)
    ]
    return consultants + teams + mental_health


def _other_staff() -> list[Staff]:
    named = [
        Staff("link-worker-X9V01-1", "Nair", "Priya", "Ms", "Social prescribing link worker", "X9V01"),
        Staff("link-worker-X9V02-1", "Fenwick", "Joel", "Mr", "Outreach worker", "X9V02"),
        Staff("coordinator-X9H-1", "Brookes", "Hannah", "Ms", "Care coordinator", HUB.code),
    ]
    taken = {worker.key for worker in named}
    others = [
        *(_worker(f"social-worker-{n}", "Social worker", COUNCIL.code) for n in range(1, SOCIAL_WORKERS + 1)),
        *(
            _worker(f"link-worker-{charity.code}-{n}", "Social prescribing link worker", charity.code)
            for charity in CHARITIES
            for n in range(1, LINK_WORKERS + 1)
        ),
        *(_worker(f"coordinator-X9H-{n}", "Care coordinator", HUB.code) for n in range(1, COORDINATORS + 1)),
        *(_worker(f"manager-{home.code}-1", "Registered manager", home.code) for home in CARE_HOMES),
        *(_worker(f"paramedic-{n}", "Paramedic", AMBULANCE.code) for n in (1, 2)),
    ]
    return named + [worker for worker in others if worker.key not in taken]


@cache
def workforce() -> tuple[Staff, ...]:
    """Everybody who works here, in a fixed order, the same for every seed."""
    return (*_practice_staff(), *_trust_staff(), *_other_staff())
