"""A stand-in for PDS, for demo and tests: the synthetic register as a real HTTP server, in the shapes of the API.

Token endpoint (signed JWT), `GET Patient/<number>`, `GET Patient?...` as for an application (one match or none is
told), `GET Patient/<number>/RelatedPerson`, the errors of the API, and faults on demand.
https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response
from joserfc.jwk import RSAKey

from adapters.gp.refusal import valid_nhs_number
from adapters.pds import records
from adapters.pds import resources as r4
from adapters.pds.write import write, write_matches, write_outcome
from adapters.synthetic.http_server import Fault, faulty
from adapters.synthetic.pds import Register
from adapters.synthetic.pds_checks import Refused, found_by, wrong_assertion, wrong_headers
from adapters.transport.pds_token import Credentials

MEDIA_TYPE = "application/fhir+json"
_ROOT = "personal-demographics/FHIR/R4"
_STATUS = {
    "INVALID_RESOURCE_ID": 400, "MISSING_VALUE": 400, "INVALID_VALUE": 400, "ACCESS_DENIED": 401,
    "RESOURCE_NOT_FOUND": 404, "INVALIDATED_RESOURCE": 404,
}  # fmt: skip
API_KEY = "toldonce-demo"
KEY_ID = "toldonce-1"
TOKEN_SECONDS = 599


@dataclass
class Provider:
    """`faults`: answered first instead, each once, whatever is asked; `faults_of`: by NHS number. `asked`: every
    question that was well-formed, as `number`, `number/RelatedPerson` or `search`. `tokens`: which may be used."""

    register: Register
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    faults: list[Fault] = field(default_factory=list)
    faults_of: dict[str, list[Fault]] = field(default_factory=dict)
    token_faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    assertions: set[str] = field(default_factory=set)
    """Ids (jti) of assertions that were used."""
    port: int = 0
    now: Callable[[], float] = time.time
    """Unix seconds."""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/{_ROOT}"

    @property
    def credentials(self) -> Credentials:
        """Of the one application that is registered here."""
        return Credentials(
            token_url=f"http://127.0.0.1:{self.port}/oauth2/token",
            api_key=API_KEY,
            key_id=KEY_ID,
            key=self.key.as_pem(private=True).decode(),
        )


def application(provider: Provider) -> FastAPI:
    """The HTTP server."""
    app = FastAPI(openapi_url=None)

    @app.post("/oauth2/token")
    async def token(request: Request) -> Response:
        if provider.token_faults:
            return await faulty(provider.token_faults.pop(0), "application/json")
        wrong = wrong_assertion(await request.body(), provider.credentials, provider.assertions, provider.now())
        if wrong:
            return Response(
                f'{{"error":"invalid_request","error_description":"{wrong}"}}', 400, media_type="application/json"
            )
        granted = secrets.token_urlsafe(24)
        provider.tokens.add(granted)
        body = f'{{"access_token":"{granted}","expires_in":"{TOKEN_SECONDS}","token_type":"Bearer"}}'
        return Response(body, media_type="application/json")

    @app.get(f"/{_ROOT}/Patient/{{number}}")
    async def get_patient(number: str, request: Request) -> Response:
        return await _answered(provider, request, number, number, lambda: _patient(provider.register, number))

    @app.get(f"/{_ROOT}/Patient/{{number}}/RelatedPerson")
    async def get_related(number: str, request: Request) -> Response:
        what = f"{number}/RelatedPerson"
        return await _answered(provider, request, number, what, lambda: _related(provider, number))

    @app.get(f"/{_ROOT}/Patient")
    async def search(request: Request) -> Response:
        return await _answered(provider, request, None, "search", lambda: _search(provider, request))

    return app


async def _answered(
    provider: Provider, request: Request, number: str | None, what: str, answer: Callable[[], Response]
) -> Response:
    """A fault that is due, an error of the question, or the answer. `number`: None in a search."""
    refused = wrong_headers(request.headers, provider.tokens)
    if refused is None and number is not None and valid_nhs_number(number) != number:
        refused = Refused("INVALID_RESOURCE_ID", "the NHS number")
    if refused:
        return _error(refused.code, refused.what)
    provider.asked.append(what)
    for faults in (provider.faults, provider.faults_of.get(number or "", [])):
        if faults:
            return await faulty(faults.pop(0), MEDIA_TYPE)
    response = answer()
    for header in ("X-Request-ID", "X-Correlation-ID"):
        response.headers[header] = request.headers.get(header, "")
    return response


def _error(code: str, diagnostics: str | None = None) -> Response:
    return Response(write_outcome(code, diagnostics), _STATUS[code], media_type=MEDIA_TYPE)


def _patient(register: Register, number: str) -> Response:
    if number in register.invalidated:
        return _error("INVALIDATED_RESOURCE")
    found = register.patients.get(register.replaced.get(number, number))
    return _record(found) if found else _error("RESOURCE_NOT_FOUND")


def _record(patient: r4.Patient) -> Response:
    content = write(records.Answer(patient=patient))
    return Response(content, media_type=MEDIA_TYPE, headers={"ETag": 'W/"1"'})


def _related(provider: Provider, number: str) -> Response:
    if number not in provider.register.patients:
        return _error("RESOURCE_NOT_FOUND")
    said = records.Related(people=provider.register.related.get(number, ()))
    return Response(write(said, f"{provider.base}/Patient/{number}"), media_type=MEDIA_TYPE)


def _search(provider: Provider, request: Request) -> Response:
    found = found_by(provider.register.patients.values(), request.query_params)
    if isinstance(found, Refused):
        return _error(found.code, found.what)
    if len(found) > 1:
        return Response(write_outcome("TOO_MANY_MATCHES"), media_type=MEDIA_TYPE)
    matches = [records.Match(patient=one, score=1.0) for one in found]
    return Response(write_matches(matches, provider.base), media_type=MEDIA_TYPE)
