"""Whether what was recorded of a person after a moment is enough, or the whole permitted record has to be told again.

DESIGN section 3: `_since` follows commit order (`store.moments`); where linkage, or anything that shapes the Grant,
changed for a person after it, the answer is the whole permitted record. So the decision is made once more, as it would
have been made then: with the agreements of that moment, and with the facts as they were recorded by it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from integration.record.consult import Consultation, Records
from integration.sharing.current import policy_at
from integration.sharing.decide import decide
from integration.sharing.facts import linked, person_facts
from integration.sharing.opt_outs import with_opt_out
from integration.sharing.policy import Policy
from integration.sharing.request import Evidence, Facts, Grant, Request
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.labels import Labels


@dataclass(frozen=True)
class Then:
    """The moment from which on changes are asked for, and what decided then."""

    at: datetime
    policy: Policy
    labels: Labels


async def then_of(records: Records, since: datetime) -> Then:
    """That moment, and what decided."""
    async with records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_registry")
        return Then(since, await policy_at(connection, since), records.labels)


def shape(grant: Grant, among: Collection[int] | None = None) -> bytes:
    """What of a Grant shapes what is shown, and not why: two Grants of one shape show the same rows alike. `among`: as
    far as rows with one of these labels go."""

    def counted(labels: Iterable[int]) -> list[int]:
        return sorted(one for one in labels if among is None or one in among)

    windows = sorted((counted(one.labels), str(one.start), str(one.end)) for one in grant.windows)
    shown = [str(grant.person), counted(grant.labels), windows, sorted(map(str, grant.withheld))]
    marks = [grant.hide_location, counted(grant.unlocated), grant.location_withheld, grant.pseudonymise]
    return orjson.dumps([shown, marks])


async def told_already(consultation: Consultation, grant: Grant, then: Then) -> bool:
    """Whether whoever asked at that moment was told of this person all that was recorded by then and may be seen now,
    in the same form."""

    async def compare(connection: Connection, person: UUID) -> bool:
        if await linked(connection, person) != await linked(connection, person, then.at):
            return False
        now = await person_facts(connection, then.labels, person)
        before = await person_facts(connection, then.labels, person, then.at)
        before = await with_opt_out(connection, before, grant.request.caller, then.policy, then.at)
        decided = decide(Request(grant.request.caller, before.person, then.at), before, then.policy)
        return isinstance(decided, Grant) and _same(grant, now, decided, before)

    return await consultation.reader.aside(compare)


def _same(now: Grant, facts: Facts, then: Grant, facts_then: Facts) -> bool:
    """Rows with a label that the person has got since were all stored since: of those it makes no difference whether
    they may be seen. Who came on a caseload since was not asked about then."""
    had = {one.id for one in facts_then.labels}
    return shape(now, had) == shape(then, had) and _caseloads(facts) == _caseloads(facts_then)


def _caseloads(facts: Facts) -> list[Evidence]:
    return sorted(one for one in facts.evidence if one.kind == "caseload")
