"""The measures of a caseload: its members one after the other, each read with a Grant, added up and forgotten.

Nothing is read around the sharing rules: of each member the caller's agreement, purpose, relationship and the person's
choices are decided as for any read, with the national data opt-out where the purpose asks for it. Of whom nothing may
be seen nothing is counted, neither in the numerator nor in the denominator; how many those are is said nowhere, since
with it one could find out whether somebody objected.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID

import orjson

from adapters.records import LONDON
from integration.record.consult import Consultation, Question, Records
from integration.record.reader import Countable, Query
from integration.sharing.policy import Policy
from integration.sharing.request import Decision, Grant
from integration.store.database import act_as
from integration.teams.caseloads import Caseload, caseload
from integration.teams.measures.cohort import Person, people
from integration.teams.measures.criteria import Statement
from integration.teams.measures.definitions import Definition, feeds_of, types_of
from integration.teams.measures.person_time import Month, whole
from integration.teams.measures.tally import Tally
from mappings.uk_core import ODS_ORGANISATION, Resource

_TOGETHER = 500
"""Members who are read, and whose audit events are written, together: as many are in memory at a time."""
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True)
class Counted:
    """What was decided of one member, and how many resources of each type were read for the sums."""

    decision: Decision
    counts: dict[str, int]


Audit = Callable[[Sequence[Counted]], Awaitable[None]]
"""Writes an event for each of these members; returns when they are durable."""


async def caseload_of(records: Records, id_: str, organisation: str) -> Caseload | None:
    """A caseload that an organisation owns or works with; of any other it is not told that there is one."""
    async with records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        found = await caseload(connection, id_)
    return found if found and organisation in found.organisations else None


@dataclass
class Evaluation:
    """One evaluation for one caller at one moment."""

    records: Records
    question: Question
    audit: Audit
    _kinds: dict[UUID, frozenset[str]] = field(default_factory=dict)
    """Directory entries that referrals were seen to lead to, by their id: the kinds of organisation that they are."""

    async def tally(self, caseload: str, measures: Sequence[Definition], months: Sequence[Month]) -> Tally:
        """The sums, once the events of all who were read for them are durable."""
        tally, after = Tally(measures, months), _BEFORE_ALL
        while found := await self._people(caseload, months, after):
            await self._add(tally, found)
            after = found[-1].id
        return tally

    async def _people(self, caseload: str, months: Sequence[Month], after: UUID) -> list[Person]:
        async with self.records.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_facts")
            return await people(connection, caseload, whole(months), after, _TOGETHER)

    async def _add(self, tally: Tally, found: Sequence[Person]) -> None:
        query, feeds, counted = query_of(tally.measures, tally.months), feeds_of(tally.measures), []
        async with self.records.consult_many(self.question, [person.id for person in found]) as consultations:
            persons = iter(found)
            async for consultation in consultations:
                person = next(persons)
                rows = [row for row in await consultation.reader.counted(query) if feeds is None or row.feed in feeds]
                if isinstance(consultation.decision, Grant) and consultation.decision.labels:
                    tally.add(person.spans, [await self._statement(consultation, row) for row in rows])
                counted.append(Counted(consultation.decision, _counts(rows)))
        await self.audit(counted)

    async def _statement(self, consultation: Consultation, row: Countable) -> Statement:
        resource = row.resource()
        if row.type != "ServiceRequest":
            return Statement(row.feed, resource)
        return Statement(row.feed, resource, await self._kinds_of(consultation, resource))

    async def _kinds_of(self, consultation: Consultation, referral: Resource) -> frozenset[str]:
        """What kinds of organisation, in the words of the agreements, a referral is to."""
        performers = {UUID(id_) for one in referral.get("performer", ()) if (id_ := _id(one))}
        if unknown := performers - self._kinds.keys():
            entries = [orjson.loads(one) for one in await consultation.reader.directory(sorted(unknown))]
            policy = self.records.policy()
            self._kinds.update(dict.fromkeys(unknown, frozenset()))
            self._kinds.update({UUID(one["id"]): _kinds(one, policy) for one in entries})
        return frozenset[str]().union(*(self._kinds[one] for one in performers))


def query_of(measures: Sequence[Definition], months: Sequence[Month]) -> Query:
    """What is read of each member: where only events count, those of the period. What holds may have begun long before,
    and a recall lies in the future."""
    types = types_of(measures)
    if not all(one.is_rate for one in measures):
        return Query(types=types)
    start, end = (datetime.combine(day, time(), LONDON) for day in whole(months))
    return Query(types=types, start=start, end=end)


def _id(reference: dict[str, str]) -> str:
    return reference.get("reference", "").rpartition("/")[2]


def _kinds(entry: Resource, policy: Policy) -> frozenset[str]:
    codes = {one.get("value") for one in entry.get("identifier", ()) if one.get("system") == ODS_ORGANISATION}
    return frozenset(group.kind for group in policy.agreements.groups.values() if not codes.isdisjoint(group.members))


def _counts(rows: Sequence[Countable]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.type] = counts.get(row.type, 0) + 1
    return counts
