"""Everyone who has no name in the docs: households of people whom neighbourhood teams know.

Each household is drawn from a generator named by its first person's index, so that a larger population begins with
exactly the people of a smaller one. For the same reason a person refers only to people before them: the last
household may be cut short.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from adapters.synthetic import health
from adapters.synthetic.chance import chance, weighted
from adapters.synthetic.households import HOUSEHOLDS, Home, Member, members
from adapters.synthetic.moments import age_on
from adapters.synthetic.names import NICKNAMES, given_name
from adapters.synthetic.nhs_numbers import numbers
from adapters.synthetic.organisations import BY_CODE, TEAMS
from adapters.synthetic.places import phone
from adapters.synthetic.world import Person, Relative, Sex

FIRST_MRN = 2_000_000
"""MRNs of generated people count up from here in sevens; the duplicate of a merged record ends one higher."""


def generated_people(count: int, seed: int, today: date) -> Iterator[Person]:
    """The first `count` generated people (`p00001`, `p00002` ...). Raises `ValueError` when the range of NHS test
    numbers is exhausted (about 908,000)."""
    free = numbers()
    made = 0
    while made < count:
        for person in _household(made + 1, seed, today):
            number = next(free, None)
            if number is None:
                raise ValueError(f"NHS test numbers end at {made} people")
            yield replace(person, nhs_number=None if "no-number" in person.tags else number)
            made += 1
            if made == count:
                return


def _household(first: int, seed: int, today: date) -> list[Person]:
    rng = chance(seed, first)
    kind = weighted(rng, HOUSEHOLDS)
    home = Home.found(rng, kind, today)
    people: list[Person] = []
    for offset, member in enumerate(members(rng, kind, today)):
        people.append(_person(first + offset, seed, today, kind, home, member, people))
    return people


def _person(index: int, seed: int, today: date, kind: str, home: Home, member: Member, before: list[Person]) -> Person:
    rng = chance(seed, index, "person")
    age = age_on(member.birth_date, today)
    elder_tongue = age >= 60 and rng.random() < home.community.needs_language
    language = home.community.language if elder_tongue else "en"
    certain = ("learning-disability",) if kind == "supported-living" else ()
    state = health.draw(rng, member.birth_date, today, language=language, care_home=kind == "care-home", always=certain)
    named = _named(rng, f"p{index:05d}", age, home, member, before)
    living = _living(rng, index, kind, named, member, before)
    placed = replace(living, language=language, relatives=_relatives(rng, member, home, before))
    return _with_choices(rng, _with_health(rng, index, age, placed, state), today, state.need)


def _named(rng: Random, key: str, age: int, home: Home, member: Member, before: list[Person]) -> Person:
    """The person with name, birth date and address, and nothing else yet."""
    community = home.community
    taken = [person.given for person in before]
    given = before[0].given if member.role == "namesake" else given_name(rng, community, member.sex, age, taken)
    keeps_name = member.role == "spouse" and rng.random() < 0.15
    return Person(
        key=key,
        family=rng.choice(community.families) if keeps_name else home.family,
        given=given,
        middle=given_name(rng, community, member.sex, age) if rng.random() < 0.35 else None,
        nickname=NICKNAMES.get(given) if rng.random() < 0.5 else None,
        previous_family=_birth_name(rng, member, age, home),
        sex=member.sex,
        birth_date=member.birth_date,
        title=_title(rng, member.sex, age),
        nhs_number=None,
        practice=home.practice,
        addresses=home.addresses,
        phone=home.phone if rng.random() < 0.4 else phone(rng),
        ethnicity=community.ethnicity if rng.random() < 0.95 else "Z",
    )


def _living(rng: Random, index: int, kind: str, person: Person, member: Member, before: list[Person]) -> Person:
    """The person with how they live."""
    single = kind in ("alone", "alone-old", "care-home", "no-home", "supported-living")
    tags = {kind, member.role}
    if kind == "no-home" and rng.random() < 0.6:
        tags.add("no-number")
    return replace(
        person,
        lives_alone=kind in ("alone", "alone-old"),
        household=None if single else f"h{index - len(before):05d}",
        tags=frozenset(tags),
    )


def _with_health(rng: Random, index: int, age: int, person: Person, state: health.Health) -> Person:
    """The person with their health, and with a hospital record where it brought them there."""
    known = rng.random() < (0.3 if age < 18 else min(0.97, 0.35 + 0.12 * state.need + (0.15 if age > 70 else 0)))
    duplicate = known and rng.random() < 0.012
    return replace(
        person,
        conditions=state.conditions,
        allergies=state.allergies,
        medicines=state.medicines,
        adjustments=state.adjustments,
        impairments=state.impairments,
        frailty=state.frailty,
        falls_risk=state.falls_risk,
        end_of_life=state.end_of_life,
        resuscitation_decision=state.resuscitation_decision,
        mrn=str(FIRST_MRN + 7 * index) if known else None,
        other_mrn=str(FIRST_MRN + 7 * index + 1) if duplicate else None,
    )


def _title(rng: Random, sex: Sex, age: int) -> str:
    if age < 18:
        return "Miss" if sex == "female" else "Master"
    if sex == "male":
        return "Mr"
    return "Mrs" if rng.random() < (0.8 if age > 60 else 0.4) else "Ms"


def _birth_name(rng: Random, member: Member, age: int, home: Home) -> str | None:
    if member.sex == "male" or age < 25 or rng.random() > 0.3:
        return None
    return rng.choice([name for name in home.community.families if name != home.family])


def _charity_consent(rng: Random, need: int, *, alone: bool) -> bool | None:
    if rng.random() > 0.05 + 0.03 * min(need, 6) + 0.15 * alone:
        return None
    return rng.random() < 0.85


def _relatives(rng: Random, member: Member, home: Home, before: list[Person]) -> tuple[Relative, ...]:
    if not before:
        return _outside_relatives(rng, home)
    first = before[0]
    words = {
        "spouse": "spouse",
        "child": "mother" if first.sex == "female" else "father",
        "twin": "mother" if first.sex == "female" else "father",
        "namesake": "mother" if first.sex == "female" else "father",
        "parent": "daughter" if first.sex == "female" else "son",
    }
    cares = {"parent": 0.85, "spouse": 0.25}.get(member.role, 0.0)
    return (
        Relative(
            family=first.family,
            given=first.given,
            relationship=words[member.role],
            phone=first.phone or home.phone,
            carer=rng.random() < cares,
            person=first.key,
        ),
    )


def _outside_relatives(rng: Random, home: Home) -> tuple[Relative, ...]:
    if rng.random() > 0.7:
        return ()
    sex: Sex = rng.choice(("female", "male"))
    word = rng.choice(("daughter", "sister", "friend") if sex == "female" else ("son", "brother", "friend"))
    family = home.family if word != "friend" else rng.choice(home.community.families)
    given = given_name(rng, home.community, sex, rng.choice((35, 50, 65)))
    return (Relative(family, given, word, phone(rng), carer=word in ("daughter", "son") and rng.random() < 0.2),)


def _with_choices(rng: Random, person: Person, today: date, need: int) -> Person:
    """The person with what they chose, who coordinates their care, and a death."""
    alone = person.lives_alone or not person.addresses
    consent = _charity_consent(rng, need, alone=alone)
    withdrawn = today - timedelta(days=rng.randint(5, 150)) if consent and rng.random() < 0.05 else None
    chosen = replace(
        person,
        dissent=rng.random() < 0.01,
        restricted=rng.random() < 0.004,
        charity_consent=consent,
        charity_consent_withdrawn=withdrawn,
    )
    coordinator, worker = _coordination(rng, chosen, need)
    dies = need >= 3 and rng.random() < (0.3 if person.end_of_life else 0.03)
    died = today - timedelta(days=rng.randint(3, 400)) if dies else None
    return replace(chosen, care_coordinator=coordinator, key_worker=worker, died=died)


def _coordination(rng: Random, person: Person, need: int) -> tuple[str | None, str | None]:
    if need < 4 or rng.random() > 0.55:
        return None, None
    team = BY_CODE[person.practice].team if person.practice else None
    hub = f"coordinator-X9H-{TEAMS.index(team) + 1}" if team else "coordinator-X9H-1"
    link = f"link-worker-X9V01-{rng.randint(1, 4)}"
    coordinator = link if person.charity_consent and rng.random() < 0.5 else rng.choice((hub, "community-19-1"))
    return coordinator, (rng.choice(("community-12-1", "social-worker-2", hub)) if rng.random() < 0.4 else None)
