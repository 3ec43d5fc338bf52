"""Reasonable adjustments that were recorded here: the national model of flags.

Each adjustment is a Flag, each impairment or condition behind them a Condition; both contain the Provenance of who
recorded them. One more Flag says that adjustments exist and leads to the others: it is made of what stands, so nobody
can forget it, and it may have been recorded alone.
"""

from collections.abc import Iterator, Sequence

from adapters.recorded.records import Said, State
from mappings import datatypes, uk_core
from mappings.ids import Ids
from mappings.recorded.provenance import contained
from mappings.recorded.vocabulary import (
    CATEGORIES,
    CONDITION_CATEGORIES,
    CONDITION_CATEGORY,
    EXISTENCE,
    Json,
    codes,
    is_existence,
    mended,
)
from mappings.uk_core import RA_ADJUSTMENT_PROFILE, RA_CATEGORY, RA_CONDITION_PROFILE, RA_PATIENT_FLAG_PROFILE, Resource

EXISTENCE_KEY = "existence"
NATIONALLY = "https://toldonce.example/policy/share-adjustments-nationally"


def adjustments(state: State, ids: Ids) -> Iterator[Resource]:
    """The adjustments, the conditions behind them, and the flag that says that they exist."""
    stated: list[Said] = []
    details: list[Resource] = []
    for said in state.standing:
        sent = mended(said.write.resource)
        if said.write.type == "Condition":
            details.append(_condition(said, sent, ids))
        elif said.write.type == "Flag" and is_existence(sent):
            stated.append(said)
        elif said.write.type == "Flag":
            details.append(_adjustment(said, sent, ids))
    yield from details
    if stated or details:
        yield _existence(stated, [one for one in details if _holds(one)], list(_basis(state, ids)), ids)


def _adjustment(said: Said, sent: Json, ids: Ids) -> Resource:
    category = next(one for one in codes(sent["category"], RA_CATEGORY))
    return _labelled(
        sent,
        uk_core.resource(
            "Flag",
            ids.own("Flag", said.write.key),
            profile=RA_ADJUSTMENT_PROFILE,
            contained=contained(said, ids),
            extension=sent.get("extension"),
            status=sent["status"],
            category=[EXISTENCE, datatypes.concept(RA_CATEGORY, category, CATEGORIES[category])],
            code=sent["code"],
            subject=datatypes.subject(),
            period=sent.get("period"),
        ),
    )


def _condition(said: Said, sent: Json, ids: Ids) -> Resource:
    kind = next(iter(codes(sent["category"], CONDITION_CATEGORY)), "issue")
    return _labelled(
        sent,
        uk_core.resource(
            "Condition",
            ids.own("Condition", said.write.key),
            profile=RA_CONDITION_PROFILE,
            contained=contained(said, ids),
            extension=sent.get("extension"),
            clinicalStatus=sent["clinicalStatus"],
            category=[EXISTENCE, datatypes.concept(CONDITION_CATEGORY, kind, CONDITION_CATEGORIES[kind])],
            code=sent["code"],
            subject=datatypes.subject(),
            onsetDateTime=sent.get("onsetDateTime"),
            abatementDateTime=sent.get("abatementDateTime"),
            note=sent.get("note"),
        ),
    )


def _existence(stated: Sequence[Said], holding: Sequence[Resource], basis: Sequence[Json], ids: Ids) -> Resource:
    """It leads to what holds. What was stated of it alone is in it; while anything holds it is active."""
    said = stated[0] if stated else None
    sent = mended(said.write.resource) if said else {}
    leading = [{"reference": f"{one['resourceType']}/{one['id']}", "type": one["resourceType"]} for one in holding]
    active = bool(holding) or sent.get("status") == "active"
    return _labelled(
        sent,
        uk_core.resource(
            "Flag",
            ids.own("Flag", EXISTENCE_KEY),
            profile=RA_PATIENT_FLAG_PROFILE,
            contained=contained(said, ids) if said else None,
            extension=[
                *(one for one in sent.get("extension", ()) if one["url"] != uk_core.FLAG_DETAIL),
                *({"url": uk_core.FLAG_DETAIL, "valueReference": one} for one in (*leading, *basis) if active),
            ],
            status="active" if active else "inactive",
            code=EXISTENCE,
            subject=datatypes.subject(),
            period=sent.get("period"),
        ),
    )


def _basis(state: State, ids: Ids) -> Iterator[Json]:
    """The recorded consent, or decision in the person's best interests, to share the flag nationally."""
    for said in state.standing:
        sent = said.write.resource or {}
        uris = [one.get("uri") for one in sent.get("policy", ())]
        if said.write.type == "Consent" and sent.get("status") == "active" and NATIONALLY in uris:
            yield {"reference": f"Consent/{ids.own('Consent', said.write.key)}", "type": "Consent"}


def _holds(detail: Resource) -> bool:
    if detail["resourceType"] == "Flag":
        return bool(detail["status"] == "active")
    return any(one.get("code") == "active" for one in detail["clinicalStatus"]["coding"])


def _labelled(sent: Json, made: Resource) -> Resource:
    """With the security labels that were sent: they say how sensitive its author takes it to be."""
    security = sent.get("meta", {}).get("security")
    return {**made, "meta": {**made["meta"], "security": security}} if security else made
