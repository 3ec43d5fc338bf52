"""Sealing, keys, proofs and the second place, against a real PostgreSQL."""

import asyncio
import base64
import json
from hashlib import sha256

import pytest

from integration.audit import cosignatures, proofs
from integration.audit.log import AuditLog
from integration.audit.note import Checkpoint, digest
from integration.audit.seal import alone, keep_sealed, seal
from integration.audit.second_place import LEAF, copy
from integration.audit.verify.kept import Copy
from integration.errors import LogDamaged, NotPossible
from tests.database.audit_world import SealedLog, access, emptied
from tests.unit.audit.test_notes import cosignature, witness_key


@pytest.fixture(scope="module")
async def pool(database):
    async with database.pool("toldonce_api", size=8) as pool:
        yield pool


@pytest.fixture
async def log(pool, owner, tmp_path):
    await emptied(owner)
    async with AuditLog(pool) as audit:
        yield SealedLog(pool, audit, owner, tmp_path)


async def checkpoints(log: SealedLog) -> list[str]:
    return [row[0] for row in await log.owner.fetch("select note from toldonce.audit_checkpoint order by size")]


async def test_events_get_their_place_in_order_of_arrival(log, owner):
    late, early = await log.audit.append(access(5)), await log.audit.append(access(1))
    assert await log.seal() == 2
    assert await log.seal() == 0
    rows = await owner.fetch("select event from toldonce.audit_leaf order by index")
    assert [row[0] for row in rows] == [late, early]
    assert await owner.fetchval("select count(*) from toldonce.audit_unsealed") == 0


async def test_each_checkpoint_vouches_for_the_one_before(log):
    await log.grow(3, 4, 300)
    notes = await checkpoints(log)
    assert [Checkpoint.of(note).size for note in notes] == [3, 7, 307]
    assert [Checkpoint.of(note).previous for note in notes] == [None, *map(digest, notes[:-1])]
    assert (await log.verify(copy=True)).intact


async def test_nothing_new_is_not_signed_again(log):
    await log.grow(3)
    assert await log.seal() == 0
    assert len(await checkpoints(log)) == 1


async def test_many_sealers_at_once_place_each_event_once(log, pool, owner):
    async def sealer() -> int:
        sealed = 0
        for _ in range(10):
            async with pool.acquire() as connection:
                sealed += await seal(connection, log.keys)
            await asyncio.sleep(0)
        return sealed

    appending = asyncio.gather(*(log.append(20) for _ in range(10)))
    sealed = sum(await asyncio.gather(*(sealer() for _ in range(4))))
    await appending
    sealed += await log.seal()
    assert sealed == 200
    places = await owner.fetch("select index from toldonce.audit_leaf order by index")
    assert [row[0] for row in places] == list(range(200))
    assert (await log.verify()).intact


@pytest.mark.parametrize(
    "attack",
    [
        "update toldonce.audit_leaf set hash = sha256(hash) where index = 2",
        "delete from toldonce.audit_leaf where index = 6",
        "update toldonce.audit_leaf set index = index + 1 where index = 6",
        "update toldonce.audit_leaf set index = 1 << 60 where index = 6",
        "update toldonce.audit_checkpoint set note = 'x'",
    ],
)
async def test_a_tree_that_is_not_what_was_signed_is_not_signed_again(log, owner, attack):
    await log.grow(7)
    await owner.execute(attack)
    await log.append(1)
    with pytest.raises(LogDamaged):
        await log.seal()
    assert len(await checkpoints(log)) == 1


async def test_nothing_waits_for_an_event_that_is_not_committed(log, owner, pool):
    """A later event may be committed first: it gets its place first."""
    await log.append(1)
    async with pool.acquire() as connection:
        slow = connection.transaction()
        await slow.start()
        await connection.execute(
            "set local role toldonce_audit_writer; "
            "insert into toldonce.audit_unsealed (event, recorded, hash) values (gen_random_uuid(), now(), 'x')"
        )
        await log.append(1)
        assert await log.seal() == 2
        await slow.commit()
    assert await log.seal() == 1


async def test_sealing_goes_on_by_itself_and_is_at_most_a_second_behind(log, pool, owner):
    task = asyncio.create_task(keep_sealed(pool, log.keys))
    try:
        for _ in range(3):
            event = await log.audit.append(access())
            async with asyncio.timeout(10):  # on a busy machine; asleep it is 0.7 s
                while not await owner.fetchval("select true from toldonce.audit_leaf where event = $1", event):
                    await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await log.verify(notes=False)).intact


# ---- keys


async def test_after_a_rotation_what_was_signed_before_still_holds(log, pool):
    await log.grow(3)
    first = log.keys.all()[0].signer.vkey
    async with pool.acquire() as connection, alone(connection, wait=True):
        log.keys.rotate(3)
    await log.grow(4)
    assert first != log.keys.signer().vkey
    assert (await log.verify(copy=True)).intact


async def test_the_old_key_is_not_believed_for_what_comes_after(log, owner):
    await log.grow(3)
    old = log.keys.signer()
    log.keys.rotate(3)
    await log.grow(4)
    forged = old.sign(Checkpoint.of((await checkpoints(log))[-1]).text)
    await owner.execute("update toldonce.audit_checkpoint set note = $1 where size = 7", forged)
    report = await log.verify()
    assert [one.fault for one in report.findings] == ["checkpoint"]


def test_the_key_is_made_once_and_nobody_else_may_read_it(tmp_path):
    log = SealedLog(None, None, None, tmp_path)  # type: ignore[arg-type]
    assert log.keys.signer() == log.keys.signer()
    path = tmp_path / "keys" / "audit-log.json"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


# ---- proofs


async def test_an_inclusion_proof_leads_from_the_content_to_the_checkpoint(log, owner):
    await log.grow(5, 290, 8)
    for index in (0, 4, 255, 256, 302):
        proof = await proofs.inclusion(owner, index)
        leaf = sha256(b"\0" + base64.b64decode(proof.salt) + base64.b64decode(proof.content)).digest()
        assert base64.b64encode(leaf).decode() == proof.leaf
        assert json.loads(bytes(proof.audit_event))["id"] == str(proof.event)
        assert proof.proof.startswith(f"c2sp.org/tlog-proof@v1\nindex {index}\n")
        assert proof.proof.endswith((await checkpoints(log))[-1])
        assert (await proofs.inclusion(owner, proof.event)) == proof


async def test_there_is_no_proof_of_what_is_not_sealed(log, owner):
    event = await log.audit.append(access())
    with pytest.raises(NotPossible):
        await proofs.newest(owner)
    with pytest.raises(NotPossible):
        await proofs.inclusion(owner, event)
    assert await log.seal() == 1
    with pytest.raises(NotPossible):
        await proofs.consistency(owner, 1, 99)


# ---- the second place


async def test_the_copy_has_every_leaf_up_to_its_checkpoint(log, owner):
    await log.grow(5, 300)
    rows = await owner.fetch("select event, hash from toldonce.audit_leaf order by index")
    assert (log.copy / "leaves").read_bytes() == b"".join(row[0].bytes + row[1] for row in rows)
    assert Copy.read(log.copy).note.size == 305


async def test_a_copy_that_was_interrupted_goes_on(log):
    await log.grow(5)
    with (log.copy / "leaves").open("ab") as file:
        file.write(b"half of what was to be written")
    await log.grow(6)
    assert (log.copy / "leaves").stat().st_size == 11 * LEAF
    assert (await log.verify(copy=True)).intact


@pytest.mark.parametrize("attack", ["truncate toldonce.audit_leaf, toldonce.audit_checkpoint, toldonce.audit_node", ""])
async def test_a_log_that_does_not_continue_the_copy_is_not_copied(log, owner, attack):
    """Cut off and begun anew, or the same size with other leaves, everything signed with the log's own key."""
    await log.grow(5)
    before = (log.copy / "leaves").read_bytes()
    await emptied(owner)
    await log.append(3 if attack else 9)
    await log.seal()
    with pytest.raises(LogDamaged):
        await copy(owner, log.copy, await proofs.newest(owner))
    assert (log.copy / "leaves").read_bytes() == before


# ---- witnesses


async def test_cosignatures_of_known_witnesses_are_kept_and_shown(log, owner, pool):
    await log.grow(5)
    note = await proofs.newest(owner)
    signed = f"{note}{cosignature(note.rpartition(chr(10) * 2)[0] + chr(10))}\n"
    async with pool.acquire() as connection:
        with pytest.raises(NotPossible, match="witness"):
            await cosignatures.take(connection, signed, ())
        assert await cosignatures.take(connection, signed, (witness_key(),)) == 1
        assert await cosignatures.take(connection, signed, (witness_key(),)) == 0
        with pytest.raises(NotPossible, match="no checkpoint of this log"):
            await cosignatures.take(connection, signed.replace("\n5\n", "\n6\n"), (witness_key(),))
    assert await proofs.newest(owner) == signed
    assert (await log.verify()).intact
