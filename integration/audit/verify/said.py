"""What an event says of itself, by the form that docs/audit.md describes: to hold the searchable columns against it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from integration.audit.verify.notes import Key, signed

COLUMNS = ("id", "recorded", "person", "organisation", "client", "kind", "outcome")


def said(content: bytes) -> tuple[Any, ...]:
    """The columns as the content has them: ids as text, `recorded` as an aware datetime. Raises ValueError, KeyError,
    TypeError, IndexError or AttributeError where it is no event."""
    event = orjson.loads(content)
    return _as_fhir(event) if "resourceType" in event else _compact(event)


def _compact(event: Mapping[str, Any]) -> tuple[Any, ...]:
    client, organisation = event.get("caller", _NOBODY)[:2]
    return (
        event["id"],
        datetime.fromisoformat(event["recorded"]),
        event.get("person"),
        organisation,
        client,
        event["kind"],
        event["outcome"],
    )


_NOBODY = ("unknown", "unknown")


def _as_fhir(event: Mapping[str, Any]) -> tuple[Any, ...]:
    """An event of the time before the tree, when the AuditEvent itself was stored."""
    identifiers = [agent["who"].get("identifier", {}) for agent in event["agent"]]
    organisation = [one["value"] for one in identifiers if one.get("system", "").endswith("/ods-organization-code")]
    people = [one["what"]["reference"] for one in event["entity"] if one.get("role", {}).get("code") == "1"]
    kinds = [tag["code"] for tag in event["meta"]["tag"] if tag["system"].endswith("/audit-kind")]
    return (
        event["id"],
        datetime.fromisoformat(event["recorded"]),
        people[0].removeprefix("Patient/") if people else None,
        organisation[0] if organisation else "unknown",
        identifiers[0]["value"],
        kinds[0],
        event["outcome"],
    )


def removed(content: bytes, keys: Iterable[Key]) -> list[tuple[int, int]]:
    """Which indexes a retention event says were removed, first and last of each run; empty for any other event, and for
    one that no key of the log has signed: whoever can put events into the database cannot make one."""
    if b'"kind":"retention"' not in content:
        return []
    event = orjson.loads(content)
    details = dict(event.get("details", ()))
    indexes, signature = details.get("retention/indexes", ""), details.get("retention/signature", "")
    text = f"toldonce audit retention\n{event['id']}\n{indexes}\n"
    if not signed(text, signature, keys):
        return []
    runs = [run.partition("-") for run in indexes.split(",") if run]
    return [(int(first), int(last or first)) for first, _, last in runs]
