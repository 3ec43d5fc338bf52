"""The migrations build what the tables say, and the roles may do no more than their task."""

import re

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from integration.errors import UnsafeDatabase
from integration.store.database import Database, refuse_unsafe
from integration.store.tables import SCHEMA, Table

MONTH = re.compile(r"audit_event_(\d{4}_\d\d|other)")
"""Partitions are made as time goes by."""


async def test_migrations_and_tables_build_the_same_schema(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {
            "include_schemas": True,
            "version_table_schema": SCHEMA,
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or not MONTH.fullmatch(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Table.metadata))

    engine = create_async_engine(database.owner_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_the_api_login_can_read_nothing_by_itself(database: Database, owner: asyncpg.Connection) -> None:
    tables = [
        row["tablename"] for row in await owner.fetch("select tablename from pg_tables where schemaname = 'toldonce'")
    ]
    async with database.pool("toldonce_api") as pool, pool.acquire() as connection:
        for table in tables:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f'select * from toldonce."{table}"')


@pytest.mark.parametrize(
    ("role", "sql"),
    [
        ("toldonce_facts", "select body from toldonce.resource"),
        ("toldonce_facts", "select demographics from toldonce.source_patient"),
        ("toldonce_reader", "select * from toldonce.facts"),
        ("toldonce_reader", "insert into toldonce.resource_history default values"),
        ("toldonce_audit_writer", "select * from toldonce.audit_event"),
        ("toldonce_audit_writer", "update toldonce.audit_event set content = ''"),
        ("toldonce_audit_writer", "delete from toldonce.audit_event"),
        ("toldonce_audit_writer", "truncate toldonce.audit_event"),
        ("toldonce_audit_writer", "delete from toldonce.audit_unsealed"),
        ("toldonce_audit_sequencer", "select * from toldonce.audit_event"),
        ("toldonce_audit_sequencer", "update toldonce.audit_leaf set hash = ''"),
        ("toldonce_audit_sequencer", "delete from toldonce.audit_checkpoint"),
        ("toldonce_audit_reader", "delete from toldonce.audit_event"),
        ("toldonce_registry", "update toldonce.client set active = true"),
        ("toldonce_ingest", "select * from toldonce.audit_event"),
        ("toldonce_exporter", "select body from toldonce.export_part"),
        ("toldonce_exporter", "select * from toldonce.resource"),
        ("toldonce_reader", "select * from toldonce.export_job"),
    ],
)
async def test_a_task_role_cannot_leave_its_task(database: Database, role: str, sql: str) -> None:
    login = "toldonce_worker" if role == "toldonce_ingest" else "toldonce_api"
    async with database.pool(login) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"set local role {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)
        await transaction.rollback()


async def test_the_api_login_cannot_become_the_ingest_role(database: Database) -> None:
    async with database.pool("toldonce_api") as pool, pool.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("set role toldonce_ingest")


async def test_the_owner_is_refused_as_a_login(owner: asyncpg.Connection) -> None:
    with pytest.raises(UnsafeDatabase, match="row-level security"):
        await refuse_unsafe(owner)


async def test_a_server_that_may_forget_is_refused(database: Database) -> None:
    async with database.pool("toldonce_api") as pool, pool.acquire() as connection:
        await connection.execute("set synchronous_commit = off")
        with pytest.raises(UnsafeDatabase, match="synchronous_commit"):
            await refuse_unsafe(connection)
        await connection.execute("reset synchronous_commit")
