"""Calling splink, which lives in a virtual environment of its own (`make splink`), as a subprocess."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from integration.identity.blocks import blocks, number_blocks
from integration.identity.demographics import Demographics
from integration.identity.nicknames import formal_names
from integration.identity.score import LONG, Weights, undoubled
from tests.installed import alone

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-splink/bin/python"


class NoSplink(Exception):  # noqa: N818  not an error where it is caught: a table is printed without it
    """splink's environment could not be made."""


def installed() -> None:
    """Make splink's environment if it is not there. Raises NoSplink with the reason."""
    with alone("splink"):
        made = subprocess.run(["make", "splink"], cwd=ROOT, capture_output=True, text=True, check=False)
    if made.returncode:
        raise NoSplink(made.stderr.strip()[-300:])


def run(task: str, folder: Path) -> dict[str, Any]:
    """What `with_splink.py` makes of the files in `folder`, and which versions made it."""
    installed()
    script = Path(__file__).with_name("with_splink.py")
    # What is installed is compiled when it is first imported, and only then where that is kept.
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [str(PYTHON), str(script), task, str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True, env=keeping)
    return dict(orjson.loads((folder / "result.json").read_bytes()))


def write(path: Path, people: Iterable[tuple[int, Demographics]], weights: Weights, crowded: frozenset[int]) -> None:
    """Records as lines of JSON with the columns that `with_splink.LEVELS` compares, numbered from 0. Each comes with
    the resident whom it is of."""
    with path.open("wb") as file:
        for number, (truth, who) in enumerate(people):
            shared = (blocks(who) | number_blocks(who)) - crowded
            file.write(orjson.dumps(_columns(who, weights) | {
                "unique_id": number, "truth": truth, "blocks": sorted(shared)
            }) + b"\n")  # fmt: skip


def _columns(who: Demographics, weights: Weights) -> dict[str, Any]:
    return {
        "nhs_number": who.nhs_number,
        "given": sorted(who.given),
        "rare_given": sorted(who.given - weights.common_given),
        "formal": sorted({name for one in who.given for name in formal_names(one)}),
        "undoubled_given": sorted({undoubled(one) for one in who.given if len(one) >= LONG}),
        "undoubled_families": sorted({undoubled(one) for one in who.families if len(one) >= LONG}),
        "families": sorted(who.families),
        "rare_families": sorted(who.families - weights.common_families),
        "birth_date": who.birth_date,
        "uprns": sorted(who.uprns),
        "postcodes": sorted(who.postcodes),
        "outwards": sorted({one[:-3] for one in who.postcodes}),
        "phones": sorted(who.phones),
        "gender": who.gender,
        "practices": sorted(who.practices),
        "ids": sorted(who.ids),
    }


def in_block(line: bytes, block: int) -> bytes:
    """A record's line, with the record in that block alone."""
    return orjson.dumps({**orjson.loads(line), "blocks": [block]}) + b"\n"
