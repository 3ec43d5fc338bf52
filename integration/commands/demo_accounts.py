"""The demo's identity provider: with it the console is signed in to, as with a real one. On this machine only."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from adapters.synthetic.http_server import serving
from adapters.synthetic.identity_provider import CLIENT, KEY_ID, Provider, application
from integration import demo as demonstration
from integration.audit.codes import Kind
from integration.commands.accounts import put, take
from integration.commands.administrator import By, desk_on
from integration.commands.console import signing_in
from integration.config import Settings
from integration.console.accounts import Account
from integration.console.sign_in import addresses
from integration.store.database import Database

_BY = By("the demo", "its people sign in with accounts while it runs")


@asynccontextmanager
async def signing_in_with_accounts(settings: Settings, database: Database) -> AsyncIterator[Settings]:
    """The settings to serve with while the provider runs, and the demo's people may sign in with it. They are as they
    were, and there is none, where others could reach the demo, or where a provider is configured."""
    if settings.issuers or not _for_this_machine(settings):
        yield settings
        return
    provider = provider_of(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(provider, application))
        document = document_of(provider, settings.data_dir / "keys")
        async with desk_on(database, settings, "console", "register", _BY, Kind.TOKEN) as desk:
            for account in _accounts(provider):
                await put(desk, account)
        stack.push_async_callback(_forget, settings, database, provider)
        yield settings.model_copy(update={"issuers": document})


async def _forget(settings: Settings, database: Database, provider: Provider) -> None:
    async with desk_on(database, settings, "console", "remove", _BY, Kind.TOKEN) as desk:
        for account in _accounts(provider):
            await take(desk, account)


def provider_of(settings: Settings) -> Provider:
    """With the demo's people, and somebody whom the console does not know."""
    people = {subject: f"{who[0]}, {who[2]}" for subject, who in demonstration.ACCOUNTS.items()}
    return Provider(people | dict([demonstration.NOBODY]), *addresses(settings.fhir_base))


def document_of(provider: Provider, folder: Path) -> Path:
    """The document of identity providers that names this one; the key of the console is written beside it."""
    key, document = folder / "console.pem", folder / "issuers.yaml"
    key.touch(mode=0o600)
    key.write_bytes(provider.client_key.as_pem(private=True))
    registered = {"name": demonstration.PROVIDER, "client": CLIENT, "key": key.name, "key_id": KEY_ID}
    document.write_text(yaml.safe_dump({"issuers": [{"issuer": provider.issuer, "console": registered}]}))
    return document


def _accounts(provider: Provider) -> list[Account]:
    return [Account(provider.issuer, name, signing_in(*who)) for name, who in demonstration.ACCOUNTS.items()]


def _for_this_machine(settings: Settings) -> bool:
    """Whether the demo is served here, and is asked for here."""
    asked_for = urlsplit(settings.fhir_base).hostname or ""
    return _loopback(settings.host) and _loopback(asked_for) and not settings.proxies


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
