"""`toldonce explain` for the seven callers: plain English that agrees with the answers and can be read beside the file
of agreements."""

import json
import re
from pathlib import Path

import pytest

from integration.commands import explain as explain_command
from integration.demo import AGREEMENTS, BY_ID
from integration.sharing.categories import category_of
from integration.sharing.request import Category
from tests.spec.neighbourhood import MRS_T, NOW, SEVEN, Asker, Neighbourhood, resources

CITATION = re.compile(r"CW-\d\d version \d+")
ARTICLE = re.compile(r"\b[69]\(\d\)\([a-z]\)")
"""Of the UK GDPR, as the file of agreements cites it."""
CODE = re.compile(
    r"\w*_\w*|\b[A-Z]{3,}\b|\b(?=\w*\d)(?=\w*[A-Za-z])\w{3,}\b|[{}<>\[\]=|#]|\b[a-z]+[A-Z]\w*|\w+/\w+|\w+\.\w+|None"
)
"""Snake and camel case, codes in capitals or with digits, brackets and operators, paths, dotted names."""
ENGLISH = {"GDPR", "NHS", "BST", "GMT"}

each_caller = pytest.mark.parametrize("asker", SEVEN, ids=[one.name for one in SEVEN])


async def explained(coventry: Neighbourhood, asker: Asker, number: str = MRS_T, *, as_json: bool = False) -> str:
    return await explain_command.explain(
        coventry.settings, asker.client, number, asker.role, asker.purpose, NOW, asker.emergency, as_json=as_json
    )


def section(text: str, title: str) -> list[str]:
    """The points under a heading of an explanation."""
    _, found, rest = text.partition(f"\n{title}\n")
    return [line.removeprefix("  - ") for line in rest.split("\n\n")[0].splitlines()] if found else []


def kinds(points: list[str]) -> set[Category]:
    """The kinds of information that points begin with."""
    return {kind for kind in Category for point in points if point.lower().startswith(f"{kind}.".lower())}


@each_caller
async def test_it_holds_no_code(coventry: Neighbourhood, asker: Asker):
    for number in (MRS_T, "9990000093", "9990000107"):
        text = await explained(coventry, asker, number)
        plain = ARTICLE.sub("", CITATION.sub("", text))
        assert set(CODE.findall(plain)) - ENGLISH == set()


@each_caller
async def test_it_agrees_with_the_answer(coventry: Neighbourhood, asker: Asker):
    person = await coventry.person()
    answer = await (await coventry.asker(asker.name)).everything(person)
    text = await explained(coventry, asker)
    shown, withheld = kinds(section(text, "Shown")), kinds(section(text, "Withheld"))
    rows = await coventry.owner.fetch(
        "select distinct l.category from toldonce.resource r join toldonce.label l on l.id = r.label "
        "where r.person = $1 and r.type <> 'Provenance'",
        person,
    )
    held = {Category(row["category"]) for row in rows}

    if answer.status_code == 404:
        assert (shown, withheld) == (set(), set())
        assert "as if there were no such person" in text
    else:
        found = resources(answer.json(), "match")
        assert {category_of(one) for one in found if one["resourceType"] != "Provenance"} == shown
        assert shown | withheld == held  # every kind is spoken of, whatever became of it


@each_caller
async def test_it_names_who_asked_and_every_agreement_by_its_title(coventry: Neighbourhood, asker: Asker):
    client = BY_ID[asker.client]
    text = await explained(coventry, asker)
    titles = dict(re.findall(r"id: (CW-\d\d)\n\s+version: \d+\n\s+title: (.*)", Path(AGREEMENTS).read_text()))

    assert client.name in text
    assert asker.role in text
    for citation in set(CITATION.findall(text)):
        assert titles[citation.partition(" ")[0]] in text, citation


async def test_each_caller_is_told_something_else(coventry: Neighbourhood):
    texts = {asker.name: await explained(coventry, asker) for asker in SEVEN}

    assert len({text.partition("\n\n")[2] for text in texts.values()}) == len(SEVEN)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GP", ["the person is registered there", "consent that a charity's information is shared"]),
        ("social worker", ["Clinical record. Withheld: the role social worker may not see it."]),
        ("link worker", ["consent that a charity sees what others recorded", "its own organisation's"]),
        ("unrelated hospital", ["No agreement in force", "as if there were no such person"]),
        ("IG officer", ["Audit of access", "asks for no relationship"]),
        ("paramedic, glass broken", ["The glass was broken", "is alerted", "giving as reason: emergency"]),
    ],
)
async def test_it_says_why(coventry: Neighbourhood, name: str, words: list[str]):
    text = await explained(coventry, next(one for one in SEVEN if one.name == name))

    assert [word for word in words if word not in text] == []


async def test_nobody_is_explained_as_nobody(coventry: Neighbourhood):
    assert "as if there were no such person" in await explained(coventry, SEVEN[0], "9990009996")


@each_caller
async def test_a_machine_reads_the_same(coventry: Neighbourhood, asker: Asker):
    decision = json.loads(await explained(coventry, asker, as_json=True))
    text = await explained(coventry, asker)

    assert decision["decision"] == ("deny" if "Nothing was shown" in text else "permit")
    assert all(reason["text"] in text for reason in decision["reasons"] if reason["rule"] != "caller")
