"""schemathesis against a served neighbourhood: what it counted, and what it found."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.clients.served import HERE, PYTHON, Served
from tests.installed import installed
from tests.spec.neighbourhood import Connected, Neighbourhood

CHECKS = (
    "not_a_server_error",
    "response_schema_conformance",
    "content_type_conformance",
    "every_refusal_is_an_operation_outcome",
    "nothing_outside_the_grant",
)
MANY = 100
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Found(Exception):  # noqa: N818  what a run found
    """schemathesis' own report of what is wrong."""


async def attack(served: Served, token: str, forbidden: set[str], folder: Path, *, examples: int) -> dict[str, int]:
    """Answers by status. `examples`: how many requests of each operation are made up; of many, those that cover the
    document beside them. Raises Found."""
    phases = "coverage,fuzzing" if examples >= MANY else "fuzzing"
    program = installed("python-clients", PYTHON) / "bin" / "schemathesis"
    known, counted = folder / "known.json", folder / "counted.json"
    known.write_text(json.dumps({"ids": await _ids(served.neighbourhood), "forbidden": sorted(forbidden)}))
    site = served.base.removesuffix("/fhir")
    process = await asyncio.create_subprocess_exec(
        str(program),
        *("run", f"{site}/openapi.json", "--header", f"Authorization: Bearer {token}"),
        *("--checks", ",".join(CHECKS), "--max-examples", str(examples), "--phases", phases),
        *("--seed", "7", "--no-color", "--suppress-health-check", "all", "--warnings", "off"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "SCHEMATHESIS_HOOKS": "attack",
            "PYTHONPATH": str(HERE),
            "KNOWN": str(known),
            "COUNTED": str(counted),
        },
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise Found(printed.decode().partition("= FAILURES =")[2] or printed.decode()[-6000:])
    answers: dict[str, int] = json.loads(counted.read_text())
    return answers


async def _ids(of: Neighbourhood) -> dict[str, list[str]]:
    """Ids that exist, by type."""
    rows = await of.owner.fetch(
        "select type, (array_agg(id::text order by id))[:50] as ids from toldonce.resource group by type"
    )
    return {row["type"]: row["ids"] for row in rows} | {"Patient": [str(one) for one in await of.persons()]}


async def forbidden(of: Neighbourhood, caller: Connected) -> set[str]:
    """Ids of people and of what is said of them, without those that the whole of what the caller may see names."""
    rows = await of.owner.fetch(
        "select id::text from toldonce.resource union select person::text from toldonce.source_patient"
    )
    seen: set[str] = set()
    for person in await of.persons():
        async for page in _pages(caller, f"Patient/{person}/$everything"):
            seen |= set(_ID.findall(page))
    return {row["id"] for row in rows} - seen


async def _pages(caller: Connected, path: str) -> AsyncIterator[str]:
    following: str | None = path
    while following:
        answer = await caller.get(following)
        if answer.status_code != 200:
            return
        yield answer.text
        content: dict[str, Any] = answer.json()
        following = next((one["url"] for one in content["link"] if one["relation"] == "next"), None)
