"""Who recorded a statement, contained in it as the national flags have it (England-Provenance-Flag).

It is made of the access token, not of what was sent: nobody records in another's name.
https://simplifier.net/guide/patient-flag-implementation-guide
"""

from urllib.parse import quote

from adapters.recorded.records import Said
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids

_PROFILE = "https://fhir.nhs.uk/England/StructureDefinition/England-Provenance-Flag"
_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_ACTIVITIES = {"create": ("CREATE", "create"), "update": ("UPDATE", "revise")}


def contained(said: Said, ids: Ids) -> list[Json]:
    """The Provenance of the version that it is contained in."""
    by = said.by
    user = {"system": f"{uk_core.LOCAL_ID}user/{quote(by.client, safe='')}", "value": by.user}
    return [
        {
            "resourceType": "Provenance",
            "id": "provenance",
            "meta": {"profile": [_PROFILE]},
            "target": [{"reference": "#"}],
            "recorded": said.at,
            "activity": datatypes.concept(_OPERATION, *_ACTIVITIES[said.write.interaction]),
            "agent": [
                {
                    "role": [{"text": by.role}],
                    "who": {"type": "Practitioner", "identifier": user},
                    "onBehalfOf": datatypes.organisation_reference(ids, by.organisation),
                }
            ],
        }
    ]
