"""PDS RelatedPerson -> UKCore-RelatedPerson: https://simplifier.net/hl7fhirukcorer4/ukcorerelatedperson

A relative whom PDS only names by their own NHS number stays without a name: their record is not asked for, as nobody
here looks after them.
"""

from adapters.pds import resources as r4
from mappings import datatypes, uk_core
from mappings.ids import Ids
from mappings.pds import elements
from mappings.uk_core import Resource


def related_person(source: r4.RelatedPerson, ids: Ids) -> Resource:
    """The resource; its natural key is PDS's id of the relation."""
    relationships = [elements.concept("PdsRelationship", one) for one in source.relationship]
    period = elements.plain(source.period) if source.period else None
    return uk_core.resource(
        "RelatedPerson",
        ids.own("RelatedPerson", source.id),
        extension=elements.carried(source.extension, "ContactPreference"),
        active=source.active,
        patient=datatypes.subject(),
        relationship=[one for one in relationships if one],
        name=[elements.plain(one) for one in source.name],
        telecom=[elements.telecom(one) for one in source.telecom],
        address=[elements.address(one) for one in source.address],
        period=period,
        communication=elements.language(source.extension),
    )
