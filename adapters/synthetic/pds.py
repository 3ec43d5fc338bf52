"""The national register as PDS holds it: everybody has a record there, also those whose number nobody here knows.

What services hold of a person goes back to what they were told; PDS has its own view: the name and address that a
practice last reported, formal notices of death, marks of those who must not be found, and numbers that were replaced.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import msgspec

from adapters.pds import records
from adapters.pds import resources as r4
from adapters.pds.write import write
from adapters.records import LONDON
from adapters.synthetic.named.identity_cases import WRONG_NUMBER
from adapters.synthetic.named.story import number as named_number
from adapters.synthetic.nhs_numbers import numbers
from adapters.synthetic.organisations import DEMOGRAPHICS
from adapters.synthetic.world import Address, FeedFile, LifeEvent, Person, Relative, World

SENDER = DEMOGRAPHICS.code
INVALIDATED = named_number(22)
"""Was somebody's, is nobody's any more, and was replaced by no other."""
ROUGH_SLEEPER = named_number(21)
"""The number that nobody here knows of the rough sleeper."""
_UKCORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-"
_ROLES = "https://simplifier.net/UKCore/CodeSystem-UKCore-AdditionalRelatedPersonRole"
_FORMAL = "Formal - death notice received from Registrar of Deaths"
_TYPES = {
    "spouse": ("SPS", "spouse"), "mother": ("MTH", "mother"), "father": ("FTH", "father"), "son": ("CHILD", "child"),
    "daughter": ("CHILD", "child"), "sister": ("SIS", "sister"), "brother": ("BRO", "brother"),
}  # fmt: skip


@dataclass(frozen=True)
class Register:
    """`patients` by NHS number; `replaced`: numbers that another has replaced; `invalidated`: nobody's any more;
    `related`: by the number of the person they are related to."""

    patients: Mapping[str, r4.Patient]
    related: Mapping[str, tuple[r4.RelatedPerson, ...]]
    replaced: Mapping[str, str]
    invalidated: frozenset[str]


def register_of(world: World) -> Register:
    """Everybody of this world as PDS holds them on its last day."""
    people = dict(_numbered(world))
    return Register(
        patients={number: patient(person, number, world.today) for number, person in people.items()},
        related={number: related(person) for number, person in people.items() if person.relatives},
        replaced=dict(_replaced(world, people)),
        invalidated=frozenset({INVALIDATED}),
    )


def _numbered(world: World) -> Iterator[tuple[str, Person]]:
    """Each person with their number. Who has none that anybody knows has the one that they were born with, which
    `population.generated_people` drew and dropped."""
    free, drawn, born_with = numbers(), 0, ROUGH_SLEEPER
    for person in world.people:
        if "named" not in person.tags:
            for _ in range(int(person.key[1:]) - drawn):
                born_with, drawn = next(free), drawn + 1
        yield person.nhs_number or born_with, person


def _replaced(world: World, people: Mapping[str, Person]) -> Iterator[tuple[str, str]]:
    """The number that the hospital corrected by a merge had been given to the same man by mistake."""
    merged = {event.person for event in world.events if event.kind == "record-merged" and _is_of_number(event)}
    yield from ((WRONG_NUMBER, number) for number, person in people.items() if person.key in merged)


def _is_of_number(event: LifeEvent) -> bool:
    return event.detail.get("wrong_nhs_number") == WRONG_NUMBER


def patient(person: Person, number: str, today: date) -> r4.Patient:
    """The record of one person on a day, without what PDS withholds of restricted people."""
    open_record = r4.Patient(
        id=number,
        meta=_meta("R" if person.restricted else "U"),
        identifier=(_identifier(number),),
        extension=_extensions(person),
        name=_names(person),
        gender=person.sex,
        birth_date=person.birth_date.isoformat(),
        deceased_date_time=f"{person.died.isoformat()}T00:00:00+00:00" if person.died else None,
    )
    return open_record if person.restricted else _located(open_record, person, today)


def _located(record: r4.Patient, person: Person, today: date) -> r4.Patient:
    """With what tells where the person is: their last address, telephone, and practice."""
    lived = [address for address in person.addresses if address.since <= today][-1:]
    phone = r4.ContactPoint(system="phone", value=person.phone, use="mobile")
    return msgspec.structs.replace(
        record,
        address=tuple(_address(one) for one in lived),
        telecom=(phone,) if person.phone else (),
        general_practitioner=(_practice(person.practice),) if person.practice else (),
    )


def _address(one: Address) -> r4.Address:
    return r4.Address(
        use="home",
        line=(*one.lines, one.city),
        postal_code=one.postcode,
        period=r4.Period(start=one.since.isoformat()),
        extension=(_key("UPRN", one.uprn),) if one.uprn else (),
    )


def _meta(confidentiality: str) -> r4.Meta:
    return r4.Meta(security=(r4.Coding(system=records.CONFIDENTIALITY, code=confidentiality),))


def _identifier(number: str) -> r4.Identifier:
    status = r4.Coding(
        system=f"{_CODES}NHSNumberVerificationStatus", version="1.0.0", code="01", display="Number present and verified"
    )
    verified = r4.Extension(
        url=f"{_UKCORE}NHSNumberVerificationStatus", value_codeable_concept=r4.CodeableConcept(coding=(status,))
    )
    return r4.Identifier(system=records.NHS_NUMBER, value=number, extension=(verified,))


def _key(kind: str, value: str) -> r4.Extension:
    coding = r4.Coding(system=f"{_CODES}AddressKeyType", code=kind)
    parts = (r4.Extension(url="type", value_coding=coding), r4.Extension(url="value", value_string=value))
    return r4.Extension(url=f"{_UKCORE}AddressKey", extension=parts)


def _practice(code: str) -> r4.Reference:
    return r4.Reference(type="Organization", identifier=r4.Identifier(system=records.ODS_CODE, value=code))


def _names(person: Person) -> tuple[r4.HumanName, ...]:
    given = (person.given, person.middle) if person.middle else (person.given,)
    names = [r4.HumanName(use="usual", family=person.family, given=given, prefix=(person.title,))]
    if person.nickname:
        names.append(r4.HumanName(use="nickname", family=person.family, given=(person.nickname,)))
    if person.previous_family:
        names.append(r4.HumanName(use="old", family=person.previous_family, given=(person.given,)))
    return tuple(names)


def _extensions(person: Person) -> tuple[r4.Extension, ...]:
    found = []
    if person.died:
        said = r4.Coding(system=f"{_CODES}DeathNotificationStatus", version="1.0.0", code="2", display=_FORMAL)
        moment = f"{(person.died + timedelta(days=4)).isoformat()}T00:00:00+00:00"
        parts = (
            r4.Extension(url="deathNotificationStatus", value_codeable_concept=r4.CodeableConcept(coding=(said,))),
            r4.Extension(url="systemEffectiveDate", value_date_time=moment),
        )
        found.append(r4.Extension(url=f"{_UKCORE}DeathNotificationStatus", extension=parts))
    if person.language != "en":
        code = "q4" if person.language == "bfi" else person.language
        spoken = r4.Coding(system=f"{_CODES}HumanLanguage", version="1.0.0", code=code)
        parts = (
            r4.Extension(url="language", value_codeable_concept=r4.CodeableConcept(coding=(spoken,))),
            r4.Extension(url="interpreterRequired", value_boolean=True),
        )
        found.append(r4.Extension(url=f"{_UKCORE}NHSCommunication", extension=parts))
    return tuple(found)


def related(person: Person) -> tuple[r4.RelatedPerson, ...]:
    """Whom PDS relates to the person: nobody where the person is restricted."""
    return () if person.restricted else tuple(_relative(one, place) for place, one in enumerate(person.relatives, 1))


def _relative(one: Relative, place: int) -> r4.RelatedPerson:
    kind = _TYPES.get(
        one.relationship, ("Carer", "Carer of patient") if one.carer else ("NotSpecified", "Not Specified")
    )
    roles = [
        ("Personal", "Personal relationship with the patient"),
        kind,
        *([("N", "Next-of-Kin")] if place == 1 else []),
    ]
    return r4.RelatedPerson(
        id=f"{place:08X}",
        active=True,
        relationship=(
            r4.CodeableConcept(coding=tuple(r4.Coding(system=_ROLES, code=code, display=term) for code, term in roles)),
        ),
        name=(r4.HumanName(use="usual", family=one.family, given=(one.given,)),),
        telecom=(r4.ContactPoint(system="phone", value=one.phone, use="home"),) if one.phone else (),
    )


def feed_files(world: World) -> Iterator[FeedFile]:
    """What PDS answers about everybody, as if each number had been asked for half a year ago and on the last day: the
    first time before the last move, and before a death."""
    register = register_of(world)
    earlier = world.today - timedelta(days=183)
    for number, person in _numbered(world):
        before = replace(person, died=None) if person.died and person.died > earlier else person
        yield from _answers(number, patient(before, number, earlier), (), earlier)
        yield from _answers(number, register.patients[number], register.related.get(number, ()), world.today)
    for old, new in register.replaced.items():
        yield _file(f"{old}.json", write(records.Superseded(patient=register.patients[new])), world.today, 11)
    for gone in sorted(register.invalidated):
        yield _file(f"{gone}.json", write(records.Absent(code="INVALIDATED_RESOURCE")), world.today, 11)


def _answers(number: str, record: r4.Patient, relatives: Sequence[r4.RelatedPerson], day: date) -> Iterator[FeedFile]:
    yield _file(f"{number}.json", write(records.Answer(patient=record)), day, 9)
    if relatives:
        yield _file(f"{number}-related.json", write(records.Related(people=tuple(relatives))), day, 10)


def _file(name: str, content: bytes, day: date, hour: int) -> FeedFile:
    return FeedFile("pds", SENDER, name, content, datetime.combine(day, time(hour), tzinfo=LONDON))
