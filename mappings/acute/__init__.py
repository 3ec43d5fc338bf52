"""What a hospital says of one patient -> UK Core resources (profiles: https://simplifier.net/hl7fhirukcorer4).

HL7's own v2-to-FHIR maps are the base; where England differs (PID-8 digits, A04, A08, PV1-36/37, merges) ITK wins.
"""

from adapters.acute.records import State
from mappings.acute.clinical import allergies, conditions
from mappings.acute.consent import consents
from mappings.acute.directory import organisations, practitioners
from mappings.acute.encounter import encounters
from mappings.acute.patient import patient
from mappings.acute.places import places
from mappings.acute.team import care_teams, related_persons
from mappings.ids import Ids
from mappings.uk_core import Resource


def to_resources(state: State, ids: Ids) -> list[Resource]:
    """One Patient, then everything else the hospital says of the person, then the directory entries referred to."""
    return [
        patient(state, ids),
        *encounters(state, ids),
        *conditions(state, ids),
        *allergies(state, ids),
        *related_persons(state, ids),
        *care_teams(state, ids),
        *consents(state, ids),
        *organisations(state, ids),
        *practitioners(state, ids),
        *places(state, ids),
    ]
