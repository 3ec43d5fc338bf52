"""A session that is about to end tells whoever types, and goes on by one press (WCAG 2.2, 2.2.1)."""

from typing import Any

import pytest

from tests.browser.browsing import address, chromium, page, pytestmark
from tests.spec.neighbourhood import Neighbourhood
from tests.spec.test_console import code

__all__ = ["address", "chromium", "page", "pytestmark"]


@pytest.mark.parametrize("page", ["phone", "desktop"], indirect=True)
async def test_whoever_types_is_told_and_stays(coventry: Neighbourhood, page: Any) -> None:
    await page.clock.install()
    await page.goto("/console/sign-in?page=/console/who-saw")
    await page.get_by_label("Your code").fill(await code(coventry))
    await page.get_by_role("button", name="Sign in").click()
    number, told = page.get_by_label("NHS number"), page.get_by_role("dialog", name="You are about to be signed out")
    await number.fill("999 000")
    for _ in range(2):
        await page.clock.fast_forward("27:00")
        assert not await told.is_visible()
        await page.clock.fast_forward("01:30")
        await told.wait_for()
        async with page.expect_response("**/console/stay") as answer:
            await page.keyboard.press("Enter")
        assert (await (await answer.value).json())["seconds"] == 1800
        assert not await told.is_visible()
    assert await number.input_value() == "999 000"
    await page.clock.fast_forward("28:30")
    await told.wait_for()
    other = await page.context.new_page()  # the session goes on by that
    await other.goto("/console/alerts")
    await told.wait_for(state="hidden")
    await page.clock.fast_forward("28:30")
    await told.wait_for()
    await page.clock.fast_forward("02:00")
    await page.get_by_role("dialog", name="You are signed out").wait_for()
    await page.get_by_role("button", name="Close").click()
    assert await number.input_value() == "999 000"
