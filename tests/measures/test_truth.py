"""The measures of a made-up cohort against the life events that made its record, month by month, to the last digit."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rich.console import Console

from adapters.synthetic.neighbourhood import LAST_DAY, build
from adapters.synthetic.world import Person, World
from integration.commands import export
from integration.record.consult import Question
from integration.sharing import opt_outs
from integration.sharing.request import Caller
from integration.teams.measures.definitions import measures
from integration.teams.measures.evaluate import Counted, Evaluation
from integration.teams.measures.person_time import Month, Span, months_of
from tests.measures import duck
from tests.measures.caseload import CARE, HUB, PLANNING, Stay, with_caseload
from tests.measures.duck import Figures
from tests.measures.truth import Days, counted_days, events_of
from tests.measures.truth_of_parts import PARTS, Truth, local_ids, truth
from tests.spec.neighbourhood import NOW, PEOPLE, Connected, Neighbourhood, running

FIRST, LAST = date(2024, 11, 1), date(2026, 8, 31)
"""All whole months that the synthetic neighbourhood tells of, but the last: what was discharged in its last hours is
written down on the next day, of which it tells no more."""
RATES = (
    "outpatient-appointments",
    "emergency-admissions",
    "inpatient-bed-days",
    "ambulance-conveyances",
    "ae-attendances",
    "general-practice-appointments",
)
REVIEW = "care-plan-review-in-date"
"""The one part that is one of those of whom another holds."""
MANY = 210
KNOWN = "select nhs_number, person, feed, organisation, local_id from toldonce.source_patient"


@dataclass(frozen=True)
class Member:
    """Somebody of the cohort: who they are in the record, what truly happened, and when they were a member."""

    stay: Stay
    days: Mapping[str, Days]
    truth: Truth

    def is_here(self, day: date) -> bool:
        return self.stay.span.start <= day < self.stay.span.end


async def cohort(site: Neighbourhood, world: World) -> list[Member]:
    """Everybody whose practice's and hospital's records were found to be of one person, each a member from some day to
    some other, or for good."""
    rows = await site.owner.fetch(KNOWN)
    by_number = {row["nhs_number"]: row["person"] for row in rows if row["feed"] == "gp"}
    by_mrn = {row["local_id"]: row["person"] for row in rows if row["feed"] == "acute"}
    known_as = {(row["organisation"] if row["feed"] == "vcfse" else row["feed"], row["local_id"]): row for row in rows}
    events, ids = events_of(world), local_ids(world)
    found = []
    for person in world.people:
        known = by_number.get(person.nhs_number)
        mrns = [mrn for mrn in (person.mrn, person.other_mrn) if mrn]
        if known and not person.dissent and all(by_mrn.get(mrn, known) == known for mrn in mrns):
            mine = events[person.key]
            known_to = {one[0] for one in ids[person.key] if one in known_as and known_as[one]["person"] == known}
            held = truth(world, person, mine, known_to)
            found.append(Member(Stay(known, _span(person)), counted_days(world, person, mine), held))
    return found


def _span(person: Person) -> Span:
    draw = Random(person.key)
    start = LAST_DAY - timedelta(days=draw.randint(40, 800))
    return Span(start, start + timedelta(days=draw.randint(1, 500)) if draw.random() < 0.3 else date.max)


def expected(members: list[Member], measure: str, month: Month) -> Figures:
    """What a measure must come to in a month."""
    return part(members, measure, month) if measure in PARTS else rate(members, measure, month)


def part(members: list[Member], measure: str, month: Month) -> Figures:
    """People, those of whom it may hold, those of whom it does, and their part, counted one by one."""
    here = [one.truth for one in members if one.is_here(month.last)]
    may = [one for one in here if measure != REVIEW or one.held("care-plan", month.last)]
    held = sum(one.held(measure, month.last) for one in may)
    return len(here), len(may), held, _rounded(Fraction(100 * held, len(may)) if may else None)


def rate(members: list[Member], measure: str, month: Month) -> Figures:
    """People, person-days, events and the rate, counted one by one."""
    people = days = events = 0
    for member in members:
        here = [day for number in range(month.days) if member.is_here(day := month.span.start + timedelta(number))]
        people += bool(here)
        days += len(here)
        events += sum(day in here for day in member.days[measure])
    return people, days, events, _rounded(Fraction(1000 * events * month.days, days) if days else None)


def _rounded(exact: Fraction | None) -> str | None:
    told = None if exact is None else Decimal(exact.numerator) / Decimal(exact.denominator)
    return None if told is None else str(told.quantize(Decimal("0.01"), ROUND_HALF_UP))


def reported(figures: Mapping[str, Any]) -> Figures:
    people, days, events = (one["count"] for one in figures["population"])
    score = figures.get("measureScore", {}).get("value")
    return people, days, events, None if score is None else f"{score:.2f}"


def strata(report: Any) -> list[Any]:
    """The months of a report."""
    (group,) = report["group"]
    found: list[Any] = group["stratifier"][0]["stratum"]
    return found


async def evaluated(connected: Connected, measure: str, caseload: str, first: date = FIRST, last: date = LAST) -> Any:
    asked = {"periodStart": str(first), "periodEnd": str(last), "subject": f"Group/{caseload}", "reportType": "summary"}
    answer = await connected.get(f"Measure/{measure}/$evaluate-measure", asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def compare(site: Neighbourhood, people: int, measures: tuple[str, ...]) -> int:
    """How many events were compared."""
    members = await cohort(site, build(people))
    compared = 0
    async with with_caseload(site, "counted", [member.stay for member in members]) as caseload:
        connected = await site.as_caller(*CARE)
        gone = {member.stay.person for member in members if member.stay.span.end < date.max}
        present = [member for member in members if member.stay.person not in gone]
        for measure in measures:
            report = await evaluated(connected, measure, caseload)
            for stratum, month in zip(strata(report), months_of(FIRST, LAST), strict=True):
                assert stratum["value"]["text"] == str(month)
                assert reported(stratum) == expected(present, measure, month), (measure, month)
                compared += reported(stratum)[2]
    return compared


async def test_the_measures_are_what_happened(coventry: Neighbourhood):
    assert await compare(coventry, PEOPLE, ("ae-attendances", "inpatient-bed-days")) > 20


async def test_for_planning_whoever_has_left_is_counted_for_the_time_before(coventry: Neighbourhood):
    """Before small numbers are protected, and all six in one go."""
    members, months = await cohort(coventry, build(PEOPLE)), months_of(FIRST, LAST)
    numbers = await coventry.owner.fetch(
        "select distinct nhs_number from toldonce.source_patient where nhs_number <> ''"
    )
    await opt_outs.clear(coventry.owner, [row["nhs_number"] for row in numbers], NOW - timedelta(days=1))
    written: list[Counted] = []

    async def audited(counted: Sequence[Counted]) -> None:
        written.extend(counted)

    question = Question(Caller(PLANNING[0], HUB, *PLANNING[1:]), NOW)
    async with with_caseload(coventry, "planned", [member.stay for member in members]) as caseload:
        evaluation = Evaluation(coventry.app.state.services.records, question, audited)
        tally = await evaluation.tally(caseload, [measures()[one] for one in RATES], months)
    await coventry.owner.execute("delete from toldonce.opt_out_clearance")
    assert any(member.stay.span.end < LAST for member in members)
    for (measure, month), cell in tally.cells.items():
        assert (cell.people, cell.days, cell.numerator) == expected(members, measure, month)[:3], (measure, month)
    assert len({one.decision.request.person for one in written}) == len(written) == len(members)


@pytest.fixture(scope="module")
async def many(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbourhood]:
    async with running(server_url, tmp_path_factory.mktemp("many"), MANY) as site:
        yield site


@pytest.mark.slow
async def test_duckdb_counts_the_same_in_the_extract(many: Neighbourhood, tmp_path: Path):
    members = [one for one in await cohort(many, build(MANY)) if one.stay.span.end == date.max]
    async with with_caseload(many, "extracted", [one.stay for one in members]) as caseload:
        asked = export.Asked(caseload, *CARE, folder=tmp_path / "extract")
        await export.extract(many.settings, Console(quiet=True), asked)
        connected = await many.as_caller(*CARE)
        with duck.opened(tmp_path / "extract", FIRST, LAST) as database:
            for measure in (*duck.COUNTED, *duck.HOLDS):
                found = duck.rates(database, measure, LAST) if measure in RATES else duck.parts(database, measure)
                report = await evaluated(connected, measure, caseload)
                assert [reported(one) for one in strata(report)] == found, measure
                assert any(figures[2] for figures in found), measure


@pytest.mark.slow
async def test_all_eleven_measures_are_what_happened_to_many(many: Neighbourhood):
    assert len(await cohort(many, build(MANY))) >= 200
    assert await compare(many, MANY, (*RATES, *PARTS)) > 500
