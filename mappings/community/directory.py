"""CYP901 and the organisations and places that rows refer to -> directory resources, the same for every person."""

from collections.abc import Iterator

from adapters.community.records import CareContact, StaffMember, State
from mappings import uk_core
from mappings.community import codes
from mappings.community.person import registered_practice
from mappings.datatypes import Json, coding, compact, local_identifier, organisation, organisation_reference
from mappings.ids import Ids


def directory(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """Organizations, Practitioners with their roles, and Locations that the person's resources refer to."""
    for code in sorted(_organisations(state)):
        yield organisation(ids, code, None)
    for member in state.staff:
        yield _practitioner(member, ids)
        yield _practitioner_role(member, ids)
    yield from _locations(state, ids)


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


def location_reference(contact: CareContact, ids: Ids) -> Json | None:
    """Reference to the site where a contact took place, else to the kind of place; None when neither was sent."""
    key = _location_key(contact)
    return {"reference": f"Location/{ids.directory('Location', *key)}"} if key else None


def _location_key(contact: CareContact) -> tuple[str, ...] | None:
    if contact.site:
        return (contact.provider, "site", contact.site)
    return (contact.provider, "kind", contact.location) if contact.location else None


def _organisations(state: State) -> set[str]:
    practice = registered_practice(state.registrations)
    codes_of = {state.person.organisation, state.person.provider}
    codes_of |= {row.provider for row in (*state.referrals, *state.contacts, *state.care_plans, *state.staff)}
    codes_of |= {row.referring_organisation for row in state.referrals if row.referring_organisation}
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


def _locations(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    contacts = {key: contact for contact in state.contacts if (key := _location_key(contact))}
    for key, contact in sorted(contacts.items()):
        yield _site(key, contact, ids) if contact.site else _kind_of_place(key, contact, ids)


def _site(key: tuple[str, ...], contact: CareContact, ids: Ids) -> uk_core.Resource:
    return uk_core.resource(
        "Location",
        ids.directory("Location", *key),
        identifier=[{"system": uk_core.ODS_SITE, "value": contact.site}],
        status="active",
        mode="instance",
        managingOrganization=organisation_reference(ids, contact.provider),
    )


def _kind_of_place(key: tuple[str, ...], contact: CareContact, ids: Ids) -> uk_core.Resource:
    """Only the kind of place is known ("the patient's home"): mode `kind`, so nothing here says where it is
    (http://hl7.org/fhir/R4/location.html)."""
    kind = codes.mapped("CsdsActivityLocationType", contact.location)
    return uk_core.resource(
        "Location",
        ids.directory("Location", *key),
        status="active",
        name=kind["text"] if kind else None,
        mode="kind",
        type=[kind] if kind else None,
    )


def encounter_class(contact: CareContact) -> Json:
    """v3-ActCode class: virtual by its mechanism, else by the kind of place, else ambulatory (FACTS of the data set:
    home A*/care home G* -> HH, not face to face -> VR, else AMB)."""
    by_mechanism = codes.target_only("CsdsConsultationMechanism", contact.mechanism)
    if by_mechanism and by_mechanism["code"] == "VR":
        return by_mechanism
    by_place = codes.target_only("CsdsLocationEncounterClass", contact.location)
    return by_place or by_mechanism or coding(uk_core.ACT_CODE, "AMB", "ambulatory")
