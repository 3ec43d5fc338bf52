"""What the Personal Demographics Service says of one NHS number -> UK Core resources.

Profiles: https://simplifier.net/hl7fhirukcorer4
"""

from adapters.pds.records import State
from mappings.datatypes import organisation
from mappings.ids import Ids
from mappings.pds.patient import patient, practices
from mappings.pds.related import related_person
from mappings.uk_core import Resource

_NAME = "Personal Demographics Service"


def to_resources(state: State, ids: Ids) -> list[Resource]:
    """The Patient, the people related to them, and the organisations referred to."""
    return [
        patient(state, ids),
        *(related_person(one, ids) for one in state.related),
        *(organisation(ids, code, None) for code in practices(state)),
        organisation(ids, ids.patient.organisation, _NAME),
    ]
