"""Who sees that somebody was detained: the second table of docs/who-sees-what.md, and what each caller of it gets."""

import pytest

from tests.spec.neighbourhood import Neighbourhood, resources
from tests.spec.test_who_sees_what import PAGE

HER_NUMBER = "9990000093"
CLIENTS = {
    "the trust itself": "community-system",
    "hospital": "hospital-epr",
    "council": "council-system",
    "unrelated hospital": "distant-hospital",
}
ACT = "Mental Health Act"


def specified() -> list[tuple[str, ...]]:
    """Each row: role, organisation, what is shown of the stay and of the detention."""
    second = PAGE.read_text().partition("\n## ")[2]
    _, _, *rows = [line for line in second.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


async def told(coventry: Neighbourhood, role: str, organisation: str) -> tuple[str, str]:
    answer = await (await coventry.as_caller(CLIENTS[organisation], role)).everything(await coventry.person(HER_NUMBER))
    if answer.status_code == 404:
        return "not found", "not found"
    there = resources(answer.json(), "match")
    stays = [one for one in there if one["resourceType"] == "Encounter" and "Sherbourne Ward" in str(one)]
    assert ACT not in str(stays)
    detentions = [one for one in there if ACT in str(one)]
    assert {one["resourceType"] for one in detentions} <= {"Flag"}
    return _cell(stays), _cell(detentions)


def _cell(there: list[dict]) -> str:
    return "shown" if there else "withheld"


@pytest.mark.parametrize("row", specified(), ids=lambda row: " of ".join(row[:2]))
async def test_each_caller_sees_what_the_table_says(coventry: Neighbourhood, row: tuple[str, ...]):
    assert await told(coventry, *row[:2]) == row[2:]


async def test_who_may_not_see_it_is_told_that_something_is_withheld_and_not_what(coventry: Neighbourhood):
    person = await coventry.person(HER_NUMBER)
    answer = await (await coventry.as_caller("council-system", "social worker")).everything(person)

    assert [one["code"] for one in answer.json()["meta"]["security"]] == ["REDACTED"]
    assert ACT not in answer.text
    assert "mental-health-act" not in answer.text
