"""docs/fhir-api.md: every request of the page is sent, and answered as the page says."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.store.search_parameters import PARAMETERS
from tests.spec.neighbourhood import Neighbourhood

PATH = Path(__file__).parents[2] / "docs" / "fhir-api.md"
EXAMPLE = re.compile(r"^```http\n(.*?)^```\n\n```(json|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A request, and its answer: the body, or as text the status and what is said of keeping it."""


async def test_every_request_is_answered_as_the_page_says(coventry: Neighbourhood, request: pytest.FixtureRequest):
    gp = await coventry.asker("GP")
    person = str(await coventry.person())
    page = PATH.read_text()
    asked = EXAMPLE.findall(page)
    assert len(asked) == page.count("```http") >= 10
    answers = []
    for text, form, _ in asked:
        known = text.replace("{patient}", person)
        if "{tag}" in known:  # of what was read before
            known = known.replace("{tag}", (await gp.get(known.split()[1].removeprefix("/fhir/"))).headers["ETag"])
        head, _, body = known.partition("\n\n")
        line, *headers = head.strip().split("\n")
        method, path = line.split(" ", 1)
        sent = dict(header.split(": ", 1) for header in headers)
        answer = await gp.ask(
            method, path.removeprefix("/fhir").lstrip("/"), headers=sent, content=body.strip().encode()
        )
        shown = json.dumps(abridged(answer.json()), indent=2, ensure_ascii=False) if form == "json" else told(answer)
        answers.append(f"{shown}\n")
    if request.config.getoption("--write-docs", default=False):
        left = iter(answers)
        PATH.write_text(EXAMPLE.sub(lambda found: f"```http\n{found[1]}```\n\n```{found[2]}\n{next(left)}```", page))
    else:
        assert [said for *_, said in asked] == answers, "run `make docs`"


def told(answer: httpx.Response) -> str:
    """Status and headers; a tag's digest differs from run to run."""
    names = [name for name in ("ETag", "Last-Modified", "Cache-Control") if name in answer.headers]
    tagless = [re.sub(r'W/"[^"]+"', 'W/"…"', f"{name}: {answer.headers[name]}") for name in names]
    return "\n".join([f"{answer.status_code} {answer.reason_phrase}", *tagless])


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
