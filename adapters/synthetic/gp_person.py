"""The Patient of a practice's record: registration details, with what practices keep and mistype."""

from datetime import date

from adapters.gp import stu3
from adapters.gp.write import profiled
from adapters.synthetic.gp_chart import Chart, extension, verified_nhs_number
from adapters.synthetic.world import Address, Relative

_LANGUAGES = {
    "pa": "Panjabi", "gu": "Gujarati", "ur": "Urdu", "pl": "Polish", "bfi": "British Sign Language",
}  # fmt: skip
_SIGN = "q4"
"""What the NHS language table calls British Sign Language."""


def patient(chart: Chart, birth_date: date) -> stu3.Patient:
    """The registered person, as `chart.until` knows them. `birth_date`: as the practice has it."""
    person = chart.person
    assert person.nhs_number
    return profiled(
        stu3.Patient(
            id=chart.guid("patient"),
            extension=_extensions(chart),
            identifier=(verified_nhs_number(person.nhs_number),),
            active=True,
            name=_names(chart),
            telecom=(stu3.ContactPoint(system="phone", value=person.phone, use="mobile"),) if person.phone else (),
            gender=person.sex,
            birth_date=birth_date.isoformat(),
            address=_addresses(chart),
            contact=tuple(_contact(relative) for relative in person.relatives),
            general_practitioner=(chart.usual_gp(),),
            managing_organization=chart.organisation(chart.practice),
        )
    )


def _extensions(chart: Chart) -> tuple[stu3.Extension, ...]:
    since = stu3.Period(start=f"{max(chart.person.birth_date.year, chart.until.year - 12)}-04-01")
    period = stu3.Extension(url="registrationPeriod", value_period=since)
    registration = extension("RegistrationDetails", extension=(period,))
    language = chart.person.language
    if language == "en":
        return (registration,)
    code = _SIGN if language == "bfi" else language
    spoken = stu3.Coding(
        system="https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-HumanLanguage-1",
        code=code,
        display=_LANGUAGES.get(language),
    )
    parts = (
        stu3.Extension(url="language", value_codeable_concept=stu3.CodeableConcept(coding=(spoken,))),
        stu3.Extension(url="preferred", value_boolean=True),
        stu3.Extension(url="interpreterRequired", value_boolean=True),
    )
    return (registration, extension("NHSCommunication", extension=parts))


def _names(chart: Chart) -> tuple[stu3.HumanName, ...]:
    """The official name; what the person is called; a former family name that nobody deleted."""
    person = chart.person
    given = (person.given, person.middle) if person.middle else (person.given,)
    names = [stu3.HumanName(use="official", family=person.family, given=given, prefix=(person.title,))]
    if person.nickname:
        names.append(stu3.HumanName(use="nickname", given=(person.nickname,)))
    if person.previous_family:
        names.append(stu3.HumanName(use="old", family=person.previous_family, given=(person.given,)))
    return tuple(names)


def _addresses(chart: Chart) -> tuple[stu3.Address, ...]:
    lived = [address for address in chart.person.addresses if address.since <= chart.until]
    return tuple(_address(address) for address in lived[-1:])


def _address(address: Address) -> stu3.Address:
    return stu3.Address(
        use="home", type="physical", line=address.lines, city=address.city, postal_code=address.postcode
    )


def _contact(relative: Relative) -> stu3.Contact:
    kinds = [relative.relationship.capitalize(), *(["Carer"] if relative.carer else [])]
    return stu3.Contact(
        relationship=tuple(stu3.CodeableConcept(text=kind) for kind in dict.fromkeys(kinds)),
        name=stu3.HumanName(use="official", family=relative.family, given=(relative.given,)),
        telecom=(stu3.ContactPoint(system="phone", value=relative.phone, use="mobile"),) if relative.phone else (),
    )
