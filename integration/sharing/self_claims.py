"""Relationships that rest on the word of the organisation that claims them, and for how long the agreements let each
count (rule 3)."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, timedelta
from uuid import UUID

import msgspec

from integration.sharing.policy import Policy
from integration.sharing.relationship import EvidenceRule, accepts
from integration.sharing.request import Evidence
from integration.store.connection import Connection


class SelfClaim(msgspec.Struct, frozen=True):
    """What `organisation` says of itself and this person. `until`: the last day on which an agreement lets it count;
    None: as long as it lasts."""

    organisation: str
    kind: str
    person: UUID
    start: date | None
    end: date | None
    until: date | None


_CLAIMED = """
select person, jsonb_path_query_array(evidence, '$[*] ? (@.organisation == @.source)')::text as evidence
from toldonce.facts where until = 'infinity'
    and evidence @? '$[*] ? (@.organisation == @.source)'
    and ($1::text is null
         or evidence @> jsonb_build_array(jsonb_build_object('organisation', $1::text, 'source', $1::text)))
order by person
"""
_evidence = msgspec.json.Decoder(list[Evidence])


async def self_claims(
    connection: Connection, policy: Policy, on: date, organisation: str | None = None
) -> AsyncIterator[SelfClaim]:
    """Claims (of one organisation) that count on day `on`, person by person. The connection is in a transaction as
    `toldonce_facts`."""
    rules = _rules(policy)
    async for row in connection.cursor(_CLAIMED, organisation):
        for one in _evidence.decode(row["evidence"]):
            counting = [rule for rule in rules.get((one.organisation, one.kind), ()) if accepts(rule, one, on)]
            if counting and organisation in (None, one.organisation):
                yield SelfClaim(
                    one.organisation, one.kind, row["person"], one.start, one.end, last_day(one, counting, on)
                )


def _rules(policy: Policy) -> dict[tuple[str, str], list[EvidenceRule]]:
    """What the agreements say of each kind of evidence, by the organisation that they let see."""
    found: dict[tuple[str, str], list[EvidenceRule]] = {}
    for (organisation, _, _), terms in policy.terms.items():
        for one in terms:
            for kind, rule in one.evidence.items():
                kept = found.setdefault((organisation, kind), [])
                if one.needs_relationship and rule not in kept:
                    kept.append(rule)
    return found


def last_day(claim: Evidence, counting: Iterable[EvidenceRule], on: date) -> date | None:
    """The last day on which one of these rules, which all accept the claim on day `on`, still does, if nothing more
    is said; None: none of them ends before the claim does."""
    last = claim.end if claim.end is not None and claim.end <= on else claim.start
    days = [rule.own_days for rule in counting]
    if last is None or None in days:
        return None
    return last + timedelta(days=max(one for one in days if one is not None))
