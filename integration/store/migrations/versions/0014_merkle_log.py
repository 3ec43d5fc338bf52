"""The audit log as a Merkle tree, and the events in partitions by month.

What was chained is carried over: each event keeps its index, its salt and its content, so its leaf hash is what it was,
and the tree is built from these. The chain is walked a last time while that is done; a log whose chain does not hold is
not carried over, for its tree would vouch for what was tampered with.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

EVENT = """
create table toldonce.audit_event_by_month (
    id uuid not null, recorded timestamptz not null, person uuid, organisation text not null, client text not null,
    kind text not null, outcome text not null, salt bytea not null, content bytea not null
) partition by range (recorded)
"""
INDEXES = (
    "alter table toldonce.audit_event add constraint audit_event_pkey primary key (id, recorded)",
    "create index audit_event_recorded on toldonce.audit_event (recorded, id)",
    "create index audit_event_person on toldonce.audit_event (person, recorded)",
    "create index audit_event_organisation on toldonce.audit_event (organisation, recorded)",
)
PARTITIONS = """
create function toldonce.audit_partitions(since timestamptz default now()) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    month timestamp;
    name text;
begin
    for month in select generate_series(
        date_trunc('month', greatest(since, now() - interval '30 years') at time zone 'UTC'),
        date_trunc('month', now() at time zone 'UTC') + interval '3 months', interval '1 month')
    loop
        name := 'audit_event_' || to_char(month, 'YYYY_MM');
        continue when to_regclass('toldonce.' || name) is not null;
        begin
            execute format('create table toldonce.%I (like toldonce.audit_event including defaults)', name);
            execute format('alter table toldonce.audit_event attach partition toldonce.%I for values from (%L) to (%L)',
                name, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
        exception when check_violation or duplicate_table then
            null;  -- the default partition has events of that month, and keeps them; or somebody else was first
        end;
    end loop;
end $$
"""
"""Attached, not created in place: that would lock out everybody who writes to any partition."""

WRITER, SEALER, READER = "toldonce_audit_writer", "toldonce_audit_sequencer", "toldonce_audit_reader"
TREE = ("audit_leaf", "audit_node", "audit_checkpoint", "audit_cosignature")
_EACH = 10_000
_SPAN = 256
"""Of the tree's hashes those are stored that stand for 256, 65,536 ... events (see `audit.tree`)."""


def upgrade() -> None:
    op.execute(EVENT)
    op.execute("create table toldonce.audit_event_other partition of toldonce.audit_event_by_month default")
    _create_tree()
    _carry_over(op.get_bind())
    op.drop_table("audit_event", schema="toldonce")
    op.execute("alter table toldonce.audit_event_by_month rename to audit_event")
    for statement in INDEXES:
        op.execute(statement)
    op.execute(PARTITIONS)
    op.execute("revoke all on function toldonce.audit_partitions from public")
    op.execute(f"grant execute on function toldonce.audit_partitions to {SEALER}")
    op.execute("select toldonce.audit_partitions()")
    for role in (WRITER, SEALER, READER):
        op.execute(f"do $$ begin grant {role} to current_user; exception when insufficient_privilege then null; end $$")
    tree = ", ".join(f"toldonce.{name}" for name in TREE)
    op.execute(f"grant insert on toldonce.audit_event, toldonce.audit_unsealed to {WRITER}")
    op.execute(f"grant select, delete on toldonce.audit_unsealed to {SEALER}")
    op.execute(f"grant select, insert on {tree} to {SEALER}")
    op.execute("grant select (recorded) on toldonce.audit_unsealed to toldonce_monitor")
    op.execute(f"grant select on toldonce.audit_event, toldonce.audit_unsealed, {tree} to {READER}")


def _create_tree() -> None:
    op.create_table(
        "audit_unsealed",
        sa.Column("arrival", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("event", sa.UUID(), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        schema="toldonce",
    )
    op.create_table(
        "audit_leaf",
        sa.Column("index", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("event", sa.UUID(), nullable=False, unique=True),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        schema="toldonce",
    )
    op.create_table(
        "audit_node",
        sa.Column("level", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("index", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        schema="toldonce",
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("signed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        schema="toldonce",
    )
    op.create_table(
        "audit_cosignature",
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("line", sa.Text(), primary_key=True),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="toldonce",
    )


def _carry_over(connection: sa.Connection) -> None:
    columns = "id, recorded, person, organisation, client, kind, outcome, salt, content"
    op.execute(f"insert into toldonce.audit_event_by_month ({columns}) select {columns} from toldonce.audit_event")
    op.execute(
        "insert into toldonce.audit_leaf (index, event, recorded, hash) "
        "select index, id, recorded, leaf_hash from toldonce.audit_event where index is not null"
    )
    op.execute(
        "insert into toldonce.audit_unsealed (event, recorded, hash) "
        "select id, recorded, leaf_hash from toldonce.audit_event where index is null order by recorded, id"
    )
    level, hashes = 0, _whole_chain(connection)
    while level == 0 or len(hashes) >= _SPAN:
        level, hashes = (
            level + 8,
            [_subtree(hashes[at : at + _SPAN]) for at in range(0, len(hashes) - _SPAN + 1, _SPAN)],
        )
        for index, digest in enumerate(hashes):
            connection.execute(
                sa.text("insert into toldonce.audit_node values (:level, :index, :hash)"),
                {"level": level, "index": index, "hash": digest},
            )


def _whole_chain(connection: sa.Connection) -> list[bytes]:
    """The leaf hashes by index. Raises RuntimeError where the chain does not hold."""
    chain = sha256(b"toldonce audit log v1").digest()
    leaves: list[bytes] = []
    for index, leaf, stored in _chained(connection):
        chain = sha256(chain + leaf).digest()
        if index != len(leaves) or chain != stored:
            raise RuntimeError(f"the audit log was tampered with at index {len(leaves)}: it is not carried over")
        leaves.append(leaf)
    return leaves


def _chained(connection: sa.Connection) -> Iterator[tuple[int, bytes, bytes]]:
    found, last = True, -1
    while found:
        found = False
        query = (
            "select index, leaf_hash, chain_hash from toldonce.audit_event where index > :last order by index limit :n"
        )
        for row in connection.execute(sa.text(query), {"last": last, "n": _EACH}):
            found, last = True, row[0]
            yield row[0], row[1], row[2]


def _subtree(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, of a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [sha256(b"\x01" + hashes[at] + hashes[at + 1]).digest() for at in range(0, len(hashes), 2)]
    return hashes[0]


def downgrade() -> None:
    op.execute("drop function toldonce.audit_partitions")
    op.execute(
        "create table toldonce.audit_event_chained as select event.*, leaf.hash as leaf_hash, leaf.index, "
        "null::bytea as chain_hash from toldonce.audit_event event "
        "join (select event, hash, index from toldonce.audit_leaf union all "
        "select event, hash, null from toldonce.audit_unsealed) leaf on leaf.event = event.id"
    )
    for name in ("audit_event", "audit_unsealed", *TREE):
        op.drop_table(name, schema="toldonce")
    op.execute("alter table toldonce.audit_event_chained rename to audit_event")
    _chain_again(op.get_bind())
    _as_before()


def _chain_again(connection: sa.Connection) -> None:
    chain = sha256(b"toldonce audit log v1").digest()
    for index, leaf, _ in _chained(connection):
        chain = sha256(chain + leaf).digest()
        values: dict[str, Any] = {"index": index, "chain": chain}
        connection.execute(sa.text("update toldonce.audit_event set chain_hash = :chain where index = :index"), values)


def _as_before() -> None:
    for name in ("id", "recorded", "organisation", "client", "kind", "outcome", "salt", "content", "leaf_hash"):
        op.alter_column("audit_event", name, nullable=False, schema="toldonce")
    op.create_primary_key("audit_event_pkey", "audit_event", ["id"], schema="toldonce")
    op.create_unique_constraint("audit_event_index_key", "audit_event", ["index"], schema="toldonce")
    op.create_index("audit_event_organisation", "audit_event", ["organisation", "recorded"], schema="toldonce")
    op.create_index("audit_event_person", "audit_event", ["person", "recorded"], schema="toldonce")
    op.create_index("audit_event_recorded", "audit_event", ["recorded"], schema="toldonce")
    op.create_index(
        "audit_event_unsequenced",
        "audit_event",
        ["recorded", "id"],
        schema="toldonce",
        postgresql_where=sa.text("index is null"),
    )
    op.execute(f"grant insert on toldonce.audit_event to {WRITER}")
    op.execute(f"grant select on toldonce.audit_event to {SEALER}, {READER}")
    op.execute(f"grant update (index, chain_hash) on toldonce.audit_event to {SEALER}")
