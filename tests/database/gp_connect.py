"""What GP Connect tests share: who asks, and the synthetic practices as a real server on a free port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.synthetic.gp_connect_provider import Provider, application, asid_of, provider_of
from adapters.synthetic.http_server import serving
from adapters.synthetic.neighbourhood import build
from adapters.transport.asking import Certificates, Limits
from adapters.transport.gp_connect import GpConnect, Practice
from adapters.transport.gp_connect_request import Requester
from integration.ingest.gp_connect_settings import GpConnectSettings

PEOPLE = 25
REQUESTER = Requester(
    asid="200000000359",
    issuer="https://toldonce.example/",
    organisation="X9H",
    organisation_name="Coventry Coordination Hub",
    device="toldonce-1",
    model="ToldOnce",
    version="1",
    user="hub-manager",
    family="Okafor",
    given="Ada",
    local_system="https://toldonce.example/Id/consumer",
)
QUICK = Limits(timeout=10.0, attempts=3, backoff=0.01, longest_wait=2.0)


@asynccontextmanager
async def practices(replay: Path | None = None) -> AsyncIterator[Provider]:
    """The practices of the tests' neighbourhood, each time as they were."""
    async with serving(provider_of(build(PEOPLE), replay=replay), application) as provider:
        yield provider


def consumer(limits: Limits = QUICK, proxy: str | None = None, certificates: Certificates | None = None) -> GpConnect:
    return GpConnect(REQUESTER, limits=limits, proxy=proxy, certificates=certificates)


def at(provider: Provider, code: str) -> Practice:
    return Practice(ods=code, base=provider.base(code), asid=asid_of(code))


def document(provider: Provider, **more: object) -> GpConnectSettings:
    """The settings document that points at the provider."""
    endpoints = [{"ods": code, "base": provider.base(code), "asid": asid_of(code)} for code in provider.practices]
    asking = {
        "asid": REQUESTER.asid,
        "issuer": REQUESTER.issuer,
        "identifier_system": REQUESTER.local_system,
        "device": REQUESTER.device,
        "organisation": {"ods": "X9H", "name": "Hub"},
        "user": {"id": REQUESTER.user, "family": "Okafor", "given": "Ada"},
    }
    return GpConnectSettings.model_validate({"asking": asking, "practices": sorted(endpoints, key=str), **more})
