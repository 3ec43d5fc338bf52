"""Search within a type: every parameter narrows, none widens; pages together are the whole. R4 search.html"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integration.api.search_type import PARAMETERS
from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood, resources

SEARCHED = sorted(set(PARAMETERS) - {"Patient"})


@pytest.fixture(scope="module")
async def mrs_t(coventry: Neighbourhood) -> UUID:
    return await coventry.person()


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


@pytest.fixture(scope="module")
def find(gp: Connected, mrs_t: UUID) -> Callable[..., Any]:
    """The GP's matches of a type, in order."""

    async def found(kind: str, *parameters: tuple[str, str]) -> list[dict[str, Any]]:
        answer = await gp.get(kind, [("patient", f"Patient/{mrs_t}"), *parameters])
        assert answer.status_code == 200, answer.text
        return resources(answer.json(), "match")

    return found


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in found]


def first_day(one: dict[str, Any]) -> date:
    return datetime.fromisoformat(one["period"]["start"]).date()


def last_day(one: dict[str, Any]) -> date:
    end = one["period"].get("end")
    return datetime.fromisoformat(end).date() if end else date.max


async def test_a_type_searched_is_that_part_of_everything(coventry: Neighbourhood, mrs_t: UUID):
    for asker in SEVEN:
        caller = await coventry.asker(asker.name)
        everything = await caller.everything(mrs_t)
        whole = resources(everything.json(), "match") if everything.status_code == 200 else []
        for kind in SEARCHED:
            bundle = (await caller.get(kind, {"patient": str(mrs_t)})).json()
            get_fhir_model_class("Bundle").model_validate(bundle)
            found = resources(bundle, "match")
            assert found == [one for one in whole if one["resourceType"] == kind], (asker.name, kind)
            assert bundle["total"] == len(found)


async def test_ways_to_name_the_person_are_the_same(gp: Connected, mrs_t: UUID):
    ways = [
        ("patient", f"Patient/{mrs_t}"),
        ("patient", str(mrs_t)),
        ("subject", f"Patient/{mrs_t}"),
        ("patient:identifier", f"{NUMBER}|{MRS_T}"),
        ("patient.identifier", MRS_T),
        ("subject:identifier", f"{NUMBER}|{MRS_T}"),
    ]
    by_get = [resources((await gp.get("Encounter", [way])).json()) for way in ways]
    by_post = [resources((await gp.post("Encounter/_search", dict([way]))).json()) for way in ways]

    assert by_get[0]
    assert all(found == by_get[0] for found in (*by_get, *by_post))


async def test_a_source_patients_id_is_not_a_persons(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    source = await coventry.owner.fetchval("select id from toldonce.source_patient where person = $1 limit 1", mrs_t)

    assert resources((await gp.get("Encounter", {"patient": str(source)})).json()) == []


@pytest.mark.parametrize(
    "value", ["2026-06-04", "2026-06", "2026", "2026-06-04T10:00:00Z", "2026-06-04T10:00:00+01:00"]
)
async def test_dates_with_prefixes(find, value: str):
    whole = [one for one in await find("Encounter") if "period" in one]
    first, last = span(value)
    meant = {
        "": lambda one: last_day(one) >= first and first_day(one) <= last,
        "ge": lambda one: last_day(one) >= first,
        "le": lambda one: first_day(one) <= last,
        "gt": lambda one: last_day(one) > last,
        "lt": lambda one: first_day(one) < first,
    }
    everything = whole
    if "T" in value:  # by the day: what is of that very day is left out of the comparison
        whole = [one for one in whole if first_day(one) != first and last_day(one) != first]
    for prefix, holds in meant.items():
        found = set(ids(await find("Encounter", ("date", f"{prefix}{value}"))))
        expected = {one["id"] for one in whole if holds(one)}
        others = {one["id"] for one in everything if one not in whole} if "T" in value else set()
        assert found - others == expected, prefix


def span(value: str) -> tuple[date, date]:
    """First and last day of a date, month, year or moment."""
    parts = [int(part) for part in value.partition("T")[0].split("-")]
    first = date(*[*parts, 1, 1][:3])
    if len(parts) == 3:
        return first, first
    after = date(first.year + 1, 1, 1) if len(parts) == 1 else (first + timedelta(days=31)).replace(day=1)
    return first, after - timedelta(days=1)


async def test_two_dates_must_both_hold(find):
    inside = ids(await find("Encounter", ("date", "ge2026-03"), ("date", "le2026-05")))
    from_march = ids(await find("Encounter", ("date", "ge2026-03")))
    until_may = ids(await find("Encounter", ("date", "le2026-05")))

    assert inside == [id_ for id_ in from_march if id_ in until_may]
    assert 0 < len(inside) < len(from_march)
    assert ids(await find("Encounter", ("date", "le2026-05"), ("date", "ge2026-03"))) == inside
    assert ids(await find("Encounter", ("date", "ge2026-03"), ("date", "ge2025-01"))) == from_march
    february, march = (
        ids(await find("Encounter", ("date", "2026-02"))),
        ids(await find("Encounter", ("date", "2026-03"))),
    )
    both = ids(await find("Encounter", ("date", "2026-02"), ("date", "2026-03")))
    assert both == [id_ for id_ in february if id_ in march]


async def test_status(find):
    whole = await find("Flag")
    for statuses in ("active", "inactive", "active,inactive", "entered-in-error"):
        expected = [one["id"] for one in whole if one["status"] in statuses.split(",")]
        assert sorted(ids(await find("Flag", ("status", statuses)))) == sorted(expected), statuses
    assert len(await find("Flag", ("status", "active"))) > 3


@pytest.mark.parametrize(
    ("kind", "parameter"), [("Flag", "category"), ("Flag", "code"), ("Condition", "code"), ("Encounter", "class")]
)
async def test_tokens(find, kind: str, parameter: str):
    whole = await find(kind)
    system, code = next((one["system"], one["code"]) for item in whole for one in codings(item, parameter))
    expected = [one["id"] for one in whole if (system, code) in pairs(one, parameter)]
    assert expected

    assert ids(await find(kind, (parameter, f"{system}|{code}"))) == expected
    assert ids(await find(kind, (parameter, code))) == expected
    assert ids(await find(kind, (parameter, f"{system}|{code},{system}|no-such-code"))) == expected
    assert set(expected) <= set(ids(await find(kind, (parameter, f"{system}|"))))
    for nothing in (f"urn:another|{code}", f"|{code}", "no-such-code", "%", "_", code[:-1] + "_", f"{code}x", ""):
        assert await find(kind, (parameter, nothing)) == [], nothing


def pairs(resource: dict[str, Any], element: str) -> set[tuple[str | None, str | None]]:
    return {(one.get("system"), one.get("code")) for one in codings(resource, element)}


def codings(resource: dict[str, Any], element: str) -> list[dict[str, str]]:
    value = resource.get(element, [])
    concepts = value if isinstance(value, list) else [value]
    return [coding for concept in concepts for coding in concept.get("coding", [concept])]


async def test_two_tokens_must_both_hold(find):
    active_safety = ids(await find("Flag", ("category", "safety"), ("status", "active")))
    safety = ids(await find("Flag", ("category", "safety")))

    assert set(active_safety) <= set(safety)
    assert await find("Flag", ("category", "safety"), ("category", "no-such-code")) == []


async def test_ids(find):
    whole = ids(await find("Encounter"))

    assert ids(await find("Encounter", ("_id", f"{whole[3]},{whole[1]}"))) == [whole[1], whole[3]]
    assert await find("Encounter", ("_id", "1")) == []
    assert await find("Flag", ("_id", whole[0])) == []


@pytest.mark.parametrize("count", [1, 7, 50])
async def test_pages_together_are_the_whole(gp: Connected, mrs_t: UUID, find, count: int):
    for kind in ("Flag", "CarePlan", "Encounter") if count > 1 else ("Flag", "CarePlan"):
        bundle = (await gp.get(kind, {"patient": str(mrs_t), "_count": str(count)})).json()
        found = resources(bundle, "match")
        while following := [link["url"] for link in bundle["link"] if link["relation"] == "next"]:
            assert "total" not in bundle
            bundle = (await gp.get(following[0])).json()
            assert len(resources(bundle, "match")) <= count
            found += resources(bundle, "match")

        key = lambda one: one["id"]  # noqa: E731  the order of the one top flag's page is not that of its id
        assert sorted(found, key=key) == sorted(await find(kind), key=key), kind
