"""Every real GP Connect answer and HL7 message that we have, through the whole pipeline into one database."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from rich.console import Console
from rich.table import Table

from adapters.acute.er7 import read, split
from adapters.errors import Unreadable
from integration.ingest.inbox import Delivery
from integration.store.database import Database
from tests.database.ingesting import again, differences, ingest, memory_of, record_of, set_aside

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
MESSAGES = sorted(SAMPLES.joinpath("acute").rglob("*.hl7"))
ANSWERS = sorted(SAMPLES.joinpath("gp").rglob("*.json"))
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(
        not (MESSAGES and ANSWERS), reason="needs the samples in ../shared/samples/acute and gp, which are not there"
    ),
]
AS_OF = datetime(2026, 9, 30, 8, tzinfo=UTC)
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
_ODS = re.compile(r"[A-Z][A-Z0-9]{2}(?:[A-Z0-9]{2})?")
KNOWN = {
    "acute": {
        "bad-check-digit", "bad-nhs-number", "bad-time", "death-contradicted", "no-patient-id", "no-pid", "no-pv1",
        "no-visit-number", "not-production", "unsupported-event", "unsupported-message-type",
    },
    "gp": {
        "bad-check-digit", "bad-element", "dangling-reference", "duplicate-id", "no-patient", "not-a-structured-record",
        "not-json", "other-patient", "other-practice", "placeholder", "unread-element", "unsound-resource",
    },
}  # fmt: skip
"""What may be wrong with a sample. None of it is our fault, as `unexpected-failure` and `invalid-resource` would be,
nor the test's, as `wrong-sender` would be."""


def message(path: Path, *, as_production: bool) -> Delivery:
    """As sent by the organisation that MSH-4 names. `as_production`: without the mark of a training message."""
    content = path.read_bytes()
    content = content.replace(b"|T|2.", b"|P|2.") if as_production else content
    return Delivery("acute", _facility(content), _name(path), content, AS_OF)


def _facility(content: bytes) -> str:
    try:
        messages, _ = split(content)
        named = (read(messages[0]).segments[0].value(4) or "").upper()
    except Unreadable:
        named = ""
    return named[:3] if _ODS.fullmatch(named) else "X9A"


def answer(path: Path) -> Delivery:
    """As sent by the practice that the bundle says holds the record."""
    content = path.read_bytes()
    return Delivery("gp", _practice(content), _name(path), content, AS_OF)


def _practice(content: bytes) -> str:
    try:
        bundle = json.loads(content)
    except ValueError:
        return "X90101"
    resources = [entry.get("resource", {}) for entry in bundle.get("entry", ())]
    custodians = {
        one.get("managingOrganization", {}).get("reference") for one in resources if one["resourceType"] == "Patient"
    }
    codes = [
        identifier["value"]
        for one in resources
        if one["resourceType"] == "Organization" and f"Organization/{one.get('id')}" in custodians
        for identifier in one.get("identifier", ())
        if identifier.get("system") == ODS_CODE
    ]
    return codes[0] if codes else "X90101"


def _name(path: Path) -> str:
    return str(path.relative_to(SAMPLES))


def arrived() -> list[Delivery]:
    messages = [message(path, as_production=mode) for mode in (False, True) for path in MESSAGES]
    return [*messages, *map(answer, ANSWERS)]


@pytest.fixture(scope="module")
async def ingested(database: Database) -> Database:
    await ingest(database, arrived())
    return database


async def counted(owner: asyncpg.Connection) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Envelopes by (feed, state), open entries by (feed, code)."""
    states = await owner.fetch("select feed, state, count(*) from toldonce.envelope group by 1, 2")
    codes = Counter((entry["feed"], entry["code"]) for entry in await set_aside(owner))
    return Counter({(row["feed"], row["state"]): row["count"] for row in states}), codes


async def test_every_sample_is_stored_or_set_aside_for_a_known_reason(
    ingested: Database, owner: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    states, codes = await counted(owner)
    types = await owner.fetch("select feed, type, count(*) from toldonce.resource group by 1, 2 order by 1, 2")
    with capsys.disabled():
        show(states, codes, types)
    assert {state for _, state in states} == {"done", "quarantined"}
    assert sum(states.values()) == len({(one.feed, one.sender, one.name, one.content) for one in arrived()})
    for feed, known in KNOWN.items():
        assert {code for of, code in codes if of == feed} <= known
        assert states[feed, "done"] > 10


async def test_what_is_set_aside_whole_has_one_reason_and_its_bytes(
    ingested: Database, owner: asyncpg.Connection
) -> None:
    whole = Counter(entry["envelope"] for entry in await set_aside(owner) if entry["state"] == "quarantined")
    assert set(whole.values()) == {1}
    count = await owner.fetchval("select count(*) from toldonce.envelope where state = 'quarantined'")
    assert len(whole) == count


async def test_what_is_stored_refers_to_what_is_there(ingested: Database, owner: asyncpg.Connection) -> None:
    record = await record_of(owner)
    ids = {row["id"] for row in record["resources"]}
    described = {row["id"] for row in record["directory"]}
    for row in record["resources"]:
        assert set(row["refs"]) <= ids
        assert set(row["entries"]) <= described


async def test_backwards_one_by_one_and_again_is_the_same(ingested: Database, owner: asyncpg.Connection) -> None:
    first, memory = await record_of(owner), await memory_of(owner)
    await again(owner, ingested, batch=11)
    assert differences(first, await record_of(owner)) == {}
    assert await memory_of(owner) == memory


def show(states: Counter[tuple[str, str]], codes: Counter[tuple[str, str]], types: list[Any]) -> None:
    """How many samples came to what."""
    table = Table("feed", "what", "how many", title="Real samples through the pipeline")
    for (feed, state), count in sorted(states.items()):
        table.add_row(feed, f"envelopes {state}", str(count))
    for (feed, code), count in sorted(codes.items()):
        table.add_row(feed, f"set aside: {code}", str(count))
    for feed, kind, count in types:
        table.add_row(feed, f"stored: {kind}", str(count))
    Console().print(table)
