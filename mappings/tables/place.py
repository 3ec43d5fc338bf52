"""Where a contact took place -> Location and Encounter.class, alike for every table data set."""

from collections.abc import Iterator, Sequence

from adapters.tables.records import CareContact
from mappings import uk_core
from mappings.datatypes import Json, coding, organisation_reference
from mappings.ids import Ids
from mappings.tables import codes


def location_reference(contact: CareContact, ids: Ids) -> Json | None:
    """Reference to the site where a contact took place, else to the kind of place; None when neither was sent."""
    key = _location_key(contact)
    return {"reference": f"Location/{ids.directory('Location', *key)}"} if key else None


def _location_key(contact: CareContact) -> tuple[str, ...] | None:
    if contact.site:
        return (contact.provider, "site", contact.site)
    return (contact.provider, "kind", contact.location) if contact.location else None


def locations(contacts: Sequence[CareContact], ids: Ids) -> Iterator[uk_core.Resource]:
    """The Locations that `location_reference` points at. The same site of the same trust is one, whichever of its feeds
    speaks of it."""
    placed = {key: contact for contact in contacts if (key := _location_key(contact))}
    for key, contact in sorted(placed.items()):
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
