"""What reports need of an audit event, read from what is stored: thousands of events in the time in which a few dozen
are rendered as FHIR. Pure, but for `newest` and `glances`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from integration.audit import codes
from integration.audit.codes import BREAK_GLASS_PURPOSE, Kind, Outcome
from integration.audit.entry import RENDERED_BEFORE
from integration.audit.event import CLIENT_ID
from integration.audit.search import AuditQuery, conditions
from integration.store.connection import Connection
from mappings.uk_core import Resource

_TOGETHER = 5000
"""Events that are held at once."""
NO_READING = frozenset(
    {
        Kind.TOKEN,
        Kind.AUDIT,
        Kind.LINKAGE,
        Kind.AGREEMENTS,
        Kind.CLIENTS,
        Kind.RETENTION,
        Kind.INGEST,
        Kind.QUESTION,
        Kind.LABELLING,
    }
)
"""Kinds of access that show nothing of the record: tokens, the audit itself, the work of undoing it, what arrives, and
what we ask others."""


class _Why(msgspec.Struct, frozen=True, array_like=True, gc=False):
    rule: str
    allowed: bool
    text: str
    category: str | None = None
    organisation: str | None = None
    agreement: str | None = None


Caller: TypeAlias = tuple[str, str, str, str, str, bool]
"""Client, organisation, role, purpose, user, whether the user was authenticated."""
_NOBODY: Caller = ("", "", "", "", "", False)
NO_COUNTS = b"{}"
"""The counts of an event that says none."""
_NO_LIST, _NO_OBJECT, _NULL = msgspec.Raw(b"[]"), msgspec.Raw(NO_COUNTS), msgspec.Raw(b"null")


class What(msgspec.Struct, frozen=True, gc=False):
    """What was done, and what became of it: `audit.codes.Kind` and `Outcome`."""

    kind: str
    outcome: str

    @property
    def emergency(self) -> bool:
        return self.kind == Kind.BREAK_GLASS

    @property
    def shown(self) -> bool:
        """Whether it was answered."""
        return self.outcome == Outcome.SUCCESS

    @property
    def refused(self) -> bool:
        return self.outcome == Outcome.SERIOUS_FAILURE

    @property
    def reads(self) -> bool:
        """Whether it is of a kind that may show something of a record."""
        return self.kind not in NO_READING


class Glance(What, frozen=True, gc=False):
    """An event, as far as reports speak of it: the fields of the stored form (`audit.entry`) by their names there. What
    takes time to read is read when somebody asks: of thousands of events only a few are told one by one."""

    recorded: datetime
    said_id: msgspec.Raw = msgspec.field(name="id")
    said_caller: msgspec.Raw = msgspec.field(default=_NULL, name="caller")
    said_person: msgspec.Raw = msgspec.field(default=_NULL, name="person")
    said_counts: msgspec.Raw = msgspec.field(default=_NO_OBJECT, name="counts")
    said_reasons: msgspec.Raw = msgspec.field(default=_NO_LIST, name="reasons")
    said_details: msgspec.Raw = msgspec.field(default=_NO_LIST, name="details")
    withheld: tuple[str, ...] = ()
    """Kinds of information that the caller was told are withheld."""
    target: str = ""
    """`Type/id` of the single resource that was answered or told of."""
    route: str = ""
    failure: str = ""

    @property
    def id(self) -> UUID:
        return msgspec.json.decode(self.said_id, type=UUID)

    @property
    def caller(self) -> Caller:
        """Empty: nobody was authenticated."""
        return caller_of(self.said_caller)

    @property
    def person(self) -> UUID | None:
        return msgspec.json.decode(self.said_person, type=UUID | None)

    @property
    def counts(self) -> dict[str, int]:
        """How many resources of each type were answered."""
        return counts_of(self.said_counts)

    @property
    def reasons(self) -> tuple[_Why, ...]:
        return _reasons(self.said_reasons)

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        return msgspec.json.decode(self.said_details, type=tuple[tuple[str, str], ...])

    @property
    def client(self) -> str:
        return self.caller[0]

    @property
    def organisation(self) -> str:
        return self.caller[1]

    @property
    def role(self) -> str:
        return self.caller[2]

    @property
    def purpose(self) -> str:
        """The caller's own; an emergency is `emergency`."""
        return self.caller[3]

    @property
    def user(self) -> str:
        return self.caller[4]

    @property
    def agreements(self) -> tuple[str, ...]:
        """The agreement versions that were decisive, once each."""
        return tuple(dict.fromkeys(why.agreement for why in self.reasons if why.agreement))


_decode = msgspec.json.Decoder(Glance).decode
_callers = msgspec.json.Decoder(Caller | None).decode
_reasons = msgspec.json.Decoder(tuple[_Why, ...]).decode
counts_of = msgspec.json.Decoder(dict[str, int]).decode
"""The counts of an event, as they are stored."""


def caller_of(said: bytes | msgspec.Raw) -> Caller:
    """The caller of an event, as it is stored."""
    return _callers(said) or _NOBODY


def glance(content: bytes) -> Glance:
    """What a stored event says."""
    if content.startswith(RENDERED_BEFORE):
        return glance_of_fhir(msgspec.json.decode(content))  # of the time before the tree
    return _decode(content)


async def newest(connection: Connection, query: AuditQuery) -> list[Glance]:
    """The newest events that match, at most `query.count`. The connection is in a transaction, in a role that may read
    the audit, as for all of this file."""
    where, values = conditions(query)
    order = f"order by recorded desc, id desc limit {query.count}"
    rows = await connection.fetch(f"select content from toldonce.audit_event {where} {order}", *values)
    return [glance(row[0]) for row in rows]


async def glances(connection: Connection, query: AuditQuery) -> AsyncIterator[Glance]:
    """All events that match, whatever `query.count` says, in no order."""
    where, values = conditions(query)
    cursor = await connection.cursor(f"select content from toldonce.audit_event {where}", *values)
    while rows := await cursor.fetch(_TOGETHER):
        for row in rows:
            yield glance(row[0])


def glance_of_fhir(event: Resource) -> Glance:
    """What an AuditEvent says, where nothing but that is there."""
    details = [(one["type"].removeprefix(codes.DETAIL), one["valueString"]) for one in _details(event)]
    persons = [one["what"]["reference"] for one in event["entity"] if one.get("role") == codes.PATIENT_ROLE]
    counts = {name.removeprefix(_COUNT): int(value) for name, value in details if name.startswith(_COUNT)}
    return Glance(
        recorded=datetime.fromisoformat(event["recorded"]),
        kind=next((tag["code"] for tag in event["meta"]["tag"] if tag["system"] == codes.KIND_TAG), ""),
        outcome=event["outcome"],
        said_id=_raw(event["id"]),
        said_caller=_raw(_caller(event)),
        said_person=_raw(persons[0].removeprefix("Patient/") if persons else None),
        said_counts=_raw(counts),
        said_reasons=_raw([_Why("", True, "", agreement=value) for name, value in details if name == "agreement"]),
        said_details=_raw(details),
    )


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


_COUNT = "count/"


def _details(event: Resource) -> list[Resource]:
    return [detail for entity in event["entity"] for detail in entity.get("detail", ())]


def _caller(event: Resource) -> Caller:
    by_type = {agent["type"]["coding"][0]["code"]: agent for agent in event["agent"] if agent["who"].get("identifier")}
    user, organisation = by_type.get(codes.USER["code"], {}), by_type.get(codes.USER_ORGANISATION["code"], {})
    named = (one for one in event["agent"] if one["who"].get("identifier", {}).get("system") == CLIENT_ID)
    client: Resource = next(named, {})
    purposes = [coding["code"] for one in event.get("purposeOfEvent", ()) for coding in one["coding"]]
    return (
        _value(client),
        _value(organisation),
        " ".join(role["text"] for role in (user or client).get("role", ())),
        " ".join(code for code in purposes if code != BREAK_GLASS_PURPOSE),
        _value(user),
        False,
    )


def _value(agent: Resource) -> str:
    return str(agent.get("who", {}).get("identifier", {}).get("value", ""))
