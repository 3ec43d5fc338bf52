"""A change of the agreements tried on the console, and what the quarantine's page tells: both change nothing, name
nobody, and are audited."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import httpx
import pytest

from adapters.records import Defect
from integration import demo
from integration.audit.entry import rendered
from integration.console import change
from integration.console.look import day
from integration.ingest import quarantine
from integration.record.proposal import propose
from integration.sharing.agreements import load
from integration.sharing.proposal_text import rows_of, summary
from integration.sharing.tally import LOSE
from tests.spec.neighbourhood import MRS_T, NOW, Neighbourhood
from tests.spec.test_console import OTHERS_SITE, browser, check, newest, officer

__all__ = ["officer"]
PATH = "/console/agreements/change"
PLACE = "/console/feeds/quarantine"
COVENTRY = demo.AGREEMENTS.read_text()
LESS = COVENTRY.replace("referrals and services, clinical record, alerts,", "referrals and services, alerts,", 1)
"""The direct care agreement without the clinical record."""
HOSTILE = {
    "aliases": "a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n",
    "deep": "[" * 5_000,
    "digits": f"neighbourhood: {'9' * 100_000}\n",
    "hexadecimal": f"neighbourhood: 0x{'f' * 100_000}\n",
    "object": "!!python/object/apply:os.system ['true']\n",
    "characters": "neighbourhood: \x00\n",
}


async def tried(officer: httpx.AsyncClient, document: str | bytes, **form: str) -> httpx.Response:
    """Sent as a file where it is bytes, else pasted."""
    sent = {"check": await check(officer, PATH), "on": "", **form}
    if isinstance(document, bytes):
        return await officer.post(PATH, data=sent, files={"file": ("agreements.yaml", document)})
    return await officer.post(PATH, data={**sent, "text": document}, files={"file": ("", b"")})


async def in_force(coventry: Neighbourhood) -> list[Any]:
    return [tuple(row) for row in await coventry.owner.fetch("select * from toldonce.agreement_document order by id")]


async def details(coventry: Neighbourhood) -> dict[str, str]:
    """What the newest event of the console keeps."""
    content = await coventry.owner.fetchval(
        "select content from toldonce.audit_event where client = 'console' order by id desc limit 1"
    )
    event = json.loads(rendered(content))
    return {
        one["type"].rpartition("/")[2]: one["valueString"]
        for entity in event["entity"]
        for one in entity.get("detail", ())
    }


def cells(page: str) -> list[list[str]]:
    """The rows of a page's table."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page.split("<tbody")[1], re.DOTALL)
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in rows
    ]


async def test_what_is_wrong_is_told_with_its_line(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    wrong = COVENTRY.replace("minutes: 60", "minuets: 60", 1)
    place = wrong[: wrong.index("minuets")]
    line, column = place.count("\n") + 1, len(place) - place.rindex("\n")
    page = await tried(officer, wrong.encode())
    assert page.status_code == 200
    assert f"line {line}, column {column}: &#39;minuets&#39; is not known here; the nearest is" in page.text
    assert "What it does" not in page.text
    assert (await newest(coventry))[:2] == ("agreements", "0")
    assert int((await details(coventry))["problems"]) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("sent", ["as a file", "pasted"])
async def test_what_is_lost_is_counted_and_nothing_is_changed(
    coventry: Neighbourhood, officer: httpx.AsyncClient, sent: str
) -> None:
    before = await in_force(coventry)
    page = (await tried(officer, LESS.replace("\n", "\r\n") if sent == "pasted" else LESS.encode())).text

    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            told = await propose(connection, load(LESS), NOW, lambda *_: None)
    assert any(row.change == LOSE and row.what == "clinical record" and row.people for row in told.effect.rows)
    rows = rows_of(told.effect.rows, told.names, told.purposes)
    assert cells(page) == [list(row.values()) for row in rows[: change.SHOWN]]
    assert f"and {len(rows) - change.SHOWN} more rows" in page
    for sentence in (*told.changes[0].sentences, summary(told.effect.rows, told.effect.concerned, told.effect.people)):
        assert sentence in unescape(page)
    for nobody in (MRS_T, "Tanner", str(await coventry.person())):
        assert nobody not in page

    assert await in_force(coventry) == before
    assert (await newest(coventry))[:2] == ("agreements", "0")
    said = await details(coventry)
    assert (said["people"], said["version"].split()[0]) == (str(told.effect.people), str(before[-1][0]))


@pytest.mark.slow
async def test_what_is_in_force_changes_nothing_now_nor_on_another_day(officer: httpx.AsyncClient) -> None:
    page = (await tried(officer, COVENTRY, on="2027-01-31")).text
    assert "nothing changes" in page
    assert "What it does on 31 January 2027" in page
    assert "nobody&#39;s record would be seen differently" in page
    assert (await tried(officer, COVENTRY, on="someday")).status_code == 400


@pytest.mark.parametrize("form", [{}, {"check": ""}, {"check": OTHERS_SITE}])
async def test_another_site_can_try_nothing(
    coventry: Neighbourhood, officer: httpx.AsyncClient, form: dict[str, str]
) -> None:
    answer = await officer.post(PATH, data=form, files={"file": ("agreements.yaml", LESS.encode())})
    assert answer.status_code == 403
    assert "Agreement CW-01" not in answer.text
    assert (await newest(coventry))[1] != "0"


async def test_only_an_officer_tries_changes(coventry: Neighbourhood) -> None:
    async with browser(coventry) as stranger:
        answer = await stranger.post(PATH, files={"file": ("agreements.yaml", LESS.encode())})
        assert (answer.status_code, answer.text) == (303, "")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_document_is_told_what_is_wrong(officer: httpx.AsyncClient, text: str) -> None:
    page = await tried(officer, text)
    assert page.status_code == 200
    assert "There is a problem with the document" in page.text


async def test_what_is_too_much_or_nothing_is_refused(officer: httpx.AsyncClient) -> None:
    assert (await tried(officer, b"#" * change.LONGEST)).status_code == 400
    assert (await tried(officer, b"")).status_code == 400
    assert (await tried(officer, b"\xff")).status_code == 400
    assert (await tried(officer, LESS.encode(), text=LESS)).status_code == 400
    assert (await officer.post(PATH, data={"check": await check(officer, PATH), "text": LESS})).status_code == 400


@pytest.mark.slow
async def test_more_than_a_page_can_count_for_is_refused(
    coventry: Neighbourhood, officer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "MOST_TERMS", 10)
    assert "too many for this page" in (await tried(officer, LESS)).text
    monkeypatch.undo()
    monkeypatch.setattr(change, "PATIENCE", 0.001)
    answer = await tried(officer, LESS)
    assert (answer.status_code, "takes too long" in answer.text) == (400, True)
    assert (await newest(coventry))[:2] == ("audit", "4")
    monkeypatch.undo()
    assert (await tried(officer, LESS)).status_code == 200


async def test_words_of_a_document_are_text_and_no_markup(officer: httpx.AsyncClient) -> None:
    script = "<script>alert(1)</script>"
    title = "title: Sharing for direct care in Coventry"
    page = (await tried(officer, COVENTRY.replace(title, f"title: {script}"))).text
    assert "&lt;script&gt;alert(1)" in page
    assert script not in page
    page = (await tried(officer, COVENTRY.replace("minutes: 60", f'"{script}</textarea>": 60'))).text
    assert "&lt;script&gt;alert(1)" in page
    assert script not in page


async def test_what_is_set_aside_is_told_with_its_place_and_never_its_content(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    (envelope, name), *_ = await coventry.owner.fetch("select id, name from toldonce.envelope order by id limit 1")
    defects = [
        Defect(
            code="tried-here",
            where=f"{name} row {row} Ethnicity",
            reason="the value is not in the list",
            remedy="use the <i>list</i>",
            fragment=b"Tanner, 1 Secret Street",
        )
        for row in (3, 9)
    ]
    await quarantine.add(coventry.owner, envelope, 0, defects)
    try:
        answer = await officer.get(PLACE)
        (row,) = (row for row in cells(answer.text) if row[1] == "tried-here")
        assert row[2:4] == ["2", day(datetime.now(UTC))]
        assert row[4].startswith("file row 9 Ethnicity entry ")
        assert row[5] == "use the <i>list</i>"
        assert "Secret" not in answer.text
        assert name not in answer.text
        assert PLACE in (await officer.get("/console/feeds")).text
        await coventry.owner.execute("update toldonce.quarantine set resolved = now() where code = 'tried-here'")
        assert "tried-here" not in (await officer.get(PLACE)).text
    finally:
        await coventry.owner.execute("delete from toldonce.quarantine where code = 'tried-here'")
