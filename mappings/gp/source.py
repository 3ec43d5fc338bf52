"""One practice's record of a person, with what a mapping asks of it: ids, references, names."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adapters.gp import stu3
from adapters.gp.records import ODS_CODE, State
from mappings import uk_core
from mappings.datatypes import compact, organisation_reference, subject
from mappings.gp import elements
from mappings.ids import Ids
from mappings.uk_core import Resource

Json = dict[str, Any]
Kept = stu3.Clinical | stu3.Directory
Kind = TypeVar("Kind", bound=Kept)

_NEW_NAME = {"ReferralRequest": "ServiceRequest", "ProcedureRequest": "ServiceRequest"}
_DIRECTORY = (stu3.Organization, stu3.Practitioner, stu3.PractitionerRole, stu3.Location, stu3.HealthcareService)
_PERSONAL_IDS = (
    "https://fhir.nhs.uk/Id/sds-user-id",
    "https://fhir.hl7.org.uk/Id/gmc-number",
    "https://fhir.hl7.org.uk/Id/gmp-number",
)
"""Identifiers that mean the same practitioner everywhere."""


@dataclass(frozen=True)
class Source:
    """`held`: resources by their relative reference (`Observation/<id>`). `shared`: identifiers that several resources
    of one type carry, and so name none of them."""

    ids: Ids
    state: State
    held: Mapping[str, Kept]
    shared: frozenset[tuple[str, str, str]]
    _ids: dict[int, str] = field(default_factory=dict)
    """By the identity of a resource that is held."""

    @property
    def practice(self) -> str:
        """ODS code of the practice whose record this is."""
        return self.ids.patient.organisation

    def of(self, kind: type[Kind]) -> Iterator[Kind]:
        """All resources of one STU3 type, in the order of the record."""
        return (resource for resource in self.held.values() if isinstance(resource, kind))

    def key(self, resource: Kept) -> tuple[str, ...]:
        """Natural key of a resource: its identifier, which persists between answers, else its id."""
        stu3_type = type(resource).__name__
        prefix = (stu3_type,) if stu3_type in _NEW_NAME else ()
        for entry in resource.identifier:
            if entry.system and entry.value and (stu3_type, entry.system, entry.value) not in self.shared:
                return (*prefix, entry.system, entry.value)
        return (*prefix, "id", resource.id)

    def id(self, resource: Kept) -> str:
        """The R4 id of a resource, worked out once: others refer to it several times."""
        known = self._ids.get(id(resource))
        if known is None:
            known = self._ids[id(resource)] = self._id(resource)
        return known

    def _id(self, resource: Kept) -> str:
        r4_type = r4_type_of(resource)
        if isinstance(resource, stu3.Organization) and (code := ods_code(resource)):
            return self.ids.directory("Organization", code)
        if isinstance(resource, stu3.Practitioner) and (known := _personal_id(resource)):
            return self.ids.directory("Practitioner", *known)
        if isinstance(resource, _DIRECTORY):
            return self.ids.directory(r4_type, self.practice, *self.key(resource))
        return self.ids.own(r4_type, *self.key(resource))

    def reference(self, source: stu3.Reference | None) -> Json | None:
        """R4 reference; one that leads nowhere keeps only its display, and None is left of one without."""
        if source is None:
            return None
        target = self.held.get(source.reference or "")
        if target is None or isinstance(target, stu3.Medication):
            about_patient = source.reference == self._patient_reference
            return subject() if about_patient else compact(display=source.display) or None
        if isinstance(target, stu3.Organization) and (code := ods_code(target)):
            return organisation_reference(self.ids, code, target.name)
        return compact(
            reference=f"{r4_type_of(target)}/{self.id(target)}", display=source.display or display_of(target)
        )

    def references(self, sources: tuple[stu3.Reference, ...], *r4_types: str) -> list[Json]:
        """`reference` of each; with `r4_types`, only those that lead to one of these, where R4 takes no other."""
        made = [reference for reference in map(self.reference, sources) if reference]
        return [entry for entry in made if not r4_types or str(entry.get("reference", "")).split("/")[0] in r4_types]

    def build(self, source: Kept, **parts: Any) -> Resource:
        """The R4 resource of `source`, with its identifiers and its labels."""
        parts.setdefault("identifier", elements.identifiers(source.identifier))
        return labelled(uk_core.resource(r4_type_of(source), self.id(source), **parts), elements.security(source.meta))

    @property
    def _patient_reference(self) -> str | None:
        return f"Patient/{self.state.record.patient.id}" if self.state.record else None


def source_of(state: State, ids: Ids) -> Source:
    """The record of `state`, indexed."""
    resources = state.record.resources if state.record else ()
    carried = Counter(
        (type(resource).__name__, entry.system, entry.value)
        for resource in resources
        for entry in resource.identifier
        if entry.system and entry.value
    )
    return Source(
        ids=ids,
        state=state,
        held={f"{type(resource).__name__}/{resource.id}": resource for resource in resources},
        shared=frozenset(key for key, count in carried.items() if count > 1),
    )


def labelled(resource: Resource, labels: list[Json]) -> Resource:
    """`resource` with `labels` in meta.security, each once."""
    if not labels:
        return resource
    meta = resource.get("meta", {})
    present = meta.get("security", [])
    added = [label for i, label in enumerate(labels) if label not in present and label not in labels[:i]]
    return {**resource, "meta": {**meta, "security": [*present, *added]}}


def r4_type_of(resource: Kept) -> str:
    """R4 resource type of an STU3 resource."""
    name = type(resource).__name__
    return _NEW_NAME.get(name, name)


def ods_code(organisation: stu3.Organization) -> str | None:
    """ODS code of an organisation, or None."""
    return next((entry.value for entry in organisation.identifier if entry.system == ODS_CODE and entry.value), None)


def full_name(names: tuple[stu3.HumanName, ...]) -> str | None:
    """`Dr Ada Jones`, or None."""
    if not names:
        return None
    name = names[0]
    return name.text or " ".join([*name.prefix, *name.given, *([name.family] if name.family else [])]) or None


def display_of(resource: Kept) -> str | None:
    """What a reader is shown of a directory entry; clinical resources show nothing by reference."""
    if isinstance(resource, stu3.Practitioner):
        return full_name(resource.name)
    named = (stu3.Organization, stu3.Location, stu3.HealthcareService)
    return resource.name if isinstance(resource, named) else None


def _personal_id(practitioner: stu3.Practitioner) -> tuple[str, str] | None:
    for system in _PERSONAL_IDS:
        for entry in practitioner.identifier:
            if entry.system == system and entry.value:
                return system, entry.value
    return None
