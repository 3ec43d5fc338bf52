"""Seven callers ask for Mrs T: docs/who-sees-what.md is the specification, and their answers are compared with it.

Rows are kinds of information by source, columns are callers. `shown`: everything that the source holds of that kind;
`partly`: some of it; `withheld`: none of it; `not found`: the answer is that for a person who does not exist.
"""

from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest

from integration.sharing.request import Category
from tests.spec.neighbourhood import SEVEN, Asker, Connected, Neighbourhood, resources

PAGE = Path(__file__).parents[2] / "docs" / "who-sees-what.md"
SECTORS = {
    "gp": "general practice",
    "acute": "hospital",
    "community": "community",
    "social_care": "social care",
    "vcfse": "charity",
}
ACCESS_LOG = (str(Category.AUDIT), "this server")
Key = tuple[str, str]
"""Kind of information, and who recorded it."""

HELD = """
select l.category, s.feed, r.type || '/' || r.id as reference
from toldonce.resource r join toldonce.label l on l.id = r.label
join toldonce.source_patient s on s.key = r.source_patient
where r.person = $1 and r.type <> 'Provenance'
"""


def specified() -> dict[str, dict[Key, str]]:
    """The table of the page: what each caller sees of each kind of information."""
    first = PAGE.read_text().partition("\n## ")[0]
    lines = [line for line in first.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: {(row[0], row[1]): row[2 + n] for row in rows} for n, name in enumerate(head[2:])}


async def held(coventry: Neighbourhood, person: UUID) -> dict[Key, set[str]]:
    """References to everything that is held of her, by kind of information and source."""
    found: dict[Key, set[str]] = {}
    for category, feed, reference in await coventry.owner.fetch(HELD, person):
        found.setdefault((category, SECTORS[feed]), set()).add(reference)
    return found


async def shown(caller: Connected, person: UUID, everything: set[str]) -> set[str] | None:
    """References to what this caller's answer holds: with the statements that the golden Patient was put together
    from, and the top adjustment flags that the one top flag unites. None: not found."""
    answer = await caller.everything(person)
    if answer.status_code == 404:
        return None
    there = {reference for one in resources(answer.json(), "match") for reference in _references(one)}
    flags = {one for one in everything - there if one.startswith("Flag/")}
    return there | {one for one in flags if (await caller.get(one)).status_code == 200}


def _references(resource: dict) -> set[str]:
    linked = {link["other"]["reference"] for link in resource.get("link", ())}
    return {f"{resource['resourceType']}/{resource['id']}"} | linked


def cell(there: set[str], seen: set[str] | None) -> str:
    if seen is None:
        return "not found"
    common = there & seen
    return "withheld" if not common else "shown" if common == there else "partly"


async def told(coventry: Neighbourhood, asker: Asker) -> dict[Key, str]:
    """One column of the table, as the running system answers it."""
    person = await coventry.person()
    caller = await coventry.asker(asker.name)
    table = await held(coventry, person)
    seen = await shown(caller, person, set().union(*table.values()))
    log = await caller.get("AuditEvent", {"patient": f"Patient/{person}"})
    cells = {key: cell(there, seen) for key, there in table.items()}
    return cells | {ACCESS_LOG: {200: "shown", 403: "withheld"}[log.status_code]}


@pytest.mark.parametrize("asker", SEVEN, ids=[asker.name for asker in SEVEN])
async def test_each_caller_sees_what_the_table_says(coventry: Neighbourhood, asker: Asker):
    assert await told(coventry, asker) == specified()[asker.name]


def test_the_table_has_a_column_for_each_of_the_seven():
    assert list(specified()) == [asker.name for asker in SEVEN]


def test_no_two_callers_see_the_same():
    table = specified()

    assert [pair for pair in combinations(table, 2) if table[pair[0]] == table[pair[1]]] == []


async def test_broken_glass_marks_the_answer_and_without_it_there_is_none(coventry: Neighbourhood):
    person = await coventry.person()
    broken = await (await coventry.asker("paramedic, glass broken")).everything(person)
    whole = await (await coventry.as_caller("ambulance")).everything(person)

    assert [label["code"] for label in broken.json()["meta"]["security"]] == ["BTG"]
    assert whole.status_code == 404


@pytest.mark.parametrize("name", ["GP", "A&E doctor", "social worker", "link worker", "IG officer"])
async def test_nobody_else_gets_a_marked_answer(coventry: Neighbourhood, name: str):
    answer = await (await coventry.asker(name)).everything(await coventry.person())

    assert "BTG" not in answer.text
