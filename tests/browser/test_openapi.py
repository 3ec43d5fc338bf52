"""The API's own page in a real browser: for developers, who use screen readers, keyboards and telephones too."""

from typing import Any

from tests.browser.browsing import address, chromium, focused, page, pytestmark, reach, sound

__all__ = ["address", "chromium", "page", "pytestmark"]


async def test_the_page_of_the_api_is_sound(page: Any) -> None:
    await page.goto("/openapi")
    await page.get_by_role("heading", name="ToldOnce").wait_for()
    await sound(page, "openapi")
    await reach(page, "the CapabilityStatement")
    await page.keyboard.press("Tab")
    assert (await focused(page)).startswith("What is served"), "the table scrolls by keyboard"
