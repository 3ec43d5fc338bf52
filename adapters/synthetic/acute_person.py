"""What the synthetic hospital knows of a person at a moment: often late, sometimes wrong, or without the number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import adapters.acute.records as acute
from adapters.records import local_moment
from adapters.synthetic.acute_clinical import allergies
from adapters.synthetic.organisations import ACUTE, BY_CODE
from adapters.synthetic.world import Address, LifeEvent, Person, Relative, Staff

_SEX = {"male": "1", "female": "2"}
_RELATIONSHIP = {
    "spouse": "1",
    "wife": "1",
    "husband": "1",
    "partner": "2",
    "parent": "3",
    "guardian": "5",
    "child": "9",
    "son": "9",
    "daughter": "9",
    "mother": "12",
    "father": "13",
    "carer": "20",
}
CARER, OTHER_RELATIVE = "20", "16"


@dataclass(frozen=True)
class Knowledge:
    """How well the hospital knows one person; drawn once per person."""

    traced_from: datetime | None
    """When its PID-3 starts to carry the NHS number; None = never."""
    status: str
    """NSTS code that goes with the number."""
    nickname: str
    """"alias", "given" (written as if it were the given name) or ""."""
    address_delay: timedelta
    """How long after a move the hospital hears of it (A31)."""


def knowledge(person: Person, start: datetime, draw: Random) -> Knowledge:
    """Named people of the demo are known well, most others too."""
    quality = 0.0 if person.name else draw.random()
    delay = timedelta(days=draw.randint(1, 60), hours=draw.randint(0, 9))
    late = start + timedelta(days=draw.randint(20, 300))
    nickname = draw.choices(["alias", "given", ""], [6, 2, 2])[0] if person.nickname else ""
    if person.nhs_number is None or quality > 0.96:
        return Knowledge(None, "", nickname, delay)
    status = "02" if 0.8 < quality <= 0.9 else "01"
    return Knowledge(late if quality > 0.93 else datetime.min, status, nickname, delay)  # noqa: DTZ901 wall time


@dataclass(frozen=True)
class Registration:
    """A person of the world as the hospital registers them; `events` are the person's own."""

    person: Person
    events: Sequence[LifeEvent]
    gp: acute.Doctor | None
    known: Knowledge

    @property
    def traced_from(self) -> datetime | None:
        return self.known.traced_from

    def person_at(self, at: datetime, mrn: str, *, relatives: bool = True) -> acute.Person:
        """The full demographics as sent at `at`; NK1 and AL1 only where the message structure has them."""
        person, known = self.person, self.known
        traced = known.traced_from is not None and at >= known.traced_from
        number, status = (person.nhs_number or "", known.status) if traced else ("", None)
        if mrn == person.other_mrn and self._wrong_number():
            number, status = self._wrong_number(), "02"
        address = self._address(at)
        died = self._died(at)
        return acute.Person(
            nhs_number=number,
            nhs_number_status=status,
            identifiers=(acute.Identifier(mrn, ACUTE.code, "MR"),),
            names=self._names(),
            birth_date=self._birth_date(at),
            sex=_SEX[person.sex],
            addresses=(_address(address),) if address else None,
            telecoms=(_telecom(person.phone),) if person.phone else None,
            language=_language(person.language),
            ethnicity=person.ethnicity,
            died=local_moment(died) if died else None,
            dead="Y" if died else "N",
            reliability=() if status else None,
            practice=self._practice(),
            gp=self.gp,
            relatives=tuple(map(_relative, person.relatives)) or None if relatives else None,
            allergies=allergies(person) if relatives else None,
            sharing="2" if person.dissent else None,
            location_hiding="2" if person.restricted else None,
        )

    def _names(self) -> tuple[acute.Name, ...]:
        person = self.person
        given = person.nickname if self.known.nickname == "given" and person.nickname else person.given
        names = [acute.Name(person.family, tuple(filter(None, (given, person.middle))), person.title, "", "L")]
        if self.known.nickname == "alias" and person.nickname:
            names.append(acute.Name(person.family, (person.nickname,), use="A"))
        if person.previous_family:
            names.append(acute.Name(person.previous_family, (person.given,), use="PREVIOUS"))
        return tuple(names)

    def _birth_date(self, at: datetime) -> str:
        corrections = (event for event in self.events if event.kind == "birth-date-corrected")
        wrong = [event for event in corrections if event.organisation == ACUTE.code and at < event.at]
        return wrong[0].detail["wrong"] if wrong else self.person.birth_date.isoformat()

    def _address(self, at: datetime) -> Address | None:
        addresses = self.person.addresses
        heard = [address for address in addresses[1:] if self.hears(address) <= at]
        return heard[-1] if heard else next(iter(addresses), None)

    def hears(self, address: Address) -> datetime:
        """When the hospital learns of a new address."""
        return datetime.combine(address.since, datetime.min.time()) + self.known.address_delay

    def _died(self, at: datetime) -> datetime | None:
        """A death is known once it is told (an event of the world), and never before it happened."""
        return next((event.at for event in self.events if event.kind == "died" and event.at <= at), None)

    def _practice(self) -> acute.Organisation | None:
        code = self.person.practice
        return acute.Organisation(code, BY_CODE[code].name) if code else None

    def _wrong_number(self) -> str:
        """The number that stood on the duplicate record, where the world has one."""
        merges = (event for event in self.events if event.kind == "record-merged")
        return next((event.detail.get("wrong_nhs_number", "") for event in merges), "")


def gp_of(person: Person, staff: Mapping[str, Staff]) -> acute.Doctor | None:
    """The first general practitioner of the person's practice."""
    found = staff.get(f"gp-{person.practice}-1")
    return doctor(found) if found else None


def doctor(staff: Staff) -> acute.Doctor:
    """XCN of somebody on the staff; without a national registration the local key is the id."""
    return acute.Doctor(staff.registration or staff.key, staff.family, staff.given, staff.title)


def _address(address: Address) -> acute.Address:
    lines = (*address.lines, "", "")
    return acute.Address(
        tuple(line for line in (lines[0], ", ".join(filter(None, lines[1:]))) if line),
        address.city,
        "West Midlands",
        address.postcode,
        "GBR",
        "H",
    )


def _telecom(phone: str) -> acute.Telecom:
    return acute.Telecom(phone, "PRN", "CP" if phone.startswith("07") else "PH")


def _language(language: str) -> str:
    """ITK: ISO 639-1 in capitals; British Sign Language is q4."""
    if language in ("bfi", "bsl", "q4"):
        return "q4"
    return language[:2].upper()


def _relative(relative: Relative) -> acute.Relative:
    code = CARER if relative.carer else _RELATIONSHIP.get(relative.relationship.lower(), OTHER_RELATIVE)
    return acute.Relative(
        name=acute.Name(relative.family, (relative.given,), use="L"),
        relationship=acute.Coded(code, relative.relationship.capitalize()),
        telecoms=(_telecom(relative.phone),) if relative.phone else (),
    )
