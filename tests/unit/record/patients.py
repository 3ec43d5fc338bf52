"""Sources' Patients and Grants to make golden Patients of."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from integration.record.patient import Golden, golden
from integration.record.reader import Row
from integration.sharing.request import Caller, Grant, Request
from mappings import uk_core

PERSON = UUID("11111111-1111-4111-8111-111111111111")
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def said(feed: str, serial: int = 0, *, version: int = 1, **elements: Any) -> Row:
    """What a source of this feed says, as it is read."""
    id_ = UUID(int=(0x4 << 76) | (0x8 << 60) | (abs(hash_of(feed)) << 16) | serial)
    source = f"X9{feed[:2].upper()}"
    patient = {
        "resourceType": "Patient",
        "id": str(id_),
        "meta": {"source": f"urn:toldonce:source:{source}:{feed}", **elements.pop("meta", {})},
        **elements,
    }
    return Row(id_, "Patient", version, datetime(2026, 1, 1 + serial, tzinfo=UTC), 1, feed, (), orjson.dumps(patient))


def hash_of(feed: str) -> int:
    return int.from_bytes(feed.encode()[:4], "big")


def grant(at: datetime = NOW, *, hide_location: bool = False, location_withheld: bool = False) -> Grant:
    request = Request(Caller("gp-system", "X90401", "GP", "TREAT"), PERSON, at)
    return Grant(request, PERSON, (1,), hide_location=hide_location, location_withheld=location_withheld)


def made(*rows: Row, **how: Any) -> dict[str, Any]:
    """The golden Patient of these statements."""
    return whole(*rows, **how).resource


def whole(*rows: Row, **how: Any) -> Golden:
    found = golden(grant(**how), rows)
    assert found
    return found


def number(value: str, status: str = "01", **more: Any) -> dict[str, Any]:
    """An NHS number with its verification status."""
    coding = {"system": uk_core.VERIFICATION_STATUS, "code": status}
    extension = {
        "url": f"{uk_core.EXTENSION}NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [coding]},
    }
    return {"system": uk_core.NHS_NUMBER, "value": value, "extension": [extension], **more}
