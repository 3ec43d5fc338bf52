"""A caseload as a FHIR Group, as one caller may see it. Pure. http://hl7.org/fhir/R4/group.html

Its members, their number, its version and its time are made of those people alone whom the caller may know of: a caller
who may know of nobody on it sees an empty caseload. UK Core R4 has no profile for Group.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from integration.teams.caseloads.document import Caseload
from integration.teams.caseloads.english import rule_in_english
from integration.teams.caseloads.register import Member
from mappings import uk_core
from mappings.uk_core import Resource

IDENTIFIER = "https://toldonce.example/Id/caseload"
KIND = "https://toldonce.example/CodeSystem/caseload-kind"
REASON = "https://toldonce.example/StructureDefinition/caseload-reason"
REASONS = "https://toldonce.example/CodeSystem/caseload-reason"
_KINDS = {"INT": "Caseload of an integrated neighbourhood team", "forum": "Caseload of a care and support forum"}


def group(
    caseload: Caseload,
    described: datetime,
    members: Sequence[Member],
    names: Mapping[str, str],
    tags: Sequence[Resource] = (),
) -> Resource:
    """The Group. `described`: since when the caseload's description is in force; `members`: those whom the caller may
    know of, with those whose membership has ended; `names`: ODS code -> name."""
    content: Resource = {
        "identifier": [{"system": IDENTIFIER, "value": caseload.id}],
        "active": True,
        "type": "person",
        "actual": True,
        "code": {"coding": [{"system": KIND, "code": caseload.kind.lower(), "display": _KINDS[caseload.kind]}]},
        "name": caseload.title,
        "quantity": sum(one.until is None for one in members),
        "managingEntity": _organisation(caseload.organisation, names),
    }
    if caseload.rule:
        content["characteristic"] = [_rule(caseload, names)]
    if members:
        content["member"] = [_member(caseload, one) for one in members]
    moments = [described, *(one.until or one.since for one in members)]
    meta: Resource = {
        "versionId": hashlib.sha256(orjson.dumps(content)).hexdigest()[:16],
        "lastUpdated": max(moments).isoformat(timespec="milliseconds"),
    }
    if tags:
        meta["tag"] = list(tags)
    return {"resourceType": "Group", "id": caseload.id, "meta": meta, **content}


def _member(caseload: Caseload, member: Member) -> Resource:
    period = {"start": _moment(member.since)} | ({"end": _moment(member.until)} if member.until else {})
    reason = {"system": REASONS, "code": f"{caseload.id}.{member.reason}", "display": caseload.reason(member.reason)}
    return {
        "extension": [{"url": REASON, "valueCoding": reason}],
        "entity": {"reference": f"Patient/{member.person}"},
        "period": period,
        "inactive": member.until is not None,
    }


def _rule(caseload: Caseload, names: Mapping[str, str]) -> Resource:
    """What all members whom the rule found have in common, in words: FHIR has no place for alternatives."""
    assert caseload.rule is not None
    return {
        "code": {"text": "How somebody comes on it by rule"},
        "valueCodeableConcept": {"text": " ".join(rule_in_english(caseload.rule, names))},
        "exclude": False,
    }


def _organisation(code: str, names: Mapping[str, str]) -> dict[str, Any]:
    identifier = {"system": uk_core.ODS_ORGANISATION, "value": code}
    return {"type": "Organization", "identifier": identifier} | ({"display": names[code]} if code in names else {})


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
