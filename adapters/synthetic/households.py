"""Who lives together: the kinds of household that neighbourhood teams know, their members and their homes."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from adapters.synthetic.chance import weighted
from adapters.synthetic.moments import TWO_YEARS
from adapters.synthetic.names import COMMUNITIES, SHARES, Community
from adapters.synthetic.places import CARE_HOME_PRACTICES, PRACTICE_CODES, care_home_address, home_address, phone
from adapters.synthetic.world import Address, Sex

HOUSEHOLDS = {
    "alone-old": 30.0, "couple-old": 16.0, "cared-for-parent": 9.0, "care-home": 9.0, "alone": 11.0, "couple": 6.0,
    "family": 6.0, "three-generations": 2.5, "supported-living": 2.0, "same-name": 0.7, "no-home": 1.0,
}  # fmt: skip
"""Kind of household -> how many of a hundred are of it."""


@dataclass(frozen=True)
class Member:
    """One place in a household, before it has a name. `role`: adult, spouse, child, twin, parent or namesake."""

    role: str
    sex: Sex
    birth_date: date


@dataclass(frozen=True)
class Home:
    """What the members of a household share."""

    community: Community
    family: str
    practice: str | None
    addresses: tuple[Address, ...]
    phone: str

    @staticmethod
    def found(rng: Random, kind: str, today: date) -> "Home":
        """An invented home for a household of that kind."""
        community = COMMUNITIES[weighted(rng, SHARES)]
        practice: str | None = rng.choice(PRACTICE_CODES)
        since = today - timedelta(days=rng.randint(800, 9000))
        assert practice
        addresses: tuple[Address, ...] = (home_address(rng, practice, since),)
        moved_on = today - timedelta(days=rng.randint(30, TWO_YEARS))
        if kind == "care-home":
            code = rng.choice(list(CARE_HOME_PRACTICES))
            practice = CARE_HOME_PRACTICES[code]
            addresses = (*addresses, care_home_address(code, moved_on))
        elif kind == "no-home":
            practice, addresses = (practice if rng.random() < 0.4 else None), ()
        elif rng.random() < 0.06:
            addresses = (*addresses, home_address(rng, practice, moved_on))
        return Home(community, rng.choice(community.families), practice, addresses, phone(rng))


def members(rng: Random, kind: str, today: date) -> list[Member]:
    """The places in a household of that kind; whoever others refer to comes first."""
    if kind in ("alone-old", "care-home"):
        return [_member(rng, today, "adult", 67 if kind == "alone-old" else 72, 98, women=0.64)]
    if kind == "couple-old":
        one = _member(rng, today, "adult", 66, 93, women=0.5)
        return [one, _partner(rng, one, "spouse")]
    if kind == "cared-for-parent":
        parent = _member(rng, today, "parent", 74, 97, women=0.66)
        return [_offspring(rng, parent, "adult"), parent]
    if kind == "same-name":
        elder = _member(rng, today, "adult", 70, 93, women=0.7)
        return [elder, replace(_offspring(rng, elder, "namesake"), sex=elder.sex)]
    if kind == "couple":
        one = _member(rng, today, "adult", 24, 66, women=0.5)
        return [one, _partner(rng, one, "spouse")]
    if kind in ("family", "three-generations"):
        return _family(rng, today, grandparent=kind == "three-generations")
    low, high = (22, 66) if kind == "alone" else (20, 62)
    return [_member(rng, today, "adult", low, high, women=0.2 if kind == "no-home" else 0.5)]


def _family(rng: Random, today: date, *, grandparent: bool) -> list[Member]:
    mother = _member(rng, today, "adult", 26, 47, women=1.0)
    members = [mother] + ([_partner(rng, mother, "spouse")] if rng.random() < 0.7 else [])
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        members.append(_child(rng, mother, today))
    if rng.random() < 0.12:
        twin = members[-1]
        members.append(Member("twin", rng.choice(("female", "male")), twin.birth_date))
    if grandparent:
        members.append(Member("parent", rng.choice(("female", "male")), _years(rng, mother.birth_date, -32, -22)))
    return members


def _years(rng: Random, around: date, low: int, high: int) -> date:
    return around + timedelta(days=rng.randint(low * 365, high * 365))


def _member(rng: Random, today: date, role: str, low: int, high: int, *, women: float) -> Member:
    sex: Sex = "female" if rng.random() < women else "male"
    age = rng.triangular(low, high, (low + high) / 2)
    return Member(role, sex, today - timedelta(days=int(age * 365.25)))


def _partner(rng: Random, of: Member, role: str) -> Member:
    sex: Sex = "male" if (of.sex == "female") == (rng.random() < 0.96) else "female"
    return Member(role, sex, _years(rng, of.birth_date, -5, 6))


def _offspring(rng: Random, parent: Member, role: str) -> Member:
    return Member(role, rng.choice(("female", "male")), _years(rng, parent.birth_date, 20, 36))


def _child(rng: Random, mother: Member, today: date) -> Member:
    birth = _years(rng, mother.birth_date, 20, 38)
    latest = today - timedelta(days=rng.randint(90, 15 * 365))
    return Member("child", rng.choice(("female", "male")), min(birth, latest))
