"""The checker against a superuser of the database: what they change is found and named, in the database and in an
archive written afterwards; retention is told from deletion; what was chained is carried over."""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

from integration.audit.archive import write_archive
from integration.audit.entry import rendered, to_row
from integration.audit.log import AuditLog, insert
from integration.audit.retention import Removal, earliest, refuse_young, remove
from integration.audit.seal import seal_all
from integration.audit.verify.archive import ArchiveSource
from integration.audit.verify.kept import Copy, Kept
from integration.audit.verify.walk import verify
from integration.commands import audit_proof
from integration.config import Settings
from integration.errors import NotPossible
from integration.store.database import Database
from integration.store.schema import MIGRATIONS
from tests.database.audit_world import NOW, SealedLog, access, emptied

EVENT = (
    "update toldonce.audit_event event set {} "
    "from toldonce.audit_leaf leaf where leaf.event = event.id and leaf.index = {}"
)
FIT = (
    "update toldonce.audit_leaf leaf set hash = sha256('\\x00'::bytea || salt || content) "
    "from toldonce.audit_event event where event.id = leaf.event"
)
MOVE = "update toldonce.audit_leaf set index = {1} where index = {0}"
CLOSE = (
    "update toldonce.audit_leaf set index = -index where index > {0}; "
    "update toldonce.audit_leaf set index = -index - 1 where index < 0"
)
USER = "content = replace(convert_from(content, 'UTF8'), 'dr.jones', 'dr.smith')::bytea"
OF = "delete from toldonce.audit_event where id = (select event from toldonce.audit_leaf where index = {})"
ATTACKS = {
    "content": ([EVENT.format(USER, 17)], "altered", 17),
    "content that is no text": ([EVENT.format("content = '\\xff'::bytea", 17)], "altered", 17),
    "content and leaf": ([EVENT.format(USER, 17), FIT], "altered", 17),
    "salt": ([EVENT.format("salt = sha256(salt)", 17)], "altered", 17),
    "column": ([EVENT.format("person = gen_random_uuid()", 17)], "column", 17),
    "leaf": (["update toldonce.audit_leaf set hash = sha256(hash) where index = 17"], "altered", 17),
    "event deleted": ([OF.format(17)], "missing", 17),
    "event and leaf deleted": (
        [OF.format(17), "delete from toldonce.audit_leaf where index = 17"], "missing", 17),
    "event and leaf deleted, gap closed": (
        [OF.format(17), "delete from toldonce.audit_leaf where index = 17", CLOSE.format(17)], "reordered", 17),
    "swapped": ([MOVE.format(17, -1), MOVE.format(40, 17), MOVE.format(-1, 40)], "reordered", 17),
    "cut off": (["delete from toldonce.audit_leaf where index >= 290"], "cut off", 290),
    "node": (["update toldonce.audit_node set hash = sha256(hash)"], "node", 0),
    "node deleted": (["delete from toldonce.audit_node"], "node", 0),
    "checkpoint": (["update toldonce.audit_checkpoint set note = replace(note, '300', '301')"], "checkpoint", 300),
    "checkpoint deleted": (["delete from toldonce.audit_checkpoint where size = 20"], "checkpoint", 300),
    "inserted": (
        ["insert into toldonce.audit_event select gen_random_uuid(), recorded, person, organisation, client, kind, "
         "outcome, salt, content from toldonce.audit_event limit 1"], "inserted", None),
    "placed before the log": (
        ["insert into toldonce.audit_leaf values (-5, gen_random_uuid(), now(), sha256(''))"], "inserted", 0),
    "placed far beyond it": (
        ["insert into toldonce.audit_leaf values (1 << 60, gen_random_uuid(), now(), sha256(''))"], "missing", 300),
}  # fmt: skip


@pytest.fixture(scope="module")
async def pool(database):
    async with database.pool("toldonce_api", size=4) as pool:
        yield pool


@pytest.fixture
async def log(pool, owner, tmp_path):
    await emptied(owner)
    async with AuditLog(pool) as audit:
        log = SealedLog(pool, audit, owner, tmp_path)
        await log.grow(20, 280)
        yield log


@pytest.mark.parametrize("attack", ATTACKS)
async def test_what_a_superuser_does_is_found_and_named(log, owner, attack):
    statements, fault, index = ATTACKS[attack]
    identity = await owner.fetchval("select event from toldonce.audit_leaf where index = $1", index)
    for statement in statements:
        await owner.execute(statement)
    here = await log.verify(copy=True)
    archived = await archive(log)
    for report in (here, archived):
        assert not report.intact
        first = report.first
        assert (first.fault, first.index) == (fault, index), report
        assert identity is None or str(identity) in str(report) or fault in ("node", "checkpoint", "inserted"), report
        assert "NOT INTACT" in str(report)


async def archive(log: SealedLog):
    path = log.folder / "audit.zip"
    async with log.owner.transaction(isolation="repeatable_read"):
        await write_archive(log.owner, path, log.keys, NOW)
    source = ArchiveSource.open(path)
    with source.file:
        return await verify(source, source.keys, Kept(log.kept, Copy.read(log.copy)))


async def test_an_untouched_log_is_intact_and_the_unsealed_tail_is_told(log):
    await log.append(3)
    for report in (await log.verify(copy=True), await archive(log)):
        assert report.intact, report
        assert (report.size, report.proven, report.unsealed) == (300, 300, 3)
        assert "3 events wait to be sealed" in str(report)


async def test_an_empty_log_is_intact(log, owner):
    await emptied(owner)
    assert (await log.verify(notes=False)).intact


async def test_an_altered_unsealed_event_is_found(log, owner):
    await log.append(1)
    await owner.execute(
        "update toldonce.audit_event set content = '{}' where id = (select event from toldonce.audit_unsealed)"
    )
    assert [one.fault for one in (await log.verify()).findings] == ["altered"]


async def test_the_command_reports_what_would_keep_the_log_from_being_sealed(log, owner, database, tmp_path):
    settings = Settings(database_url=database.owner_url, data_dir=tmp_path)
    against = audit_proof.Against(copy=log.copy)
    assert (await audit_proof.audit_verify(settings, against)).intact
    await owner.execute("delete from toldonce.audit_leaf where index >= 299")
    report = await audit_proof.audit_verify(settings, against)
    assert (report.first.fault, report.first.index) == ("cut off", 299)


async def test_an_export_is_an_event_when_it_begins_and_when_it_ends(log, owner, database, tmp_path):
    settings = Settings(database_url=database.owner_url, data_dir=tmp_path)
    size, digest = await audit_proof.audit_export(settings, tmp_path / "audit.zip")
    assert size == 300
    assert sha256((tmp_path / "audit.zip").read_bytes()).hexdigest() == digest
    rows = await owner.fetch("select content from toldonce.audit_event where kind = 'export' order by recorded")
    assert [b'"begin"' in rows[0][0], b'"end"' in rows[1][0], digest.encode() in rows[1][0]] == [True] * 3
    report = await audit_proof.audit_verify_archive(tmp_path / "audit.zip", audit_proof.Against(copy=log.copy))
    assert report.intact, report
    with pytest.raises(NotPossible, match="there already"):
        await audit_proof.audit_export(settings, tmp_path / "audit.zip")


# ---- retention


def removal(year: int) -> Removal:
    return Removal(datetime(year, 1, 1, tzinfo=UTC), "An Officer", "policy")


async def with_old_events(log: SealedLog) -> None:
    old = [access(when=datetime(2010, month, 3, tzinfo=UTC)) for month in (1, 2, 2, 3)]
    await log.audit.append_all([*old[:2], access(7), *old[2:]])
    await log.seal()
    await log.keep()


async def test_retention_removes_content_says_so_and_verify_understands(log, owner):
    await with_old_events(log)
    assert await remove(owner, removal(2012), log.keys, server_url="x", test_data=True) == 4
    assert await remove(owner, removal(2012), log.keys, server_url="x", test_data=True) == 0
    assert await owner.fetchval("select count(*) from toldonce.audit_event where recorded < '2012-01-01'") == 0
    for report in (await log.verify(copy=True), await archive(log)):
        assert report.intact, report
        assert report.removed == 4
        assert "4 events was removed by retention" in str(report)
    content = await owner.fetchval("select content from toldonce.audit_event where kind = 'retention'")
    assert b"300-301,303-304" in content
    assert b"An Officer" in rendered(content)


async def test_a_deletion_beside_retention_is_still_found(log, owner):
    await with_old_events(log)
    await remove(owner, removal(2012), log.keys, server_url="x", test_data=True)
    await owner.execute(OF.format(299))
    report = await log.verify()
    assert [(one.fault, one.index) for one in report.findings] == [("missing", 299)]


async def test_whoever_has_the_database_alone_cannot_make_a_deletion_look_like_retention(log, owner):
    """They write an event of retention as we do, and let it be sealed; they cannot sign what it says."""
    details = (("retention/indexes", "17"), ("retention/signature", "\u2014 toldonce.example/audit AAAA"))
    forged = access(kind="retention", interaction="operation", details=details)
    await insert(owner, [to_row(forged, UUID(int=99), b"s" * 16, server_url="x")])
    async with log.pool.acquire() as connection:
        await seal_all(connection, log.keys)
    await owner.execute(OF.format(17))
    assert [(one.fault, one.index) for one in (await log.verify()).findings] == [("missing", 17)]


def test_what_the_policy_keeps_is_not_removed():
    assert earliest(datetime(2026, 2, 28, tzinfo=UTC), 8) == datetime(2018, 2, 1, tzinfo=UTC)
    refuse_young(datetime(2018, 2, 1, tzinfo=UTC), NOW, 8)
    with pytest.raises(NotPossible, match="8 years"):
        refuse_young(datetime(2018, 11, 2, tzinfo=UTC), NOW, 8)


# ---- the log before there was a tree

CHAINED = """
insert into toldonce.audit_event
    (id, recorded, organisation, client, kind, outcome, salt, content, leaf_hash, index, chain_hash)
values ($1, $2, 'X9A', 'epr', 'token', '0', $3, $4, sha256('\\x00'::bytea || $3 || $4), $5, $6)
"""
BEFORE = (
    b'{"resourceType":"AuditEvent","id":"%s","meta":{"tag":[{"system":"https://toldonce.example/CodeSystem/audit-kind",'
    b'"code":"token"}]},"recorded":"2026-11-02T09:30:15.123456Z","outcome":"0","agent":[{"who":{"identifier":'
    b'{"system":"https://toldonce.example/Id/client","value":"epr"}}},{"who":{"identifier":'
    b'{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"X9A"}}}],"entity":[]}'
)


async def migrated(database: Database, step: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_async_engine(database.owner_url.replace("postgresql://", "postgresql+asyncpg://"))

    def run(connection: object) -> None:
        config.attributes["connection"] = connection
        (command.upgrade if step == "head" else command.downgrade)(config, step)

    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


async def chained(owner: asyncpg.Connection, events: int) -> None:
    """A log as it was before: each event with its link, and two that had no place yet."""
    chain = await owner.fetchval("select sha256('toldonce audit log v1'::bytea)")
    for index in range(events + 2):
        id_ = UUID(int=index + 1)
        content = BEFORE % str(id_).encode()
        leaf = await owner.fetchval("select sha256('\\x00'::bytea || $1::bytea || $2::bytea)", b"s" * 16, content)
        chain = await owner.fetchval("select sha256($1::bytea || $2::bytea)", chain, leaf)
        place = (index, chain) if index < events else (None, None)
        await owner.execute(CHAINED, id_, NOW, b"s" * 16, content, *place)


@pytest.fixture
async def before(database: Database, owner: asyncpg.Connection):
    await emptied(owner)
    await migrated(database, "0013")
    yield
    await migrated(database, "head")


async def test_what_was_chained_is_carried_over_with_its_index(before, database, owner, pool, tmp_path):
    await chained(owner, 300)
    await migrated(database, "head")
    async with AuditLog(pool) as audit:
        log = SealedLog(pool, audit, owner, tmp_path)
        await log.append(1)
        assert await log.seal() == 3
        await log.keep()
        report = await log.verify(copy=True)
    assert report.intact, report
    assert report.size == 303
    rows = await owner.fetch("select event from toldonce.audit_leaf order by index limit 300")
    assert [row[0] for row in rows] == [UUID(int=index + 1) for index in range(300)]
    assert await owner.fetchval("select count(*) from toldonce.audit_node") == 1
    await migrated(database, "0013")
    assert await owner.fetchval("select max(index) from toldonce.audit_event where chain_hash is not null") == 302


async def test_a_chain_that_does_not_hold_is_not_carried_over(before, database, owner):
    await chained(owner, 5)
    await owner.execute("update toldonce.audit_event set leaf_hash = sha256(leaf_hash) where index = 3")
    with pytest.raises(RuntimeError, match="index 3"):
        await migrated(database, "head")
    await owner.execute("truncate toldonce.audit_event")
