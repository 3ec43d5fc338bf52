"""GP Connect Access Record: Structured, the consumer: ask one practice for one person's record.

    pull -> Answer     the practice said something about the person: a record, a refusal, "not found"
         -> Failure    it said nothing about them: its error, ours, or nobody answered

A refusal is an answer, and the same question again would be the same refusal. The NHS number travels in
the body alone: no address, no header and no text of ours holds it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.gp.bundles import entries
from adapters.gp.records import NHS_NUMBER
from adapters.gp.refusal import ABOUT_THE_PERSON, ERROR_CODES, valid_nhs_number
from adapters.transport.asking import Asker, Certificates, Failure, Limits, Reply
from adapters.transport.gp_connect_request import OPERATION, Requester, headers, parameters
from adapters.transport.spine import codes_in, decoded

Json = dict[str, Any]

ANSWERED = "answered"
UNUSABLE = "unusable"


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """Where a practice's system answers: what the Spine Directory Service says of it."""

    ods: str
    base: str
    """Service root URL: the audience of the token."""
    asid: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the practice said about the person, as it was received. `code`: `answered`, the Spine code of a refusal, or
    `unusable` for a success that is no structured record: it waits in quarantine, with its reason."""

    code: str
    content: bytes
    received: datetime


class GpConnect:
    """Asks practices. `proxy`: base URL of the Spine Secure Proxy, None where the practices are reached directly."""

    def __init__(
        self,
        requester: Requester,
        *,
        limits: Limits | None = None,
        proxy: str | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        self._requester, self._proxy = requester, proxy
        self._asker = Asker(limits or Limits(), certificates or Certificates())

    async def __aenter__(self) -> "GpConnect":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._asker.close()

    @property
    def limits(self) -> Limits:
        return self._asker.limits

    async def pull(
        self, practice: Practice, nhs_number: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Answer | Failure:
        """The practice's answer about one person, asking again while a failure may pass. Raises nothing."""
        return await self._asker.again(lambda: self._ask(practice, nhs_number, clock))

    async def _ask(self, practice: Practice, nhs_number: str, clock: Callable[[], datetime]) -> Answer | Failure:
        """One request. The URL of the practice follows that of the proxy, as the Spine Secure Proxy wants it."""
        root = f"{self._proxy.rstrip('/')}/{practice.base}" if self._proxy else practice.base
        reply = await self._asker.request(
            "POST",
            f"{root.rstrip('/')}/{OPERATION}",
            content=parameters(nhs_number),
            headers=headers(self._requester, asid=practice.asid, base=practice.base, now=clock()),
        )
        return reply if isinstance(reply, Failure) else understood(reply, nhs_number, clock())


def understood(reply: Reply, nhs_number: str, received: datetime) -> Answer | Failure:
    """What an HTTP answer to a question about `nhs_number` means.

    A Spine code counts, not the status beside it: a 404 without one may be a wrong address. A server error is never a
    statement about the person, whatever stands in its body."""
    content, codes = reply.content, codes_in(reply.content)
    if reply.status < 500:
        for code in ABOUT_THE_PERSON:
            if code in codes:
                return Answer(code=code, content=content, received=received)
    if reply.status == 200 and not codes:
        return _record(content, nhs_number, received)
    return reply.failure(next((code for code in codes if code in ERROR_CODES), None))


def _record(content: bytes, nhs_number: str, received: datetime) -> Answer | Failure:
    """A success. A record of somebody else is not kept: we had no reason to ask for it."""
    bundle = decoded(content)
    patients = [raw for _, raw in entries(bundle)[0] if raw["resourceType"] == "Patient"]
    if bundle.get("resourceType") != "Bundle" or not patients:
        return Answer(code=UNUSABLE, content=content, received=received)
    if any(_stated_number(patient) != nhs_number for patient in patients):
        return Failure(code="OTHER_PERSON")
    return Answer(code=ANSWERED, content=content, received=received)


def _stated_number(patient: Json) -> str | None:
    """The NHS number of a raw Patient, where its check digit is right."""
    stated = patient.get("identifier")
    for one in stated if isinstance(stated, list) else []:
        if isinstance(one, dict) and one.get("system") == NHS_NUMBER and isinstance(one.get("value"), str):
            return valid_nhs_number(one["value"])
    return None
