"""A wrong merge and its undoing, through the real API: while it holds the stricter of both sides wins, afterwards both
are what they were, and whoever saw the merged record is named."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from integration.audit.entry import rendered
from integration.audit.identity import ReviewDesk
from integration.audit.log import AuditLog
from integration.audit.sights import EDGE
from integration.sharing.request import Caller
from integration.store.database import Database
from tests.database.ingesting import SECRET, about, differences, ingest, record_of
from tests.database.serving import Site, serving
from tests.spec.neighbourhood import NOW, resources

MRS_T, JOANNA, OBJECTOR = "9990000018", "9990000085", "9990000077"
OFFICER = Caller("command line", "this deployment", "administrator", "", "the IG officer")


@pytest.fixture
async def site(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(database, owner, tmp_path) as found:
        yield found


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[ReviewDesk]:
    async with database.pool("toldonce_worker", size=2) as workers, database.pool("toldonce_api", size=2) as readers:
        async with AuditLog(readers) as log:
            yield ReviewDesk(workers, readers, log, SECRET, OFFICER, "toldonce identity test")


async def record(owner: asyncpg.Connection, number: str, feed: str = "gp") -> UUID:
    """The record that a feed has of whoever has this number."""
    id_: UUID = await owner.fetchval(
        "select id from toldonce.source_patient where nhs_number = $1 and feed = $2 order by id limit 1", number, feed
    )
    return id_


async def as_gp(site: Site, person: UUID, user: str = "someone") -> list[dict[str, Any]] | None:
    """What Mrs T's practice is answered about somebody, meta aside; None: not found."""
    caller = await site.as_caller("gp-system", "GP", user=user)
    answer = await caller.everything(person)
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200
    return [{name: value for name, value in one.items() if name != "meta"} for one in resources(answer.json())]


def places(shown: list[dict[str, Any]]) -> bool:
    return '"postalCode"' in json.dumps(shown)


async def test_the_stricter_side_wins_while_merged_and_both_come_back(
    site: Site, desk: ReviewDesk, owner: asyncpg.Connection
) -> None:
    await ingest(site.database, about(18, "mrs-t", "restricted-address", "objector"))
    her = await site.person(MRS_T)
    before = await as_gp(site, her)
    assert before
    assert places(before)
    for number in (JOANNA, OBJECTOR):
        other = await site.person(number)
        alone = await as_gp(site, other)
        pair = (await record(owner, MRS_T), await record(owner, number))
        stored = await record_of(owner)
        await desk.decide(pair, "SAME", "taken for one")
        merged = await as_gp(site, her)
        if number == JOANNA:
            assert alone is None  # another practice's patient: a relationship of either side counts while merged
            assert merged
            assert not places(merged)
            assert await as_gp(site, other) == merged  # an id of either leads there
        else:
            assert merged is None or len(merged) < len(before)  # the objection of either hides what it hides
        await desk.withdraw(pair, "two women")
        assert await as_gp(site, her) == before
        assert await as_gp(site, other) == alone
        assert differences(stored, await record_of(owner)) == {}


async def test_what_arrives_while_merged_goes_where_it_belongs(
    site: Site, desk: ReviewDesk, owner: asyncpg.Connection
) -> None:
    files = about(18, "mrs-t", "restricted-address")
    await ingest(site.database, files)
    everything = await record_of(owner)
    for undone in ("withdrawn", "unmerged"):
        await site.emptied()
        await ingest(site.database, [one for one in files if one.feed in ("gp", "vcfse")])
        pair = (await record(owner, MRS_T), await record(owner, JOANNA))
        await desk.decide(pair, "SAME", "taken for one")
        await ingest(site.database, [one for one in files if one.feed not in ("gp", "vcfse")])
        assert len({row["person"] for row in (await record_of(owner))["people"] if row["nhs_number"]}) == 1
        await (desk.withdraw(pair, "no") if undone == "withdrawn" else desk.decide(pair, "NOT THE SAME", "two women"))
        await ingest(site.database, files[::3])  # sent again
        left = {"linkage"} if undone == "unmerged" else set()
        now = await record_of(owner)
        assert differences(
            {name: rows for name, rows in everything.items() if name not in left},
            {name: rows for name, rows in now.items() if name not in left},
        ) == {}  # fmt: skip


async def test_the_breach_report_names_whoever_saw_the_merged_record(
    site: Site, desk: ReviewDesk, owner: asyncpg.Connection
) -> None:
    """Seconds: 0 a reader, 70 the merge, 150 readers, 220 undone, 240 a reader at the edge, 290 a reader."""
    await ingest(site.database, about(18, "mrs-t", "restricted-address"))
    her, other = await site.person(MRS_T), await site.person(JOANNA)
    pair = (await record(owner, MRS_T), await record(owner, JOANNA))
    assert (await desk.breach(pair)).periods == []
    await owner.execute("update toldonce.facts set recorded = $1", NOW - timedelta(hours=1))

    await as_gp(site, her, "Dr Before")
    await desk.decide(pair, "SAME", "taken for one")
    await placed(owner, 70)
    assert [one.end for one in (await desk.breach(pair)).periods] == [None]
    site.at(NOW + timedelta(seconds=150))
    await as_gp(site, her, "Dr During")
    await as_gp(site, other, "Dr Other Id")
    paramedic = await site.as_caller("ambulance", "paramedic", user="Medic", break_glass="emergency")
    await paramedic.everything(her)
    distant = await site.as_caller("distant-hospital", user="Dr Refused")
    await distant.everything(her)
    await desk.show(pair)
    await desk.decide(pair, "NOT THE SAME", "two women")
    await placed(owner, 220)
    site.at(NOW + timedelta(seconds=240))
    await as_gp(site, her, "Dr Edge")
    site.at(NOW + timedelta(seconds=290))
    await as_gp(site, her, "Dr After")

    report = await desk.breach(pair)
    (period,) = report.periods
    assert period.person == her
    assert (period.start, period.end) == (NOW + timedelta(seconds=70), NOW + timedelta(seconds=220))
    assert timedelta(seconds=20) < EDGE < timedelta(seconds=70)
    assert {(one.user, one.certain) for one in report.seen} == {
        ("Dr During", True), ("Dr Other Id", True), ("Medic", True), ("Dr Edge", False)
    }  # fmt: skip
    during = next(one for one in report.seen if one.user == "Dr During")
    assert (during.organisation, during.client, during.role, during.purpose) == ("X90401", "gp-system", "GP", "TREAT")
    assert (during.types["Patient"], during.accesses) == (1, 1)
    assert during.types["Observation"] > 1
    assert [one.user for one in report.seen if one.emergency] == ["Medic"]
    assert await desk.breach((pair[1], pair[0])) == type(report)((pair[1], pair[0]), report.periods, report.seen)
    undone = (await desk.history(pair))[-1]
    assert await desk.decided(undone.id) in (pair, pair[::-1])


async def placed(owner: asyncpg.Connection, second: int) -> None:
    """Let what was recorded just now have been recorded in that second of the test."""
    moment, future = NOW + timedelta(seconds=second), NOW + timedelta(days=1)
    await owner.execute("update toldonce.facts set recorded = $1 where recorded > $2", moment, future)
    await owner.execute("update toldonce.facts set until = $1 where until > $2 and until <> 'infinity'", moment, future)


async def test_every_step_is_audited_before_it_answers(site: Site, desk: ReviewDesk, owner: asyncpg.Connection) -> None:
    await ingest(site.database, about(18, "mrs-t", "restricted-address"))
    her, other = await site.person(MRS_T), await site.person(JOANNA)
    pair = (await record(owner, MRS_T), await record(owner, JOANNA))
    await owner.execute("truncate toldonce.audit_event")
    for act, persons in (
        (desk.queue(), {None}),
        (desk.show(pair), {her, other}),
        (desk.decide(pair, "SAME", "taken for one"), {her, other}),
        (desk.history(pair), {her}),
        (desk.withdraw(pair, "two women"), {her, other}),
        (desk.breach(pair), {her}),
    ):
        await act
        rows = await owner.fetch("delete from toldonce.audit_event returning person, kind, content")
        assert {row["person"] for row in rows} == persons
        assert {row["kind"] for row in rows} == {"linkage"}
        if persons == {None}:
            continue
        for row in rows:
            event = json.loads(rendered(row["content"]))
            said = {(one["type"].rpartition("audit-detail/")[2], one["valueString"]) for entity in event["entity"]
                    for one in entity.get("detail", ())}  # fmt: skip
            assert {("linkage/source-patient", str(one)) for one in pair} <= said
            assert any(agent["who"].get("identifier", {}).get("value") == "the IG officer" for agent in event["agent"])


async def test_a_decision_that_cannot_be_audited_does_not_happen(
    site: Site, desk: ReviewDesk, owner: asyncpg.Connection
) -> None:
    await ingest(site.database, about(18, "mrs-t", "restricted-address"))
    pair = (await record(owner, MRS_T), await record(owner, JOANNA))
    before = await record_of(owner)
    await owner.execute("alter table toldonce.audit_event add constraint no check (kind <> 'linkage') not valid")
    try:
        with pytest.raises(Exception, match="could not be recorded"):
            await desk.decide(pair, "SAME", "taken for one")
        with pytest.raises(Exception, match="could not be recorded"):
            await desk.show(pair)
    finally:
        await owner.execute("alter table toldonce.audit_event drop constraint no")
    assert differences(before, await record_of(owner)) == {}
