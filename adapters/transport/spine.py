"""What the body of a reply says, alike for every API behind the Spine."""

from typing import Any

import msgspec

from adapters.gp.refusal import outcome_codes

_BEGINNING = 1 << 16
"""Bytes within which an OperationOutcome names itself: a long record is not decoded to find that it is none."""


def codes_in(content: bytes) -> list[str]:
    """Spine codes of an OperationOutcome; none of anything else."""
    outcome = decoded(content) if b"OperationOutcome" in content[:_BEGINNING] else {}
    return list(outcome_codes(outcome)) if outcome.get("resourceType") == "OperationOutcome" else []


def decoded(content: bytes) -> dict[str, Any]:
    """A JSON object, or an empty one."""
    try:
        found = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
