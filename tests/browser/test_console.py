"""The console in a real browser: the five jobs of an information governance officer, on a phone, a tablet and a
desktop, and no accessibility fault that axe-core finds.

Needs Chromium (Debian: apt-get install chromium) and `make browser`; skips with the reason where one is missing.
Screenshots are written to $TOLDONCE_SCREENSHOTS where it is set.
"""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from integration.audit.verify.notes import Note
from integration.demo import AGREEMENTS, MRS_T
from tests.browser.browsing import address, chromium, focused, follow, go, page, pytestmark, reach, sound
from tests.spec.neighbourhood import Neighbourhood
from tests.spec.test_audit_proofs import root_by
from tests.spec.test_console import code

__all__ = ["address", "chromium", "page", "pytestmark"]


_WRONG_LINK = """
insert into toldonce.alert (key, kind, event, organisation, client, raised, reason, records)
select $1, 'wrong-link', (select id from toldonce.audit_event order by recorded desc limit 1), 'X90401', 'gp-system',
    now(), $2, array(select id from toldonce.source_patient where person is not null order by person, id limit 2)
"""
"""As the watcher raises it."""


def is_proven(entry: dict[str, Any]) -> bool:
    """What a court can do with the file alone: whether the entry is what the seal in it was made over."""
    salt, content = (base64.b64decode(entry[name]) for name in ("salt", "content"))
    head, _, seal = entry["proof"].partition("\n\n")
    path, note = [base64.b64decode(line) for line in head.splitlines()[2:]], Note.parse(seal)
    return root_by(path, sha256(b"\0" + salt + content).digest(), entry["index"], note.size) == note.root


async def test_an_officer_s_day(coventry: Neighbourhood, page: Any) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr Patel")
    await gp.everything(await coventry.person())
    crew = await coventry.as_caller("ambulance", "paramedic", user=f"crew of the {page.size}", break_glass="emergency")
    await crew.everything(await coventry.person())
    await coventry.owner.execute(_WRONG_LINK, page.size.encode(), f"taken for one person's on the {page.size}")
    await coventry.sealed()
    # signs in
    await page.goto("/console")
    await sound(page, "sign-in")
    await page.get_by_label("Your code").fill(await code(coventry))
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Today", exact=True).wait_for()
    await sound(page, "today")
    # 1: who has seen my record?
    await go(page, "Who has seen a record")
    await page.get_by_label("NHS number").fill(MRS_T)
    await page.get_by_role("button", name="Show").click()
    await page.get_by_text("Earlsdon Avenue Practice looked").first.wait_for()
    await sound(page, "who-saw")
    await page.get_by_role("button", name="Make a letter for the person").click()
    await page.get_by_role("heading", name="Who has seen your record").wait_for()
    await sound(page, "letter")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Download as PDF").click()
    assert Path(await (await saving.value).path()).read_bytes().startswith(b"%PDF-")
    # and whoever asks for all that is held on them
    await page.get_by_role("link", name="Back to who has seen a record").click()
    await page.get_by_role("link", name="a copy").click()
    await sound(page, "copy")
    await page.get_by_label("NHS number").fill(MRS_T)
    await page.get_by_label("Reference of the request").fill("SAR 2026-014")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Download your part").click()
    with ZipFile(await (await saving.value).path()) as copy:
        assert "for-the-person/who-has-seen-it.html" in copy.namelist()
    # and by user, organisation, agreement; one entry in full
    await go(page, "Accesses")
    await page.get_by_label("User").fill("Dr Patel")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_text("Dr Patel, GP, gp-system").first.wait_for()
    assert MRS_T not in page.url
    await sound(page, "accesses")
    await page.get_by_role("table").last.get_by_role("link").first.click()
    await page.get_by_role("heading", name="One entry of the log").wait_for()
    await page.get_by_text("Up to a seal that you kept").click()
    await sound(page, "entry")
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Save entry and proof as a file").click()
    assert is_proven(json.loads(Path(await (await saving.value).path()).read_text()))
    # 2: last night's emergency
    await go(page, "Sign-off")
    await sound(page, "sign-off")
    alert = page.locator("tr", has_text="emergency").last.get_by_role("link")
    name = await alert.inner_text()
    await alert.click()
    await sound(page, "alert")
    await page.get_by_label("What did you find?").fill("Rang the crew: a fall at home.")
    await page.get_by_role("button", name="Sign off").click()
    await page.get_by_role("heading", name="Sign-off").wait_for()
    assert await page.get_by_role("link", name=name, exact=True).count() == 0
    # a wrong link that was undone, and who had been shown it
    link = page.locator("tr", has_text=f"one person's on the {page.size}").get_by_role("link")
    await link.click()
    await sound(page, "wrong-link")
    await page.get_by_role("link", name="Everybody who was shown them as one person").click()
    await page.get_by_role("heading", name="Who saw them as one person").wait_for()
    await sound(page, "who-saw-them")
    # 3: the agreement that is due
    await go(page, "Agreements")
    await page.get_by_text("Sharing for direct care in Coventry").wait_for()
    await sound(page, "agreements")
    await page.get_by_role("link", name="Read what each of them says").click()
    await page.get_by_role("heading", name="Who may see what").wait_for()
    await sound(page, "who-may-see-what")
    # and what a change of one would do
    await page.goto("/console/agreements")
    await page.get_by_role("link", name="Try a change").click()
    await sound(page, "change")
    text = AGREEMENTS.read_text()
    await page.get_by_label("Or paste it").fill(text.replace("minutes: 60", "minuets: 60"))
    await page.get_by_role("button", name="Try it").click()
    await page.get_by_text("'minuets' is not known here").wait_for()
    await sound(page, "change-wrong")
    less = text.replace("referrals and services, clinical record, alerts,", "referrals and services, alerts,")
    file = {"name": "agreements.yaml", "mimeType": "application/yaml", "buffer": less.encode()}
    await page.get_by_label("Or paste it").fill("")
    await page.get_by_label("The document as a file").set_input_files(file)
    await page.get_by_role("button", name="Try it").click()
    await page.get_by_text("would lose").first.wait_for()
    await sound(page, "change-tried")
    # 4: is the log whole?
    await page.goto("/console/log")
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Save it as a file").click()
    kept = Path(await (await saving.value).path()).read_text()
    assert kept.splitlines()[1].isdecimal()
    await sound(page, "log")
    # 5: the feeds, and who is who
    await go(page, "Feeds")
    await sound(page, "feeds")
    await page.get_by_role("link", name="What is set aside").click()
    await page.get_by_role("heading", name="What is set aside").wait_for()
    await sound(page, "set-aside")
    await go(page, "Who is who")
    await sound(page, "who-is-who")
    await page.get_by_role("link", name="possible match").first.click()
    await page.get_by_role("heading", name="One person, or two?").wait_for()
    await sound(page, "pair")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="Sign in").wait_for()


@pytest.mark.parametrize("page", ["phone", "desktop"], indirect=True)
async def test_an_officer_s_day_by_keyboard(coventry: Neighbourhood, page: Any) -> None:
    crew = await coventry.as_caller("ambulance", "paramedic", user=f"crew by {page.size}", break_glass="emergency")
    await crew.everything(await coventry.person())
    await coventry.sealed()
    await page.goto("/console/sign-in")
    await page.keyboard.press("Tab")
    assert await focused(page) == "Skip to the main content"
    await reach(page, "code")
    await page.keyboard.type(await code(coventry))
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Today", exact=True).wait_for()
    # a number that is mistyped is said so beside it, and mended there
    await follow(page, "Who has seen a record")
    await reach(page, "number")
    await page.keyboard.type("999 000 0019")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="There is a problem").wait_for()
    await page.wait_for_function("document.activeElement.classList.contains('nhsuk-error-summary')")
    await sound(page, "who-saw-mistyped")
    await reach(page, "That is not an NHS number: it has ten digits, the last of which checks the others.")
    await page.keyboard.press("Enter")
    await page.wait_for_function("document.activeElement.id === 'number'")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type(MRS_T)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="In short").wait_for()
    if page.size == "phone":  # a table that does not fit scrolls by keyboard too
        await reach(page, "Single accesses")
    # last night's emergency
    await follow(page, "Sign-off")
    row = page.locator("tr", has_text="emergency").last.get_by_role("link")
    name = await row.inner_text()
    await reach(page, name)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name=name, exact=True).wait_for()
    await reach(page, "note")
    await page.keyboard.type("Rang the crew: a fall at home.")
    await reach(page, "Sign off")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Sign-off").wait_for()
    assert await page.get_by_role("link", name=name, exact=True).count() == 0
    # the agreements, and the log
    await follow(page, "Agreements")
    await reach(page, "Try a change")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Try a change of the agreements").wait_for()
    await reach(page, "Back to the agreements")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Agreements", exact=True).wait_for()
    await follow(page, "The log")
    await reach(page, "Save it as a file")
    await reach(page, "Sign out")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Sign in").wait_for()


@pytest.mark.parametrize("page", ["phone"], indirect=True)
async def test_what_went_wrong_is_told_soundly(coventry: Neighbourhood, page: Any) -> None:
    await page.goto("/console/sign-in")
    await page.get_by_label("Your code").fill("ABCD-EFGH-IJKL-MNOP")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="There is a problem").wait_for()
    await sound(page, "sign-in-refused")
    await page.get_by_label("Your code").fill(await code(coventry))
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Today", exact=True).wait_for()
    await page.goto("/console/accesses?end=never")
    await page.get_by_role("heading", name="That was not possible").wait_for()
    await sound(page, "problem")


async def test_no_page_needs_script(coventry: Neighbourhood, chromium: Any, address: str) -> None:
    context = await chromium.new_context(
        base_url=address, viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    page = await context.new_page()
    await page.goto("/console")
    await page.get_by_label("Your code").fill(await code(coventry))
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="The log").first.click()
    await page.get_by_role("heading", name="The newest seal").wait_for()
    await context.close()
