"""docs/measures.md lists the measures as their definitions say them, and every word of their queries."""

import re
from pathlib import Path

from integration.teams.measures import criteria
from integration.teams.measures.definitions import measures

PAGE = Path(__file__).parents[2] / "docs" / "measures.md"


def test_every_measure_is_documented(documented):
    parts = []
    for one in measures().values():
        measure = one.resource
        populations = {each["code"]["coding"][0]["code"]: each for each in measure["group"][0]["population"]}
        said = [
            f"### {one.title}",
            measure["description"],
            f"`{populations['numerator']['criteria']['expression']}`",
            *(f"- {told}" for told in measure["definition"]),
            f"- Counted: {populations['numerator']['description']} {measure['guidance']}",
        ]
        if one.of is not None:
            said.append(f"- Of: {populations['denominator']['description']}")
        parts.append("\n\n".join(said[:3]) + "\n\n" + "\n".join(said[3:]))
    documented("docs/measures.md", "measures", "\n\n".join(parts))


def test_every_word_of_the_queries_is_explained():
    explained = set(re.findall(r"^\| `([a-z_-]+)` \|", PAGE.read_text(), re.MULTILINE))
    assert explained == {*criteria._VALUES, *criteria._WITHIN}
