"""IG officers search the audit: conditions, pages, and the stored bytes as they are."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from fhir.resources.R4B.bundle import Bundle

from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.audit.search import (
    AUDIT_PURPOSE,
    GREATEST_COUNT,
    IG_OFFICER,
    Moments,
    parse_search,
    require_ig_officer,
    search,
    searchset,
)
from integration.errors import BadRequest, Forbidden
from integration.sharing.request import BreakGlass, Caller
from integration.store.database import Database

BASE = "http://127.0.0.1:8000/fhir"
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MRS_T, MRS_B = UUID(int=1), UUID(int=2)
EPR = Caller(client="epr", organisation="X9A", role="hospital doctor", purpose="TREAT", user="dr.jones")
SOCIAL_CARE = Caller(client="council", organisation="X9L", role="social worker", purpose="TREAT")


def access(minute: int, **changes: object) -> Access:
    base = Access(
        when=NOW + timedelta(minutes=minute),
        kind=Kind.READ,
        interaction="read",
        route="GET /fhir/Patient/{id}",
        outcome=Outcome.SUCCESS,
        caller=EPR,
        person=MRS_T,
        target=f"Patient/{MRS_T}",
    )
    return replace(base, **changes)


EVENTS = (
    access(0),
    access(1, person=MRS_B),
    access(2, caller=SOCIAL_CARE, kind=Kind.QUERY, interaction="search-type", target=""),
    access(3, outcome=Outcome.SERIOUS_FAILURE),
    access(4, break_glass=BreakGlass("emergency")),
    access(60 * 24, kind=Kind.TOKEN, person=None, target=""),
)


@pytest.fixture(scope="module")
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with database.pool("toldonce_api") as pool:
        async with AuditLog(pool) as audit:
            await audit.append_all(EVENTS)
        yield pool


async def minutes(pool: asyncpg.Pool, *parameters: tuple[str, str]) -> list[int]:
    """Minutes after NOW of the events found."""
    async with pool.acquire() as connection:
        page = await search(connection, parse_search(parameters))
    found = [datetime.fromisoformat(json.loads(content)["recorded"]) for _, content in page.events]
    return [round((moment - NOW).total_seconds() / 60) for moment in found]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], [1440, 4, 3, 2, 1, 0]),
        ([("patient", f"Patient/{MRS_B}")], [1]),
        ([("patient", str(MRS_B))], [1]),
        ([("agent", "council")], [2]),
        ([("agent", "council,nobody")], [2]),
        ([("organization", "X9L")], [2]),
        ([("organization", "https://fhir.nhs.uk/Id/ods-organization-code|X9L")], [2]),
        ([("outcome", "8")], [3]),
        ([("_tag", "break-glass")], [4]),
        ([("_tag", "https://toldonce.example/CodeSystem/audit-kind|token,break-glass")], [1440, 4]),
        ([("date", "2026-11-02")], [4, 3, 2, 1, 0]),
        ([("date", "gt2026-11-02")], [1440]),
        ([("date", "2026-11")], [1440, 4, 3, 2, 1, 0]),
        ([("date", "lt2026")], []),
        ([("date", "ge2026-11-02T09:32Z"), ("date", "lt2026-11-02T09:34Z")], [3, 2]),
        ([("date", "2026-11-02T10:31+01:00")], [1]),
        ([("date", "le2026-11-02T09:31:00Z")], [1, 0]),
        ([("agent", "epr"), ("outcome", "0"), ("patient", str(MRS_T))], [4, 0]),
        ([("_count", "2")], [1440, 4]),
    ],
)
async def test_a_search_finds_what_meets_every_condition(pool, parameters, expected):
    assert await minutes(pool, *parameters) == expected


async def test_pages_go_on_where_the_last_one_ended_with_the_same_conditions(pool):
    query, found = parse_search([("patient", str(MRS_T)), ("_count", "2")]), []
    async with pool.acquire() as connection:
        while True:
            page = await search(connection, query)
            found += [event for event, _ in page.events]
            if page.following is None:
                break
            query = parse_search(page.following, continued=True)
        whole = await search(connection, parse_search([("patient", str(MRS_T))]))
    assert len(found) == 4
    assert found == [event for event, _ in whole.events]


async def test_a_person_is_found_under_every_id_that_was_theirs(pool):
    query = replace(parse_search([]), persons=(MRS_T, MRS_B))
    async with pool.acquire() as connection:
        assert len((await search(connection, query)).events) == 5


async def test_the_bundle_holds_what_is_stored_as_audit_events(pool, owner):
    async with pool.acquire() as connection:
        page = await search(connection, parse_search([]))
    bundle = searchset(page, fhir_base=BASE, self_url=f"{BASE}/AuditEvent", next_url=f"{BASE}/AuditEvent?_cursor=x")
    Bundle.model_validate(json.loads(bundle))
    for row in await owner.fetch("select content from toldonce.audit_event"):
        assert rendered(row["content"]) in bundle


async def test_an_empty_bundle_has_no_empty_array(pool):
    async with pool.acquire() as connection:
        page = await search(connection, parse_search([("agent", "nobody")]))
    bundle = json.loads(searchset(page, fhir_base=BASE, self_url=BASE, next_url=None))
    Bundle.model_validate(bundle)
    assert "entry" not in bundle


@pytest.mark.parametrize(
    "parameters",
    [
        [("user", "x")],
        [("_before", "2026-11-02T00:00:00+00:00,00000000-0000-0000-0000-000000000001")],
        [("date", "yesterday")],
        [("date", "ne2026")],
        [("date", "2026-02-30")],
        [("date", "2026-11-02T25:00Z")],
        [("date", "0000")],
        [("date", "9999")],
        [("patient", "9990000018")],
        [("outcome", "3")],
        [("_tag", "nothing")],
        [("_count", "0")],
        [("_count", "many")],
        [("agent", "epr"), ("agent", "council")],
    ],
)
def test_what_cannot_be_searched_for_is_refused_without_repeating_it(parameters):
    with pytest.raises(BadRequest) as raised:
        parse_search(parameters)
    assert parameters[0][1] not in raised.value.diagnostics


def test_a_page_is_bounded():
    assert parse_search([("_count", "100000")]).count == GREATEST_COUNT


def test_a_day_is_a_day_in_coventry():
    (moments,) = parse_search([("date", "2026-07-01")]).dates
    assert moments == Moments(datetime(2026, 6, 30, 23, tzinfo=UTC), datetime(2026, 7, 1, 23, tzinfo=UTC))


@pytest.mark.parametrize(("role", "purpose"), [("GP", AUDIT_PURPOSE), (IG_OFFICER, "TREAT"), ("GP", "TREAT")])
def test_only_ig_officers_for_that_purpose_may_search(role, purpose):
    require_ig_officer(replace(EPR, role=IG_OFFICER, purpose=AUDIT_PURPOSE))
    with pytest.raises(Forbidden):
        require_ig_officer(replace(EPR, role=role, purpose=purpose))


@pytest.mark.parametrize("count", ["0", "-1", "x", "٣", "9" * 5000])
def test_a_count_that_is_none_is_refused(count: str):
    with pytest.raises(BadRequest):
        parse_search([("_count", count)])
