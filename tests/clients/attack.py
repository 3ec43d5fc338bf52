"""What schemathesis is told beyond the OpenAPI document: ids that exist, and what no answer may hold. Its hooks module,
run in its own environment (`SCHEMATHESIS_HOOKS`); KNOWN names a JSON file of ids, COUNTED the file for the counts."""

import atexit
import json
import os
import random
import re
from collections import Counter
from pathlib import Path

import schemathesis

KNOWN = json.loads(Path(os.environ["KNOWN"]).read_text())
FORBIDDEN = set(KNOWN["forbidden"])
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
answers: Counter[str] = Counter()
chance = random.Random(7)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Of four ids three are ids of somebody's resource."""
    kind = context.operation.path.split("/")[1]
    if path_parameters and "id" in path_parameters and chance.random() < 0.75:
        path_parameters["id"] = chance.choice(KNOWN["ids"].get(kind) or KNOWN["ids"]["Patient"])
    if path_parameters and "vid" in path_parameters and chance.random() < 0.75:
        path_parameters["vid"] = str(chance.randint(1, 3))
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    """Three of four searches are about somebody; few parameters stand in each, or none would be understood."""
    if not query:
        return query
    kept = dict(chance.sample(sorted(query.items(), key=str), k=min(len(query), chance.randint(0, 2))))
    if "patient" in query and chance.random() < 0.75:
        kept["patient"] = chance.choice(KNOWN["ids"]["Patient"])
    return kept


@schemathesis.check
def every_refusal_is_an_operation_outcome(ctx, response, case):
    answers[str(response.status_code)] += 1
    if response.status_code >= 400 and case.method != "HEAD":
        assert "application/fhir+json" in response.headers["content-type"][0], response.headers
        assert response.json()["resourceType"] == "OperationOutcome"


@schemathesis.check
def nothing_outside_the_grant(ctx, response, case):
    """But for what the request itself said."""
    body = response.request.body or b""
    asked = f"{response.request.url} {body.decode(errors='replace') if isinstance(body, bytes) else body}"
    leaked = FORBIDDEN & set(_ID.findall(response.text)) - set(_ID.findall(asked))
    assert not leaked, f"{len(leaked)} ids that the caller may not know of"


@atexit.register
def _counted():
    Path(os.environ["COUNTED"]).write_text(json.dumps(answers))
