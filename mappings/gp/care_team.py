"""The care team that a GP record implies: the registered practice, the usual GP, and a coded care coordinator.

https://simplifier.net/hl7fhirukcorer4/ukcorecareteam
"""

from typing import Any

from adapters.gp import stu3
from mappings import datatypes, uk_core
from mappings.coordinator import COORDINATOR
from mappings.datatypes import compact
from mappings.gp.directory import job_roles
from mappings.gp.patient import practice_name
from mappings.gp.promotion import Statement, entries_of, labels_of
from mappings.gp.source import Source, full_name, labelled
from mappings.provenance import made_of
from mappings.uk_core import Resource

Json = dict[str, Any]


def care_team(source: Source, stated: list[Statement]) -> Resource:
    """One CareTeam, led by the practice."""
    record = source.state.record
    usual = record.patient.general_practitioner if record else ()
    practice = datatypes.organisation_reference(source.ids, source.practice, practice_name(source))
    named = [statement for statement in stated if statement.kind == "care-coordinator" and statement.ended is None]
    made = uk_core.resource(
        "CareTeam",
        source.ids.own("CareTeam", "registered"),
        status="active",
        name="General practice",
        subject=datatypes.subject(),
        participant=[
            {"member": practice},
            *(_usual(source, reference, practice) for reference in usual if reference.reference in source.held),
            *_coordinator(source, named[-1:]),
        ],
        managingOrganization=[practice],
    )
    return labelled(made_of(made, entries_of(source, named[-1:])), labels_of(named[-1:]))


def _usual(source: Source, reference: stu3.Reference, practice: Json) -> Json:
    """The usual GP; invariant ctm-1: on behalf of the practice only where the member is a Practitioner."""
    is_person = (reference.reference or "").startswith("Practitioner/")
    return compact(
        role=job_roles(source).get(reference.reference or ""),
        member=source.reference(reference),
        onBehalfOf=practice if is_person else None,
    )


def _coordinator(source: Source, latest: list[Statement]) -> list[Json]:
    """The coordinator whom the latest entry names in its text. They become a reference only where exactly one
    practitioner of the record has that name; else the name is shown as it was written."""
    made = []
    for statement in latest:
        name = _written_name(statement)
        if name:
            member, employer = _known(source, name)
            made.append(
                compact(
                    role=[COORDINATOR],
                    member=member or {"display": name},
                    onBehalfOf=employer if member else None,
                    period=datatypes.period(statement.date or None),
                )
            )
    return made


def _written_name(statement: Statement) -> str | None:
    entry = statement.entry
    if isinstance(entry, stu3.Observation):
        return entry.comment
    return entry.note[0].text if entry.note else None


def _known(source: Source, name: str) -> tuple[Json | None, Json | None]:
    """References of the only practitioner of that name, and of the organisation of their role."""
    people = [person for person in source.of(stu3.Practitioner) if full_name(person.name) == name]
    if len(people) != 1:
        return None, None
    person = f"Practitioner/{people[0].id}"
    roles = [
        role for role in source.of(stu3.PractitionerRole) if role.practitioner and role.practitioner.reference == person
    ]
    employer = source.reference(roles[0].organization) if roles else None
    return source.reference(stu3.Reference(reference=person)), employer
