"""docs/golden-patient.md: the table of survivorship, and an example that the code made."""

import json
from typing import Any

from integration.api.bundle import searchset
from integration.api.match import LARGEST, Asked, Found, graded, understand
from integration.identity.demographics import demographics
from integration.identity.grade import match
from integration.record.consult import CANDIDATES
from integration.record.patient import replaced
from integration.record.reader import Row
from integration.record.sources import provenances
from integration.record.survivorship import MADE_HERE, RULES, TRUST, Keep
from tests.unit.record.patients import PERSON, grant, number, said, whole

PAGE = "docs/golden-patient.md"
BASE = "http://127.0.0.1:8000/fhir"


def practice(name: str, code: str) -> dict[str, Any]:
    system = "https://fhir.nhs.uk/Id/ods-organization-code"
    return {"identifier": {"system": system, "value": code}, "display": name}


STATEMENTS = (
    said(
        "gp",
        identifier=[number("9990000018")],
        name=[{"use": "official", "family": "Tanner", "given": ["Edith", "Rose"], "prefix": ["Mrs"]}],
        gender="female",
        birthDate="1942-03-14",
        address=[{"use": "home", "line": ["12 Clockmakers Street"], "city": "Coventry", "postalCode": "CV5 6ZB"}],
        generalPractitioner=[practice("Earlsdon Avenue Practice", "X90401")],
        managingOrganization=practice("Earlsdon Avenue Practice", "X90401"),
    ),
    said(
        "vcfse",
        name=[{"use": "usual", "family": "Taner", "given": ["Edie"]}, {"use": "nickname", "given": ["Edie"]}],
        telecom=[{"system": "phone", "value": "01632 960112", "use": "home"}],
        birthDate="1942-03-14",
        managingOrganization=practice("Companions Coventry", "X9V01"),
    ),
)
"""What Mrs T's practice and her charity say of her, made short."""
REQUEST: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "resource",
            "resource": {
                "resourceType": "Patient",
                "name": [{"family": "Tanner", "given": ["Edie"]}],
                "birthDate": "1942-03-14",
                "address": [{"postalCode": "CV5 6ZB"}],
            },
        },
        {"name": "onlyCertainMatches", "valueBoolean": True},
    ],
}


def block(resource: Any) -> str:
    return f"```json\n{json.dumps(resource, indent=2)}\n```"


def test_every_rule_is_in_the_table(documented):
    rows = ["| element | which statement stands | sources, best first | location | why |", "|---|---|---|---|---|"]
    for rule in RULES:
        order = "" if rule.order == TRUST else ", ".join(rule.order)
        rows.append(f"| `{rule.element}` | {rule.keep} | {order} | {'yes' if rule.locates else ''} | {rule.why} |")
    documented(PAGE, "rules", "\n".join(rows))


def test_the_ways_to_survive_are_explained(documented):
    said_of = {
        Keep.BEST: "all that the first source says which says something; no other's",
        Keep.UNITED: "every different value once, in the first source's words",
        Keep.STRICTEST: "the one that asks for most care; among equals, the first source's",
    }
    lines = [f"- *{keep}*: {said_of[keep]}." for keep in Keep]
    documented(
        PAGE, "ways", "\n".join([*lines, "", f"The usual order of sources: {', '.join(f'`{one}`' for one in TRUST)}."])
    )


def test_what_is_made_here_is_in_a_table(documented):
    rows = [f"| `{element}` | {what} |" for element, what in MADE_HERE.items()]
    documented(PAGE, "made here", "\n".join(["| element | what it is |", "|---|---|", *rows]))


def test_the_example_is_what_the_code_makes(documented):
    golden = whole(*STATEMENTS)
    said_by = [json.loads(row.body) for row in STATEMENTS]
    documented(PAGE, "statements", "\n\n".join(map(block, said_by)))
    documented(PAGE, "golden", block(golden.resource))
    documented(PAGE, "source", block(provenances(grant(), golden)[-1]))
    documented(PAGE, "former", block(replaced(STATEMENTS[1].id, golden.resource)))


def test_the_example_of_a_match_is_what_the_code_answers(documented):
    asked = understand(REQUEST)
    (one,) = graded(asked, [found(asked, STATEMENTS)])
    assert one.match
    answer = searchset(
        [json.dumps(one.patient, separators=(",", ":")).encode()],
        base=BASE,
        links={"self": f"{BASE}/Patient/$match"},
        scored=[(one.match.score, one.match.grade)],
        total=1,
    )
    shown = json.loads(answer)
    golden = shown["entry"][0]["resource"]
    shown["entry"][0]["resource"] = {"resourceType": "Patient", "id": str(PERSON)}  # shown above
    assert golden == whole(*STATEMENTS).resource
    documented(PAGE, "match", f"{block(REQUEST)}\n\n{block(shown)}")


def found(asked: Asked, rows: tuple[Row, ...]) -> Found:
    likeness = match(asked.who, (demographics(row.resource()) for row in rows))
    return Found(grant(), likeness, whole(*rows).resource)


def test_the_limits_are_those_of_the_code(documented):
    documented(
        PAGE,
        "limits",
        f"At most {CANDIDATES} people are consulted and answered, however many are asked for; a request has at most "
        f"{LARGEST // 1024} KiB.",
    )
