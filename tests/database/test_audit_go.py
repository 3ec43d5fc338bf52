"""Checkpoints and proofs against an implementation that is not ours: Go's `sumdb/note` and `sumdb/tlog`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from integration.audit import proofs
from integration.audit.log import AuditLog
from tests.database.audit_world import SealedLog, emptied

PROGRAM = Path(__file__).parents[1] / "audit_in_go"
GO = shutil.which("go") or shutil.which("/usr/local/go/bin/go")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(GO is None, reason="Go is not installed: nothing checks our proofs")]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built; its one module comes from where Go gets modules, and is held against go.sum."""
    built: Path = tmp_path_factory.mktemp("go") / "check"
    made = subprocess.run([str(GO), "build", "-o", str(built), "."], cwd=PROGRAM, capture_output=True, text=True)
    if "dial tcp" in made.stderr or "no such host" in made.stderr:
        pytest.skip("the module golang.org/x/mod cannot be fetched")
    assert made.returncode == 0, made.stderr
    return built


@pytest.fixture
async def document(database, owner, tmp_path):
    """A log of several checkpoints: every one of them, proofs of events of every kind of place, growth between all."""
    await emptied(owner)
    async with database.pool("toldonce_api", size=4) as pool, AuditLog(pool) as audit:
        log = SealedLog(pool, audit, owner, tmp_path)
        await log.grow(1, 2, 252, 1, 44, 400)
        notes = [row[0] for row in await owner.fetch("select note from toldonce.audit_checkpoint order by size")]
        places = (0, 1, 2, 254, 255, 256, 299, 300, 511, 512, 699)
        events = [await proofs.inclusion(owner, place) for place in places]
        sizes = (1, 3, 255, 256, 300, 700)
        growth = [await proofs.consistency(owner, a, b) for a in sizes for b in sizes if a <= b]
        return {
            "Vkey": log.keys.signer().vkey,
            "Checkpoints": notes,
            "Events": [
                {"Index": one.index, "Salt": one.salt, "Content": one.content, "Proof": one.proof} for one in events
            ],
            "Growth": [{"First": one.first, "Second": one.second, "Proof": one.proof} for one in growth],
        }


def said(check: Path, document: object) -> str:
    return subprocess.run([check], input=json.dumps(document), capture_output=True, text=True).stdout.strip()


async def test_go_finds_every_checkpoint_and_proof_right(check, document):
    assert said(check, document) == "ok"


async def test_go_finds_what_was_changed(check, document):
    def changed(**what: object) -> str:
        return said(check, document | what)

    event, growth = document["Events"][4], document["Growth"][3]
    assert changed(Checkpoints=[document["Checkpoints"][0].replace("\n1\n", "\n2\n")]) != "ok"
    assert changed(Events=[event | {"Content": document["Events"][5]["Content"]}]) != "ok"
    assert changed(Events=[event | {"Index": 256, "Proof": event["Proof"].replace("index 255", "index 256")}]) != "ok"
    assert changed(Growth=[growth | {"Proof": growth["Proof"][::-1]}]) != "ok"
