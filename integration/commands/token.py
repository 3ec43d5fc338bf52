"""`toldonce token`: an access token of the running server, for one of the demo's clients."""

from datetime import UTC, datetime

import httpx

from integration import demo as demonstration
from integration.api.assertion import sign_assertion
from integration.api.token import ASSERTION_TYPE, token_url
from integration.config import Settings
from integration.errors import NotPossible
from integration.sharing.request import BreakGlass


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
