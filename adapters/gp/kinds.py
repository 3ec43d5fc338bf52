"""What a file is that is no structured record, in words for whoever sent it here. No word of its content is repeated
but names of FHIR types."""

import re
from typing import Any

Json = dict[str, Any]

_ROOT = re.compile(rb"<(?:\w+:)?([A-Za-z]{1,40})[\s>/]")
_MESSAGE = rb"<MessageHeader"
_BUNDLES = {
    "message": "a FHIR message, such as GP Connect Messaging (ITK3) sends",
    "searchset": "the answer to a search",
    "document": "a FHIR document",
    "transaction": "a transaction",
    "batch": "a batch",
    "history": "a history",
}
_RESOURCES = {
    "Parameters": "a request (Parameters), not the answer to it",
    "CapabilityStatement": "a capability statement",
    "Appointment": "an Appointment of GP Connect Appointment Management",
    "Patient": "a Patient alone, as GP Connect Foundations answers",
    "Organization": "an Organization alone, as GP Connect Foundations answers",
    "Practitioner": "a Practitioner alone, as GP Connect Foundations answers",
    "Location": "a Location alone, as GP Connect Foundations answers",
}


def kind_of_text(content: bytes) -> str:
    """What content is that cannot be read as JSON: XML by its root element, a page with JSON in it, else "not JSON"."""
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") and not start[:15].lower().startswith((b"<!doctype html", b"<html")):
        root = _ROOT.search(re.sub(rb"<[?!].*?>", b"", start, flags=re.DOTALL))
        name = root[1].decode() if root else "unknown"
        if name == "Bundle" and _MESSAGE in content:
            return f"XML: {_BUNDLES['message']}"
        return f"XML (root element {name})"
    if start.startswith(b"{%"):
        return "a documentation page around JSON"
    return "no JSON in UTF-8"


def kind_of_json(answer: Json) -> str:
    """What a JSON object is that is no Bundle of type collection."""
    name, type_ = answer.get("resourceType"), answer.get("type")
    if name == "Bundle":
        return _BUNDLES.get(type_, "a Bundle of no known type") if isinstance(type_, str) else "a Bundle without type"
    if isinstance(name, str) and name.isascii() and name.isalpha() and len(name) <= 40:
        return _RESOURCES.get(name, f"a FHIR {name}")
    return "no FHIR resource"
