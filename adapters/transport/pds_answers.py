"""What an HTTP reply of PDS means, for each of the three questions. Pure.

Only what the feed's own parser reads is an answer. A server error says nothing about anybody, whatever stands in its
body. https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir
"""

from datetime import datetime

import msgspec

from adapters.errors import Unreadable
from adapters.pds.outcome import ABSENT, ERROR_CODES, SEVERAL
from adapters.pds.parse import parse
from adapters.pds.records import Answer as Record
from adapters.pds.resources import Patient
from adapters.records import Parsed
from adapters.transport.asking import Failure, Reply
from adapters.transport.spine import codes_in, decoded

ANSWERED, SUPERSEDED, MATCHED, UNMATCHED, RELATED = "answered", "superseded", "matched", "unmatched", "related"
UNUSABLE = "UNUSABLE"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What PDS said, as it was received. `code`: `answered`, `superseded`, `matched`, `unmatched`, `related`, or the
    Spine code of an absence or of too many matches. `name`: of its envelope; `number`: the NHS number of the record
    that it holds, None where it holds none."""

    code: str
    name: str
    content: bytes
    received: datetime
    number: str | None = None


def name_of(number: str) -> str:
    """Name of the envelope with an answer about a number."""
    return f"{number}.json"


def about_number(reply: Reply, asked: str, received: datetime) -> Answer | Failure:
    """The reply to `GET Patient/<number>`."""
    name, codes = name_of(asked), codes_in(reply.content)
    absent = next((code for code in ABSENT if code in codes), None)
    if reply.status == 404 and absent:
        return Answer(code=absent, name=name, content=reply.content, received=received)
    if reply.status != 200 or codes:
        return _failure(reply, codes)
    patient = _patient(reply.content, name, received)
    if patient is None:
        return Failure(code=UNUSABLE, may_pass=True)
    code = ANSWERED if patient.id == asked else SUPERSEDED
    return Answer(code=code, name=name, content=reply.content, received=received, number=patient.id)


def about_related(reply: Reply, asked: str, received: datetime) -> Answer | Failure:
    """The reply to `GET Patient/<number>/RelatedPerson`. "Not found" means that PDS knows nobody."""
    name, codes = f"{asked}-related.json", codes_in(reply.content)
    if not (reply.status == 404 and "RESOURCE_NOT_FOUND" in codes) and (reply.status != 200 or codes):
        return _failure(reply, codes)
    if _read(reply.content, name, received) is None or not (codes or _is_bundle(reply.content)):
        return Failure(code=UNUSABLE, may_pass=True)
    return Answer(code=RELATED, name=name, content=reply.content, received=received)


def about_search(reply: Reply, received: datetime) -> Answer | Failure:
    """The reply to `GET Patient?...`: one record, none, or too many to be told."""
    name, codes = "search.json", codes_in(reply.content)
    several = next((code for code in SEVERAL if code in codes), None)
    if reply.status != 200 or (codes and not several):
        return _failure(reply, codes)
    if several:
        return Answer(code=several, name=name, content=reply.content, received=received)
    bundle = decoded(reply.content)
    if not _is_bundle(reply.content):
        return Failure(code=UNUSABLE, may_pass=True)
    entries = bundle.get("entry", [])
    if entries == []:
        return Answer(code=UNMATCHED, name=name, content=reply.content, received=received)
    if isinstance(entries, list) and len(entries) > 1:  # an application is told of one only; of several none is right
        return Answer(code=SEVERAL[0], name=name, content=reply.content, received=received)
    read = _read(reply.content, name, received)
    if read is None:
        return Failure(code=UNUSABLE, may_pass=True)
    found = read.events[0].patient.local_id
    return Answer(code=MATCHED, name=name, content=reply.content, received=received, number=found)


def _failure(reply: Reply, codes: list[str]) -> Failure:
    return reply.failure(next((code for code in codes if code in ERROR_CODES and code not in ABSENT), None))


def _patient(content: bytes, name: str, received: datetime) -> Patient | None:
    """The record, where the content is one."""
    read = _read(content, name, received)
    try:
        return msgspec.json.decode(read.events[-1].record, type=Record).patient if read else None
    except msgspec.ValidationError:
        return None


def _read(content: bytes, name: str, received: datetime) -> Parsed | None:
    try:
        return parse(content, name=name, sender="-", as_of=received)
    except Unreadable:
        return None


def _is_bundle(content: bytes) -> bool:
    bundle = decoded(content)
    return bundle.get("resourceType") == "Bundle" and bundle.get("type") == "searchset"
