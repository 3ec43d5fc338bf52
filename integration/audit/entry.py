"""What is stored of one access: compact, as JSON, and rendered as a FHIR AuditEvent when asked. Pure: the moment, the
id and the salt are handed in.

The form is for good: events of years ago are read by it. A field may be added with a default; none is renamed or
removed. Events that were chained before there was a tree hold the AuditEvent itself, and are rendered as they are.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
import orjson

from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.event import UNKNOWN, audit_event, kind_of
from integration.audit.tree import leaf_hash
from integration.sharing.request import BreakGlass, Caller, Category, Reason

RENDERED_BEFORE = b'{"resourceType"'
"""How an event begins that was stored as the AuditEvent itself, before there was a tree."""


class _Why(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    rule: str
    allowed: bool
    text: str
    category: str | None = None
    organisation: str | None = None
    agreement: str | None = None


class _Glass(msgspec.Struct, frozen=True, omit_defaults=True):
    reason: str
    note: str = ""
    declared: datetime | None = None


class _Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Field for field what `Access` says; `caller` is client, organisation, role, purpose, user, authenticated."""

    id: UUID
    recorded: datetime
    kind: str
    """As the column: `break-glass` where an emergency was declared; `asked` then says what for."""
    asked: str = ""
    outcome: str
    interaction: str
    route: str
    caller: tuple[str, str, str, str, str, bool] | None = None
    person: UUID | None = None
    target: str = ""
    query: str = ""
    request: str = ""
    correlation: str = ""
    address: str = ""
    token: str = ""
    granted: bool | None = None
    """None: nothing was decided."""
    reasons: tuple[_Why, ...] = ()
    withheld: tuple[str, ...] = ()
    location_hidden: bool = False
    pseudonymised: bool = False
    counts: dict[str, int] = {}
    break_glass: _Glass | None = None
    details: tuple[tuple[str, str], ...] = ()
    failure: str = ""
    server: str
    test: bool = False


_encode = msgspec.json.Encoder(order=None).encode
_decode = msgspec.json.Decoder(_Entry).decode


@dataclass(frozen=True)
class AuditRow:
    """A row of `audit_event`, and the hash of its leaf."""

    id: UUID
    recorded: datetime
    person: UUID | None
    organisation: str
    client: str
    kind: str
    outcome: str
    salt: bytes
    content: bytes
    leaf_hash: bytes


def event_id(chance: bytes) -> UUID:
    """An id in order of time (UUID version 7, RFC 9562), so that new rows lie side by side in every index. `chance` are
    10 random bytes."""
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(chance)
    return UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def to_row(access: Access, event: UUID, salt: bytes, *, server_url: str, test_data: bool = True) -> AuditRow:
    """The row of one access; `salt` is 16 random bytes."""
    content = _encode(_entry(access, event, server_url, test_data=test_data))
    caller = access.caller
    return AuditRow(
        id=event,
        recorded=access.when,
        person=access.person,
        organisation=caller.organisation if caller else UNKNOWN,
        client=caller.client if caller else UNKNOWN,
        kind=kind_of(access),
        outcome=access.outcome,
        salt=salt,
        content=content,
        leaf_hash=leaf_hash(salt, content),
    )


def rendered(content: bytes) -> bytes:
    """The AuditEvent of what is stored, as FHIR R4 JSON."""
    if content.startswith(RENDERED_BEFORE):
        return content
    entry = _decode(content)
    return orjson.dumps(audit_event(_access(entry), entry.id, server_url=entry.server, test_data=entry.test))


def _entry(access: Access, event: UUID, server: str, *, test_data: bool) -> _Entry:
    caller, decision, glass, kind = access.caller, access.decision, access.break_glass, kind_of(access)
    return _Entry(
        id=event,
        recorded=access.when,
        kind=kind,
        asked=access.kind if kind != access.kind else "",
        outcome=access.outcome,
        interaction=access.interaction,
        route=access.route,
        caller=_said_by(caller) if caller else None,
        person=access.person,
        target=access.target,
        query=access.query,
        request=access.request_id,
        correlation=access.correlation_id,
        address=access.address,
        token=access.token,
        granted=decision.allowed if decision else None,
        reasons=_whys(decision.reasons) if decision else (),
        withheld=decision.withheld if decision else (),
        location_hidden=decision.location_hidden if decision else False,
        pseudonymised=decision.pseudonymised if decision else False,
        counts=dict(access.counts),
        break_glass=_Glass(glass.reason, glass.note, glass.declared) if glass else None,
        details=tuple(access.details),
        failure=access.failure,
        server=server,
        test=test_data,
    )


def _said_by(caller: Caller) -> tuple[str, str, str, str, str, bool]:
    return caller.client, caller.organisation, caller.role, caller.purpose, caller.user, caller.user_authenticated


def _whys(reasons: Sequence[Reason]) -> tuple[_Why, ...]:
    return tuple(
        _Why(one.rule, one.allowed, one.text, one.category, one.organisation, one.agreement) for one in reasons
    )


def _access(entry: _Entry) -> Access:
    glass = entry.break_glass
    return Access(
        when=entry.recorded,
        kind=Kind(entry.asked or entry.kind),
        interaction=entry.interaction,
        route=entry.route,
        outcome=Outcome(entry.outcome),
        caller=Caller(*entry.caller) if entry.caller else None,
        person=entry.person,
        target=entry.target,
        query=entry.query,
        request_id=entry.request,
        correlation_id=entry.correlation,
        address=entry.address,
        token=entry.token,
        decision=_account(entry),
        counts=entry.counts,
        break_glass=BreakGlass(glass.reason, glass.note, glass.declared) if glass else None,
        details=entry.details,
        failure=entry.failure,
    )


def _account(entry: _Entry) -> Account | None:
    if entry.granted is None:
        return None
    return Account(
        allowed=entry.granted,
        reasons=tuple(_reason(why) for why in entry.reasons),
        withheld=tuple(map(Category, entry.withheld)),
        location_hidden=entry.location_hidden,
        pseudonymised=entry.pseudonymised,
    )


def _reason(why: _Why) -> Reason:
    category = Category(why.category) if why.category else None
    return Reason(why.rule, why.allowed, why.text, category, why.organisation, why.agreement)
