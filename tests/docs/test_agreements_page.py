"""docs/agreements.md: the sample in English, a real diff, and every word of the file explained."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from integration import demo
from integration.cli.agreements import print_proposal
from integration.record.proposal import Proposal, propose
from integration.sharing.agreement_file import schema
from integration.sharing.agreements import Agreements, load
from integration.sharing.english import text_of, written
from tests.spec.neighbourhood import NOW, Neighbourhood

PAGE = "docs/agreements.md"
COVENTRY = demo.AGREEMENTS.read_text()
CHANGES = (
    (
        "kinds of information: [who the person is, care team, care plans, reasonable",
        "kinds of information: [who the person is, care team, care plans, alerts, reasonable",
    ),
    ("service: {days after it ends: 30,", "service: {days after it ends: 90,"),
    ("    version: 3\n    title: What charities may see", "    version: 4\n    title: What charities may see"),
)


def changed() -> Agreements:
    """The sample with the change that the page tells of."""
    before, cw_03 = COVENTRY.split("  - id: CW-03\n")
    for old, new in CHANGES:
        assert old in cw_03, old
        cw_03 = cw_03.replace(old, new, 1)
    return load(f"{before}  - id: CW-03\n{cw_03}")


@pytest.mark.parametrize("id_", [one.id for one in load(COVENTRY).agreements])
def test_each_agreement_of_the_sample_is_there_in_english(id_: str, documented: Any) -> None:
    sections = text_of(load(COVENTRY)).agreements
    (section,) = (one for name, one in sections.items() if name.startswith(f"{id_} "))

    documented(PAGE, id_, f"```text\n{written(section)}\n```")


async def test_the_diff_is_what_the_command_says(coventry: Neighbourhood, documented: Any) -> None:
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            proposal: Proposal = await propose(connection, changed(), NOW, lambda *_: None)
    said = StringIO()
    print_proposal(proposal, Console(file=said, width=120), None)

    documented(PAGE, "diff", f"```text\n{said.getvalue()}```")


def test_every_word_of_the_file_is_explained() -> None:
    page = (Path(__file__).parents[2] / PAGE).read_text()
    told = set(re.findall(r"`([^`\n]+)`", page))
    words: set[str] = set()

    def visit(part: Any) -> None:
        if isinstance(part, dict):
            words.update(part.get("properties", {}) if isinstance(part.get("properties"), dict) else {})
            for inner in part.values():
                visit(inner)

    visit(json.loads(schema()))
    kinds = {"registration", "referral", "encounter", "care-team", "caseload", "service", "needed", "roles", "minutes"}
    assert sorted(words - told - kinds) == []
    assert all(kind in page for kind in kinds)
