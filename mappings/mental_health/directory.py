"""MHS901, MHS903 and the organisations and places that rows refer to -> directory resources, the same for everybody."""

from collections.abc import Iterator

from adapters.mental_health.records import StaffMember, State, WardStay
from mappings import uk_core
from mappings.datatypes import Json, compact, concept, local_identifier, organisation, organisation_reference
from mappings.ids import Ids
from mappings.mental_health import codes
from mappings.tables.person import registered_practice
from mappings.tables.place import locations

_WARD = concept("http://terminology.hl7.org/CodeSystem/location-physical-type", "wa", "Ward")  # R4


def directory(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """Organizations, Practitioners with their roles, and Locations that the person's resources refer to."""
    named = {state.person.organisation, state.person.provider, registered_practice(state.registrations)}
    named |= {one.referring_organisation for one in state.referrals}
    named |= {row.provider for row in (*state.referrals, *state.care_plans, *state.coordinators, *state.staff)}
    for code in sorted(code for code in named if code):
        yield organisation(ids, code, None)
    for member in state.staff:
        yield from _professional(member, ids)
    yield from locations(state.contacts, ids)
    yield from _wards(state, ids)


def professional_reference(provider: str, professional: str, state: State, ids: Ids) -> Json:
    """Reference to a professional of MHS901; one whom it does not describe can only be identified."""
    if any((one.provider, one.professional) == (provider, professional) for one in state.staff):
        return {"reference": f"Practitioner/{_professional_id(provider, professional, ids)}"}
    return {"identifier": local_identifier(provider, "mental-health-professional", professional)}


def ward_reference(stay: WardStay, ids: Ids) -> Json:
    """Reference to the ward of a stay (which names one)."""
    return {"reference": f"Location/{ids.directory('Location', *_ward_key(stay))}", "display": stay.ward}


def _professional_id(provider: str, professional: str, ids: Ids) -> str:
    return ids.directory("Practitioner", provider, "mental-health", professional)


def _professional(member: StaffMember, ids: Ids) -> Iterator[uk_core.Resource]:
    """Without a name: MHSDS sends none. The lists of registration bodies, staff groups and job roles were not
    available, so their codes stay as sent."""
    id_ = _professional_id(member.provider, member.professional, ids)
    body = member.registration_body or "unknown"
    registered = {"system": uk_core.local_system(member.provider, f"registration/{body}"), "value": member.registration}
    yield uk_core.resource(
        "Practitioner",
        id_,
        identifier=[
            local_identifier(member.provider, "mental-health-professional", member.professional),
            *([registered] if member.registration else []),
        ],
        active=True,
    )
    roles = (
        codes.unlisted("job-role", member.job_role),
        codes.unlisted("staff-group", member.staff_group),
        codes.unlisted("occupation", member.occupation),
    )
    yield uk_core.resource(
        "PractitionerRole",
        ids.directory("PractitionerRole", member.provider, "mental-health", member.professional),
        active=True,
        practitioner={"reference": f"Practitioner/{id_}"},
        organization=organisation_reference(ids, member.provider),
        code=[role for role in roles if role],
    )


def _ward_key(stay: WardStay) -> tuple[str, ...]:
    return (stay.provider, "ward", stay.ward or "")


def _wards(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for key, stay in sorted({_ward_key(one): one for one in state.ward_stays if one.ward}.items()):
        yield _ward(key, stay, state, ids)


def _ward(key: tuple[str, ...], stay: WardStay, state: State, ids: Ids) -> uk_core.Resource:
    """MHS903 names the ward's site since version 6, the ward stay before."""
    described = (one.site for one in state.wards if (one.provider, one.ward) == (stay.provider, stay.ward))
    site = next((site for site in (*described, stay.site) if site), None)
    return uk_core.resource(
        "Location",
        ids.directory("Location", *key),
        identifier=[local_identifier(stay.provider, "ward", stay.ward or "")],
        status="active",
        name=stay.ward,
        mode="instance",
        physicalType=_WARD,
        managingOrganization=organisation_reference(ids, stay.provider),
        partOf=compact(identifier={"system": uk_core.ODS_SITE, "value": site}) if site else None,
    )
