"""What speaks for and against two records being one person's, field by field; and when that has changed so much that a
human's decision about them should be looked at again. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from integration.identity.compare import compare
from integration.identity.demographics import Demographics
from integration.identity.people import Decision

Agreement: TypeAlias = Literal["agrees", "differs", "one side only", "unknown"]
NOTHING = 99
"""Rank of evidence that is no automatic SAME."""


@dataclass(frozen=True)
class Evidence:
    """What was known about a pair when a human decided. `fields`: agreement by name of the field of `Demographics`.
    `outcome`: what the rules said, or None. `strongest`: rank of the best automatic SAME between the two people that
    the decision keeps apart (see `rank`)."""

    fields: Mapping[str, Agreement]
    outcome: str | None
    strongest: int = NOTHING


def rank(decision: Decision) -> int:
    """How strong an automatic decision is, as one number: the lower the stronger."""
    first, second = decision.weight()
    return 10 * first + second if decision.outcome == "SAME" else NOTHING


def agreements(a: Demographics, b: Demographics) -> dict[str, Agreement]:
    """Field by field: sets agree when they have something in common."""
    return {
        name: _agreement(getattr(a, name), getattr(b, name))
        for name, kind in Demographics.__annotations__.items()
        if kind is not bool
    }


def evidence(a: Demographics, b: Demographics) -> Evidence:
    """What is known of this pair now, but for what other records of theirs say."""
    found = compare(a, b)
    return Evidence(agreements(a, b), found.outcome if found else None)


def doubt(outcome: str, then: Evidence, now: Evidence) -> str | None:
    """Why a human's decision should be looked at again, or None: the evidence turned against it since. What speaks for
    it, or changes little (a new telephone, one surname for another), is no reason to ask anybody again."""
    if outcome == "SAME":
        turned = [text for fields, text in _AGAINST if _differ(now, fields) and not _differ(then, fields)]
        return _since("SAME", " and ".join(turned)) if turned else None
    if now.fields["nhs_number"] == "agrees" != then.fields["nhs_number"]:
        return _since(outcome, "the NHS numbers agree")
    if now.outcome == "SAME" != then.outcome:
        return _since(outcome, "the rules take them for one person")
    return None


_AGAINST = (
    (("nhs_number",), "the NHS numbers differ"),
    (("birth_date",), "the birth dates differ"),
    (("families", "given"), "the names differ"),
)


def _differ(known: Evidence, fields: tuple[str, ...]) -> bool:
    return all(known.fields.get(name) == "differs" for name in fields)


def _since(outcome: str, text: str) -> str:
    return f"{outcome} was decided before {text}"


def _agreement(a: Any, b: Any) -> Agreement:
    if not a and not b:
        return "unknown"
    if not a or not b:
        return "one side only"
    agrees = bool(a & b) if isinstance(a, frozenset) else a == b
    return "agrees" if agrees else "differs"


def to_json(known: Evidence) -> dict[str, Any]:
    """As it is kept beside the decision."""
    plain: dict[str, Any] = msgspec.to_builtins(known)
    return plain


def from_json(kept: Any) -> Evidence:
    """What `to_json` made."""
    return msgspec.convert(kept, Evidence)
