"""Organizations, practitioners, their roles and locations that a GP record refers to."""

from collections.abc import Iterator
from typing import Any

from adapters.gp import stu3
from mappings import datatypes
from mappings.gp import elements
from mappings.gp.patient import practice_name
from mappings.gp.source import Source, ods_code
from mappings.uk_core import Resource

Json = dict[str, Any]


def directory(source: Source) -> Iterator[Resource]:
    """Every directory entry of the record, and the practice itself where its record does not describe it.

    Left out: Organization's MainLocation (a reference to a branch), a practitioner's languages, and what only
    administers a system: SDS role profile ids are kept as identifiers, nothing is derived from them."""
    for organisation in source.of(stu3.Organization):
        yield _organisation(source, organisation)
    if practice_name(source) is None:
        yield datatypes.organisation(source.ids, source.practice, None)
    for practitioner in source.of(stu3.Practitioner):
        yield _practitioner(source, practitioner)
    for role in source.of(stu3.PractitionerRole):
        yield _role(source, role)
    for location in source.of(stu3.Location):
        yield _location(source, location)
    for service in source.of(stu3.HealthcareService):
        yield _service(source, service)


def _organisation(source: Source, entry: stu3.Organization) -> Resource:
    code = ods_code(entry)
    return source.build(
        entry,
        active=True if code else None,
        type=elements.concepts(entry.type),
        name=entry.name or code or next((elements.words(kind) for kind in entry.type), None),
        telecom=[elements.plain(point) for point in entry.telecom],
        address=[elements.address(place) for place in entry.address],
    )


def _practitioner(source: Source, entry: stu3.Practitioner) -> Resource:
    return source.build(
        entry,
        name=[elements.human_name(name) for name in entry.name],
        telecom=[elements.plain(point) for point in entry.telecom],
        gender=entry.gender,
    )


def _role(source: Source, entry: stu3.PractitionerRole) -> Resource:
    return source.build(
        entry,
        practitioner=source.reference(entry.practitioner),
        organization=source.reference(entry.organization),
        code=elements.concepts(entry.code),
    )


def _location(source: Source, entry: stu3.Location) -> Resource:
    return source.build(
        entry,
        status=entry.status,
        name=entry.name,
        description=entry.description,
        type=[kind] if (kind := elements.concept(entry.type)) else None,
        telecom=[elements.plain(point) for point in entry.telecom],
        address=elements.address(entry.address) if entry.address else None,
        managingOrganization=source.reference(entry.managing_organization),
    )


def _service(source: Source, entry: stu3.HealthcareService) -> Resource:
    return source.build(entry, providedBy=source.reference(entry.provided_by), name=entry.name, comment=entry.comment)


def job_roles(source: Source) -> dict[str, list[Json]]:
    """SDS job roles by the reference of their practitioner."""
    roles: dict[str, list[Json]] = {}
    for role in source.of(stu3.PractitionerRole):
        if role.practitioner and role.practitioner.reference:
            roles.setdefault(role.practitioner.reference, []).extend(elements.concepts(role.code))
    return roles
