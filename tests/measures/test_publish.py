"""The monthly job: counted by command as a client may, published, and never written anew."""

import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.commands import measure as command
from integration.commands.measure import Asked
from integration.errors import NotPossible
from integration.ingest.validity import invalidity
from integration.sharing import opt_outs
from integration.teams.measures.definitions import measures
from integration.teams.measures.disclosure import EXACT, Rule, shown
from integration.teams.measures.person_time import Span, months_of
from integration.teams.measures.picture import trend
from integration.teams.measures.tally import Tally
from tests.measures.caseload import CARE, PLANNING, Stay, with_caseload
from tests.measures.test_by_hand import visit
from tests.measures.test_evaluate import FOREVER, NUMBERS
from tests.spec.neighbourhood import Neighbourhood, resources

ASKED = Asked("published", "2026-05", "2026-06", ("general-practice-appointments", "care-plan"), publish=True)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
async def site(coventry: Neighbourhood) -> AsyncIterator[Neighbourhood]:
    """With a caseload of everybody, of whom nobody has opted out."""
    rows = await coventry.owner.fetch(
        "select distinct person from toldonce.source_patient where feed = 'gp' order by 1"
    )
    numbers = [row["nhs_number"] for row in await coventry.owner.fetch(NUMBERS)]
    await opt_outs.clear(coventry.owner, numbers, datetime.now(UTC) - timedelta(hours=1))
    async with with_caseload(coventry, "published", [Stay(row["person"], FOREVER) for row in rows]):
        yield coventry
    await coventry.owner.execute("delete from toldonce.opt_out_clearance")
    await coventry.owner.execute("delete from toldonce.measure_report")


async def reports(site: Neighbourhood, *caller: str, subject: str = "Group/published") -> list[dict[str, Any]]:
    answer = await (await site.as_caller(*caller)).get("MeasureReport", {"subject": subject})
    assert answer.status_code == 200, answer.text
    return resources(answer.json())


async def test_what_was_published_stays_and_a_correction_is_a_new_version(site: Neighbourhood):
    await command.measure(site.settings, ASKED)
    first = await reports(site, *CARE)
    assert [one["meta"]["versionId"] for one in first] == ["1", "1"]
    assert [invalidity(one) for one in first] == [None, None]
    await command.measure(site.settings, ASKED)
    assert await reports(site, *CARE) == first, "nothing has changed"
    gone = "update toldonce.caseload_member set since = '2026-06-01' where caseload = 'published'"
    await site.owner.execute(gone)
    await command.measure(site.settings, ASKED)
    second = await reports(site, *PLANNING)
    assert {one["meta"]["versionId"] for one in second} == {"2"}
    connected = await site.as_caller(*CARE)
    for one in first:
        old = await connected.get(f"MeasureReport/{one['id']}/_history/1")
        assert (old.status_code, old.json()) == (200, one)
        assert (await connected.get(f"MeasureReport/{one['id']}")).json()["meta"]["versionId"] == "2"


async def test_another_team_finds_no_reports_and_gets_none_by_id(site: Neighbourhood):
    await command.measure(site.settings, ASKED)
    (one, *_) = await reports(site, *CARE)
    other = ("int-south", "care coordinator", "COC")
    assert await reports(site, *other) == []
    connected = await site.as_caller(*other)
    paths = (f"MeasureReport/{one['id']}", "MeasureReport/00000000-0000-4000-8000-000000000000")
    answers = [await connected.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_figures_for_care_are_not_published(site: Neighbourhood):
    asked = Asked("published", "2026-06", "2026-06", client="hub", role="care coordinator", purpose="COC", publish=True)
    with pytest.raises(NotPossible, match="beyond care"):
        await command.measure(site.settings, asked)


@pytest.mark.parametrize(
    "asked",
    [
        Asked("nobody-s", "2026-06", "2026-06"),
        Asked("published", "2026-06", "2026-05"),
        Asked("published", "2026-06", "2099-01"),
        Asked("published", "2026-06", "2026-06", ("happiness",)),
        Asked("published", "2026-06", "2026-06", client="nobody"),
        Asked("published", "2026-06", "2026-06", purpose="HRESCH"),
    ],
)
async def test_what_cannot_be_counted_is_said(site: Neighbourhood, asked: Asked):
    with pytest.raises(NotPossible):
        await command.measure(site.settings, asked)


async def test_a_page_shows_a_picture_and_a_table_of_each_measure(site: Neighbourhood, tmp_path: Path):
    found = await command.measure(site.settings, Asked("published", "2026-01", "2026-06"))
    assert found.closed == []
    page = command.page(found)
    assert page.count("<svg") == page.count("<table") == page.count("<title id=") == len(measures()) == 11
    assert "<script" not in page
    assert "style=" not in page
    assert len(command.rows(found, as_json=False)) == 11 * 6


def test_a_picture_says_what_it_shows_and_leaves_a_gap_where_nothing_may_be_shown():
    months = months_of(date(2026, 5, 1), date(2026, 8, 31))
    tally = Tally([measures()["ae-attendances"]], months)
    for number in range(20):
        often = [
            visit("EMER", f"2026-0{month}-02T10:00:00+01:00")
            for month in (5, 6, 8)
            if number < (3 if month == 6 else 10)
        ]
        tally.add([Span(date(2026, 1, 1), date.max)], often)
    told = shown(tally, "ae-attendances", Rule())
    picture = ElementTree.fromstring(trend(measures()["ae-attendances"], told, "a"))
    assert picture.attrib["role"] == "img"
    assert picture.attrib["aria-labelledby"] == "a-title a-desc"
    assert picture.find(f"{SVG}title").text == "A&E attendances, per 1,000 people and month"  # type: ignore[union-attr]
    described = picture.find(f"{SVG}desc").text  # type: ignore[union-attr]
    assert described == "From 500.00 in May 2026 to 500.00 in Aug 2026. 1 of 4 months are not shown, being small."
    assert len(picture.findall(f"{SVG}circle")) == 3
    exact = ElementTree.fromstring(trend(measures()["ae-attendances"], shown(tally, "ae-attendances", EXACT), "a"))
    assert len(exact.findall(f"{SVG}circle")) == 4
