"""Reading for a page as the API reads: who is signed in asks, the agreements decide, and the account is durable before
anything is answered. A person whom they may not know of is not found, like one who does not exist.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Request

from integration.audit.access import Access, Account
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.console import sessions
from integration.console.desk import COOKIE, Desk, caller
from integration.console.sessions import Officer
from integration.console.teams.words import Entry
from integration.errors import NotFound
from integration.record.consult import Consultation, Question, refuse
from integration.record.longitudinal import Page, longitudinal
from integration.record.reader import Query
from integration.sharing.request import BreakGlass, Decision, Denial, Grant
from integration.teams.caseloads.overview import known as is_known


def person_id(text: str) -> UUID:
    """Raises NotFound: every id of ours is a UUID."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def question(desk: Desk, member: Officer, glass: BreakGlass | None = None) -> Question:
    """What they ask, now."""
    return Question(caller(member), desk.clock(), glass)


async def declared(desk: Desk, request: Request, member: Officer, person: UUID) -> BreakGlass | None:
    """The emergency that this session declared for a person, while it counts: afterwards nothing is asked, or marked,
    as in one."""
    async with desk.acting("toldonce_registry") as connection:
        glass = await sessions.declared(connection, request.cookies[COOKIE], person)
    if glass is None or glass.declared is None:
        return None
    lasts = timedelta(minutes=emergency_minutes(desk, member))
    return glass if desk.clock() - glass.declared <= lasts else None


def emergency_minutes(desk: Desk, member: Officer) -> int:
    """How long an emergency lasts that they may declare; 0: no agreement in force lets them."""
    on = desk.today()
    terms = desk.policy().terms_for(caller(member))
    return max((one.glass_minutes for one in terms if one.agreement.in_force(on)), default=0)


async def whole(desk: Desk, request: Request, member: Officer, person: UUID) -> tuple[Grant, Page]:
    """Everything that they may see of a person. Raises NotFound and Forbidden, audited; NotFound too for somebody of
    whom nothing may be seen."""
    glass = await declared(desk, request, member, person)
    async with desk.records.consult(question(desk, member, glass), person) as consultation:
        page = await _page(consultation)
    await account(
        desk, request, member, Kind.EVERYTHING, consultation.decision, counts=page.counts() if page else {}, glass=glass
    )
    grant = known(consultation.decision)
    if page is None or not (page.patient or page.rows):
        raise NotFound
    return grant, page


async def _page(consultation: Consultation) -> Page | None:
    if isinstance(consultation.decision, Grant):
        return await longitudinal(consultation.reader, consultation.decision, Query())
    await consultation.reader.rows(Query(), directory=True)
    return None


def known(decision: Decision) -> Grant:
    """The Grant, where something may be seen by it. Raises Forbidden, and NotFound of whoever may not be known of: who
    objects to sharing is hidden whole, whatever relationship there is."""
    grant = refuse(decision)
    if not is_known(grant):
        raise NotFound
    return grant


def entries(page: Page) -> list[Entry]:
    """The rows of a record, each with the feed it came by."""
    return [Entry(row.feed, row.resource()) for row in page.rows]


async def account(
    desk: Desk,
    request: Request,
    member: Officer,
    kind: Kind,
    decision: Decision,
    *,
    counts: Mapping[str, int] | None = None,
    glass: BreakGlass | None = None,
    **what: Any,
) -> None:
    """Audit one decision and what is shown under it; returns when that is durable."""
    await desk.account_all([access(desk, request, member, kind, decision, counts=counts, glass=glass, **what)])
    request.state.audited = True


def access(
    desk: Desk,
    request: Request,
    member: Officer,
    kind: Kind,
    decision: Decision,
    *,
    counts: Mapping[str, int] | None = None,
    glass: BreakGlass | None = None,
    **what: Any,
) -> Access:
    """The account of one decision, with the fields of `Access`; a Denial is one of a refusal."""
    denied = isinstance(decision, Denial)
    person = decision.request.person if isinstance(decision, Denial) else decision.person
    claimed = isinstance(decision, Grant) and decision.self_claimed
    return desk.access(
        request,
        member,
        kind=kind,
        outcome=Outcome.SERIOUS_FAILURE if denied else what.pop("outcome", Outcome.SUCCESS),
        person=person if person.int else None,
        decision=Account.of(decision),
        counts=counts or {},
        break_glass=glass,
        details=[*what.pop("details", ()), *([SELF_CLAIMED] if claimed else [])],
        **what,
    )
