"""CYP901 and the organisations and places that rows refer to -> directory resources, the same for every person."""

from collections.abc import Iterator

from adapters.community.records import StaffMember, State
from mappings import uk_core
from mappings.community import codes
from mappings.datatypes import Json, compact, local_identifier, organisation, organisation_reference
from mappings.ids import Ids
from mappings.tables.person import registered_practice
from mappings.tables.place import locations


def directory(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """Organizations, Practitioners with their roles, and Locations that the person's resources refer to."""
    for code in sorted(_organisations(state)):
        yield organisation(ids, code, None)
    for member in state.staff:
        yield _practitioner(member, ids)
        yield _practitioner_role(member, ids)
    yield from locations(state.contacts, ids)


def practitioner_reference(provider: str, professional: str, ids: Ids) -> Json:
    """Reference to a professional of CYP901, known by the provider's own id of them."""
    return {"reference": f"Practitioner/{ids.directory('Practitioner', provider, professional)}"}


def role_concepts(member: StaffMember) -> list[Json]:
    """What a professional does, in the three code lists of CYP901; none is public, so codes stay as sent."""
    found = (
        codes.unlisted("job-role", member.job_role),
        codes.unlisted("staff-group", member.staff_group),
        codes.unlisted("occupation", member.occupation),
    )
    return [concept for concept in found if concept]


def _organisations(state: State) -> set[str]:
    practice = registered_practice(state.registrations)
    codes_of = {state.person.organisation, state.person.provider}
    codes_of |= {row.provider for row in (*state.referrals, *state.contacts, *state.care_plans, *state.staff)}
    codes_of |= {row.referring_organisation for row in state.referrals if row.referring_organisation}
    codes_of |= {row.receiver for row in state.onward_referrals if row.receiver}
    return {code for code in (*codes_of, practice) if code}


def _practitioner(member: StaffMember, ids: Ids) -> uk_core.Resource:
    """Without a name: CSDS sends none. The list of registration bodies is not public, so its code marks the id."""
    identifiers = [local_identifier(member.provider, "care-professional", member.professional)]
    if member.registration:
        body = member.registration_body or "unknown"
        identifiers.append(compact(system=f"{codes.LOCAL_CODES}registration/{body}", value=member.registration))
    return uk_core.resource(
        "Practitioner",
        ids.directory("Practitioner", member.provider, member.professional),
        identifier=identifiers,
        active=True,
    )


def _practitioner_role(member: StaffMember, ids: Ids) -> uk_core.Resource:
    return uk_core.resource(
        "PractitionerRole",
        ids.directory("PractitionerRole", member.provider, member.professional),
        active=True,
        practitioner=practitioner_reference(member.provider, member.professional, ids),
        organization=organisation_reference(ids, member.provider),
        code=role_concepts(member),
    )
