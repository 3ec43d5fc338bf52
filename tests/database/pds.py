"""What PDS tests share: the stand-in on a free port, a client in a hurry, and tracing from end to end."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from joserfc.jwk import RSAKey

from adapters.pds import records
from adapters.pds import resources as r4
from adapters.synthetic.http_server import serving
from adapters.synthetic.pds import SENDER, Register, register_of
from adapters.synthetic.pds_provider import Provider, application
from adapters.transport.asking import Limits
from adapters.transport.breaker import Breaker
from adapters.transport.pace import Pace
from adapters.transport.pds import Pds
from integration.ingest.pds import Tracer
from integration.ingest.pds_settings import Application, PdsSettings
from integration.store.database import Database
from tests.database.ingesting import process, world

PEOPLE = 18
_MAPPINGS = ("patients", "related", "replaced")
QUICK = Limits(timeout=1.5, attempts=2, backoff=0.01, longest_wait=2.0, largest=1 << 16)


@lru_cache
def key() -> RSAKey:
    return RSAKey.generate_key(2048)


@lru_cache
def register() -> Register:
    return register_of(world(PEOPLE))


@asynccontextmanager
async def national(**more: Any) -> AsyncIterator[Provider]:
    """The stand-in, as it was; `more`: parts of the register that are otherwise."""
    mappings = {name: {**getattr(register(), name), **more.get(name, {})} for name in _MAPPINGS}
    async with serving(
        Provider(Register(**mappings, invalidated=register().invalidated), key()), application
    ) as provider:
        yield provider


def client(provider: Provider, limits: Limits = QUICK, breaker: Breaker | None = None) -> Pds:
    return Pds(
        provider.base,
        provider.credentials,
        limits=limits,
        breaker=breaker or Breaker(failures=100),
        pace=Pace(10_000),
    )


def document(provider: Provider, **more: Any) -> PdsSettings:
    return PdsSettings(
        base=provider.base,
        token_url=provider.credentials.token_url,
        sender=SENDER,
        application=Application(api_key="-", key_id="-", key=Path("unused")),
        **more,
    )


async def ask(
    database: Database, provider: Provider, *, breaker: Breaker | None = None, **settings: Any
) -> Counter[str]:
    """Numbers, then whom they leave without one, then the numbers found, each followed by processing."""
    outcomes: Counter[str] = Counter()
    async with database.pool("toldonce_worker", size=4) as pool, client(provider, breaker=breaker) as pds:
        tracer = Tracer(pool, pds, document(provider, **settings))
        for asking in (tracer.numbers, tracer.searches, tracer.numbers):
            asked = await asking()
            outcomes += asked
            if asked:
                await process(database)
    return outcomes


def patient(number: str, *, restricted: str = "U", **more: Any) -> r4.Patient:
    """A record of PDS of one's own making; the number is verified."""
    like = next(iter(register().patients.values()))
    label = r4.Coding(system=records.CONFIDENTIALITY, code=restricted)
    verified = msgspec.structs.replace(like.identifier[0], value=number)
    return r4.Patient(id=number, identifier=(verified,), meta=r4.Meta(security=(label,)), **more)


def named(family: str, given: str) -> tuple[r4.HumanName, ...]:
    return (r4.HumanName(use="usual", family=family, given=(given,)),)
