"""Acceptance: bad input ends in quarantine with a clear reason, nothing is lost, the rest of the batch is stored, and
what identifies the person stands nowhere but in the bytes that were sent."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import msgspec
import pytest

from adapters.records import FoldedEvent, SourcePatient, Submission
from integration.feeds import FEEDS, Feed
from integration.ingest.inbox import Delivery
from integration.store.database import Database
from mappings.ids import Ids
from mappings.uk_core import Resource
from tests.database import bad_input
from tests.database.bad_input import BAD, GOOD, LOCAL, SECRETS, Bad
from tests.database.ingesting import (
    about,
    differences,
    emptied,
    ingest,
    memory_of,
    record_of,
    replayed,
    set_aside,
    shuffled,
)

SAID = ("code", "location", "reason", "remedy")


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


def assert_clear(entries: Sequence[asyncpg.Record], logged: str) -> None:
    """Every entry says where, why and what to do, and nobody's data."""
    for entry in entries:
        assert all(entry[column].strip() for column in SAID)
        for secret in SECRETS:
            assert secret not in " ".join(entry[column] for column in SAID)
    assert not any(secret in logged for secret in SECRETS)


async def known(owner: asyncpg.Connection) -> set[str]:
    """Local ids of those of whom something is stored."""
    rows = await owner.fetch(
        "select distinct s.local_id from toldonce.source_patient s join toldonce.resource r on r.source_patient = s.key"
    )
    return {row["local_id"] for row in rows}


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.title)
async def test_bad_input(
    database: Database, owner: asyncpg.Connection, bad: Bad, capfd: pytest.CaptureFixture[str]
) -> None:
    await ingest(database, [bad.delivery, GOOD])
    entries = await set_aside(owner)
    assert sorted(entry["code"] for entry in entries) == sorted(bad.codes)
    assert {entry["content"] for entry in entries} == {bad.delivery.content}
    assert {entry["state"] for entry in entries} == {"done" if bad.stored else "quarantined"}
    assert_clear(entries, "".join(capfd.readouterr()))
    people = await known(owner)
    assert "1000777" in people
    assert len(people) == (2 if bad.stored else 1)
    before, memory = await record_of(owner), await memory_of(owner)
    assert await replayed(database) == 1
    assert differences(before, await record_of(owner)) == {}
    assert await memory_of(owner) == memory


def test_the_secrets_are_in_what_is_sent() -> None:
    """Else their absence elsewhere would prove nothing."""
    sent = b"".join(bad.delivery.content for bad in BAD).decode("utf-8", "replace")
    for secret in ("Quillfeather", "QUILLFEATHER", "CV9 9QZ", "LOC77341", "9990000019", "999 000 0019"):
        assert secret in sent
    for secret in ("19310203", "1931-02-03", "03/02/1931"):
        assert secret in sent


def failing(feed: str, **parts: Any) -> dict[str, Feed]:
    """The registry with a fault of ours in one feed."""
    return {**FEEDS, feed: replace(FEEDS[feed], **parts)}


def fold_failing_for(local_id: str, feed: str) -> dict[str, Feed]:
    def fold(patient: SourcePatient, events: Sequence[FoldedEvent], submissions: Sequence[Submission]) -> Any:
        if patient.local_id == local_id:
            raise KeyError(f"{events[0].record!r}")  # what a careless fault might carry: somebody's data
        return FEEDS[feed].fold(patient, events, submissions)

    return failing(feed, fold=fold)


SOMEBODY = Delivery("acute", "X9A", "SOMEBODY.hl7", bad_input.hl7(bad_input.pid()), bad_input.AS_OF)


async def test_a_fold_that_fails_for_one_person_costs_nobody_else(
    database: Database, owner: asyncpg.Connection, capfd: pytest.CaptureFixture[str]
) -> None:
    arrived = [*about(18, "twin-a", "rough-sleeper"), SOMEBODY, GOOD]
    await ingest(database, arrived)
    sound = await record_of(owner)
    await emptied(owner)
    await ingest(database, arrived, feeds=fold_failing_for(LOCAL, "acute"))
    (entry,) = await set_aside(owner)
    assert (entry["code"], entry["content"], entry["state"]) == ("unexpected-failure", SOMEBODY.content, "done")
    assert "KeyError" in entry["reason"]
    assert_clear([entry], "".join(capfd.readouterr()))
    assert {row["local_id"] for row in sound["people"]} - await known(owner) == {LOCAL}
    assert await replayed(database) == 1
    assert await set_aside(owner) == []
    assert differences(sound, await record_of(owner)) == {}


async def test_a_parser_that_fails_is_mended_and_replayed(database: Database, owner: asyncpg.Connection) -> None:
    def parse(content: bytes, **_: Any) -> Any:
        raise OSError("the bytes are broken")  # as zip and workbook readers do; the database's word for being away

    arrived = about(18, "mother-same-name", "rough-sleeper")
    await ingest(database, arrived)
    sound = await record_of(owner)
    await emptied(owner)
    await ingest(database, arrived, feeds=failing("community", parse=parse))
    entries = await set_aside(owner)
    sent = {one.content for one in arrived if one.feed == "community"}
    assert {(entry["code"], entry["content"]) for entry in entries} == {("unexpected-failure", one) for one in sent}
    assert await replayed(database) == len(sent) > 1
    assert differences(sound, await record_of(owner)) == {}


def mapping_failing_for(local_id: str, feed: str) -> dict[str, Feed]:
    """A mapping that makes an invalid Encounter and an invalid Patient of one person."""

    def to_resources(state: Any, ids: Ids) -> list[Resource]:
        resources = FEEDS[feed].to_resources(state, ids)
        spoilt = ids.patient.local_id == local_id
        return [one | {"birthDate": bad_input.FAMILY} if spoilt and one["resourceType"] == "Patient" else one
                for one in resources]  # fmt: skip

    return failing(feed, to_resources=to_resources)


def moved(hour: int) -> Delivery:
    """Another message about the same person."""
    content = bad_input.hl7(bad_input.pid()).replace(b"20260901090000", f"202609020{hour}0000".encode())
    return Delivery("acute", "X9A", f"MOVED{hour}.hl7", content, bad_input.AS_OF)


@pytest.mark.parametrize("batch", [1, 200])
@pytest.mark.parametrize("seed", [0, 1, 2])
async def test_a_resource_that_is_not_valid_is_one_entry_and_the_rest_is_stored(
    database: Database, owner: asyncpg.Connection, seed: int, batch: int
) -> None:
    """Under the newest message that says it, in whatever order and number they are processed."""
    arrived = [GOOD, SOMEBODY, moved(3), moved(1), moved(2)]
    broken = mapping_failing_for(LOCAL, "acute")
    await ingest(database, shuffled(arrived, seed), batch=batch, feeds=broken)
    (entry,) = await set_aside(owner)
    assert (entry["code"], entry["name"], entry["state"]) == ("invalid-resource", "MOVED3.hl7", "done")
    assert "birthDate" in entry["reason"]
    assert bad_input.FAMILY.encode() in entry["fragment"]
    assert_clear([entry], "")
    await ingest(database, [moved(4)], feeds=broken)
    (entry,) = await set_aside(owner)
    assert entry["name"] == "MOVED4.hl7"
    assert await replayed(database) == 1
    assert await set_aside(owner) == []
    broken_once = await record_of(owner)
    await emptied(owner)
    await ingest(database, [*arrived, moved(4)])
    assert differences(broken_once, await record_of(owner)) == {}


async def test_what_a_later_message_cures_is_resolved_by_it(database: Database, owner: asyncpg.Connection) -> None:
    await ingest(database, [SOMEBODY], feeds=mapping_failing_for(LOCAL, "acute"))
    assert len(await set_aside(owner)) == 1
    await ingest(database, [moved(1)])
    assert await set_aside(owner) == []


async def test_two_invalid_resources_of_one_envelope_are_two_entries(
    database: Database, owner: asyncpg.Connection
) -> None:
    rows = [bad_input.referral(), with_id(bad_input.referral(), "OTHER1")]
    content = bad_input.csv_bytes(bad_input.referral_table(rows))

    def to_resources(state: Any, ids: Ids) -> list[Resource]:
        resources = FEEDS["vcfse"].to_resources(state, ids)
        return [one | {"gender": 3} if one["resourceType"] == "Patient" else one for one in resources]

    delivery = Delivery("vcfse", "X9V01", "log.csv", content, bad_input.AS_OF)
    await ingest(database, [delivery], feeds=failing("vcfse", to_resources=to_resources))
    entries = await set_aside(owner)
    assert [entry["code"] for entry in entries] == ["invalid-resource"] * 2
    assert len({entry["fragment"] for entry in entries}) == 2
    await replayed(database)
    assert await set_aside(owner) == []


def with_id(referral: Any, client_id: str) -> Any:
    client = msgspec.structs.replace(referral.client, client_id=client_id)
    return msgspec.structs.replace(referral, client=client, referral_id=f"R-{client_id}")


def long_id() -> Delivery:
    return Delivery(
        "vcfse", "X9V01", "long.csv",
        bad_input.csv_bytes(bad_input.referral_table([with_id(bad_input.referral(), digits(9000))])), bad_input.AS_OF,
    )  # fmt: skip


def digits(count: int) -> str:
    """An id that does not compress, longer than an index entry may be."""
    number = 7
    text = ""
    while len(text) < count:
        number = number * 6364136223846793005 % 2**64
        text += str(number)
    return text


def twins_of_one_id(feed: str) -> dict[str, Feed]:
    """A mapping that gives two resources of one person the same id."""

    def to_resources(state: Any, ids: Ids) -> list[Resource]:
        resources = FEEDS[feed].to_resources(state, ids)
        extra = [one for one in resources if one["resourceType"] == "Patient" and ids.patient.local_id == LOCAL]
        return [*resources, *extra]

    return failing(feed, to_resources=to_resources)


def nul(content: bytes) -> bytes:
    return content.replace(b"QUILLFEATHER", b"QUILL\x00FEATHER")


@pytest.mark.parametrize(
    ("delivery", "feeds"),
    [
        pytest.param(long_id(), FEEDS, id="an id longer than an index entry"),
        pytest.param(SOMEBODY, twins_of_one_id("acute"), id="two resources of one id"),
    ],
)
async def test_what_the_database_cannot_hold_is_set_aside_and_nobody_waits_for_it(
    database: Database,
    owner: asyncpg.Connection,
    delivery: Delivery,
    feeds: dict[str, Feed],
    capfd: pytest.CaptureFixture[str],
) -> None:
    await ingest(database, [delivery, GOOD], feeds=feeds)
    (entry,) = await set_aside(owner)
    assert (entry["code"], entry["content"]) == ("unexpected-failure", delivery.content)
    assert_clear([entry], "".join(capfd.readouterr()))
    assert await known(owner) == {"1000777"}


async def test_a_name_with_a_null_byte_in_it_costs_nobody_else(database: Database, owner: asyncpg.Connection) -> None:
    odd = Delivery("acute", "X9A", "NUL.hl7", nul(SOMEBODY.content), bad_input.AS_OF)
    await ingest(database, [odd, GOOD])
    assert "1000777" in await known(owner)
    assert {entry["content"] for entry in await set_aside(owner)} <= {odd.content}
    assert await owner.fetchval("select count(*) from toldonce.envelope where state = 'received'") == 0


def of_another(deliveries: Iterable[Delivery], sender: str) -> list[Delivery]:
    return [Delivery(one.feed, sender, one.name, one.content, one.as_of) for one in deliveries]


async def test_nobody_speaks_for_another_organisations_patients(database: Database, owner: asyncpg.Connection) -> None:
    """The message names X9A; X9Z delivers it."""
    await ingest(database, [SOMEBODY])
    before = await record_of(owner)
    (forged,) = of_another([moved(3)], "X9Z")
    await ingest(database, [forged, GOOD])
    (entry,) = await set_aside(owner)
    assert (entry["code"], entry["state"], entry["content"]) == ("wrong-sender", "quarantined", forged.content)
    assert_clear([entry], "")
    after = await record_of(owner)
    for row in before["resources"]:
        assert row in after["resources"]


async def test_a_batch_of_another_organisation_withdraws_nothing(database: Database, owner: asyncpg.Connection) -> None:
    """X9C submits a later batch for a provider that it is not: what the batch leaves out is not X9C's to lack."""
    await ingest(database, [bad_input._community(bad_input.community())])
    before = await record_of(owner)
    assert any(row["type"] == "ServiceRequest" for row in before["resources"])
    later = bad_input.rezipped(bad_input.community(), other_provider)
    await ingest(database, [Delivery("community", "X9C", "other.zip", later, bad_input.AS_OF)])
    assert {entry["code"] for entry in await set_aside(owner)} == {"wrong-sender"}
    assert differences(before, await record_of(owner)).keys() <= {"envelopes", "quarantine", "submissions"}


def other_provider(name: str, content: bytes) -> bytes:
    """A batch created later, for provider X9D, of a person of X9D."""
    if name == "CYP000Header.csv":
        return content.replace(b"X9C", b"X9D", 1).replace(b"2026-08-10", b"2026-08-20")
    return content.replace(b"X9C", b"X9D").replace(LOCAL.encode(), b"D1").replace(b"REF1", b"REF9")
