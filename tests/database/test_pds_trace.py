"""Tracing on PDS from end to end: what is asked, what becomes of the answers, and that nothing is lost and nobody is
taken for somebody else whatever PDS does."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from adapters.pds.write import write_outcome
from adapters.synthetic.http_server import Fault
from adapters.synthetic.pds_provider import Provider
from adapters.transport.breaker import Breaker
from adapters.transport.pds import CIRCUIT_OPEN
from integration.ingest import pds
from tests.database.ingesting import about, emptied, ingest
from tests.database.pds import ask, named, national, patient
from tests.database.tracing import CURRENT, MRS_T, REPLACED, make_due, message, people, resources, the_trace
from tests.unit.adapters.transport.test_breaker import Clock


@pytest.fixture
async def provider(database, owner: asyncpg.Connection) -> AsyncIterator[Provider]:
    await emptied(owner)
    async with national() as running:
        yield running


async def test_an_unverified_number_is_linked_with_pdss_record_of_it_and_so_verified(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T)])
    before = await people(owner)
    assert await ask(database, provider) == {"answered": 1}
    after = await people(owner)
    assert after["acute", "M1"] == after["pds", MRS_T] != before["acute", "M1"]
    row = await the_trace(owner, MRS_T)
    assert (row["outcome"], row["attempts"], row["leased_until"]) == ("answered", 0, None)
    assert timedelta(days=29) < row["wait"] <= timedelta(days=30)
    (record,) = await resources(owner)
    assert record["address"][0]["postalCode"] == "CV5 6ZB"
    assert [one["name"][0]["family"] for one in await resources(owner, "RelatedPerson")] == ["Harris"]
    assert await ask(database, provider) == {}
    assert provider.asked == [MRS_T, f"{MRS_T}/RelatedPerson"]


async def test_a_number_of_somebody_else_links_nobody(database, owner, provider):
    """The hospital has typed Mrs T's number for another woman."""
    await ingest(database, [message("M1", number=MRS_T, name="OKONKWO^GRACE", birth="19710203", address="")])
    assert await ask(database, provider) == {"answered": 1}
    found = await people(owner)
    assert found["acute", "M1"] != found["pds", MRS_T]


async def test_until_pds_has_answered_what_is_held_stays_as_it_is(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T)])
    before = await owner.fetch("select id, body, person from toldonce.resource order by id")
    provider.faults = [Fault(503)] * 9
    assert await ask(database, provider) == {"HTTP_503": 1}
    assert await owner.fetch("select id, body, person from toldonce.resource order by id") == before
    assert await owner.fetchval("select count(*) from toldonce.envelope where feed = 'pds'") == 0


_USUAL = ("rate limited", "rubbish", "a failing server that says the number is gone")
BAD_DAYS = {
    "rate limited": [Fault(429, write_outcome("TOO_MANY_REQUESTS"), headers={"Retry-After": "120"})],
    "failing": [Fault(500)] * 2,
    "rubbish": [Fault(content=b"<html>"), Fault(content=b'{"resourceType":"Patient"}')],
    "slow": [Fault(delay=1.7)] * 2,
    "huge": [Fault(content=b" " * 70_000)],
    "half an absence": [Fault(404, b"<html>")],
    "a failing server that says the number is gone": [Fault(500, write_outcome("INVALIDATED_RESOURCE"))] * 2,
}


@pytest.mark.parametrize(
    "day", [day if day in _USUAL else pytest.param(day, marks=pytest.mark.slow) for day in BAD_DAYS]
)
async def test_a_bad_day_of_pds_loses_nothing_links_nobody_and_passes(database, owner, provider, day):
    await ingest(database, [message("M1", number=MRS_T)])
    before = await people(owner)
    provider.faults = list(BAD_DAYS[day])
    (code,) = await ask(database, provider, related=False)
    assert code != "answered"
    assert await people(owner) == before
    row = await the_trace(owner, MRS_T)
    assert (row["attempts"], row["last_answered"]) == (1, None)
    assert timedelta(minutes=1) < row["wait"] <= timedelta(minutes=5)
    await make_due(owner)
    assert await ask(database, provider, related=False) == {"answered": 1}
    assert (await the_trace(owner, MRS_T))["attempts"] == 0
    found = await people(owner)
    assert found["acute", "M1"] == found["pds", MRS_T]


async def test_while_pds_is_unwell_it_is_left_alone_and_everybody_stays_due(database, owner, provider):
    await ingest(database, about(18, "mrs-t", "mr-p", "twin-a", "twin-b", "child", "died"))
    clock = Clock()
    breaker = Breaker(failures=3, rest=30, clock=clock)
    provider.faults = [Fault(500)] * 50
    outcomes = await ask(database, provider, breaker=breaker, at_once=1)
    assert outcomes[CIRCUIT_OPEN] >= 1
    assert len(provider.asked) == 3
    numbers = await owner.fetchval("select count(*) from toldonce.pds_trace")
    due = await owner.fetchval("select count(*) from toldonce.pds_trace where due <= now() and leased_until is null")
    assert due == numbers - outcomes["HTTP_500"]
    provider.faults = []
    clock.now += 30
    await make_due(owner)
    assert (await ask(database, provider, breaker=breaker))["answered"] == numbers


async def test_a_replaced_number_leads_to_its_replacement_and_both_are_one_person(database, owner, provider):
    dudek = {
        "name": "DUDEK^STANISLAW",
        "birth": "19480903",
        "sex": "1",
        "address": "17 Ribbon Weavers Close^^Coventry^^CV6 4ZX",
    }
    await ingest(database, [message("M1", number=REPLACED, **dudek), message("M2", number=CURRENT, **dudek)])
    assert await ask(database, provider) == {"answered": 1, "superseded": 1}
    found = await people(owner)
    assert found["pds", REPLACED] == found["pds", CURRENT] == found["acute", "M1"] == found["acute", "M2"]
    old, new = sorted(await resources(owner), key=lambda one: one["active"])
    assert old["identifier"][0]["value"] == REPLACED
    assert old["link"] == [{"other": {"reference": f"Patient/{new['id']}"}, "type": "replaced-by"}]
    assert "address" not in old
    assert new["identifier"][0]["value"] == CURRENT


async def test_a_replacement_that_is_nothing_like_the_holder_is_not_believed(database, owner, provider):
    """What a cache between us and PDS might do: another person's record, for the number of this one."""
    await ingest(database, [message("M1", number=MRS_T)])
    provider.register.replaced[MRS_T] = CURRENT  # type: ignore[index]
    assert await ask(database, provider) == {"OTHER_PERSON": 1}
    assert set(await people(owner)) == {("acute", "M1")}
    assert await owner.fetchval("select count(*) from toldonce.envelope where feed = 'pds'") == 0
    assert (await the_trace(owner, MRS_T))["attempts"] == 1


async def test_a_number_that_is_nobodys_any_more_takes_back_what_pds_said(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T)])
    await ask(database, provider)
    provider.faults = [Fault(404, write_outcome("INVALIDATED_RESOURCE"))]
    await make_due(owner)
    outcomes = await ask(database, provider)
    assert outcomes["INVALIDATED_RESOURCE"] == 1
    assert (await the_trace(owner, MRS_T))["outcome"] in ("INVALIDATED_RESOURCE", "answered")
    history = await owner.fetchval("select count(*) from toldonce.resource_history where body is null")
    assert history >= 1


async def test_pdss_mark_restricts_the_person_everywhere_and_takes_their_address_back(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T)])
    await ask(database, provider)
    assert not await owner.fetchval("select bool_or(restricted) from toldonce.facts where until = 'infinity'")
    provider.register.patients[MRS_T] = patient(  # type: ignore[index]
        MRS_T, restricted="R", name=named("Tanner", "Edith"), birth_date="1942-03-14", gender="female"
    )
    provider.register.related[MRS_T] = ()  # type: ignore[index]
    await make_due(owner)
    await ask(database, provider)
    found = await people(owner)
    assert found["acute", "M1"] == found["pds", MRS_T]
    assert await owner.fetchval("select bool_or(restricted) from toldonce.facts where until = 'infinity'")
    (record,) = await resources(owner)
    assert not {"address", "telecom", "generalPractitioner"} & record.keys()
    assert {label["code"] for label in record["meta"]["security"]} == {"R", "LOCIS"}
    assert await resources(owner, "RelatedPerson") == []


async def test_who_is_restricted_stays_so_when_their_number_is_invalidated(database, owner, provider):
    """She has another number now that has not replaced the old one, under which the hospital knows where she lives:
    so it is for whoever must not be found."""
    await ingest(database, [message("M1", number=MRS_T)])
    provider.register.patients[MRS_T] = patient(
        MRS_T, restricted="R", name=named("Tanner", "Edith"), birth_date="1942-03-14", gender="female"
    )
    await ask(database, provider, related=False)
    provider.faults = [Fault(404, write_outcome("INVALIDATED_RESOURCE"))]
    await make_due(owner)
    assert await ask(database, provider, related=False) == {"INVALIDATED_RESOURCE": 1}
    found = await people(owner)
    assert found["acute", "M1"] == found["pds", MRS_T]
    hers = "select bool_or(restricted) from toldonce.facts where until = 'infinity' and person = $1"
    assert await owner.fetchval(hers, found["acute", "M1"])


async def test_who_died_is_said_by_pds_too(database, owner, provider):
    await ingest(database, about(18, "died"))
    await ask(database, provider)
    (record,) = await resources(owner)
    assert len(record["deceasedDateTime"]) == len("2026-01-01")
    assert any(one["url"].endswith("DeathNotificationStatus") for one in record["extension"])


async def test_the_same_answer_again_is_not_kept_again(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T)])
    await ask(database, provider)
    first = await owner.fetchval("select count(*) from toldonce.envelope where feed = 'pds'")
    await make_due(owner)
    assert await ask(database, provider) == {"answered": 1}
    assert await owner.fetchval("select count(*) from toldonce.envelope where feed = 'pds'") == first == 2


async def test_who_has_no_number_is_searched_for_and_compared_by_our_own_rules(database, owner, provider):
    await ingest(database, [message("M1")])
    assert await ask(database, provider) == {"matched": 1, "answered": 1}
    assert provider.asked == ["search", MRS_T, f"{MRS_T}/RelatedPerson"]
    found = await people(owner)
    assert found["acute", "M1"] == found["pds", MRS_T]
    assert await ask(database, provider) == {}


async def test_a_single_match_that_our_rules_do_not_see_is_not_kept(database, owner, provider):
    """PDS finds her by name, birth date and the start of a given name, which is another one."""
    await ingest(database, [message("M1", name="TANNER^EDINA", address="")])
    assert await ask(database, provider) == {"dissimilar": 1}
    assert set(await people(owner)) == {("acute", "M1")}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"name": "NOBODY^ATALL"}, "unmatched"),
        ({"name": "TANNER^", "address": ""}, pds.NOTHING_TO_SEARCH_BY),
    ],
)
async def test_who_is_not_found_is_asked_for_again_when_their_source_says_something_new(
    database, owner, provider, said, outcome
):
    await ingest(database, [message("M1", **said)])
    assert await ask(database, provider) == {outcome: 1}
    assert await ask(database, provider) == {}
    await ingest(database, [message("M1", sent="20260902090000")])
    assert (await ask(database, provider))["matched"] == 1


async def test_two_who_fit_are_nobody(database, owner):
    await emptied(owner)
    birth, alike = "1942-03-14", {"name": named("Tanner", "Edith"), "gender": "female"}
    async with national(patients={"9990000298": patient("9990000298", birth_date=birth, **alike)}) as provider:
        await ingest(database, [message("M1", address="")])
        assert await ask(database, provider) == {"TOO_MANY_MATCHES": 1}
    assert set(await people(owner)) == {("acute", "M1")}


async def test_a_number_that_pds_does_not_know_lets_its_holder_be_searched_for(database, owner, provider):
    await ingest(database, [message("M1", number="9990000298")])
    outcomes = await ask(database, provider)
    assert outcomes == {"RESOURCE_NOT_FOUND": 1, "matched": 1, "answered": 1}


async def test_verified_numbers_are_left_alone_where_the_document_says_so(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T, status="01")])
    assert await ask(database, provider, verified_too=False) == {}
    assert await ask(database, provider, feeds=("gp",)) == {}
    assert await ask(database, provider) == {"answered": 1}
