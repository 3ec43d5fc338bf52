"""Writing what decisions are made from: facts as recorded, so that a decision can be explained as of any moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from integration.sharing.request import Choice, Evidence
from integration.store.connection import Connection
from integration.store.moments import moment_to_record


@dataclass(frozen=True)
class SourceFacts:
    """What one source patient's statements contribute to decisions about the person."""

    source_patient: int
    person: UUID
    labels: Sequence[int]
    evidence: Sequence[Evidence]
    choices: Sequence[Choice]
    restricted: bool


async def replace(connection: Connection, said: Sequence[SourceFacts]) -> None:
    """Make `said` the present facts of these source patients; facts that did not change keep their row."""
    rows = await connection.fetch(
        "select source_patient, person, labels, evidence, choices, restricted from toldonce.facts "
        "where source_patient = any($1) and until = 'infinity'",
        [one.source_patient for one in said],
    )
    standing = {row["source_patient"]: tuple(row) for row in rows}
    new = [columns for one in said if standing.get(one.source_patient) != (columns := _columns(one))]
    moment = await moment_to_record(connection)
    await connection.execute(
        "update toldonce.facts set until = $2 where until = 'infinity' and source_patient = any($1)",
        [columns[0] for columns in new],
        moment,
    )
    await connection.executemany(
        "insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted, recorded) "
        "values ($1, $2, $3, $4, $5, $6, $7)",
        [(*columns, moment) for columns in new],
    )


def _columns(one: SourceFacts) -> tuple[Any, ...]:
    return (
        one.source_patient,
        one.person,
        sorted(one.labels),
        _json(list(one.evidence)),
        _json(list(one.choices)),
        one.restricted,
    )


def _json(value: Any) -> Any:
    """Plain JSON with sets in order, so that equal facts compare equal."""
    return msgspec.json.decode(msgspec.json.encode(value, order="deterministic"))
