"""Bulk export of a caseload over HTTP: what it holds, and that whatever changes is obeyed by the very next page."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from integration import demo
from integration.sharing import current, opt_outs
from integration.sharing.pseudonyms import pseudonyms
from integration.sharing.request import Caller
from integration.store.database import Database
from integration.teams.export import jobs, worker
from integration.teams.export.exports import Exports
from integration.teams.export.jobs import exporter
from tests.database.exporting import NAME, NDJSON, Export, asked, describe, join, leave, whose
from tests.database.recording import adjustment, choice, recorder, recording, send
from tests.database.serving import Site
from tests.spec.neighbourhood import MRS_T, NOW, Connected, resources

MRS_B = "9990000026"
People = tuple[UUID, UUID]


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    owner = await asyncpg.connect(database.owner_url)
    async with recording(database, owner, tmp_path_factory.mktemp("export"), "mrs-t", "mrs-b") as site:
        await describe(site)
        await describe(site, "another", "X9N04")
        yield site
    await owner.close()


@pytest.fixture
async def people(site: Site) -> AsyncIterator[People]:
    """Mrs T and Mrs B, who are on the caseload."""
    both = await site.person(MRS_T), await site.person(MRS_B)
    await join(site.database, *both)
    yield both
    await leave(site.database, *both)
    await site.owner.execute("truncate toldonce.export_job, toldonce.export_person, toldonce.export_part")


@pytest.fixture
async def team(site: Site) -> Connected:
    return await site.as_caller("int-south-west", "GP", "TREAT")


@pytest.fixture
def exports(site: Site) -> Exports:
    services = site.app.state.services
    return Exports(
        services.records.pool, services.records, services.audit, services.clients, services.pseudonym_secret,
        timedelta(hours=1), lambda: NOW,
    )  # fmt: skip


def order(resource: dict[str, Any]) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]


# ---- what it holds


async def test_it_holds_what_reading_each_person_shows(team: Connected, people: People) -> None:
    export = await asked(team)
    manifest = await export.manifest()
    assert manifest["requiresAccessToken"] is True
    assert manifest["deleted"] == []
    exported = await export.resources(manifest)
    expected = [one for person in people for one in resources((await team.everything(person)).json())]
    assert sorted(exported, key=order) == sorted({order(one): one for one in expected}.values(), key=order)
    assert {whose(one) for one in exported} - {""} == set(map(str, people))
    for file in manifest["output"]:
        lines = sum(one["resourceType"] == file["type"] for one in exported)
        assert file.get("count", lines) == lines


@pytest.mark.slow
async def test_types_that_are_asked_for_alone_are_in_it(team: Connected, people: People) -> None:
    parameters = {"_type": "Patient,Flag", "_outputFormat": "application/fhir+ndjson"}
    exported = await (await asked(team, parameters)).resources()
    assert {one["resourceType"] for one in exported} == {"Patient", "Flag"}


@pytest.mark.slow
async def test_a_file_is_packed_for_who_takes_it_so(team: Connected, people: People) -> None:
    export = await asked(team, {"_type": "Encounter"})
    (file,) = (await export.manifest())["output"]
    packed = await team.get(file["url"], accept=NDJSON, accept_encoding="gzip")
    plain = await team.get(file["url"], accept=NDJSON, accept_encoding="identity")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == NDJSON
    assert packed.content == plain.content


async def test_it_can_be_asked_for_by_a_parameters_resource(team: Connected, people: People) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": "Patient"}]}
    answer = await send(team, "POST", f"Group/{NAME}/$export", body, Prefer="respond-async")
    assert answer.status_code == 202
    exported = await Export(team, answer.headers["content-location"]).resources()
    assert {one["resourceType"] for one in exported} == {"Patient"}


async def test_metadata_lists_it(team: Connected) -> None:
    (rest,) = (await team.get("metadata")).json()["rest"]
    (group,) = [one for one in rest["resource"] if one["type"] == "Group"]
    assert {"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export"} <= {
        one["definition"] for one in group["operation"]
    }


# ---- who may ask, and for what


@pytest.mark.parametrize(
    ("parameters", "prefer", "status"),
    [
        ({}, "", 400),
        ({"_typeFilter": "Condition?code=x"}, "respond-async", 400),
        ({"includeAssociatedData": "LatestProvenanceResources"}, "respond-async", 400),
        ({"_outputFormat": "text/csv"}, "respond-async", 400),
        ({"_since": "2026-01-01T00:00:00"}, "respond-async", 400),
        ({"_since": "yesterday"}, "respond-async", 400),
        ({"_since": "0001-01-01T00:00:00Z"}, "respond-async", 400),
        ({"_since": "9999-12-31T23:59:59-12:00"}, "respond-async", 400),
        ({"_type": "Nonsense"}, "respond-async", 400),
        ({"_type": "AuditEvent"}, "respond-async", 400),
        ({"patient": "Patient/1"}, "respond-async", 400),
        ({"anything": "else"}, "respond-async", 400),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else str(value),
)
async def test_what_is_not_served_is_refused(
    site: Site, team: Connected, parameters: dict[str, str], prefer: str, status: int
) -> None:
    answer = await team.get(f"Group/{NAME}/$export", parameters, prefer=prefer)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert not await site.owner.fetchval("select count(*) from toldonce.export_job")


async def test_a_caseload_of_others_is_as_one_that_does_not_exist(team: Connected) -> None:
    answers = [await team.get(f"Group/{one}/$export", prefer="respond-async") for one in ("another", "nothing", "%00")]
    assert [one.status_code for one in answers] == [404, 404, 404]
    assert answers[0].content == answers[1].content == answers[2].content


async def test_a_type_beyond_the_scopes_is_refused(site: Site) -> None:
    narrow = await site.as_caller("int-south-west", "GP", "TREAT", scope="system/Group.rs system/Patient.rs")
    answer = await narrow.get(f"Group/{NAME}/$export", {"_type": "Condition"}, prefer="respond-async")
    assert answer.status_code == 403


@pytest.mark.slow
async def test_only_who_asked_finds_it(site: Site, team: Connected, people: People) -> None:
    export = await asked(team, {"_type": "Patient"})
    (file,) = (await export.manifest())["output"]
    for client, role, purpose in (("int-south-west", "GP", "COC"), ("int-south", "GP", "TREAT"), ("hub", None, None)):
        other = await site.as_caller(client, role, purpose)
        for url in (export.where, file["url"]):
            assert (await other.get(url, accept=NDJSON)).status_code == 404
        assert (await other.ask("DELETE", export.where)).status_code == 404
    assert (await export.fetch(file["url"])).status_code == 200


@pytest.mark.slow
async def test_so_many_at_once_and_no_more(site: Site, team: Connected, people: People) -> None:
    writer = await asyncpg.connect(site.database.owner_url)
    async with recording_meanwhile(writer):
        for _ in range(jobs.MOST_AT_ONCE):
            await asked(team)
        answer = await team.get(f"Group/{NAME}/$export", prefer="respond-async")
        assert answer.status_code == 429
        assert answer.headers["retry-after"]


def recording_meanwhile(connection: asyncpg.Connection) -> Any:
    """A transaction that has begun to record: exports wait for its end."""

    class Recording:
        async def __aenter__(self) -> None:
            await connection.execute("begin")
            await connection.fetchval("select pg_current_xact_id()")

        async def __aexit__(self, *_: object) -> None:
            await connection.execute("commit")
            await connection.close()

    return Recording()


# ---- what changes


async def test_who_left_the_caseload_is_in_no_file(site: Site, team: Connected, people: People) -> None:
    export = await asked(team)
    manifest = await export.manifest()
    left, stays = people
    await leave(site.database, left)
    exported = await export.resources(manifest)
    assert {whose(one) for one in exported} - {""} == {str(stays)}
    await join(site.database, left)


@pytest.mark.slow
async def test_who_leaves_while_it_is_written_is_not_written(
    site: Site, team: Connected, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_TOGETHER", 1)
    first, second = sorted(people)
    blocker = await asyncpg.connect(site.database.owner_url)
    writing = await asyncpg.connect(site.database.owner_url)
    async with recording_meanwhile(writing):
        export = await asked(team, {"_type": "Patient"})
        await blocker.execute("begin; lock table toldonce.export_part in exclusive mode")
    while not await site.owner.fetchval("select true from pg_locks where not granted"):
        pass
    await leave(site.database, second)
    await blocker.execute("commit")
    await blocker.close()
    exported = await export.resources()
    assert [one["id"] for one in exported] == [str(first)]
    kept = await site.owner.fetch("select distinct person from toldonce.export_part")
    assert [row["person"] for row in kept] == [first]
    await join(site.database, second)


async def test_a_choice_that_was_made_since_is_obeyed(site: Site, team: Connected, people: People) -> None:
    export = await asked(team)
    manifest = await export.manifest()
    her = people[0]
    all_of_hers = await of(export, manifest, her)
    office = await recorder(site, purpose="PATADMIN")
    made = await send(await recorder(site), "POST", "Consent", choice(her))
    id_ = made.headers["Location"].split("/")[-3]
    after = await of(export, manifest, her)
    shown = [one for one in resources((await team.everything(her)).json()) if whose(one) == str(her)]
    assert len(after) < len(all_of_hers)
    assert after == sorted(shown, key=order)
    consent = (await office.get(f"Consent/{id_}")).json()
    ended = await send(office, "PUT", f"Consent/{id_}", {**consent, "status": "inactive"}, If_Match='W/"1"')
    assert ended.status_code == 200, ended.text
    assert await of(export, manifest, her) == all_of_hers


async def of(export: Export, manifest: dict[str, Any], person: UUID) -> list[dict[str, Any]]:
    """What the files hold of a person, in order."""
    return sorted((one for one in await export.resources(manifest) if whose(one) == str(person)), key=order)


@pytest.mark.slow
async def test_without_an_agreement_nothing_is_left_of_it(site: Site, team: Connected, people: People) -> None:
    export = await asked(team)
    manifest = await export.manifest()
    agreements, records = demo.AGREEMENTS.read_text(), site.app.state.services.records
    try:
        lapsed = re.sub("in force from: .*", "in force from: 2024-04-01\n    in force until: 2026-01-01", agreements)
        await current.apply(site.owner, lapsed)
        await records.policy.refresh(records.pool)
        assert await export.resources(manifest) == []
    finally:
        await current.apply(site.owner, agreements)
        await records.policy.refresh(records.pool)
    assert await export.resources(manifest)


@pytest.mark.slow
async def test_what_was_corrected_since_is_handed_out_corrected(site: Site, team: Connected, people: People) -> None:
    export = await asked(team, {"_type": "Flag"})
    manifest = await export.manifest()
    her, _ = people
    made = await send(await recorder(site), "POST", "Flag", adjustment(her))
    assert made.status_code == 201
    assert made.json()["id"] in {one["id"] for one in await export.resources(manifest)}


# ---- what may be said of what is withheld


async def test_what_is_withheld_is_said_by_kind_where_that_may_be_said(site: Site, people: People) -> None:
    prescriber = await site.as_caller("int-south-west", "social prescriber", "TREAT")
    export = await asked(prescriber, {"_type": "Patient"})
    (error,) = (await export.manifest())["error"]
    lines = [json.loads(line) for line in (await export.fetch(error["url"])).text.splitlines()]
    announced = {one["diagnostics"] for person in people for one in await outcomes(prescriber, person)}
    assert {one["issue"][0]["diagnostics"] for one in lines} == announced
    assert {one["issue"][0]["code"] for one in lines} == {"suppressed"}


async def outcomes(client: Connected, person: UUID) -> list[dict[str, Any]]:
    """What a read says of what it withheld."""
    entries = (await client.everything(person)).json()["entry"]
    return [issue for one in entries if one["search"]["mode"] == "outcome" for issue in one["resource"]["issue"]]


async def test_what_was_written_is_shown_for_nobody_else(site: Site, team: Connected, people: People) -> None:
    """The second lock: the reader's role sees the lines of the person whom it consults, and of no other."""
    await (await asked(team, {"_type": "Patient"})).manifest()
    async with site.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        for shown in (*people, None):
            async with connection.transaction():
                await connection.execute("set local role toldonce_reader")
                await connection.execute("select set_config('toldonce.person', $1, true)", str(shown or ""))
                rows = await connection.fetch("select distinct person from toldonce.export_part")
                assert [row["person"] for row in rows] == ([shown] if shown else [])


# ---- its end


async def test_it_is_gone_when_it_is_removed(site: Site, team: Connected, people: People) -> None:
    export = await asked(team, {"_type": "Patient"})
    (file,) = (await export.manifest())["output"]
    assert (await team.ask("DELETE", export.where)).status_code == 202
    for url in (export.where, file["url"]):
        assert (await team.get(url, accept=NDJSON)).status_code == 404
    for table in ("export_job", "export_person", "export_part"):
        assert not await site.owner.fetchval(f"select count(*) from toldonce.{table}")


async def test_it_expires(site: Site, team: Connected, people: People, exports: Exports) -> None:
    export = await asked(team, {"_type": "Patient"})
    answer = (await export.manifest(), await export.status())[1]
    assert answer.headers["expires"].endswith("GMT")
    id_, caller = UUID(export.where.rpartition("/")[2]), Caller("int-south-west", "X9N03", "GP", "TREAT")
    async with exporter(exports.pool) as connection:
        assert await jobs.find(connection, id_, caller, NOW + timedelta(hours=23, minutes=59))
        assert await jobs.find(connection, id_, caller, NOW + timedelta(hours=24)) is None
        assert await jobs.remove_expired(connection, NOW + timedelta(hours=24)) == 1
    assert not await site.owner.fetchval("select count(*) from toldonce.export_part")


# ---- who is told of it


async def test_everybody_in_it_has_an_audit_event_before_a_file_can_be_fetched(
    site: Site, team: Connected, people: People
) -> None:
    export = await asked(team, {"_type": "Patient"})
    manifest = await export.manifest()
    job = export.where.rpartition("/")[2]
    before = await site.events(job)
    assert told(before) >= {f"Patient/{one}" for one in people}
    (file,) = manifest["output"]
    answer = await export.fetch(file["url"])
    fetched = await site.event(answer)
    assert [answers(one) for one in fetched] == ["begun", "whole"]


def told(events: list[dict[str, Any]]) -> set[str]:
    """What these events speak of."""
    entities = [entity.get("what", {}) for one in events for entity in one["entity"]]
    return {what["reference"] for what in entities if "reference" in what}


def answers(event: dict[str, Any]) -> str:
    """Whether an answer is begun or whole."""
    details = [detail for entity in event["entity"] for detail in entity.get("detail", ())]
    return next(one["valueString"] for one in details if one["type"].endswith("/answer"))


async def test_beyond_care_it_holds_no_identities(site: Site, people: People) -> None:
    analyst = await site.as_caller("hub", "analyst", "HOPERAT")
    await opt_outs.clear(site.owner, [MRS_T], NOW - timedelta(days=1))
    export = await asked(analyst)
    manifest = await export.manifest()
    files = [(await export.fetch(file["url"])).text for file in manifest["output"]]
    exported = [json.loads(line) for text in files for line in text.splitlines()]
    names = pseudonyms(site.app.state.services.pseudonym_secret, "X9H")
    assert {whose(one) for one in exported} == {str(names.of(people[0]))}
    for told_ in (str(people[0]), MRS_T, "Tanner", "Earlsdon", "Practitioner/", "Organization/"):
        assert not [text for text in files if told_ in text], told_
    assert all(one["meta"]["security"][0]["code"] == "PSEUDED" for one in exported)
    everything = resources((await analyst.everything(names.of(people[0]))).json())
    assert sorted(exported, key=order) == sorted(everything, key=order)
    forbidden = await analyst.get(f"Group/{NAME}/$export", {"_type": "Provenance"}, prefer="respond-async")
    assert forbidden.status_code == 403


async def test_with_broken_glass_nothing_is_exported(site: Site) -> None:
    ambulance = await site.as_caller("ambulance", break_glass="emergency")
    answer = await ambulance.get(f"Group/{NAME}/$export", prefer="respond-async")
    assert answer.status_code == 403
