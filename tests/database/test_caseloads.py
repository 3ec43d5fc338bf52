"""Caseloads: who comes on them by rule and by hand, what follows from it, and that it ends at once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from rich.console import Console

from integration import demo
from integration.commands import caseloads as commands
from integration.errors import Forbidden, NotFound, NotPossible
from integration.feeds import EVERY
from integration.ingest import due
from integration.ingest.validity import invalidity
from integration.record.consult import Question
from integration.sharing.request import Caller
from integration.sharing.scopes import CASELOAD_SCOPE
from integration.store.database import Database, act_as
from integration.teams.caseloads import members
from integration.teams.caseloads.register import history
from tests.database.ingesting import process
from tests.database.recording import choice, recipient, recorder, recording, send
from tests.database.serving import Site
from tests.database.test_identity_undone import desk as review_desk
from tests.database.test_identity_undone import record
from tests.spec.neighbourhood import NOW, Connected, resources

MRS_T, RESIDENT, OBJECTOR, MRS_B = "9990000018", "9990000034", "9990000077", "9990000026"
INT = "int-south"
TEAM = Caller("int-south", "X9N04", "care coordinator", "TREAT", "A. Singh")
__all__ = ["review_desk"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def everybody(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    connection = await asyncpg.connect(database.owner_url)
    folder = tmp_path_factory.mktemp("site")
    people = ("mrs-t", "care-home-resident", "objector", "mrs-b")
    async with recording(database, connection, folder, *people) as found:
        yield found
    await connection.close()


@pytest.fixture
async def site(everybody: Site) -> AsyncIterator[Site]:
    yield everybody
    everybody.at(NOW)
    await everybody.owner.execute("delete from toldonce.caseload_member")
    for feed in ("caseload", "recorded"):
        named = f"select key from toldonce.source_patient where feed = '{feed}'"
        for table in ("facts", "resource", "resource_history", "directory_statement", "statement", "due"):
            await everybody.owner.execute(f"delete from toldonce.{table} where source_patient in ({named})")
        await everybody.owner.execute(f"delete from toldonce.source_patient where feed = '{feed}'")


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[commands.Desk]:
    async with commands.desk(site.settings, site.database, Console(quiet=True)) as ready:
        for name in ("int-south", "int-south-west", "care-and-support-forum"):
            text, caseload = commands.read(demo.CASELOADS / f"{name}.yaml")
            await commands.put_in_force(ready, text, caseload, "a test", "to begin with")
        yield ready


async def refreshed(desk: commands.Desk, name: str = INT) -> tuple[int, int]:
    """How many came on a caseload by its rule, and how many left."""
    found = await desk.refresh(await desk.one(name), NOW)
    return found.added, found.ended


async def on(site: Site, name: str = INT) -> set[UUID]:
    async with site.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction(readonly=True):
            await act_as(connection, "toldonce_facts")
            return {one.person for one in await members(connection, name)}


async def seen(site: Site, client: str, person: UUID) -> bool:
    caller = await site.as_caller(client)
    return (await caller.get(f"Patient/{person}")).status_code == 200


async def change(caller: Connected, what: str, person: UUID | str, reason: str, name: str = INT) -> httpx.Response:
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "patient", "valueReference": {"reference": f"Patient/{person}"}},
            {"name": "reason", "valueCode": reason},
        ],
    }
    return await send(caller, "POST", f"Group/{name}/${what}", body)


async def as_carer(site: Site, client: str, role: str | None = None) -> Connected:
    return await site.as_caller(client, role, user="Dr Daniels", scope=CASELOAD_SCOPE)


async def group(site: Site, client: str, name: str = INT) -> Any:
    answer = await (await site.as_caller(client)).get(f"Group/{name}")
    return answer.json() if answer.status_code == 200 else None


async def test_a_rule_opens_a_record_and_what_ends_closes_it_at_once(site: Site, desk: commands.Desk) -> None:
    her, him = await site.person(MRS_T), await site.person(RESIDENT)
    assert not await seen(site, "int-south", her)
    assert await refreshed(desk) == (2, 0)
    assert await on(site) == {her, him}
    assert await seen(site, "int-south", her)
    assert await seen(site, "hub", her)
    assert not await seen(site, "int-south-west", her)
    answer = await change(await as_carer(site, "int-south"), "member-remove", her, "declined")
    assert answer.status_code == 200, answer.text
    assert not await seen(site, "int-south", her)
    assert not await seen(site, "hub", her)
    assert await refreshed(desk) == (0, 0), "a rule does not put back whom somebody took off"
    assert await on(site) == {him}


async def test_whoever_no_longer_meets_the_rule_leaves(site: Site, desk: commands.Desk) -> None:
    her = await site.person(MRS_T)
    await refreshed(desk)
    text, _ = commands.read(demo.CASELOADS / f"{INT}.yaml")
    await commands.put_in_force(
        desk, text.replace("at least: 24", "at least: 999"), (await desk.one(INT)), "a test", "stricter"
    )
    assert (await on(site)) >= {her}, "a rule counts from the next refresh on"
    assert await refreshed(desk) == (0, 1)
    assert not await seen(site, "int-south", her)
    await commands.put_in_force(desk, text, (await desk.one(INT)), "a test", "as before")
    assert await refreshed(desk) == (1, 0), "what a rule ended, a rule may begin again"


async def test_who_no_longer_works_with_a_caseload_sees_its_people_no_more(site: Site, desk: commands.Desk) -> None:
    her = await site.person(MRS_T)
    await refreshed(desk)
    text, _ = commands.read(demo.CASELOADS / f"{INT}.yaml")
    await commands.put_in_force(
        desk, text.replace("seen also by: [X9H]", ""), (await desk.one(INT)), "a test", "without the hub"
    )
    assert (await seen(site, "int-south", her), await seen(site, "hub", her)) == (True, False)


async def test_nobody_who_objects_is_found_by_a_rule(site: Site, desk: commands.Desk) -> None:
    text, caseload = commands.read(demo.CASELOADS / "int-south-west.yaml")
    anybody = text.replace(
        "all of: [A&E attendances: {at least: 3, within months: 12}]", "all of: [age: {at least: 1}]"
    )
    assert anybody != text
    await commands.put_in_force(desk, anybody, caseload, "a test", "everybody")
    assert await refreshed(desk, "int-south-west") == (0, 0)
    assert (await desk.refresh(await desk.one("int-south-west"), NOW)).considered == 1


async def test_what_is_kept_from_the_team_puts_nobody_on_its_caseload(site: Site, desk: commands.Desk) -> None:
    """She keeps her record from this very team: its rule must not tell the team what is in it."""
    her, him = await site.person(MRS_T), await site.person(RESIDENT)
    office = await recorder(site)
    kept = choice(her, "restrict-organisation", provision={"actor": [recipient("X9N04")]})
    assert (await send(office, "POST", "Consent", kept)).status_code == 201
    await refreshed(desk)
    assert await on(site) == {him}


async def test_an_objection_takes_a_member_out_of_sight_and_off_the_caseload(site: Site, desk: commands.Desk) -> None:
    her, him = await site.person(MRS_T), await site.person(RESIDENT)
    await refreshed(desk)
    assert (await group(site, "int-south"))["quantity"] == 2
    assert (await send(await recorder(site), "POST", "Consent", choice(her))).status_code == 201
    shown = await group(site, "int-south")
    assert (shown["quantity"], str(her) in str(shown)) == (1, False)
    assert await refreshed(desk) == (0, 1)
    assert await on(site) == {him}


async def test_without_an_agreement_no_rule_is_applied_and_nobody_leaves(site: Site, desk: commands.Desk) -> None:
    await refreshed(desk)
    before = await on(site)
    with pytest.raises(NotPossible, match="no agreement in force"):
        await desk.refresh(await desk.one(INT), NOW.replace(year=2025))
    assert await on(site) == before != set()


async def test_a_carer_adds_whom_they_look_after_and_nobody_else(site: Site, desk: commands.Desk) -> None:
    her, other = await site.person(MRS_T), await site.person(MRS_B)
    gp = await as_carer(site, "gp-system", "GP")
    answer = await change(gp, "member-add", her, "meeting")
    assert answer.status_code == 200, answer.text
    assert await seen(site, "int-south", her)
    assert "already" in (await change(gp, "member-add", her, "meeting")).text
    unknown = [await change(gp, "member-add", whom, "meeting") for whom in (other, uuid4())]
    assert [one.status_code for one in unknown] == [404, 404]
    assert unknown[0].json() == unknown[1].json()
    assert (await change(gp, "member-add", her, "because")).status_code == 422
    assert (await change(gp, "member-remove", her, "declined")).status_code == 404, "it is not their caseload"
    desk_of = await site.as_caller("gp-system", "receptionist", user="R", scope=CASELOAD_SCOPE)
    assert (await change(desk_of, "member-add", her, "meeting")).status_code == 403
    assert await on(site) == {her}


async def test_whatever_is_sent_is_refused_and_never_a_failure(site: Site, desk: commands.Desk) -> None:
    gp, her = await as_carer(site, "gp-system", "GP"), await site.person(MRS_T)
    whole = {"name": "patient", "valueReference": {"reference": f"Patient/{her}"}}
    for parameter in (
        7,
        [7],
        [{"name": {}}],
        [whole],
        [whole, whole],
        [{"name": "patient", "valueReference": 7}, whole],
    ):
        sent = {"resourceType": "Parameters", "parameter": parameter}
        answer = await send(gp, "POST", f"Group/{INT}/$member-add", sent)
        assert answer.status_code in (400, 422), answer.text
    assert (await change(gp, "member-add", "nobody", "meeting")).status_code == 404
    assert (await change(gp, "member-add", her, "meeting", "%00")).status_code == 404
    team = await site.as_caller("int-south")
    assert (await team.get("Group/%00")).status_code == 404
    for name, value in (("_id", "\x00"), ("member", "Patient/\x00"), ("managing-entity", "Organization/\x00")):
        assert (await team.get("Group", {name: value})).status_code == 400


async def test_a_team_cannot_renew_its_own_word(site: Site, desk: commands.Desk) -> None:
    her = await site.person(MRS_T)
    await refreshed(desk)
    keeper = desk.keeper

    async def told(*_: object) -> None: ...

    assert await keeper.add(Question(TEAM, NOW), INT, her, "meeting", told)
    forum = "care-and-support-forum"
    await refreshed_without_rule(desk)
    later = NOW + timedelta(days=100)
    assert await keeper.add(Question(TEAM, later), forum, her, "risk", told), "a referral to others is no renewal"
    with pytest.raises(Forbidden, match="nothing but its own word"):
        await keeper.add(Question(TEAM, later), INT, her, "discharge", told)
    with pytest.raises(NotFound):
        await keeper.add(Question(TEAM, NOW + timedelta(days=181)), INT, her, "discharge", told)


async def refreshed_without_rule(desk: commands.Desk) -> None:
    text, caseload = commands.read(demo.CASELOADS / f"{INT}.yaml")
    start, end = text.index("found by rule"), text.index("reasons by hand")
    await commands.put_in_force(desk, text[:start] + text[end:], caseload, "a test", "by hand only")
    await refreshed(desk)


async def test_a_group_is_its_teams_and_shows_whom_they_may_know_of(site: Site, desk: commands.Desk) -> None:
    her = await site.person(MRS_T)
    await refreshed(desk)
    shown = await group(site, "int-south")
    assert invalidity(shown) is None
    assert (shown["type"], shown["actual"], shown["quantity"]) == ("person", True, len(shown["member"]))
    assert shown["managingEntity"]["identifier"]["value"] == "X9N04"
    assert [one["inactive"] for one in shown["member"]] == [False, False]
    assert "whoever is registered with" in shown["characteristic"][0]["valueCodeableConcept"]["text"]
    assert await group(site, "hub") == shown
    assert [await group(site, client) for client in ("gp-system", "int-south-west", "hospital-epr")] == [None] * 3
    for client, role, purpose in (
        ("hub", "analyst", "HOPERAT"),
        ("int-south", "care coordinator", "PATADMIN"),
        ("ig-office", "information governance officer", "HCOMPL"),
    ):
        office = await site.as_caller(client, role, purpose)
        assert (await office.get(f"Group/{INT}")).status_code == 403, purpose
    answer = await (await site.as_caller("int-south")).get(f"Group/{INT}")
    events = await site.event(answer)
    people = {entity["what"].get("reference") for one in events for entity in one["entity"] if "what" in entity}
    assert f"Patient/{her}" in people
    assert len(events) == 3
    assert answer.headers["etag"] == f'W/"{shown["meta"]["versionId"]}"'


async def test_groups_are_found_by_owner_id_and_member(site: Site, desk: commands.Desk) -> None:
    her, other = await site.person(MRS_T), await site.person(MRS_B)
    await refreshed(desk)
    hub = await site.as_caller("hub")

    async def found(**by: str) -> list[str]:
        answer = await hub.get("Group", by)
        assert answer.status_code == 200, answer.text
        return sorted(one["id"] for one in resources(answer.json()))

    everything = await found()
    assert everything == ["care-and-support-forum", "int-south", "int-south-west"]
    assert await found(**{"managing-entity:identifier": "X9N04"}) == [INT]
    assert await found(_id="int-south,int-nowhere") == [INT]
    assert await found(member=f"Patient/{her}") == [INT]
    assert await found(member=f"Patient/{other}") == await found(member=f"Patient/{uuid4()}") == []
    assert (await hub.get("Group", {"characteristic": "x"})).status_code == 400


async def test_a_membership_goes_with_the_person_through_merge_and_undoing(
    site: Site, desk: commands.Desk, review_desk: Any, owner: asyncpg.Connection
) -> None:
    her, other = await site.person(MRS_T), await site.person(MRS_B)
    gp = await as_carer(site, "gp-system", "GP")
    assert (await change(gp, "member-add", her, "meeting")).status_code == 200
    a, b = await record(owner, MRS_T), await record(owner, MRS_B)
    await review_desk.decide((a, b), "SAME", "one person, wrongly")
    merged = await site.person(MRS_T)
    assert await site.person(MRS_B) == merged
    assert await on(site) == {merged}
    assert await seen(site, "int-south", merged)
    await review_desk.decide((a, b), "NOT THE SAME", "two people after all")
    assert await on(site) == {await site.person(MRS_T)} != {await site.person(MRS_B)}
    assert await seen(site, "int-south", await site.person(MRS_T))
    assert not await seen(site, "int-south", other)


async def test_making_every_record_anew_leaves_memberships_as_they_are(site: Site, desk: commands.Desk) -> None:
    await refreshed(desk)
    her, before = await site.person(MRS_T), await on(site)
    assert await due.anew(site.owner) > 0
    await process(site.database, feeds=EVERY)
    assert await on(site) == before
    assert await seen(site, "int-south", her)
    assert not await site.owner.fetchval("select count(*) from toldonce.quarantine where source_patient is not null")


async def test_history_keeps_who_and_why(site: Site, desk: commands.Desk) -> None:
    her = await site.person(MRS_T)
    await refreshed(desk)
    await change(await as_carer(site, "int-south"), "member-remove", her, "no-longer-needed")
    async with site.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction(readonly=True):
            await act_as(connection, "toldonce_facts")
            (one,) = await history(connection, INT, her)
    assert (one.by_rule, one.organisation, one.reason) == (True, "X90401", "many-contacts")
    assert (one.ended_by, one.ended_why) == ("Dr Daniels", "no-longer-needed")
