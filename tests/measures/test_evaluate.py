"""Evaluating a measure over the API: who may, who is counted, what is told, and what is written down of it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from integration.ingest.validity import invalidity
from integration.sharing import opt_outs
from integration.teams.measures.person_time import Span
from tests.measures.caseload import CARE, PLANNING, Stay, with_caseload
from tests.measures.test_truth import evaluated
from tests.spec.neighbourhood import MRS_T, NOW, Neighbourhood

FOREVER = Span(date(2024, 1, 1), date.max)
FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
BUSY = "general-practice-appointments"
NUMBERS = "select distinct nhs_number from toldonce.source_patient where nhs_number is not null order by 1"


@pytest.fixture(scope="module")
async def caseload(coventry: Neighbourhood) -> AsyncIterator[str]:
    """Everybody of the neighbourhood whom a practice knows."""
    rows = await coventry.owner.fetch(
        "select distinct person from toldonce.source_patient where feed = 'gp' order by 1"
    )
    async with with_caseload(coventry, "everybody", [Stay(row["person"], FOREVER) for row in rows]) as id_:
        yield id_


async def cleared(site: Neighbourhood, *, without: str = "") -> None:
    """Nobody has opted out nationally, or one person has."""
    numbers = [row["nhs_number"] for row in await site.owner.fetch(NUMBERS)]
    await site.owner.execute("delete from toldonce.opt_out_clearance")
    await opt_outs.clear(site.owner, [one for one in numbers if one != without], NOW - timedelta(days=1))


@pytest.fixture
async def planning(coventry: Neighbourhood) -> AsyncIterator[None]:
    await cleared(coventry)
    yield
    await coventry.owner.execute("delete from toldonce.opt_out_clearance")


def months(report: Any) -> list[tuple[int | None, ...]]:
    """People, denominator and numerator of each month."""
    strata = report["group"][0]["stratifier"][0]["stratum"]
    return [tuple(one.get("count") for one in stratum["population"]) for stratum in strata]


async def test_a_report_is_a_valid_summary_of_a_measure_that_is_served(coventry: Neighbourhood, caseload: str):
    connected = await coventry.as_caller(*CARE)
    report = await evaluated(connected, BUSY, caseload, FIRST, LAST)
    assert invalidity(report) is None
    assert (report["type"], report["subject"]["reference"]) == ("summary", f"Group/{caseload}")
    url, version = report["measure"].split("|")
    (found,) = [one["resource"] for one in (await connected.get("Measure", {"url": url})).json()["entry"]]
    assert found["version"] == version
    assert found["group"][0]["population"][2]["criteria"]["expression"].startswith("Encounter?_source=gp")


async def test_to_those_who_plan_small_numbers_are_not_shown_and_others_rounded(
    coventry: Neighbourhood, caseload: str, planning: None
):
    exact = months(await evaluated(await coventry.as_caller(*CARE), "ae-attendances", caseload, FIRST, LAST))
    told = await evaluated(await coventry.as_caller(*PLANNING), "ae-attendances", caseload, FIRST, LAST)
    assert [one[2] for one in exact] != [0] * 6
    for truly, said in zip((events for *_, events in exact), (events for *_, events in months(told)), strict=True):
        assert said is None if 0 < truly < 8 else said in (None, 5 * ((truly + 2) // 5)), "at least as NHS England does"
        assert said == 0 if truly == 0 else said != 0
    assert [people for people, *_ in months(told)] == [5 * ((people + 2) // 5) for people, *_ in exact]
    assert "masked" in str(told)
    assert invalidity(told) is None


async def test_whoever_opted_out_is_counted_as_if_they_had_never_been_a_member(
    coventry: Neighbourhood, caseload: str, planning: None
):
    person = await coventry.person(MRS_T)
    rows = await coventry.owner.fetch(
        "select distinct person from toldonce.source_patient where feed = 'gp' order by 1"
    )
    others = [Stay(row["person"], FOREVER) for row in rows if row["person"] != person]
    analyst = await coventry.as_caller(*PLANNING)
    async with with_caseload(coventry, "the-others", others) as smaller:
        wanted = await evaluated(analyst, BUSY, smaller, FIRST, LAST)
    await cleared(coventry, without=MRS_T)
    found = await evaluated(analyst, BUSY, caseload, FIRST, LAST)
    assert found | {"subject": None} == wanted | {"subject": None}


async def test_one_event_is_kept_for_the_evaluation_and_one_for_each_member(coventry: Neighbourhood, caseload: str):
    connected = await coventry.as_caller(*CARE)
    asked = {"periodStart": "2026-06", "periodEnd": "2026-06", "subject": f"Group/{caseload}"}
    answer = await connected.get("Measure/ae-attendances/$evaluate-measure", asked)
    events = await coventry.event(answer)
    of_people = [one["what"]["reference"] for event in events for one in event["entity"] if "Patient/" in str(one)]
    members = await coventry.owner.fetchval(
        "select count(distinct s.person) from toldonce.caseload_member m join toldonce.source_patient s "
        "on s.key = m.source_patient where m.caseload = $1",
        caseload,
    )
    assert len(of_people) == len(set(of_people)) == members == len(events) - 1
    (own,) = [event for event in events if "Patient/" not in str(event["entity"])]
    assert "ae-attendances|1.0.0" in str(own)
    assert "2026-06 to 2026-06" in str(own)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"reportType": "individual"}, 400),
        ({"reportType": "subject-list"}, 400),
        ({"subject": "Patient/1"}, 400),
        ({"subject": ""}, 400),
        ({"periodStart": "2026-01-02"}, 400),
        ({"periodEnd": "2026-06-29"}, 400),
        ({"periodEnd": "2026-09-30"}, 400),
        ({"periodStart": "2020-01-01"}, 400),
        ({"practitioner": "Practitioner/1"}, 400),
        ({"subject": "Group/nobody-s"}, 404),
    ],
    ids=str,
)
async def test_what_is_not_served_is_refused(
    coventry: Neighbourhood, caseload: str, changed: dict[str, str], status: int
):
    asked = {"periodStart": str(FIRST), "periodEnd": str(LAST), "subject": f"Group/{caseload}", **changed}
    answer = await (await coventry.as_caller(*CARE)).get("Measure/ae-attendances/$evaluate-measure", asked)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


async def test_another_s_caseload_is_as_one_that_does_not_exist(coventry: Neighbourhood, caseload: str):
    connected = await coventry.as_caller("int-south", "care coordinator", "COC")
    asked = {"periodStart": str(FIRST), "periodEnd": str(LAST)}
    answers = [
        await connected.get("Measure/care-plan/$evaluate-measure", {**asked, "subject": f"Group/{id_}"})
        for id_ in (caseload, "nobody-s")
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_there_is_no_measure_of_what_no_agreement_opens(coventry: Neighbourhood, caseload: str):
    asked = {"periodStart": str(FIRST), "periodEnd": str(LAST), "subject": f"Group/{caseload}"}
    distant = await coventry.as_caller("distant-hospital", "hospital doctor", "TREAT")
    answer = await distant.get("Measure/ae-attendances/$evaluate-measure", asked)
    assert answer.status_code == 403
    narrow = await coventry.as_caller(*CARE, scope="system/CarePlan.rs system/Measure.rs system/Group.rs")
    assert (await narrow.get("Measure/ae-attendances/$evaluate-measure", asked)).status_code == 403
