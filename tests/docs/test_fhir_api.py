"""docs/fhir-api.md: every request of the page is sent, and answered as the page says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from integration.store.search_parameters import PARAMETERS
from tests.spec.neighbourhood import Neighbourhood

PATH = Path(__file__).parents[2] / "docs" / "fhir-api.md"
EXAMPLE = re.compile(r"^```http\n(.*?)^```\n\n```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_every_request_is_answered_as_the_page_says(coventry: Neighbourhood, request: pytest.FixtureRequest):
    gp = await coventry.asker("GP")
    person = str(await coventry.person())
    page = PATH.read_text()
    asked = EXAMPLE.findall(page)
    assert len(asked) == page.count("```http") >= 10
    answers = []
    for text, _ in asked:
        head, _, body = text.replace("{patient}", person).partition("\n\n")
        line, *headers = head.strip().split("\n")
        method, path = line.split(" ", 1)
        sent = dict(header.split(": ", 1) for header in headers)
        answer = await gp.ask(
            method, path.removeprefix("/fhir").lstrip("/"), headers=sent, content=body.strip().encode()
        )
        answers.append(f"{json.dumps(abridged(answer.json()), indent=2, ensure_ascii=False)}\n")
    if request.config.getoption("--write-docs", default=False):
        left = iter(answers)
        PATH.write_text(EXAMPLE.sub(lambda found: f"```http\n{found[1]}```\n\n```json\n{next(left)}```", page))
    else:
        assert [said for _, said in asked] == answers, "run `make docs`"


_VOLATILE = ("meta", "timestamp", "recorded")


def abridged(node: Any) -> Any:
    """Of a list the first member and how many more there are; what differs from run to run is left out."""
    if isinstance(node, list):
        more = [f"… and {len(node) - 1} more"] if len(node) > 1 else []
        return [abridged(node[0]), *more] if node else []
    if isinstance(node, dict):
        return {name: abridged(value) for name, value in node.items() if name not in _VOLATILE}
    if isinstance(node, str):
        return re.sub(r"_cursor=[\w-]+", "_cursor=…", node)
    return node


def test_the_parameters_are_those_of_the_code(documented):
    rows = [
        f"| {type_} | {', '.join(f'`{one.name}`' for one in parameters)} |" for type_, parameters in PARAMETERS.items()
    ]
    documented("docs/fhir-api.md", "parameters", "\n".join(["| type | parameters |", "|---|---|", *rows]))
