"""The person module of Client Level Data: what the council's case system holds of people of the world."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from adapters.social_care.records import Person as Held
from adapters.synthetic.chance import chance, weighted
from adapters.synthetic.moments import age_on
from adapters.synthetic.organisations import BY_CODE, COUNCIL
from adapters.synthetic.world import Person, World

ETHNICITIES = {
    "A": "White: English, Welsh, Scottish, Northern Irish or British",
    "B": "White: Irish",
    "C": "White: Any other White background",
    "D": "Mixed or multiple ethnic groups: White and Black Caribbean",
    "E": "Mixed or multiple ethnic groups: White and Black African",
    "F": "Mixed or multiple ethnic groups: White and Asian",
    "G": "Mixed or multiple ethnic groups: Any other Mixed or multiple ethnic background",
    "H": "Asian or Asian British: Indian",
    "J": "Asian or Asian British: Pakistani",
    "K": "Asian or Asian British: Bangladeshi",
    "L": "Asian or Asian British: Any other Asian background",
    "M": "Black, Black British, Caribbean or African: Caribbean",
    "N": "Black, Black British, Caribbean or African: African",
    "P": "Black, Black British, Caribbean or African: Any other Black, Black British or Caribbean background",
    "R": "Asian or Asian British: Chinese",
    "S": "Other ethnic group: Any other ethnic group",
    "Z": "No data: Refused",
}
"""NHS ethnic category -> CLD Release 2."""
FUNDING = {"Fully social care funded": 4, "Joint client and social care funded": 5, "Fully client funded": 1}
_DUMMY_BIRTH = "1900-01-01"


def local_id(seed: int, key: str) -> str:
    """The council's id of a person (or of a relative of one), eight digits that say nothing."""
    return str(chance(seed, "social_care", "id", key).randrange(10_000_000, 100_000_000))


@dataclass(frozen=True)
class CaseSystem:
    """The council's records. `wrong_births`: {person key: (birth date held, ISO date of its correction)}."""

    seed: int
    today: date
    wrong_births: Mapping[str, tuple[str, str]]

    def held(self, person: Person, known: date) -> Held:
        """What the council holds of `person` on the day `known`."""
        rng = chance(self.seed, "social_care", "person", person.key)
        practice = BY_CODE.get(person.practice or "")
        return Held(
            local_id=local_id(self.seed, person.key),
            nhs_number=person.nhs_number,
            birth_date=self._birth_date(person, rng, known),
            death_date=person.died.isoformat() if person.died and person.died <= known else None,
            postcode=postcode(person, known),
            practice_code=practice.code if practice else None,
            practice_name=practice.name if practice else None,
            gender=person.sex.capitalize(),
            ethnicity=ETHNICITIES.get(person.ethnicity, "No data: Undeclared or not known"),
            primary_support_reason=_support_reason(person),
            accommodation_status=_accommodation(person, rng, known),
            employment_status=_employment(age_on(person.birth_date, known)),
            has_unpaid_carer="Yes" if any(relative.carer for relative in person.relatives) else "No",
            funding_status=weighted(rng, FUNDING),
            **_answers(person),
        )

    def _birth_date(self, person: Person, rng: Random, known: date) -> str:
        true = person.birth_date.isoformat()
        wrong = self.wrong_births.get(person.key)
        if wrong and known.isoformat() < wrong[1]:
            return wrong[0]
        draw = rng.random()
        if person.name is not None or draw >= 0.03:
            return true
        if draw < 0.01:
            return _DUMMY_BIRTH
        # day and month swapped, until somebody notices a year before the end
        return _swapped(person.birth_date).isoformat() if known < self.today - timedelta(days=365) else true


def case_system(world: World) -> CaseSystem:
    """The council's records of a world."""
    wrong = {
        event.person: (event.detail["wrong"], event.at.date().isoformat())
        for event in world.events
        if event.kind == "birth-date-corrected" and event.organisation == COUNCIL.code
    }
    return CaseSystem(world.seed, world.today, wrong)


def postcode(person: Person, known: date, *, before: bool = False) -> str | None:
    """The postcode on the day `known`, or with `before` the one of the address before it; None without a home."""
    lived = [address.postcode for address in person.addresses if address.since <= known]
    lived = lived or [address.postcode for address in person.addresses[:1]]
    return (lived[-2] if before and len(lived) > 1 else lived[-1]) if lived else None


def _swapped(born: date) -> date:
    return born.replace(day=born.month, month=born.day) if born.day <= 12 else born.replace(day=1)


def _support_reason(person: Person) -> str:
    terms = " ".join(condition.term.casefold() for condition in person.conditions)
    tests: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("Learning disability support", lambda: "learning disab" in terms or "learning" in person.impairments),
        ("Support with memory and cognition", lambda: "dementia" in terms or "memory" in person.impairments),
        ("Sensory support: Support for dual impairment", lambda: {"vision", "hearing"} <= set(person.impairments)),
        ("Physical support: Personal care support", lambda: person.frailty in ("moderate", "severe")),
        ("Mental health support", lambda: "mental-health" in person.impairments),
        ("Sensory support: Support for visual impairment", lambda: "vision" in person.impairments),
        ("Sensory support: Support for hearing impairment", lambda: "hearing" in person.impairments),
        ("Social support: Support for social isolation or other", lambda: person.lives_alone and not person.frailty),
    )
    return next((reason for reason, holds in tests if holds()), "Physical support: Access and mobility only")


def _accommodation(person: Person, rng: Random, known: date) -> str:
    lived = [address for address in person.addresses if address.since <= known]
    if not person.addresses:
        return "Rough sleeper or squatting"
    home = BY_CODE.get(lived[-1].care_home or "") if lived else None
    if home:
        return "Registered nursing home" if "Nursing" in home.name else "Registered care home"
    weights = {
        "Owner occupier or shared ownership scheme": 5,
        "Tenant: Local authority or other social housing provider": 4,
        "Tenant: Private landlord": 2,
    }
    return weighted(rng, weights)


def _employment(age: int) -> str:
    kind = "Not actively seeking work or retired" if age >= 66 else "Seeking work"
    return f"Not in paid employment: {kind}"


def _answers(person: Person) -> dict[str, str]:
    terms = " ".join(condition.term.casefold() for condition in person.conditions)
    said = {
        "autism": "autis" in terms,
        "dementia": "dementia" in terms or "alzheimer" in terms,
    }
    return {
        "visual_impairment": "Partial sight/sight impaired"
        if "vision" in person.impairments
        else "No visual impairment",
        "hearing_impairment": "Hard of hearing" if "hearing" in person.impairments else "No hearing impairment",
        **{field: "Yes" if answer else "No" for field, answer in said.items()},
    }
