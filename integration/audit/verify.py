"""The audit's checker. It shares no code with the writer: both follow the rules written here and in docs/audit.md.

leaf(event)   = SHA-256(0x00 || salt || content)                                  (RFC 6962, 2.1)
chain(-1)     = SHA-256("toldonce audit log v1")
chain(index)  = SHA-256(chain(index - 1) || leaf(event at index))                 index = 0, 1, 2, ...

What it finds by itself: altered content, salt, hashes or searchable columns; missing, doubled and reordered rows.
Somebody who may rewrite every later row can recompute the chain, or cut off its end: that shows only against a
checkpoint (size and chain hash) kept elsewhere. Every report prints one to keep.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

import asyncpg

from integration.store.connection import Connection

Fault = Literal["altered", "missing", "reordered", "column", "checkpoint"]
_NAMED = 200
"""Faults named one by one; the rest is only counted."""
_SUSPECTS = 64
"""Broken places that are searched for a reordering."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of the log at one moment: how many events are sequenced, and the last chain hash (hex)."""

    size: int
    chain: str

    def __str__(self) -> str:
        return f"{self.size}:{self.chain}"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """From `<size>:<64 hex digits>`. Raises ValueError."""
        size, _, chain = text.strip().partition(":")
        if not size.isdecimal() or len(bytes.fromhex(chain)) != 32:
            raise ValueError("a checkpoint is <size>:<64 hex digits>")
        return cls(int(size), chain.lower())


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, by place and AuditEvent id."""

    fault: Fault
    text: str
    index: int | None = None
    event: str = ""


@dataclass
class Report:
    """What `verify` found. `checkpoint` is the present one, to be kept elsewhere."""

    checkpoint: Checkpoint
    unsequenced: int = 0
    oldest_unsequenced: datetime | None = None
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    kept: Checkpoint | None = None

    @property
    def intact(self) -> bool:
        return not self.findings

    def add(self, finding: Finding) -> None:
        """Name a finding, or count it when there are too many to name."""
        if len(self.findings) < _NAMED:
            self.findings.append(finding)
        else:
            self.more += 1

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(report: Report) -> list[str]:
    verdict = "intact" if report.intact else "NOT INTACT"
    lines = [f"The audit is {verdict}: {report.checkpoint.size} sequenced events."]
    lines += [f"  {finding.fault}: {finding.text}" for finding in report.findings]
    if report.more:
        lines.append(f"  and {report.more} more")
    if report.unsequenced:
        since = f" since {report.oldest_unsequenced.isoformat()}" if report.oldest_unsequenced else ""
        lines.append(f"{report.unsequenced} events are not sequenced yet{since}: not yet protected by the chain.")
    if report.kept is None:
        lines.append("No checkpoint was given: a rewritten or shortened log could not be told from a true one.")
    lines.append(f"Checkpoint to keep elsewhere: {report.checkpoint}")
    return lines


@dataclass
class _Walk:
    """Where the walk along the log stands."""

    expected: int = 0
    chain: bytes = field(default_factory=lambda: sha256(b"toldonce audit log v1").digest())
    kept: Checkpoint | None = None
    kept_chain: str | None = None
    broken: dict[int, tuple[bytes, bytes, bytes, str]] = field(default_factory=dict)
    """index -> (chain before, leaf, chain as stored, event) of rows that do not follow from the one before."""


async def verify(connection: Connection, kept: Checkpoint | None = None) -> Report:
    """Recompute every leaf and the whole chain, in one snapshot; compare with a checkpoint kept elsewhere if given.
    Memory does not grow with the log."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("select set_config('role', 'toldonce_audit_reader', true)")
        report = Report(Checkpoint(0, ""), kept=kept)
        walk = _Walk(kept=kept)
        async for row in _sequenced(connection):
            _check_place(row, walk, report)
            _check_content(row, report)
        await _name_reordered(connection, walk, report)
        await _check_tail(connection, report)
    report.checkpoint = Checkpoint(walk.expected, walk.chain.hex())
    _check_kept(walk, report)
    report.findings.sort(key=lambda finding: (finding.index is None, finding.index or 0))
    return report


_COLUMNS = "id, recorded, person, organisation, client, kind, outcome, salt, content, leaf_hash, index, chain_hash"


async def _sequenced(connection: Connection) -> AsyncIterator[asyncpg.Record]:
    query = f"select {_COLUMNS} from toldonce.audit_event where index is not null order by index"
    async for row in connection.cursor(query, prefetch=500):
        yield row


def _check_place(row: asyncpg.Record, walk: _Walk, report: Report) -> None:
    """The row is next in line, and its chain hash follows from the row before. After a fault the walk goes on from
    what is stored, so that one fault is not reported for every later row."""
    index, event, stored = row["index"], str(row["id"]), row["chain_hash"] or b""
    if index == walk.expected:
        if sha256(walk.chain + row["leaf_hash"]).digest() != stored:
            walk.broken[index] = (walk.chain, row["leaf_hash"], stored, event)
    elif index > walk.expected:  # what the first row after a gap follows from is gone with the gap
        report.add(Finding("missing", _missing(walk.expected, index - 1), walk.expected))
    else:
        report.add(Finding("altered", f"event {event} has place {index}, outside the log", index, event))
    walk.expected = max(walk.expected, index + 1)
    walk.chain = stored
    if walk.kept and index == walk.kept.size - 1:
        walk.kept_chain = stored.hex()


def _missing(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"


def _check_content(row: asyncpg.Record, report: Report) -> None:
    index, event = row["index"], str(row["id"])
    if sha256(b"\x00" + row["salt"] + row["content"]).digest() != row["leaf_hash"]:
        report.add(Finding("altered", f"the content of event {index} ({event}) is not what was recorded", index, event))
    for column in _false_columns(row):
        text = f"column {column} of event {index} ({event}) contradicts its content: searches would miss or misplace it"
        report.add(Finding("column", text, index, event))


def _false_columns(row: asyncpg.Record) -> list[str]:
    """Columns that do not say what the recorded content says."""
    try:
        said = _said(json.loads(row["content"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return []  # altered beyond reading, and reported as altered by its hash
    return [name for name, value in said.items() if value != row[name]]


def _said(event: Mapping[str, Any]) -> dict[str, Any]:
    """The searchable columns as the AuditEvent's JSON has them."""
    agents = event["agent"]
    identifiers = [agent["who"].get("identifier", {}) for agent in agents]
    organisation = [i["value"] for i in identifiers if i.get("system", "").endswith("/ods-organization-code")]
    people = [e["what"]["reference"] for e in event["entity"] if e.get("role", {}).get("code") == "1"]
    kinds = [tag["code"] for tag in event["meta"]["tag"] if tag["system"].endswith("/audit-kind")]
    return {
        "id": UUID(event["id"]),
        "recorded": datetime.fromisoformat(event["recorded"]),
        "person": UUID(people[0].removeprefix("Patient/")) if people else None,
        "organisation": organisation[0] if organisation else "unknown",
        "client": identifiers[0]["value"],
        "kind": kinds[0],
        "outcome": event["outcome"],
    }


async def _name_reordered(connection: Connection, walk: _Walk, report: Report) -> None:
    """Say of each broken place whether a row stands there that belongs elsewhere, or what stood there was changed."""
    suspects = dict(list(walk.broken.items())[:_SUSPECTS])
    predecessors = await _predecessors(connection, suspects) if suspects else {}
    for index, (before, _leaf, stored, event) in walk.broken.items():
        swapped = [
            other
            for other, (_b, leaf, _s, _e) in suspects.items()
            if other != index and sha256(before + leaf).digest() == stored
        ]
        if swapped:
            text = f"what stands at place {index} ({event}) was recorded at place {swapped[0]}, and the other way round"
            report.add(Finding("reordered", text, index, event))
        elif index in predecessors:
            text = f"event {event} at place {index} was recorded right after place {predecessors[index]}"
            report.add(Finding("reordered", text, index, event))
        else:
            text = (
                f"the chain breaks at place {index} ({event}): this event or the one before it was changed or removed"
            )
            report.add(Finding("altered", text, index, event))


async def _predecessors(
    connection: Connection, suspects: Mapping[int, tuple[bytes, bytes, bytes, str]]
) -> dict[int, int]:
    """For suspects that follow from another row than the one before them: that row's place."""
    found: dict[int, int] = {}
    query = "select index, chain_hash from toldonce.audit_event where index is not null"
    async for row in connection.cursor(query, prefetch=2000):
        for index, (_before, leaf, stored, _event) in suspects.items():
            if row["index"] != index - 1 and sha256((row["chain_hash"] or b"") + leaf).digest() == stored:
                found[index] = row["index"]
    return found


async def _check_tail(connection: Connection, report: Report) -> None:
    """Unsequenced events: counted, and their own hashes checked, as far as that goes without a chain."""
    query = f"select {_COLUMNS} from toldonce.audit_event where index is null order by recorded, id"
    async for row in connection.cursor(query, prefetch=500):
        report.unsequenced += 1
        report.oldest_unsequenced = report.oldest_unsequenced or row["recorded"]
        _check_content(row, report)


def _check_kept(walk: _Walk, report: Report) -> None:
    kept = walk.kept
    if kept is None or kept.size == 0:
        return
    if kept.size > walk.expected:
        text = f"the log had {kept.size} events at the checkpoint and has {walk.expected} now: its end was cut off"
        report.add(Finding("checkpoint", text))
    elif walk.kept_chain != kept.chain:
        text = f"the first {kept.size} events are not those of the checkpoint: the log was rewritten"
        report.add(Finding("checkpoint", text))
