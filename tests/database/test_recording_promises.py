"""Promises that what is recorded here keeps whatever is recorded: the record is a function of the set of envelopes, it
goes with the person, and nobody sees more for having recorded something."""

import random
from typing import Any
from uuid import UUID

import pytest

from adapters.recorded.parse import source_patient
from adapters.recorded.state import about as about_whom
from integration import demo
from integration.audit.identity import ReviewDesk
from integration.audit.log import AuditLog
from integration.feeds import EVERY
from integration.identity import following
from integration.identity.linking import settle
from integration.ingest import statements
from tests.database.ingesting import SECRET, differences, process, record_of, worker
from tests.database.recording import (
    adjustment,
    choice,
    coordinator,
    ended,
    everybody,
    impairment,
    recipient,
    recorder,
    send,
    site,
    task,
)
from tests.database.serving import Site
from tests.database.test_identity_undone import OFFICER, record
from tests.spec.neighbourhood import Connected, resources

__all__ = ["everybody", "site"]

MRS_T, OBJECTOR = "9990000018", "9990000077"
KINDS = ("objection-to-sharing", "restrict-organisation", "restrict-category", "restrict-period", "break-glass-only")
PERMITS = ("express-permission", "share-charity-data", "share-adjustments-nationally")


async def something(chance: random.Random, caller: Connected, office: Connected, her: UUID, made: list[Any]) -> None:
    """One more thing that somebody does."""
    flags = [one for one in made if one["resourceType"] != "Consent"]
    match chance.choice(("flag", "condition", "consent", "permit", "task", "coordinator", "change", "end", "withdraw")):
        case "flag":
            await _made(await send(caller, "POST", "Flag", adjustment(her, chance.choice(("11", "22")))), made)
        case "condition":
            await _made(await send(caller, "POST", "Condition", impairment(her)), made)
        case "consent":
            kind = chance.choice(KINDS)
            answer = await send(office, "POST", "Consent", choice(her, kind, provision=_narrowed(kind)))
            await _made(answer, made)
        case "permit":
            kind = chance.choice(PERMITS)
            provision = _narrowed(kind)
            await _made(await send(office, "POST", "Consent", choice(her, kind, "permit", provision=provision)), made)
        case "task":
            await _made(await send(caller, "POST", "Task", task(her)), made)
        case "coordinator":
            named = coordinator(her, code=chance.choice(("X90401", "X9L", "X9V01", "X9H")))
            await _made(await send(caller, "POST", "CareTeam", named), made)
        case "change" if flags:
            one = chance.choice(flags)
            path = f"{one['resourceType']}/{one['id']}"
            now = await caller.get(path)
            if now.status_code == 200 and one["resourceType"] == "Flag":
                body = {**now.json(), "status": "inactive", "extension": ended()}
                answer = await send(caller, "PUT", path, body, If_Match=now.headers["ETag"])
                assert answer.status_code == 200, answer.text
        case "end" if flags:
            one = chance.choice(flags)
            await caller.ask("DELETE", f"{one['resourceType']}/{one['id']}?reason=created-in-error")
        case "withdraw":
            for one in made:
                if one["resourceType"] == "Consent" and chance.random() < 0.5:
                    now = await office.get(f"Consent/{one['id']}")
                    body = {**now.json(), "status": "inactive"}
                    path = f"Consent/{one['id']}"
                    answer = await send(office, "PUT", path, body, If_Match=now.headers["ETag"])
                    assert answer.status_code == 200, answer.text


def _narrowed(kind: str) -> dict[str, Any]:
    category = {"system": "https://toldonce.example/CodeSystem/category", "code": "clinical record"}
    label = {"system": "https://toldonce.example/CodeSystem/sensitivity", "code": "sexual-health"}
    return {
        "restrict-organisation": {"actor": [recipient("X9A")]},
        "restrict-category": {"class": [category]},
        "restrict-period": {"dataPeriod": {"start": "2025-01-01", "end": "2026-06-30"}},
        "express-permission": {"actor": [recipient("X90401")], "securityLabel": [label]},
    }.get(kind, {})


async def _made(answer: Any, made: list[Any]) -> None:
    assert answer.status_code in (201, 404), answer.text
    if answer.status_code == 201:
        type_, id_ = answer.headers["Location"].split("/")[-4:-2]
        made.append({"resourceType": type_, "id": id_})


async def shown(caller: Connected, person: UUID) -> set[str]:
    """What a caller sees of a person that was not recorded here, by type, id and what it says."""
    answer = await caller.everything(person)
    assert answer.status_code in (200, 404), answer.text
    rows = resources(answer.json(), "match", "include") if answer.status_code == 200 else []
    fed = [one for one in rows if not one.get("meta", {}).get("source", ":recorded").endswith(":recorded")]
    return {f"{one['resourceType']}/{one['id']}" for one in fed if "category" in one or one["resourceType"] != "Flag"}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
async def test_in_whatever_order_the_envelopes_are_read_the_record_is_the_same(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    her = await site.person()
    made: list[Any] = []
    callers = [
        (await recorder(site, client, role), await recorder(site, client, role, "PATADMIN"))
        for client, role in (("gp-system", "GP"), ("council-system", "social worker"))
    ]
    books: list[list[Any]] = [made, []]
    for _ in range(16):
        number = chance.randrange(2)
        await something(chance, *callers[number], her, books[number])
    before = await record_of(site.owner)
    columns = "feed, sender, name, digest, content, size, as_of, delivery"
    envelopes = [tuple(row) for row in await site.owner.fetch(f"select {columns} from toldonce.envelope")]
    assert sum(one[0] == "recorded" for one in envelopes) > 5
    shuffled = chance.sample(envelopes, len(envelopes))
    first = sorted(shuffled, key=lambda one: one[0] != "recorded")  # before anybody knows whom it is about
    await site.emptied()
    for row in first if seed == 1 else shuffled:
        await site.owner.execute(
            f"insert into toldonce.envelope ({columns}) values ($1, $2, $3, $4, $5, $6, $7, $8)", *row
        )
        if chance.random() < 0.2:
            await process(site.database, feeds=EVERY)
    await process(site.database, feeds=EVERY)
    assert differences(before, await record_of(site.owner)) == {}


@pytest.mark.parametrize(("client", "role"), [("gp-system", "GP"), ("companions", "social prescriber")])
async def test_nobody_sees_more_for_what_they_recorded_themselves(site: Site, client: str, role: str) -> None:
    """Their own statements apart; and what they narrowed they may widen again, to where it was."""
    chance = random.Random(3)
    her = await site.person()
    caller, office = await recorder(site, client, role), await recorder(site, client, role, "PATADMIN")
    everything, made = await shown(caller, her), list[Any]()
    organisation = demo.BY_ID[client].organisation
    assert everything
    await _made(await send(caller, "POST", "CareTeam", coordinator(her, code=organisation)), made)
    less = 0
    for _ in range(15):
        await something(chance, caller, office, her, made)
        now = await shown(caller, her)
        assert now <= everything
        less += now < everything
    assert less
    said = "select s.organisation, one->>'kind', one->>'source' from toldonce.facts f join toldonce.source_patient s "
    said += "on s.key = f.source_patient, jsonb_array_elements(f.evidence) one where s.feed = 'recorded'"
    rows = {tuple(row) for row in await site.owner.fetch(said)}
    assert rows == {(organisation, "care-team", organisation)}  # of whom they named, by their own word


async def recorded(site: Site, person: UUID) -> str:
    """Id of an adjustment that somebody who knows the person has just recorded."""
    for client, role in (("gp-system", "GP"), ("council-system", "social worker"), ("hospital-epr", "hospital doctor")):
        answer = await send(await recorder(site, client, role), "POST", "Flag", adjustment(person))
        if answer.status_code == 201:
            return str(answer.headers["Location"].split("/")[-3])
    raise AssertionError(answer.text)


async def test_what_was_recorded_goes_with_the_person_through_a_merge_and_back(site: Site) -> None:
    her, other = await site.person(MRS_T), await site.person(OBJECTOR)
    flags = {person: await recorded(site, person) for person in (her, other)}
    pair = (await record(site.owner, MRS_T), await record(site.owner, OBJECTOR))

    async def whose(id_: str) -> UUID:
        found: UUID = await site.owner.fetchval("select person from toldonce.resource where id = $1", UUID(id_))
        return found

    async with site.database.pool("toldonce_worker", size=2) as workers, site.database.pool("toldonce_api") as readers:
        async with AuditLog(readers) as log:
            desk = ReviewDesk(workers, readers, log, SECRET, OFFICER, "toldonce identity test")
            assert {person: await whose(flag) for person, flag in flags.items()} == {her: her, other: other}
            await desk.decide(pair, "SAME", "taken for one")
            merged = await site.person(MRS_T)
            assert {await whose(flag) for flag in flags.values()} == {merged}
            while_merged = await recorded(site, merged)
            await desk.withdraw(pair, "two people")
    assert {person: await whose(flag) for person, flag in flags.items()} == {her: her, other: other}
    assert await whose(while_merged) == merged  # the id under which it was recorded is that of one of the two again
    assert not await site.owner.fetchval(
        "select count(*) from toldonce.resource r join toldonce.source_patient s on s.key = r.source_patient "
        "where r.person <> s.person"
    )


async def test_nobodys_id_is_made_of_what_was_recorded_about_them(everybody: Site) -> None:
    """Of somebody without an NHS number the id is made of the smallest record: never of one that was made here. And
    whoever is looked for by it is still found when a feed says something new."""
    site = everybody
    her = await site.person()
    await site.owner.execute("update toldonce.source_patient set nhs_number = null, demographics = null")
    async with worker(site.database, feeds=EVERY) as pipeline, pipeline.pool.acquire() as connection:
        async with connection.transaction():
            everyone = [row["id"] for row in await connection.fetch("select id from toldonce.source_patient")]
            await settle(connection, SECRET, everyone)
    alone = await site.owner.fetch("select id, person from toldonce.source_patient where about is null")
    assert {row["person"] for row in alone} != {her}
    for number in range(12):
        one = alone[number % len(alone)]["id"]
        patient = source_patient(f"X{number}", str(alone[number % len(alone)]["person"]), str(one))
        async with worker(site.database, feeds=EVERY) as pipeline, pipeline.pool.acquire() as connection:
            async with connection.transaction():
                keys = await statements.source_patients(connection, SECRET, [("recorded", patient)])
                (id_,) = [
                    r["id"]
                    for r in await connection.fetch(
                        "select id from toldonce.source_patient where key = any($1)", list(keys.values())
                    )
                ]
                await following.state(connection, {id_: about_whom(patient)})
                await settle(connection, SECRET, [one])
    now = await site.owner.fetch("select id, person from toldonce.source_patient where about is null")
    assert {row["id"]: row["person"] for row in now} == {row["id"]: row["person"] for row in alone}
    assert not await site.owner.fetchval(
        "select count(*) from toldonce.person p join toldonce.source_patient s on s.id = p.issued_to "
        "where s.about is not null"
    )
