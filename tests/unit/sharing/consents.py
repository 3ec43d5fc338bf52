"""A choice as the FHIR Consent that says it: what `choices_of` reads."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from integration.sharing.choices import BREAK_GLASS_PURPOSE, CATEGORY_SYSTEM, POLICY, PRIVACY
from integration.sharing.deciders import THE_PERSON
from integration.sharing.request import Choice
from integration.sharing.sensitivity import label_of
from mappings import uk_core
from mappings.uk_core import Resource


def consent_resource(choice: Choice) -> Resource:
    """The Consent that says `choice`: `choices_of(consent_resource(c), c.source)` gives it back, apart from what a
    Consent cannot hold."""
    exceptions = [_whole_provision(one) for one in choice.exceptions]
    if choice.break_glass_relaxes:
        exceptions.append({"type": "permit", "purpose": [_reason(BREAK_GLASS_PURPOSE)]})
    provision = _whole_provision(choice) | ({"provision": exceptions} if exceptions else {})
    return uk_core.resource(
        "Consent",
        choice.consent,
        status="active" if choice.active else "inactive",
        scope={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": PRIVACY}]},
        category=[{"coding": [{"system": uk_core.ACT_CODE, "code": "INFA"}]}],
        patient={"reference": uk_core.SUBJECT},
        dateTime=choice.recorded.isoformat() if choice.recorded else None,
        performer=[
            {"reference": uk_core.SUBJECT} if choice.decided_by == THE_PERSON else {"display": choice.decided_by}
        ],
        organization=[_organisation(choice.source)],
        sourceAttachment={"title": choice.how} if choice.how else None,
        policy=[{"uri": f"{POLICY}{choice.kind}"}],
        provision=provision,
    )


def _whole_provision(choice: Choice) -> dict[str, Any]:
    said = {"type": "permit" if choice.permits else "deny"}
    return said | _provision(choice) | _period("period", choice.start, choice.end)


def _provision(choice: Choice) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "actor": [
            {"role": {"coding": [{"system": uk_core.PARTICIPATION, "code": "IRCP"}]}, "reference": _organisation(code)}
            for code in sorted(choice.organisations)
        ],
        "securityLabel": [label_of(name) for name in sorted(choice.sensitivities)],
        "purpose": [_reason(code) for code in sorted(choice.purposes)],
        "class": [{"system": CATEGORY_SYSTEM, "code": str(one)} for one in sorted(choice.categories)],
        "data": list(_data(choice)),
    }
    return {name: value for name, value in parts.items() if value} | _period(
        "dataPeriod", choice.data_start, choice.data_end
    )


def _data(choice: Choice) -> Iterator[dict[str, Any]]:
    """Single resources, else authors: a provision that named both would speak of either. Resources have one author."""
    for instance in sorted(choice.instances, key=str):
        meaning = "related" if instance in choice.related else "instance"
        yield {"meaning": meaning, "reference": {"reference": f"Basic/{instance}"}}
    for code in sorted(choice.about) if not choice.instances else ():
        yield {"meaning": "authoredby", "reference": _organisation(code)}


def _period(name: str, start: date | None, end: date | None) -> dict[str, Any]:
    value = {"start": start and start.isoformat(), "end": end and end.isoformat()}
    kept = {part: day for part, day in value.items() if day}
    return {name: kept} if kept else {}


def _organisation(code: str) -> dict[str, Any]:
    return {"type": "Organization", "identifier": {"system": uk_core.ODS_ORGANISATION, "value": code}}


def _reason(code: str) -> dict[str, str]:
    return {"system": uk_core.ACT_REASON, "code": code}
