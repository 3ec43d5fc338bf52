"""Choices that were recorded here: UKCore-Consent in the shapes of IHE PCF (https://profiles.ihe.net/ITI/PCF).

References are ours: the person, the organisation that recorded it, and organisations by their ODS codes.
"""

from collections.abc import Iterator
from typing import Any

from adapters.recorded.records import Said, State
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.recorded.provenance import contained
from mappings.uk_core import Resource

CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"


def consents(state: State, ids: Ids) -> Iterator[Resource]:
    """Every choice that stands, whatever its status."""
    for said in state.standing:
        if said.write.type == "Consent" and said.write.resource:
            yield _consent(said, said.write.resource, ids)


def _consent(said: Said, sent: Json, ids: Ids) -> Resource:
    return uk_core.resource(
        "Consent",
        ids.own("Consent", said.write.key),
        contained=contained(said, ids),
        extension=sent.get("extension"),
        status=sent["status"],
        scope=datatypes.concept(CONSENT_SCOPE, "patient-privacy", "Privacy Consent"),
        category=sent["category"],
        patient=datatypes.subject(),
        dateTime=sent["dateTime"],
        performer=[_performer(one) for one in sent["performer"]],
        organization=[datatypes.organisation_reference(ids, said.by.organisation)],
        sourceAttachment=sent.get("sourceAttachment"),
        sourceReference=sent.get("sourceReference"),
        policy=sent["policy"],
        provision=_provision(sent["provision"], ids),
    )


def _performer(sent: Json) -> Json:
    """The person, or who decided for them as they were named."""
    if sent.get("reference", "").startswith("Patient/"):
        return datatypes.subject()
    return {name: value for name, value in sent.items() if name != "reference"}


def _provision(sent: Any, ids: Ids) -> Any:
    """The same with references to organisations made ours; what else it refers to has ids of ours already."""
    if isinstance(sent, list):
        return [_provision(one, ids) for one in sent]
    if not isinstance(sent, dict):
        return sent
    identifier = sent.get("identifier")
    if isinstance(identifier, dict) and identifier.get("system") == uk_core.ODS_ORGANISATION:
        return datatypes.organisation_reference(ids, identifier["value"], sent.get("display"))
    return {name: _provision(value, ids) for name, value in sent.items()}
