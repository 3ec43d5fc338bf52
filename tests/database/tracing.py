"""Whom hospitals speak of, to be traced on PDS, and what came of it."""

import json
from datetime import UTC, datetime
from typing import Any

import asyncpg

from integration.ingest.inbox import Delivery

MRS_T, REPLACED, CURRENT = "9990000018", "9990000182", "9990000174"
AT = datetime(2026, 9, 1, 9, tzinfo=UTC)


def message(
    mrn: str,
    *,
    number: str = "",
    status: str = "02",
    name: str = "TANNER^EDITH",
    birth: str = "19420314",
    sex: str = "2",
    address: str = "12 Clockmakers Street^^Coventry^^CV5 6ZB",
    sent: str = "20260901090000",
) -> Delivery:
    """What a hospital says of somebody."""
    stated = f"{number}^^^NHS~" if number else ""
    content = (
        f"MSH|^~\\&|PAS|X9A|ROUTE|ROUTE|{sent}||ADT^A28^ADT_A05|{mrn}{sent}|P|2.4\r"
        f"EVN||{sent}|||||{sent}\r"
        f"PID|1||{stated}{mrn}^^^X9A^MR||{name}^^^MRS^^L||{birth}|{sex}|||{address}^^H|||||||||||||||||||||"
        f"{f'NSTS{status}' if number else ''}\r"
    )
    return Delivery("acute", "X9A", f"{mrn}.hl7", content.encode(), AT)


async def people(owner: asyncpg.Connection) -> dict[tuple[str, str], Any]:
    """By (feed, local id), who each source patient is."""
    rows = await owner.fetch("select feed, local_id, person from toldonce.source_patient")
    return {(row["feed"], row["local_id"]): row["person"] for row in rows}


async def the_trace(owner: asyncpg.Connection, number: str | None = None) -> asyncpg.Record:
    return await owner.fetchrow(
        "select *, due - now() as wait from toldonce.pds_trace where nhs_number is not distinct from $1", number
    )


async def resources(owner: asyncpg.Connection, kind: str = "Patient") -> list[dict[str, Any]]:
    rows = await owner.fetch("select body from toldonce.resource where feed = 'pds' and type = $1 order by id", kind)
    return [json.loads(row["body"]) for row in rows]


async def make_due(owner: asyncpg.Connection) -> None:
    await owner.execute("update toldonce.pds_trace set due = now()")
