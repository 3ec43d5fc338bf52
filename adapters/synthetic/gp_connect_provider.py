"""A GP Connect provider for demo and tests: the practices of the synthetic neighbourhood as a real HTTP server.

It checks headers, token and Parameters as the specification says and answers with the error table of the specification.
It gives the whole record whatever areas are asked for: our consumer always asks for all.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
from fastapi import FastAPI, Request, Response

from adapters.errors import Unreadable
from adapters.gp.parse import parse
from adapters.gp.records import NHS_NUMBER, Refusal, Withheld
from adapters.gp.refusal import outcome_codes
from adapters.gp.write import write, write_error
from adapters.records import LONDON
from adapters.synthetic import gp
from adapters.synthetic.gp_connect_checks import Wrong, asked_for, wrong_headers
from adapters.synthetic.http_server import Fault, faulty
from adapters.synthetic.neighbourhood import LAST_DAY
from adapters.synthetic.nhs_numbers import NAMED_SERIALS, nhs_number
from adapters.synthetic.organisations import PRACTICES
from adapters.synthetic.world import World
from adapters.transport.gp_connect_request import OPERATION

MEDIA_TYPE = "application/fhir+json; charset=utf-8"
_ROOT = "STU3/1/gpconnect/structured/fhir"
_STATUS = {"NO_PATIENT_CONSENT": 403, "NO_ORGANISATION_CONSENT": 403, "PATIENT_NOT_FOUND": 404}


@dataclass
class Provider:
    """`answers`: bytes by (practice, NHS number): a record, or an OperationOutcome. `faults`: by NHS number, what is
    answered first instead, each once. `asked`: every request that was well-formed, in order."""

    answers: dict[tuple[str, str], bytes]
    practices: frozenset[str]
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    def base(self, practice: str) -> str:
        """Service root URL of a practice."""
        return f"http://127.0.0.1:{self.port}/{practice}/{_ROOT}"

    def refuse(self, practice: str, nhs_number: str) -> None:
        """From now on this person objects to sharing."""
        self.answers[practice, nhs_number] = write(Refusal(nhs_number=nhs_number), made="")

    def lose(self, practice: str, nhs_number: str) -> None:
        """From now on this person is not found: deceased, moved, or sensitive."""
        self.answers[practice, nhs_number] = write(Withheld(nhs_number=nhs_number, code="PATIENT_NOT_FOUND"), made="")


def asid_of(practice: str) -> str:
    """Twelve invented digits: the accredited system id of a synthetic practice."""
    return f"9{int.from_bytes(practice.encode()) % 10**11:011d}"


def provider_of(world: World, *, replay: Path | None = None, replay_at: str = PRACTICES[0].code) -> Provider:
    """The neighbourhood's practices; with `replay`, the structured records of that folder too, at one practice."""
    answers = dict(_latest(world))
    if replay:
        answers |= {(replay_at, number): content for number, content in replayed(replay)}
    return Provider(answers=answers, practices=frozenset(practice.code for practice in PRACTICES))


def _latest(world: World) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Each person's present answer: the one whose file is named by the number alone."""
    for file in gp.feed_files(world):
        number = file.name.removesuffix(".json")
        if number.isdigit():
            yield (file.sender, number), file.content


def replayed(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The readable structured records below `folder`, in the order of their paths, each under a number of the test
    range: those of real samples are redacted."""
    as_of = datetime.combine(LAST_DAY, datetime.min.time(), tzinfo=LONDON)
    free = (number for serial in reversed(NAMED_SERIALS) if (number := nhs_number(serial)))
    for path in sorted(folder.rglob("*.json")):
        content = path.read_bytes()
        try:
            parse(content, name=path.name, sender="-", as_of=as_of)
        except Unreadable:
            continue
        number = next(free)
        yield number, _renumbered(content, number)


def _renumbered(content: bytes, number: str) -> bytes:
    """The same record, of the person with that NHS number."""
    bundle = msgspec.json.decode(content)
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            for identifier in entry["resource"].get("identifier", ()):
                if identifier.get("system") == NHS_NUMBER:
                    identifier["value"] = number
    return msgspec.json.encode(bundle)


def application(provider: Provider) -> FastAPI:
    """The HTTP server: one operation for each practice."""
    app = FastAPI(openapi_url=None)

    @app.post(f"/{{practice}}/{_ROOT}/{OPERATION}")
    async def get_structured_record(practice: str, request: Request) -> Response:
        base = provider.base(practice)
        wrong = wrong_headers(request.headers, asid=asid_of(practice), base=base, now=time.time())
        asked = wrong or asked_for(await request.body())
        if isinstance(asked, Wrong):
            return _error(asked)
        if practice not in provider.practices:
            return _error(Wrong(403, "ACCESS_DENIED", "GP Connect is not enabled here"))
        provider.asked.append((practice, asked))
        if faults := provider.faults.get(asked):
            return await faulty(faults.pop(0), MEDIA_TYPE)
        return _answer(provider.answers.get((practice, asked)))

    return app


def _error(wrong: Wrong) -> Response:
    return Response(write_error(wrong.code, wrong.what), wrong.status, media_type=MEDIA_TYPE)


def _answer(content: bytes | None) -> Response:
    """A record, or the OperationOutcome with its own status; nobody known is "not found" too."""
    if content is None:
        return _error(Wrong(404, "PATIENT_NOT_FOUND", "patientNHSNumber"))
    codes = list(outcome_codes(msgspec.json.decode(content))) if len(content) < 5_000 else []
    status = next((_STATUS[code] for code in codes if code in _STATUS), 200)
    return Response(content, status, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
