"""A page of the served neighbourhood in Chromium, on a phone, a tablet or a desktop, and what axe-core says of it.

Whoever imports this is skipped, with the reason, where Playwright or axe-core is missing.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.spec.neighbourhood import Neighbourhood

playwright = pytest.importorskip("playwright.async_api", reason="needs Playwright: make browser")
axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="needs axe-core: make browser")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not installed"),
]
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 900)}
_PATIENCE = 90_000
"""Milliseconds that a browser may take to start, or a page to answer a click: on a busy machine that is no fault."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="module")
async def address(coventry: Neighbourhood) -> AsyncIterator[str]:
    """The neighbourhood on a real port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(coventry.app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Any]:
    async with playwright.async_playwright() as running:
        browser = await running.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=_PATIENCE)
        yield browser
        await browser.close()


@pytest.fixture(params=SIZES)
async def page(request: pytest.FixtureRequest, chromium: Any, address: str) -> AsyncIterator[Any]:
    """A page of that size, which must log no error and ask no other server for anything."""
    width, height = SIZES[request.param]
    context = await chromium.new_context(viewport={"width": width, "height": height}, base_url=address, locale="en-GB")
    page = await context.new_page()
    faults: list[str] = []
    page.on(
        "console", lambda said: faults.append(said.text) if said.type == "error" and not _is_refusal(said) else None
    )
    page.on("request", lambda asked: None if asked.url.startswith(address) else faults.append(asked.url))
    page.set_default_timeout(_PATIENCE)
    page.size = request.param
    yield page
    assert faults == []
    await context.close()


def _is_refusal(said: Any) -> bool:
    """Whether a page was answered with what is wrong in a form, which a browser notes as an error."""
    return said.text.endswith(("status of 400 (Bad Request)", "status of 403 (Forbidden)"))


_LAID_OUT = "async () => { for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame) }"
"""The menu takes its links out and puts them back in the first frames: a click just then would be lost."""


async def go(page: Any, name: str) -> None:
    """Follow a link of the navigation: a small screen keeps those that it has no room for behind “More”."""
    await page.wait_for_load_state()
    await page.evaluate(_LAID_OUT)
    ways = page.get_by_role("navigation", name="Console")
    if await ways.get_by_role("link", name=name, exact=True).count() == 0:
        await ways.get_by_role("button", name="More").click()
    await ways.get_by_role("link", name=name, exact=True).click()


_FOCUSED = """() => {
  const one = document.activeElement
  return one.id || one.getAttribute("aria-label") || one.textContent.trim().replace(/\\s+/g, " ")
}"""
_STOPS = "a[href], button, input, select, textarea, summary, iframe, [tabindex]"
"""Where the Tab key may stop. How many there are depends on what others did before, as a list of accesses does."""


async def focused(page: Any) -> str:
    """What the keyboard is at: the id of a field, else what it says."""
    return str(await page.evaluate(_FOCUSED))


async def reach(page: Any, what: str) -> None:
    """Go there by the Tab key alone."""
    passed: list[str] = []
    for _ in range(await page.locator(_STOPS).count() + 3):  # and the page itself, and the browser's own
        passed.append(await focused(page))
        if passed[-1] == what:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {what}, but {passed}")


async def follow(page: Any, name: str) -> None:
    """As `go`, by keyboard."""
    await page.wait_for_load_state()
    await page.evaluate(_LAID_OUT)
    ways = page.get_by_role("navigation", name="Console")
    if await ways.get_by_role("link", name=name, exact=True).count() == 0:
        await reach(page, "toggle-menu")
        await page.keyboard.press("Enter")
    await reach(page, name)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def sound(page: Any, name: str) -> None:
    """No accessibility fault, and nothing wider than the screen; a screenshot where they are wanted."""
    if folder := os.environ.get("TOLDONCE_SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}-{page.size}.png", full_page=True)
    found = (await axe.Axe().run(page)).response["violations"]
    faults = [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]
    assert faults == [], f"{name}: {faults}"
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
