"""Signing in to the console with an identity provider, in a real browser: there and back, both served over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from integration.console.desk import COOKIE
from tests.browser.browsing import SIZES, chromium, pytestmark, sound
from tests.spec.accounts import Place, console_with_accounts
from tests.spec.neighbourhood import Neighbourhood
from tests.spec.test_console import code

__all__ = ["chromium", "pytestmark"]
WITH = "Sign in with Demo Identity"


@pytest.fixture(scope="module")
async def place(coventry: Neighbourhood, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://localhost:{listening.getsockname()[1]}/fhir"  # the provider is at 127.0.0.1: another site
    async with console_with_accounts(coventry, tmp_path_factory.mktemp("accounts"), base_url=base) as place:
        server = uvicorn.Server(uvicorn.Config(place.app, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield place
        server.should_exit = True
        await serving


@pytest.fixture(params=SIZES)
async def page(request: pytest.FixtureRequest, chromium: Any, place: Place) -> AsyncIterator[Any]:
    """Of that size; it logs nothing but that a page was refused, and asks the console and the provider only."""
    width, height = SIZES[request.param]
    context = await chromium.new_context(
        viewport={"width": width, "height": height}, base_url=place.base, locale="en-GB"
    )
    page = await context.new_page()
    faults: list[str] = []
    ours = (f"{place.base}/", f"{place.provider.issuer}/", "data:,")
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(ours) else faults.append(asked.url))
    page.set_default_timeout(15_000)
    page.size = request.param
    yield page
    assert [one for one in faults if "403 (Forbidden)" not in one] == []
    await context.close()


async def test_signing_in_out_and_not_at_all(place: Place, page: Any) -> None:
    await page.goto("/console/agreements")
    await sound(page, "sign-in-with-accounts")
    await page.get_by_role("button", name=WITH).click()
    await page.get_by_role("heading", name="Who are you?").wait_for()
    await sound(page, "provider")
    await page.get_by_role("button", name="R. Okafor").click()
    await page.get_by_role("heading", name="Agreements", exact=True).wait_for()
    assert page.url == f"{place.base}/console/agreements"
    assert [one["name"] for one in await page.context.cookies()] == [COOKIE]
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="Do you want to sign out?").wait_for()
    await page.get_by_role("button", name="Yes, sign me out").click()
    # somebody whom only the provider knows; a code gets in all the same
    await page.get_by_role("button", name=WITH).click()
    await page.get_by_role("button", name="Jo Visitor").click()
    await page.get_by_role("heading", name="Your account is not known here").wait_for()
    await sound(page, "unknown-account")
    await page.get_by_role("button", name="Sign in as somebody else").click()
    await page.get_by_label("Your code").fill(await code(place.coventry))
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("heading", name="Today", exact=True).wait_for()
    await page.get_by_role("button", name="Sign out").click()
    # another's link to be signed in by
    async with place.browser() as attacker:
        theirs = await place.chosen(await place.begun(attacker))
    await page.goto(theirs)
    await page.get_by_role("heading", name="You are not signed in").wait_for()
    await sound(page, "not-signed-in")
    await page.get_by_role("button", name="Sign in again").click()
    await page.get_by_role("heading", name="Sign in", exact=True).wait_for()


async def test_by_keyboard_and_without_script(place: Place, chromium: Any) -> None:
    context = await chromium.new_context(base_url=place.base, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/console")
    await page.get_by_role("button", name=WITH).focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="R. Okafor").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Today", exact=True).wait_for()
    await context.close()
