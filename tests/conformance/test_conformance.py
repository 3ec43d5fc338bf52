"""The official HL7 validator over one of each shape; `make conformance` validates everything."""

import pytest

from tests.conformance import corpus, report
from tests.conformance.shown import shown
from tests.conformance.validator import NoValidator, validate
from tests.spec.neighbourhood import Neighbourhood

SPOILED = b'{"resourceType":"Flag","id":"1","status":"lively","code":{"text":"x"},"subject":{"reference":"Patient/1"}}'

PAGE = """
```http
PUT /fhir/Flag/{Flag}
If-Match: W/"1"

{"resourceType": "Flag", "id": "{Flag}"}
```

```text
200 OK
```

```http
POST /fhir/Flag

{"resourceType": "Flag", "id": "refused"}
```

```text
422 Unprocessable Entity
```

```http
GET /fhir/Patient/1

200 OK

{"resourceType": "Patient", "id": "answered"}
```

```json
{
  "resourceType": "Bundle",
  "entry": [
    "… and 3 more"
  ]
}
```

```json
{"resourceType": "Task", "id": "shown"}
```
"""


def test_what_pages_show_is_found_but_for_what_is_refused_or_in_short():
    found = [(one["resourceType"], one["id"]) for one in shown(PAGE)]

    assert found == [
        ("Flag", "11111111-1111-4111-8111-111111111111"), ("Patient", "answered"), ("Task", "shown"),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_official_validator_finds_nothing_wrong_in_one_of_each_shape(coventry: Neighbourhood):
    specimens = corpus.one_of_each(await corpus.everything(coventry))
    try:
        *issues, of_the_spoiled = validate([*(one.body for one in specimens), SPOILED])
    except NoValidator as missing:
        pytest.skip(f"the official validator does not run: {missing}")

    assert [issue.severity for issue in of_the_spoiled if issue.severity == "error"], "it must be able to find errors"
    assert sorted(report.report(specimens, issues).wrong) == []
