"""A world in the tables, as the ingest leaves it: by COPY, the choices read from their Consents by the product."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import msgspec

from integration.sharing.choices import choices_of
from integration.sharing.request import Category, Evidence
from integration.store.labels import LabelKey, Labels
from tests.sharing.facts import HIDDEN_LANE, Person, Row, Source, World

_NAMES = UUID(int=1)
RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
FEEDS = {"X1": "gp", "X2": "acute", "X3": "social_care", "X4": "vcfse", "X5": "community"}
Columns = dict[str, Sequence[str]]
_COLUMNS: Columns = {
    "source_patient": ("key", "id", "feed", "organisation", "local_id", "person", "nhs_number"),
    "opt_out_clearance": ("nhs_number", "checked", "until"),
    "person": ("id", "issued_to"),
    "facts": ("source_patient", "person", "recorded", "until", "labels", "evidence", "choices", "restricted"),
    "resource": (
        "person", "id", "type", "feed", "source_patient", "label", "version", "recorded", "starts", "ends", "refs",
        "entries", "digest", "body",
    ),
}  # fmt: skip


def key_of(source: Source, row: Row) -> LabelKey:
    return LabelKey(source.organisation, Category(row.category), frozenset(row.sensitivities))


async def store(connection: asyncpg.Connection, labels: Labels, worlds: Sequence[World]) -> None:
    """Write these worlds' people. The connection is the owner's, with the product's codecs."""
    people = [person for world in worlds for person in world.people]
    wanted = {key_of(source, row) for person in people for source in person.sources for row in source.rows}
    ids = await labels.intern(connection, wanted)
    count = sum(len(person.sources) for person in people)
    first = await connection.fetchval("select coalesce(max(key), 0) + 1 from toldonce.source_patient")
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    keys = iter(range(first, first + count))
    for person in people:
        _person(person, ids, keys, tables)
    for name, records in tables.items():
        await connection.copy_records_to_table(name, schema_name="toldonce", columns=_COLUMNS[name], records=records)


def _person(person: Person, ids: dict[LabelKey, int], keys: Iterable[int], tables: dict[str, list[Any]]) -> None:
    owners: dict[str, int] = {}
    for source, key in zip(person.sources, keys, strict=False):
        patient, feed = uuid5(person.id, source.organisation), FEEDS[source.organisation[:2]]
        owners[source.organisation] = key
        tables["source_patient"].append(
            (key, patient, feed, source.organisation, str(patient), person.id, source.number)
        )
        if key == min(owners.values()):
            tables["person"].append((person.id, patient))
        for row in source.rows:
            tables["resource"].append(_resource(person, row, feed, key, ids[key_of(source, row)]))
        tables["facts"].append(_facts(person, source, key, ids, until=None))
    tables["opt_out_clearance"] += [(one.number, one.checked, one.until) for one in person.clearances]
    for source in person.past:
        tables["facts"].append(_facts(person, source, owners[source.organisation], ids, until=RECORDED))


def _facts(
    person: Person, source: Source, key: int, ids: dict[LabelKey, int], until: datetime | None
) -> tuple[Any, ...]:
    said = source.organisation
    evidence = [Evidence(one.kind, one.organisation, said, one.start, one.end) for one in source.evidence]  # type: ignore[arg-type]
    choices = [choice for consent in source.consents for choice in choices_of(consent, said)]
    labels = sorted({ids[key_of(source, row)] for row in source.rows})
    begun = RECORDED if until is None else datetime(2025, 1, 1, tzinfo=UTC)
    return (key, person.id, begun, until or FOR_EVER, labels, _json(evidence), _json(choices), source.restricted)


def _json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value, order="deterministic"))


def _resource(person: Person, row: Row, feed: str, key: int, label: int) -> tuple[Any, ...]:
    body: dict[str, Any] = {"resourceType": row.type, "id": str(row.id)}
    if row.type != "Patient":
        body["subject"] = {"reference": "Patient/@person"}
    if row.locates:
        body["address"] = [{"line": [HIDDEN_LANE], "postalCode": "CV1 1AA"}]
    if row.refers:
        body["supportingInfo"] = [{"reference": f"Basic/{id_}"} for id_ in row.refers]
    content = json.dumps(body).encode()
    return (
        person.id, row.id, row.type, feed, key, label, 1, RECORDED, row.starts, row.ends, list(row.refers), [],
        b"", content,
    )  # fmt: skip


async def forget(connection: asyncpg.Connection) -> None:
    """Take every person out again; labels stay."""
    tables = ", ".join(f"toldonce.{name}" for name in _COLUMNS)
    await connection.execute(f"truncate {tables} cascade")
