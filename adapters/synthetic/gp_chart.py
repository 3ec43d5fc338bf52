"""A practice's electronic record of one person while it is being written: ids, codes and staff as EMIS shows them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from uuid import UUID

from adapters.gp import stu3
from adapters.gp.records import NHS_NUMBER, ODS_CODE, SNOMED, VERIFICATION
from adapters.gp.write import profiled
from adapters.records import local_moment
from adapters.synthetic.chance import chance
from adapters.synthetic.organisations import BY_CODE
from adapters.synthetic.world import Person, Staff

_STU3 = "https://fhir.nhs.uk/STU3"
_STRUCTURE = f"{_STU3}/StructureDefinition/Extension-CareConnect-GPC-"
_ROLES = {
    "General practitioner": ("R0260", "General Medical Practitioner"),
    "Practice nurse": ("R0600", "Specialist Nurse Practitioner"),
}
_READ_V2 = {
    "38341003": "G2...", "44054006": "C10F.", "195967001": "H33..", "13645005": "H3...", "49436004": "G5730",
    "84114007": "G58..", "52448006": "Eu02z", "90560007": "C34..", "35489007": "E2B..", "105529008": "13F3.",
}  # fmt: skip
"""Read codes that practices still send beside SNOMED CT."""


@dataclass
class Chart:
    """`until`: the last day that this answer knows of. `resources` grows as the record is written."""

    seed: int
    person: Person
    practice: str
    until: date
    staff: Mapping[str, Staff]
    resources: list[stu3.Clinical | stu3.Directory] = field(default_factory=list)
    _written: set[str] = field(default_factory=set)

    def rng(self, purpose: str) -> Random:
        """Chance for one purpose; the same in every answer about the person, whatever its `until`."""
        return chance(self.seed, "gp", self.person.key, purpose)

    def guid(self, what: str, *, shared: bool = False) -> str:
        """The GUID of one thing; `shared`: of the practice, not of this person's record."""
        owner = "" if shared else self.person.key
        digest = hashlib.sha256(f"{self.seed}:{self.practice}:{owner}:{what}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4)).upper()

    def identifier(self, guid: str) -> tuple[stu3.Identifier, ...]:
        """The identifier that persists between answers."""
        value = f"{self.guid('patient')}{guid}".replace("-", "")
        return (stu3.Identifier(system=f"https://EMISWeb/{self.practice}", value=value),)

    def subject(self) -> stu3.Reference:
        """Reference to the person."""
        return stu3.Reference(reference=f"Patient/{self.guid('patient')}")

    def add(self, resource: stu3.Clinical | stu3.Directory) -> stu3.Reference:
        """Writes a resource down once; returns the reference to it."""
        reference = f"{type(resource).__name__}/{resource.id}"
        if reference not in self._written:
            self._written.add(reference)
            self.resources.append(profiled(resource))
        return stu3.Reference(reference=reference)

    def organisation(self, code: str) -> stu3.Reference:
        """Reference to an organisation of synthetic Coventry, by its code."""
        known = BY_CODE[code]
        identifier = (stu3.Identifier(system=ODS_CODE, value=code),)
        return self.add(
            stu3.Organization(id=self.guid(f"organisation {code}", shared=True), identifier=identifier, name=known.name)
        )

    def location(self) -> stu3.Reference:
        """Reference to the practice's main surgery."""
        return self.add(
            stu3.Location(
                id=self.guid("main surgery", shared=True),
                status="active",
                name=BY_CODE[self.practice].name,
                type=stu3.CodeableConcept(text="Main Surgery"),
                managing_organization=self.organisation(self.practice),
            )
        )

    def practitioner(self, key: str) -> stu3.Reference:
        """Reference to a member of staff, whose role at their organisation is written down too."""
        worker = self.staff[key]
        guid = self.guid(f"staff {key}", shared=True)
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:5]) % 10**9
        identifiers = [stu3.Identifier(system="https://fhir.nhs.uk/Id/sds-user-id", value=f"555{number:09d}")]
        if worker.registration and worker.registration.startswith("G"):
            identifiers.append(
                stu3.Identifier(system="https://fhir.hl7.org.uk/Id/gmp-number", value=worker.registration)
            )
        name = stu3.HumanName(use="official", family=worker.family, given=(worker.given,), prefix=(worker.title,))
        reference = self.add(stu3.Practitioner(id=guid, identifier=tuple(identifiers), name=(name,)))
        self._role(guid, worker, reference)
        return reference

    def _role(self, guid: str, worker: Staff, reference: stu3.Reference) -> None:
        code = _ROLES.get(worker.job)
        coded = (
            stu3.Coding(system=f"{_STU3}/CodeSystem/CareConnect-SDSJobRoleName-1", code=code[0], display=code[1])
            if code
            else None
        )
        self.add(
            stu3.PractitionerRole(
                id=guid.replace("-", "") + "ROLE",
                practitioner=reference,
                organization=self.organisation(worker.organisation),
                code=(stu3.CodeableConcept(coding=(coded,) if coded else (), text=None if coded else worker.job),),
            )
        )

    def usual_gp(self) -> stu3.Reference:
        """Reference to the usual GP."""
        key = f"gp-{self.practice}-{self.rng('usual gp').randint(1, 4)}"
        return self.practitioner(key if key in self.staff else f"gp-{self.practice}-1")


def coded(code: str, term: str) -> stu3.CodeableConcept:
    """A SNOMED CT concept, with the Read code that stands beside it in older systems."""
    codings = [stu3.Coding(system=SNOMED, code=code, display=term, user_selected=True)]
    if code in _READ_V2:
        codings.append(stu3.Coding(system="http://read.info/readv2", code=_READ_V2[code], display=term))
    return stu3.CodeableConcept(coding=tuple(codings))


def stamp(at: datetime) -> str:
    """FHIR dateTime with the Europe/London offset."""
    return local_moment(at)


def extension(name: str, **value: object) -> stu3.Extension:
    """A GP Connect extension by the middle of its name, for example `RegistrationDetails`."""
    return stu3.Extension(url=f"{_STRUCTURE}{name}-1", **value)  # type: ignore[arg-type] # one value[x] by its field name


def verified_nhs_number(number: str) -> stu3.Identifier:
    """The NHS number identifier, present and verified."""
    status = stu3.Coding(
        system=f"{_STU3}/CodeSystem/CareConnect-NHSNumberVerificationStatus-1",
        code="01",
        display="Number present and verified",
    )
    verified = stu3.Extension(url=VERIFICATION[0], value_codeable_concept=stu3.CodeableConcept(coding=(status,)))
    return stu3.Identifier(system=NHS_NUMBER, value=number, extension=(verified,))
