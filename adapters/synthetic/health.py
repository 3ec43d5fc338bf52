"""The health of a generated person: what they live with, how frail they are, what adjustments they need."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Literal

from adapters.synthetic.clinical import ADJUSTMENTS, ALLERGIES, ILLNESSES, SENSITIVE, Illness, adjustments
from adapters.synthetic.moments import age_on
from adapters.synthetic.world import Adjustment, Condition, Medicine, Person

_BANDS = (18, 45, 65, 80)
"""Ages at which `Illness.prevalence` steps to its next value."""
_FRAILTY_NEED = {None: 0, "mild": 1, "moderate": 2, "severe": 4}


@dataclass(frozen=True)
class Health:
    """The part of a `Person` that concerns health; `need` is 0 (well) to about 12 (everything at once)."""

    conditions: tuple[Condition, ...]
    allergies: tuple[Condition, ...]
    medicines: tuple[Medicine, ...]
    adjustments: tuple[Adjustment, ...]
    impairments: tuple[str, ...]
    frailty: Literal["mild", "moderate", "severe"] | None
    falls_risk: bool
    end_of_life: bool
    resuscitation_decision: bool
    need: int


_BY_CODE = {illness.code: illness for illness in ILLNESSES.values()}


def illnesses_of(person: Person) -> list[Illness]:
    """Those of the person's conditions that the catalogue knows."""
    return [_BY_CODE[condition.code] for condition in person.conditions if condition.code in _BY_CODE]


def need_of(person: Person, today: date) -> int:
    """How much care the person needs, 0 (none) to about 12."""
    frailty = _FRAILTY_NEED[person.frailty]
    very_old = age_on(person.birth_date, today) >= 85
    return sum(illness.need for illness in illnesses_of(person)) + frailty + very_old + 2 * person.end_of_life


def draw(
    rng: Random, birth_date: date, today: date, *, language: str, care_home: bool, always: tuple[str, ...] = ()
) -> Health:
    """The health of somebody born on `birth_date`, as of `today`. `always`: catalogue names that they certainly have;
    `language`: ISO 639-1 of what they would rather speak (`en` needs no interpreter)."""
    age = age_on(birth_date, today)
    band = sum(age >= limit for limit in _BANDS)
    likelier = 1.6 if care_home else 1.0
    ill = [
        name
        for name, illness in ILLNESSES.items()
        if name in always or rng.random() < illness.prevalence[band] * likelier
    ]
    frailty = _frailty(rng, age, len(ill), care_home=care_home)
    end_of_life = age >= 60 and frailty == "severe" and rng.random() < 0.35
    conditions = tuple(_condition(rng, ILLNESSES[name], birth_date, today) for name in ill)
    need = sum(ILLNESSES[name].need for name in ill)
    return Health(
        conditions=conditions + _sensitive(rng, age, today),
        allergies=_allergies(rng, today),
        medicines=_medicines(rng, ill, conditions),
        adjustments=_adjustments(rng, ill, language),
        impairments=_impairments(ill),
        frailty=frailty,
        falls_risk=age >= 65 and (frailty is not None or rng.random() < 0.08),
        end_of_life=end_of_life,
        resuscitation_decision=end_of_life and rng.random() < 0.8,
        need=need + _FRAILTY_NEED[frailty],
    )


def _frailty(rng: Random, age: int, illnesses: int, *, care_home: bool) -> Literal["mild", "moderate", "severe"] | None:
    if age < 65:
        return None
    score = (age - 65) / 40 + illnesses * 0.06 + 0.35 * care_home + rng.uniform(-0.25, 0.25)
    if score > 0.85:
        return "severe"
    if score > 0.6:
        return "moderate"
    return "mild" if score > 0.4 else None


def _condition(rng: Random, illness: Illness, birth_date: date, today: date) -> Condition:
    if illness.lifelong:
        return Condition(illness.code, illness.term, birth_date)
    years = max(1, age_on(birth_date, today) - (0 if illness.prevalence[0] else 18))
    onset = today - timedelta(days=rng.randint(60, 60 + 365 * min(15, years)))
    return Condition(illness.code, illness.term, max(onset, birth_date))


def _sensitive(rng: Random, age: int, today: date) -> tuple[Condition, ...]:
    if not 18 <= age < 60 or rng.random() > 0.03:
        return ()
    code, term = rng.choice(SENSITIVE)
    return (Condition(code, term, today - timedelta(days=rng.randint(100, 2000)), sensitive=True),)


def _allergies(rng: Random, today: date) -> tuple[Condition, ...]:
    if rng.random() > 0.18:
        return ()
    code, term = rng.choice(ALLERGIES)
    return (Condition(code, term, today - timedelta(days=rng.randint(800, 2500))),)


def _medicines(rng: Random, ill: list[str], conditions: tuple[Condition, ...]) -> tuple[Medicine, ...]:
    taken: dict[str, Medicine] = {}
    for name, condition in zip(ill, conditions, strict=True):
        for drug in ILLNESSES[name].drugs:
            if rng.random() < 0.8:
                taken.setdefault(drug.code, Medicine(drug.code, drug.term, drug.dose, condition.onset))
    return tuple(taken.values())


def _adjustments(rng: Random, ill: list[str], language: str) -> tuple[Adjustment, ...]:
    wanted: list[str] = []
    if language != "en":
        wanted.append(language if language in ADJUSTMENTS else "interpreter")
    if "hearing-loss" in ill and rng.random() < 0.5:
        wanted += ["hearing-aid"]
    if "macular-degeneration" in ill:
        wanted += ["large-print"]
    if "dementia" in ill and rng.random() < 0.6:
        wanted += ["via-carer", "reminders", "extended-appointment"]
    if "learning-disability" in ill:
        wanted += ["easyread", "extended-appointment", rng.choice(("low-noise", "carer-present", "passport"))]
    if "stroke" in ill and rng.random() < 0.3:
        wanted += ["wheelchair"]
    if rng.random() < 0.01:
        wanted += ["needle-phobia"]
    return adjustments(*dict.fromkeys(wanted))


def _impairments(ill: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for name in ill if (word := ILLNESSES[name].impairment)))
