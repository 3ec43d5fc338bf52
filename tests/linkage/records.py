"""What the sectors' records say of a resident, each with the faults of its kind (docs/data-quality.md).

docs/identity.md says where each rate comes from: measured in the synthetic neighbourhood, published, or supposed. CSDS,
MHSDS and Client Level Data carry no names; a charity seldom knows the number; a hospital has some people twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from adapters.synthetic.names import NICKNAMES
from integration.identity.demographics import Demographics, demographics
from mappings import uk_core
from mappings.datatypes import nhs_number
from tests.linkage.county import Home, Resident


@dataclass(frozen=True)
class Sector:
    """How good a sector's records are: each figure is a share of them. `others`: status of an unverified number."""

    share: float
    """Of the residents it has a record of."""
    verified: float
    unverified: float
    """What is missing to 1 has no number."""
    names: bool = True
    slip: float = 0.01
    """A slip in the first name, and as often one in the family name, the birth date, the postcode, the telephone."""
    nickname: float = 0.0
    former: float = 0.0
    """Still under a former name, of those who have one."""
    old_home: float = 0.05
    contact: float = 0.8
    """Has a telephone number."""
    no_birth_date: float = 0.0
    uprn: float = 0.0
    practice: float = 0.9


SECTORS = {
    "gp": Sector(0.98, 0.997, 0.002, slip=0.001, former=0.01, old_home=0.06, practice=1.0, uprn=0.3),
    "acute": Sector(0.6, 0.86, 0.10, slip=0.012, nickname=0.015, former=0.12, old_home=0.2),
    "community": Sector(0.25, 0.89, 0.10, names=False, slip=0.004, old_home=0.3, contact=0),
    "mental_health": Sector(0.08, 0.89, 0.10, names=False, slip=0.004, old_home=0.3, contact=0),
    "social_care": Sector(0.12, 0, 0.97, names=False, slip=0.01, old_home=0.1, contact=0, uprn=0.5, practice=0.6),
    "vcfse": Sector(0.12, 0, 0.25, slip=0.03, nickname=0.2, former=0.1, no_birth_date=0.05, practice=0.0),
}
HARSHER: Mapping[str, Mapping[str, Sector]] = {
    "less is stated": SECTORS
    | {
        "community": replace(SECTORS["community"], unverified=0.08),
        "mental_health": replace(SECTORS["mental_health"], unverified=0.07),
        "social_care": replace(SECTORS["social_care"], unverified=0.90),
        "vcfse": replace(SECTORS["vcfse"], no_birth_date=0.10),
    },
    "more of it is wrong": {
        name: replace(one, slip=2 * one.slip, old_home=2 * one.old_home, former=2 * one.former)
        for name, one in SECTORS.items()
    },
}
"""Other rates, to see how much hangs on them. Less: three or four times as many records with neither a name nor a
number, twice as many charities' without a birth date. Wrong: twice the slips, old addresses and former names."""
TWICE = 0.012
"""Of those whom the hospital knows, it has a second record, without a number."""


class Record(NamedTuple):
    """One source record. `truth`: the resident's place in the county."""

    truth: int
    sector: str
    says: Demographics


OTHERS = 0.02
"""Of the unverified numbers, those of somebody else of the household or next door."""


def records(county: Sequence[Resident], seed: int, sectors: Mapping[str, Sector] = SECTORS) -> list[Record]:
    """Two to four records of each resident, in the order of the county."""
    return [one for place in range(len(county)) for one in records_of(county, place, seed, sectors)]


def records_of(
    county: Sequence[Resident], place: int, seed: int, sectors: Mapping[str, Sector] = SECTORS
) -> Iterator[Record]:
    """The records of the resident in that place of the county."""
    resident, rng = county[place], Random(f"records {seed} {place}")
    known = [name for name, sector in sectors.items() if rng.random() < sector.share]
    while len(known) < 2:
        known = list(dict.fromkeys([*known, rng.choice(("gp", "acute", "vcfse", "community"))]))
    rng.shuffle(known)
    for name in sorted(known[:4]):
        yield Record(place, name, demographics(_patient(place, resident, name, sectors[name], rng)))
    if "acute" in known[:4] and rng.random() < TWICE:
        second = Sector(0, 0, 0, slip=0.03, nickname=0.05, former=0.3, old_home=0.3, contact=0.6, practice=0.5)
        yield Record(place, "acute", demographics(_patient(place, resident, "acute again", second, rng)))


def _patient(place: int, resident: Resident, name: str, sector: Sector, rng: Random) -> uk_core.Resource:
    home = rng.choice(resident.homes[1:]) if len(resident.homes) > 1 and rng.random() < sector.old_home else None
    home = home or resident.homes[0]
    slips = [rng.random() < sector.slip for _ in range(5)]
    return {
        "identifier": list(_identifiers(place, resident, name, sector, rng)),
        "name": list(_names(resident, name, sector, slips, rng)),
        "birthDate": None if rng.random() < sector.no_birth_date else _birth_date(resident, slips[2], rng),
        "gender": resident.sex if rng.random() < 0.998 else {"female": "male", "male": "female"}[resident.sex],
        "address": list(_addresses(home, sector, slips[3], rng)),
        "telecom": list(_telecoms(resident, sector, slips[4], rng)),
        "generalPractitioner": [
            {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": practice}}
            for practice in [home.practice if rng.random() < 0.05 else resident.practice]
            if rng.random() < sector.practice
        ],
    }


def _identifiers(place: int, resident: Resident, name: str, sector: Sector, rng: Random) -> Iterator[uk_core.Resource]:
    drawn = rng.random()
    if drawn < sector.verified:
        yield nhs_number(resident.number, "01")
    elif drawn < sector.verified + sector.unverified:
        yield nhs_number(resident.mistaken if rng.random() < OTHERS else resident.number, "02")
    yield {"system": f"urn:x:{name}", "value": f"{name[:1]}{place:07d}"}
    if name == "vcfse" and rng.random() < 0.05:
        yield {"system": "urn:x:acute", "value": f"a{place:07d}"}


def _names(
    resident: Resident, name: str, sector: Sector, slips: Sequence[bool], rng: Random
) -> Iterator[uk_core.Resource]:
    if not sector.names:
        return
    given, family = resident.given, resident.family
    if resident.former and rng.random() < sector.former:
        family = resident.former[0]
    if rng.random() < sector.nickname:
        given = NICKNAMES.get(given, given)
    given, family = (_slip(given, rng) if slips[0] else given), (_slip(family, rng) if slips[1] else family)
    if rng.random() < sector.slip / 10:
        given, family = family, given
    if rng.random() < sector.slip / 5:
        given = given[:1]
    yield {"family": family, "given": [given]}
    if name == "gp" and resident.former and rng.random() < 0.5:
        yield {"use": "old", "family": resident.former[0], "given": [given]}


def _birth_date(resident: Resident, slip: bool, rng: Random) -> str:
    born = resident.birth_date
    if not slip:
        return born.isoformat()
    kind = rng.random()
    if kind < 0.3 and born.day <= 12:
        return f"{born.year}-{born.day:02d}-{born.month:02d}"
    if kind < 0.5:
        return f"{born.year}-01-01"
    if kind < 0.65:
        return f"{born.year + rng.choice((-1, 1))}{born.isoformat()[4:]}"
    if kind < 0.72:
        return f"{born.year + rng.choice((-10, 10))}{born.isoformat()[4:]}"
    return f"{born.year}-{born.month:02d}-{rng.randint(1, 28):02d}"


def _addresses(home: Home, sector: Sector, slip: bool, rng: Random) -> Iterator[uk_core.Resource]:
    if rng.random() < 0.02:
        return
    postcode = home.postcode[:-2] + rng.choice("ABDEFGHJLN") + home.postcode[-1] if slip else home.postcode
    key = [{"url": "type", "valueCoding": {"code": "UPRN"}}, {"url": "value", "valueString": home.uprn}]
    known = [{"url": f"{uk_core.EXTENSION}AddressKey", "extension": key}] if rng.random() < sector.uprn else []
    yield {"postalCode": postcode, "extension": known}


def _telecoms(resident: Resident, sector: Sector, slip: bool, rng: Random) -> Iterator[uk_core.Resource]:
    own = rng.choice(resident.phones) if resident.phones else resident.shared_phone
    shared = resident.shared_phone if rng.random() < 0.3 else None
    stated = dict.fromkeys(one for one in (own, shared) if one) if rng.random() < sector.contact else {}
    for number in stated:
        yield {"system": "phone", "value": _digit(number, rng) if slip else number}


def _digit(text: str, rng: Random) -> str:
    place = rng.randrange(2, len(text))
    return text[:place] + rng.choice("0123456789") + text[place + 1 :]


def _slip(text: str, rng: Random) -> str:
    """A letter wrong, missing, doubled, or two in each other's place; one in seven has two slips."""
    for _ in range(2 if rng.random() < 1 / 7 else 1):
        place = rng.randrange(len(text) - 1) if len(text) > 1 else 0
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:place] + rng.choice("aeiourstlnmhdc") + text[place + 1 :]
        elif kind == 1:
            text = text[:place] + text[place + 1 :]
        elif kind == 2:
            text = text[:place] + text[place] + text[place:]
        else:
            text = text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
    return text
