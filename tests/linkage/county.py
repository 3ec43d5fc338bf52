"""A county of people of whom the truth is known, and the hard cases in it: see `households`.

Unlike the synthetic neighbourhood, which shows what records hold, it is large, and shaped after what makes people hard
to tell apart: names in realistic frequencies, fifteen homes to a postcode, homes and telephone numbers that pass on.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from adapters.synthetic.nhs_numbers import numbers
from adapters.synthetic.world import Sex
from tests.linkage import names

TODAY = date(2026, 11, 1)


@dataclass(frozen=True)
class Home:
    postcode: str
    uprn: str
    landline: str
    practice: str


@dataclass(frozen=True)
class Resident:
    """Who somebody is. `homes` and `phones`: the present one first. `former`: family names before the present one."""

    number: str
    family: str
    given: str
    sex: Sex
    birth_date: date
    homes: tuple[Home, ...]
    phones: tuple[str, ...]
    practice: str
    former: tuple[str, ...] = ()
    shared_phone: str | None = None
    """A parent's, child's or hostel's telephone that some records give as theirs."""
    default_birth: bool = False
    """Nobody knows the day: every record has the first of January."""
    mistaken: str = ""
    """The number of the resident before, mostly of the same household, that a clerk may put down."""
    kind: str = "adult"
    """How they live in the household: adult, child, twin, namesake, hostel, care-home."""


@dataclass
class County:
    """Homes pass from one household to the next, and so do telephone numbers."""

    rng: Random
    residents: list[Resident] = field(default_factory=list)
    _homes: list[Home] = field(default_factory=list)
    _old_phones: list[str] = field(default_factory=list)
    _made: int = 0

    def home(self) -> Home:
        """A home nobody else lives in now."""
        self._made += 1
        place = self._made
        street = place // 15
        outward = f"CV{street * 7 % 12 + 1}"
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        inward = f"{street // 400 % 10}{letters[street // 20 % 20]}{letters[street % 20]}"
        practice = f"X{90000 + street * 7 % 12 * 10 + self.rng.randrange(6)}"
        home = Home(f"{outward} {inward}", f"9{place:011d}", self.phone(mobile=False), practice)
        self._homes.append(home)
        return home

    def earlier_home(self) -> Home:
        """Where somebody lived before: often one where others live now."""
        return self.rng.choice(self._homes) if self.rng.random() < 0.6 else self.home()

    def phone(self, *, mobile: bool = True) -> str:
        """A number; one in thirty was somebody else's before."""
        if mobile and self._old_phones and self.rng.random() < 1 / 30:
            return self.rng.choice(self._old_phones)
        number = f"07{self.rng.randrange(10**9):09d}" if mobile else f"024{self.rng.randrange(10**8):08d}"
        if mobile and self.rng.random() < 0.3:
            self._old_phones.append(number)
        return number


def county(people: int, seed: int) -> list[Resident]:
    """That many residents, household by household; the same for the same seed."""
    made = County(Random(f"county {seed}"))
    free, before = numbers(), ""
    while len(made.residents) < people:
        for one in _household(made):
            made.residents.append(replace(one, number=(number := next(free)), mistaken=before or number))
            before = number
    return made.residents[:people]


HOUSEHOLDS = {"alone": 30, "couple": 26, "family": 34, "namesakes": 1.2, "generations": 5, "sharers": 3, "hostel": 0.05,
              "care-home": 0.12}  # fmt: skip
"""Of a hundred households."""


def _household(made: County) -> list[Resident]:
    rng = made.rng
    (kind,) = rng.choices(list(HOUSEHOLDS), list(HOUSEHOLDS.values()))
    home, of = made.home(), names.community(rng)
    if kind in ("hostel", "care-home"):
        return [_institutional(made, kind, home) for _ in range(rng.randint(20, 60))]
    if kind == "sharers":
        return [_adult(made, home, names.community(rng), None, 18, 40) for _ in range(rng.randint(2, 5))]
    first = _adult(made, home, of, None, 20 if kind == "family" else 22, 50 if kind == "family" else 95)
    if kind == "alone":
        return [first]
    if kind == "namesakes":
        return [first, _namesake(made, first)]
    partner = _adult(made, home, of, first, 20, 95)
    if kind == "generations":
        return [first, partner, _adult(made, home, of, first, 70, 98)]
    return [first, partner, *(_children(made, first, of) if kind == "family" else ())]


def _adult(made: County, home: Home, of: str, beside: Resident | None, low: int, high: int) -> Resident:
    rng = made.rng
    sex: Sex = rng.choice(("female", "male"))
    if beside and low < 60:
        sex = "male" if beside.sex == "female" else "female"
        birth = beside.birth_date + timedelta(days=rng.randint(-2500, 2500))
    else:
        birth = TODAY - timedelta(days=int(rng.uniform(low, high) * 365.25))
    family = beside.family if beside and rng.random() < 0.8 else names.family_name(rng, of)
    former = ()
    if sex == "female" and rng.random() < 0.35:
        former = (names.family_name(rng, of),)
    return Resident(
        "", family, names.given_name(rng, of, sex, _age(birth)), sex, birth, _homes(made, home),
        tuple(made.phone() for _ in range(rng.choice((1, 1, 2)))), _practice(made, home), former,
        home.landline if rng.random() < 0.5 else None,
    )  # fmt: skip


def _homes(made: County, home: Home) -> tuple[Home, ...]:
    return (home, *(made.earlier_home() for _ in range(made.rng.choice((0, 0, 0, 1, 1, 2)))))


def _practice(made: County, home: Home) -> str:
    return home.practice if made.rng.random() < 0.8 else made.earlier_home().practice


def _age(birth: date) -> int:
    return (TODAY - birth).days // 365


def _namesake(made: County, of: Resident) -> Resident:
    """Daughter of her mother's name, son of his father's, at one address with one telephone."""
    birth = of.birth_date + timedelta(days=made.rng.randint(18 * 365, 40 * 365))
    if birth > TODAY:
        birth = TODAY - timedelta(days=made.rng.randint(30, 3000))
    phones = of.phones if made.rng.random() < 0.3 else (made.phone(),)
    return replace(of, birth_date=birth, phones=phones, former=(), kind="namesake")


def _children(made: County, parent: Resident, of: str) -> list[Resident]:
    rng, found = made.rng, list[Resident]()
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        birth = parent.birth_date + timedelta(days=rng.randint(20 * 365, 38 * 365))
        if birth > TODAY:
            birth = TODAY - timedelta(days=rng.randint(10, 15 * 365))
        child = _child(made, parent, of, birth)
        found.append(child)
        if rng.random() < 0.03:
            found.append(_twin(made, child, parent, of))
    return found


def _child(made: County, parent: Resident, of: str, birth: date) -> Resident:
    sex: Sex = made.rng.choice(("female", "male"))
    own = (made.phone(),) if _age(birth) >= 12 else ()
    given = names.given_name(made.rng, of, sex, _age(birth))
    homes = parent.homes[:1] if _age(birth) < 18 or made.rng.random() < 0.5 else _homes(made, made.home())
    return Resident(
        "", parent.family, given, sex, birth, homes, own, parent.practice, (), parent.phones[0], kind="child"
    )


def _twin(made: County, other: Resident, parent: Resident, of: str) -> Resident:
    twin = _child(made, parent, of, other.birth_date)
    while twin.given == other.given:
        twin = _child(made, parent, of, other.birth_date)
    if made.rng.random() < 0.08 and (given := names.rhyming(other.given, other.sex, made.rng)):
        twin = replace(twin, given=given, sex=other.sex)
    return replace(twin, homes=other.homes, kind="twin")


def _institutional(made: County, kind: str, home: Home) -> Resident:
    """Of a hostel, where many have no known birth date and one telephone is everybody's; or of a care home."""
    low, high = (18, 60) if kind == "hostel" else (70, 100)
    of = names.community(made.rng) if kind == "care-home" else made.rng.choice(("pakistani", "african", "english"))
    one = _adult(made, home, of, None, low, high)
    if kind == "hostel" and made.rng.random() < 0.5:
        one = replace(one, birth_date=one.birth_date.replace(month=1, day=1), default_birth=True)
    return replace(one, shared_phone=home.landline, practice=home.practice, kind=kind)
