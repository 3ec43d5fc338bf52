"""A neighbourhood team's huddle in a real browser: the caseload, one person's story, who does what next, the sheet;
on a phone, a tablet and a desktop, with no accessibility fault that axe-core finds.

Needs and writes what `test_console` does.
"""

from collections.abc import AsyncIterator
from typing import Any
from zipfile import ZipFile

import pytest

from integration.console.sessions import Officer
from integration.demo import MRS_T
from tests.browser.browsing import address, chromium, go, page, pytestmark, sound
from tests.database.recording import cleared
from tests.spec.neighbourhood import Neighbourhood
from tests.spec.team import CASELOAD, COORDINATOR, caseload, code

__all__ = ["address", "chromium", "page", "pytestmark"]
MRS_B, RESIDENT, MR_P, RESTRICTED, DIED = "9990000026", "9990000034", "9990000042", "9990000085", "9990000204"
DOCTOR = Officer("Dr Adam Newbold", "X9A", role="emergency doctor", purpose="ETREAT")
STRANGER = "9990000050"


@pytest.fixture(scope="module", autouse=True)
async def looked_after(coventry: Neighbourhood) -> AsyncIterator[str]:
    async with caseload(coventry, MRS_T, MRS_B, RESIDENT, MR_P, RESTRICTED, DIED) as found:
        yield found


@pytest.fixture(autouse=True)
async def as_it_was(coventry: Neighbourhood) -> AsyncIterator[None]:
    yield
    await coventry.owner.execute("delete from toldonce.huddle")
    await cleared(coventry.owner)


async def sign_in(coventry: Neighbourhood, page: Any, who: Officer) -> None:
    await page.goto("/console")
    await page.get_by_label("Your code").fill(await code(coventry, who))
    await page.get_by_role("button", name="Sign in").click()


async def test_a_huddle(coventry: Neighbourhood, page: Any) -> None:
    await sign_in(coventry, page, COORDINATOR)
    await page.get_by_role("heading", name="My caseloads").wait_for()
    await sound(page, "team-caseloads")
    # who was in hospital since?
    await page.get_by_role("link", name="South INT").click()
    await page.get_by_label("What is new since").fill("2026-06-01")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_text("New adjustment").or_(page.get_by_text("A&E")).first.wait_for()
    await sound(page, "team-caseload")
    await page.get_by_role("link", name="A&E or admission").click()
    await page.get_by_role("cell", name="A&E").first.wait_for()
    assert MRS_T not in page.url
    # one person's whole story
    await page.get_by_role("link", name="Tanner").click()
    await page.get_by_role("heading", name="Mrs Edith Rose Tanner").wait_for()
    assert await page.get_by_role("img", name="A timeline with a lane for each sector").count() == 1
    await sound(page, "team-person")
    await page.get_by_role("link", name="6 months").click()
    await page.get_by_text("The same as a list").click()
    await page.get_by_role("table").get_by_text("A&E attendance: Fall").first.wait_for()
    await sound(page, "team-person-list")
    # who does what next, a coordinator, an adjustment
    await page.get_by_text("Add a next step").click()
    await page.get_by_label("Who", exact=True).fill("Priya Nair")
    await page.get_by_label("Does what", exact=True).fill("Go with her to the memory clinic")
    await page.get_by_label("By when").fill("2026-10-05")
    await sound(page, "team-form")
    await page.get_by_role("button", name="Add", exact=True).click()
    await page.get_by_text("by 5 October 2026").wait_for()
    await page.get_by_text("Assign another care coordinator").click()
    await page.get_by_label("Name", exact=True).fill("Amara Singh")
    await page.get_by_role("button", name="Assign").click()
    await page.locator(".person-name", has_text="Amara Singh").wait_for()
    await page.get_by_text("Record an adjustment").click()
    await page.get_by_label("What is to be done differently").fill("Knock loudly: she does not hear the bell")
    await page.get_by_role("button", name="Record", exact=True).click()
    await page.get_by_text("Knock loudly").first.wait_for()
    await sound(page, "team-recorded")
    await page.get_by_role("button", name="Done").click()
    await page.get_by_text("done", exact=True).wait_for()
    # she asked for what is held on her
    await page.get_by_text("Make the copy").click()
    await page.get_by_label("Reference of the request").fill("SAR 2026-014")
    await sound(page, "team-copy")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Download the copy").click()
    with ZipFile(await (await saving.value).path()) as copy:
        assert b"Tanner" in copy.read("for-the-person/record.html")
    # the sheet, on paper too, and the huddle is held
    await page.goto(f"/console/team/caseloads/{CASELOAD}/huddle?show=all&since=2026-06-01")
    await sound(page, "team-sheet")
    await page.emulate_media(media="print")
    assert not await page.get_by_role("button", name="We held this huddle today").is_visible()
    assert not await page.locator("header").is_visible()
    assert await page.get_by_role("heading", name="Tanner").is_visible()
    await page.emulate_media(media="screen")
    await page.get_by_role("button", name="We held this huddle today").click()
    await page.get_by_role("heading", name="South INT").wait_for()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="Sign in").wait_for()


@pytest.mark.parametrize("number", [MR_P, RESTRICTED, DIED])
async def test_every_story_is_sound(coventry: Neighbourhood, page: Any, number: str) -> None:
    await sign_in(coventry, page, COORDINATOR)
    await go(page, "Find a person")
    await sound(page, "team-find")
    if number == DIED:
        await page.get_by_label("NHS number").fill(STRANGER)
        await page.get_by_role("button", name="Find").click()
        await page.get_by_role("heading", name="Nobody was found").wait_for()
        await sound(page, "team-found-nobody")
    await page.get_by_label("NHS number").fill(number)
    await page.get_by_role("button", name="Find").click()
    await page.get_by_role("heading", name="What happened").wait_for()
    assert number not in page.url
    await sound(page, f"team-person-{number[-3:]}")


async def test_an_emergency(coventry: Neighbourhood, page: Any) -> None:
    await sign_in(coventry, page, DOCTOR)
    await go(page, "Find a person")
    await page.get_by_label("NHS number").fill(STRANGER)
    await page.get_by_text("In an emergency", exact=True).click()
    await page.get_by_label("Reason").select_option("emergency")
    await page.get_by_label("What is the emergency?").fill("Collapsed in the street, confused.")
    await sound(page, "team-emergency")
    await page.get_by_role("button", name="Find").click()
    await page.get_by_role("heading", name="What happened").wait_for()
    await sound(page, "team-emergency-opened")


async def test_a_huddle_by_keyboard(coventry: Neighbourhood, page: Any) -> None:
    await sign_in(coventry, page, COORDINATOR)
    await page.get_by_role("link", name="South INT").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="South INT").wait_for()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent.trim()") == "Skip to the main content"
    await page.get_by_role("link", name="Tanner").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Mrs Edith Rose Tanner").wait_for()
    await page.locator("summary", has_text="Add a next step").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Does what", exact=True).wait_for()
