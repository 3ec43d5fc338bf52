"""Rule 3: whoever names their own organisation claims a relationship with the person, for the days that agreements give
to one's own word. Said again it would begin anew. So it must open nothing on the day that it is made: it is for
whoever sees the person for another reason, and lets that last for its days, once. Nor is its end a sign of anything
(`ingest.assemble`)."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import orjson

from adapters.recorded.records import Json
from adapters.records import LONDON
from integration.errors import Forbidden
from integration.record.consult import Question, Records
from integration.recording.intent import Intended
from integration.sharing.facts import person_facts
from integration.sharing.policy import Policy
from integration.sharing.relationship import accepts, evidence_of, relationship
from integration.sharing.request import Evidence
from integration.store.connection import Connection

AGAIN = (
    "Your organisation would see more of the person for its own word: it cannot name itself now. Ask whoever looks "
    "after the person to record who coordinates."
)


def claims(intended: Iterable[Intended], organisation: str) -> bool:
    """Whether any of these statements makes an organisation's own word count from a later day than it did."""
    return any(_since(one.resource, organisation) > _since(_before(one), organisation) for one in intended)


def _before(one: Intended) -> Json | None:
    return orjson.loads(one.seen) if one.seen else None


def _since(said: Json | None, organisation: str) -> date:
    """From which day on a statement of an organisation shows that it knows the person; long ago where it does not. The
    period is that of the team: what was sent of a participant's is not taken (`mappings.recorded.care_team`)."""
    if said is None:
        return date.min
    named = [{name: one[name] for name in one if name != "period"} for one in said.get("participant", ())]
    shown = evidence_of({**said, "participant": named}, organisation)
    return max((one.start for one in shown if one.self_claimed and one.start), default=date.min)


async def require_more(connection: Connection, records: Records, question: Question, person: UUID) -> None:
    """Raise Forbidden where the organisation, in whatever role and for whatever purpose, might see more of the person
    for naming itself today than it may without ever having done so. The connection is in the transaction that records
    it, in which what others say of the person is held (`recorder.Require`): what they take back meanwhile counts."""
    facts = await person_facts(connection, records.labels, person)
    on = question.at.astimezone(LONDON).date()
    if not opens_nothing(question.caller.organisation, facts.evidence, records.policy(), on):
        raise Forbidden(AGAIN)


def opens_nothing(organisation: str, shown: Iterable[Evidence], policy: Policy, on: date) -> bool:
    """Whether every agreement in force that would accept the organisation's own word of day `on`, that it is in the
    person's care team, accepts something else of what is shown."""
    claim = Evidence("care-team", organisation, organisation, on)
    others = [one for one in shown if not (one.kind == claim.kind and one.self_claimed)]
    return all(
        relationship(others, one.evidence, organisation, on) is not None
        for (receiving, _, _), terms in policy.terms.items()
        if receiving == organisation
        for one in terms
        if one.needs_relationship and one.agreement.in_force(on) and accepts(one.evidence.get(claim.kind), claim, on)
    )
