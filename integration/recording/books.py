"""An organisation's book about one person: what it has said here so far, and what it says now.

A book is one source patient of the feed of what is recorded here. Somebody whom the organisation saw under another id
before a merge has two: a new statement goes into that of the present id, a changed one stays where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.recorded.parse import source_patient
from adapters.recorded.records import Request, Said, Write
from adapters.recorded.state import about, heard
from adapters.records import SourcePatient, instant
from integration.errors import Conflict, Forbidden, PreconditionFailed, UnsafeDatabase
from integration.feeds import RECORDED
from integration.ingest import statements
from integration.recording.intent import Intended, Recording
from integration.store.connection import Connection
from mappings.ids import Ids
from mappings.recorded.flags import EXISTENCE_KEY

ANOTHERS = (
    "The caller's organisation did not record it here. Only who said something changes it: record a statement of your "
    "own beside it, or tell them."
)
MOVED = "Whom this id means has changed meanwhile; find the person again and repeat."
REPEATED = "This X-Request-ID has recorded something else, or what it recorded was removed; send a new one."
_INSTANT = timedelta(microseconds=1)


@dataclass
class Book:
    """`said` in order; `entered` is what this transaction adds."""

    key: int
    patient: SourcePatient
    ids: Ids
    said: Sequence[Said]
    entered: list[Write] = field(default_factory=list)

    def id_of(self, resource_type: str, key: str) -> UUID:
        """Id of the resource that says what stands under this key."""
        return UUID(self.ids.own(resource_type, key))

    def enter(self, one: Intended, present: Mapping[UUID, object]) -> None:
        """Enter a statement, unless this very one stands already (a request that was sent twice). `present` holds the
        resources that stand, by id. Raises Conflict where its key has said something else."""
        key = self._key_of(one)
        if one.interaction == "create" and self._stands(one, key, present):
            return
        self.entered.append(
            Write(
                interaction=one.interaction,
                type=one.type,
                key=key,
                based_on=one.version,
                reason=one.reason,
                resource=one.resource,
            )
        )

    def _key_of(self, one: Intended) -> str:
        if one.id is None:
            return one.key
        known = {said.write.key for said in self.said if said.write.type == one.type} | {EXISTENCE_KEY}
        return next(key for key in sorted(known) if self.id_of(one.type, key) == one.id)

    def _stands(self, one: Intended, key: str, present: Mapping[UUID, object]) -> bool:
        """The flag that adjustments exist is one: who says it again has said nothing new."""
        if key == EXISTENCE_KEY:
            return self.id_of(one.type, key) in present
        before = [said.write for said in self.said if (said.write.type, said.write.key) == (one.type, key)]
        if before and (before[0].resource != one.resource or self.id_of(one.type, key) not in present):
            raise Conflict(REPEATED, parameter="X-Request-ID")
        return bool(before)

    def request(self, recording: Recording) -> Request:
        """What this transaction adds, as it is kept: later than all that was said before."""
        person, issued_for = about(self.patient)
        last = max((datetime.fromisoformat(said.at) + _INSTANT for said in self.said), default=recording.at)
        return Request(
            at=instant(max(recording.at, last)),
            by=recording.by,
            person=str(person),
            issued_for=str(issued_for),
            request=recording.request,
            writes=self.entered,
        )


async def patients(connection: Connection, secret: bytes, recording: Recording) -> list[SourcePatient]:
    """In which book each statement belongs. Raises Forbidden for what the organisation did not record here itself,
    PreconditionFailed for what is not there any more, Conflict where the person's id is no one's."""
    organisation = recording.by.organisation
    row = await connection.fetchrow(_ISSUED_FOR, recording.person)
    if row is None:
        raise Conflict(MOVED)
    _require_same(secret, dict(row))
    present = source_patient(organisation, str(recording.person), str(row["id"]))
    changed = [one.id for one in recording.intended if one.id]
    rows = await connection.fetch(_WHOSE, changed) if changed else ()
    whose = {row["id"]: dict(row) for row in rows}
    return [_place(whose, one.id, recording) if one.id else present for one in recording.intended]


def _require_same(secret: bytes, row: Mapping[str, Any]) -> None:
    """Raise UnsafeDatabase when this process makes other ids than the record was made with: what it recorded would be
    about nobody."""
    known = SourcePatient(organisation=row["organisation"], local_id=row["local_id"])
    if Ids(secret, known, row["feed"]).own("Patient") != str(row["id"]):
        raise UnsafeDatabase("the secret of resource ids is not that of the process which made the record")


def _place(whose: Mapping[UUID, Mapping[str, object]], id_: UUID, recording: Recording) -> SourcePatient:
    row = whose.get(id_)
    if row is None or row["person"] != recording.person:
        raise PreconditionFailed("The resource is not there any more.", parameter="If-Match")
    if row["feed"] != RECORDED.name or row["organisation"] != recording.by.organisation:
        raise Forbidden(ANOTHERS)
    return SourcePatient(organisation=recording.by.organisation, local_id=str(row["local_id"]))


_ISSUED_FOR = """
select s.id, s.feed, s.organisation, s.local_id from toldonce.person p
join toldonce.source_patient s on s.id = p.issued_to where p.id = $1
"""
_WHOSE = """
select r.id, r.person, s.feed, s.organisation, s.local_id from toldonce.resource r
join toldonce.source_patient s on s.key = r.source_patient where r.id = any($1)
"""


async def opened(connection: Connection, secret: bytes, key: int, patient: SourcePatient) -> Book:
    """The book of a source patient, whom the caller holds (`due.hold`)."""
    said = (await statements.events(connection, [key]))[key]
    return Book(key, patient, Ids(secret, patient, RECORDED.name), [heard(event) for event in said])
