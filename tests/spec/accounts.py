"""The console with the development identity provider beside it, over real HTTP, and a browser that signs in with it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from adapters.synthetic.http_server import serving
from adapters.synthetic.identity_provider import Provider, application
from integration import main
from integration.audit.search import IG_OFFICER
from integration.commands.console import signing_in
from integration.commands.demo_accounts import document_of, provider_of
from integration.console import accounts
from integration.console.accounts import Account
from integration.demo import OFFICER
from tests.spec.neighbourhood import NOW, Neighbourhood

OKAFOR, VISITOR = "r.okafor", "j.visitor"
WITH, DONE = "/console/sign-in/with", "/console/sign-in/done"


@dataclass
class Place:
    """The provider, and the console that knows it, in which one account is somebody's."""

    coventry: Neighbourhood
    provider: Provider
    app: Any
    base: str
    outside: httpx.AsyncClient

    @property
    def account(self) -> Account:
        return Account(self.provider.issuer, OKAFOR, signing_in(*OFFICER, IG_OFFICER))

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody's, with cookies of its own."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=self.base) as one:
            yield one

    async def begun(self, browser: httpx.AsyncClient, page: str = "") -> str:
        """Where a browser is sent to."""
        answer = await browser.get(WITH, params={"issuer": self.provider.issuer, "page": page})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def chosen(self, there: str, person: str = OKAFOR) -> str:
        """Where the provider sends the browser back to, once somebody there has said who they are."""
        page = await self.outside.get(there)
        assert page.status_code == 200, page.text
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        sent = {name: unescape(value) for name, value in form.items()}
        answer = await self.outside.post(f"{self.provider.issuer}/authorize", data={**sent, "person": person})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def signed_in(self, browser: httpx.AsyncClient, person: str = OKAFOR, page: str = "") -> httpx.Response:
        """What the console answers whoever comes back."""
        return await browser.get(await self.chosen(await self.begun(browser, page), person))

    async def newest(self) -> Any:
        """The newest event of the console's, with its content."""
        return await self.coventry.owner.fetchrow(
            "select kind, outcome, content from toldonce.audit_event where client in ('console', 'unknown') "
            "order by id desc limit 1"
        )


def parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@asynccontextmanager
async def console_with_accounts(coventry: Neighbourhood, folder: Path, **changes: Any) -> AsyncIterator[Place]:
    """Served over the neighbourhood's database; `changes` of the settings."""
    settings = coventry.settings.model_copy(update=changes)
    provider = provider_of(settings)
    provider.now = NOW.timestamp
    async with serving(provider, application):
        settings = settings.model_copy(update={"issuers": document_of(provider, folder)})
        async with (
            main.application(settings, coventry.database, clock=lambda: NOW) as app,
            httpx.AsyncClient() as outside,
        ):
            place = Place(coventry, provider, app, settings.fhir_base.removesuffix("/fhir"), outside)
            await accounts.register(coventry.owner, place.account)
            yield place
            await accounts.remove(coventry.owner, place.account)
