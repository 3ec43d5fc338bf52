"""Client systems: `toldonce register-client`, and `token` for the demo's own."""

from datetime import UTC, datetime

import httpx
from rich.console import Console

from integration import demo as demonstration
from integration.api.assertion import sign_assertion
from integration.api.clients import register
from integration.api.token import ASSERTION_TYPE, token_url
from integration.commands.opened import as_owner, opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.feeds import FEEDS
from integration.sharing.request import BreakGlass, Client


async def register_client(settings: Settings, client: Client, console: Console) -> None:
    """Register a client system, or replace its registration."""
    unknown = sorted(client.feeds - FEEDS.keys())
    if unknown:
        raise NotPossible(f"there is no feed {', '.join(unknown)}; the feeds are {', '.join(FEEDS)}")
    async with opened(settings) as database, as_owner(database) as owner:
        try:
            await register(owner, client)
        except ValueError as error:
            raise NotPossible(str(error)) from None
    console.print(f"{client.id} is registered for {client.organisation}")


async def token(
    settings: Settings,
    client_id: str,
    role: str | None,
    purpose: str | None,
    user: str,
    reason: str | None,
    scope: str = "system/*.rs",
) -> str:
    """Ask the running server for a token, with the demo client's own key."""
    client = _demo_client(client_id)
    endpoint = token_url(settings.fhir_base)
    assertion = sign_assertion(
        demonstration.client_key(settings.data_dir, client.id).as_dict(private=True),
        client.id,
        endpoint,
        role or client.roles[0],
        purpose or (client.purposes[-1] if reason else client.purposes[0]),
        user,
        BreakGlass(reason) if reason else None,
        datetime.now(UTC),
        organisation=client.organisation,
    )
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    try:
        async with httpx.AsyncClient() as http:
            answer = await http.post(endpoint, data=form)
    except httpx.ConnectError:
        raise NotPossible(f"no server answers at {settings.fhir_base}; start one with `make demo`") from None
    if answer.status_code != httpx.codes.OK:
        raise NotPossible(f"the server refused: {answer.json().get('error_description', answer.text)}")
    return str(answer.json()["access_token"])


def _demo_client(client_id: str) -> demonstration.DemoClient:
    if client_id not in demonstration.BY_ID:
        raise NotPossible(f"there is no demo client {client_id}; there are {', '.join(demonstration.BY_ID)}")
    return demonstration.BY_ID[client_id]
