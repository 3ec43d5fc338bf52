"""Making an extract: each person is consulted anew, and their audit event is durable before a file holds their rows."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from integration.audit.access import Access, Account
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.record.consult import Consultation, Question, Records
from integration.sharing.request import Caller, Grant
from integration.teams.caseloads import Member
from integration.teams.export.column import Table
from integration.teams.export.extract import TYPES, Extract, Row
from integration.teams.export.lines import Asked, pages

ROUTE = "toldonce export"
_TOGETHER = 25
"""People who are consulted in one transaction."""
Add = Callable[[Table, Row], None]


@dataclass(frozen=True)
class Extraction:
    """An extract for one caller. `caseload`: id of the one it is of, if any; `clock` gives the moment of decisions."""

    records: Records
    audit: AuditLog
    caller: Caller
    extract: Extract
    caseload: str
    clock: Callable[[], datetime]

    async def write(
        self, persons: Sequence[UUID], memberships: Mapping[UUID, Sequence[Member]], add: Add
    ) -> AsyncIterator[int]:
        """Hand every row of these people to `add`; after some of them, how many are done."""
        await self._tell("begun", {})
        counts = Counter[str]()
        for start in range(0, len(persons), _TOGETHER):
            some = persons[start : start + _TOGETHER]
            rows, events = await self._read(some, memberships)
            await self.audit.append_all(events)
            for table, row in rows:
                counts[table.name] += 1
                add(table, row)
            yield start + len(some)
        await self._tell("whole", counts)

    async def _read(
        self, persons: Sequence[UUID], memberships: Mapping[UUID, Sequence[Member]]
    ) -> tuple[list[tuple[Table, Row]], list[Access]]:
        question, rows, events = Question(self.caller, self.clock()), list[tuple[Table, Row]](), list[Access]()
        async with self.records.consult_many(question, persons) as each:
            async for one in each:
                counts = Counter[str]()
                if isinstance(one.decision, Grant):
                    person, patient = one.decision.person, None
                    rows += self.extract.membership(person, memberships.get(person, ()))
                    async for page in pages(one.reader, one.decision, Asked(TYPES), None):
                        counts.update(page.counts())
                        if page.patient:
                            patient = page.patient.resource
                        rows += self.extract.rows(person, page)
                    rows.append(self.extract.person(person, patient))
                events.append(self._event(question, one, counts))
        return rows, events

    def _event(self, question: Question, one: Consultation, counts: Mapping[str, int]) -> Access:
        decision = one.decision
        granted = isinstance(decision, Grant)
        return Access(
            when=question.at,
            kind=Kind.EXPORT,
            interaction="operation",
            route=ROUTE,
            outcome=Outcome.SUCCESS if granted else Outcome.SERIOUS_FAILURE,
            caller=self.caller,
            person=decision.person if isinstance(decision, Grant) else decision.request.person,
            target=self._target,
            decision=Account.of(decision),
            counts=counts,
            details=[SELF_CLAIMED] if isinstance(decision, Grant) and decision.self_claimed else [],
        )

    async def _tell(self, how: str, counts: Mapping[str, int]) -> None:
        await self.audit.append(
            Access(
                when=self.clock(),
                kind=Kind.EXPORT,
                interaction="operation",
                route=ROUTE,
                outcome=Outcome.SUCCESS,
                caller=self.caller,
                target=self._target,
                counts=counts,
                details=[("export/answer", how)],
            )
        )

    @property
    def _target(self) -> str:
        return f"Group/{self.caseload}" if self.caseload else ""
