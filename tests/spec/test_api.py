"""What the API promises of any answer: its description is true, errors are OperationOutcomes, URLs tell nothing."""

import json
import re
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class
from starlette.routing import Route

from integration.api.exported import FILE, STATUS
from integration.api.search_type import PARAMETERS
from integration.store.extract import DIRECTORY
from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood, resources

NHS_NUMBER = re.compile(r"999\d{7}")
PUBLIC = {"/fhir/metadata", "/fhir/.well-known/smart-configuration"}
SYSTEM = {"/fhir/", "/fhir/PatientFlag"}
"""Of the server as a whole: batch and transaction, and the national service's name for its own."""
HANDED_OUT = {STATUS, FILE}
"""Named by the answer of an operation, and by nobody else."""
NOBODYS = "/fhir/{path:path}"
"""Refuses and audits what no other route serves."""
SEARCHED = sorted(set(PARAMETERS) - DIRECTORY - {"Patient"})


@pytest.fixture(scope="module")
async def mrs_t(coventry: Neighbourhood) -> UUID:
    return await coventry.person()


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


@pytest.fixture(scope="module")
async def anonymous(coventry: Neighbourhood) -> Connected:
    return Connected(coventry.http, "no token of ours", coventry.settings.fhir_base)


def routes(coventry: Neighbourhood) -> list[Route]:
    return [one for one in coventry.app.routes if isinstance(one, Route) and one.path.startswith("/fhir/")]


# ---- metadata


async def test_metadata_is_valid_and_public(coventry: Neighbourhood):
    answer = await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")

    assert answer.status_code == 200
    get_fhir_model_class("CapabilityStatement").model_validate(answer.json())
    assert answer.json()["fhirVersion"] == "4.0.1"


async def test_metadata_says_what_the_routes_serve_and_nothing_else(coventry: Neighbourhood):
    statement = (await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")).json()
    (rest,) = statement["rest"]
    said = {(one["type"], code["code"]) for one in rest["resource"] for code in one["interaction"]}
    said |= {(one["type"], f"${call['name']}") for one in rest["resource"] for call in one.get("operation", ())}

    assert said == {
        served(method, route.path)
        for route in routes(coventry)
        for method in route.methods or ()
        if route.path not in {*PUBLIC, *SYSTEM, NOBODYS, *HANDED_OUT}
    }


def served(method: str, path: str) -> tuple[str, str]:
    """http://hl7.org/fhir/R4/http.html: each interaction by its method and path."""
    _, _, kind, *rest = path.split("/")
    if rest and rest[-1].startswith("$"):
        return kind, rest[-1]
    shape = "/".join("{}" if part.startswith("{") else part for part in rest)
    interactions = {
        "GET ": "search-type",
        "POST _search": "search-type",
        "GET {}": "read",
        "GET {}/_history/{}": "vread",
        "GET {}/_history": "history-instance",
        "GET _history": "history-type",
        "POST ": "create",
        "PUT {}": "update",
        "DELETE {}": "delete",
        "DELETE ": "delete",
    }
    return kind, interactions[f"{method} {shape}"]


async def test_every_declared_search_parameter_is_understood(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    statement = (await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")).json()
    values = {"reference": f"Patient/{mrs_t}", "date": "2026", "string": "a", "token": "active"}
    for one in statement["rest"][0]["resource"]:
        if one["type"] in SEARCHED:
            for parameter in one["searchParam"]:
                named = [] if parameter["name"] in ("patient", "subject") else [("patient", str(mrs_t))]
                asked = [*named, (parameter["name"], values[parameter["type"]])]
                assert (await gp.get(one["type"], asked)).status_code == 200, (one["type"], parameter["name"])


# ---- errors

ERRORS = [
    ("a path that is not served", "GET", "Unheard/1", {}, 404),
    ("a resource that does not exist", "GET", "Encounter/4f0c2c9e-6f2b-5d0a-9a51-0d8f4a3f2b11", {}, 404),
    ("an id that is none of ours", "GET", "Patient/1", {}, 404),
    ("a method that is not served", "DELETE", "Patient/1", {}, 405),
    ("a method of a type", "PUT", "Encounter", {}, 405),
    ("XML asked for", "GET", "Encounter?patient=1", {"headers": {"Accept": "application/fhir+xml"}}, 406),
    ("XML asked for by _format", "GET", "Encounter?patient=1&_format=xml", {}, 406),
    ("a search in a body of JSON", "POST", "Encounter/_search", {"json": {"patient": "1"}}, 415),
    ("a search about nobody", "GET", "Encounter", {}, 400),
    ("an unknown parameter", "GET", "Encounter?patient=1&colour=red", {}, 400),
    ("an unknown modifier", "GET", "Encounter?patient=1&status:above=planned", {}, 400),
    ("a reference to something else", "GET", "Encounter?patient=Group/1", {}, 400),
    ("a wrong NHS number", "GET", f"Patient?identifier={NUMBER}|9990000019", {}, 400),
    ("another system's number", "GET", "Patient?identifier=urn:other|9990000018", {}, 400),
    ("a page of less than nothing", "GET", "Encounter?patient=1&_count=-1", {}, 400),
    ("a page of ² entries", "GET", "Encounter?patient=1&_count=²", {}, 400),
    ("a date that is none", "GET", "Encounter?patient=1&date=yesterday", {}, 400),
    ("an empty value", "GET", "Encounter?patient=1&class=", {}, 400),
    ("a chain that leads anywhere", "GET", "Encounter?patient=1&participant.family=x", {}, 400),
    ("a date with a rest", "GET", "Encounter?patient=1&date=2026-01-01-01", {}, 400),
    ("an unknown prefix", "GET", "Encounter?patient=1&date=zz2026", {}, 400),
    ("two people at once", "GET", "Encounter?patient=1&patient=2", {}, 400),
    ("two people in two ways", "GET", f"Encounter?patient=1&patient:identifier={NUMBER}|{MRS_T}", {}, 400),
    ("a parameter that is a page's own", "GET", "Encounter?patient=1&_after=1", {}, 400),
    ("a cursor that is none", "GET", "Encounter?_cursor=AAAA", {}, 400),
    ("the access log", "GET", "AuditEvent", {}, 403),
]


@pytest.mark.parametrize(
    ("method", "path", "more", "status"), [one[1:] for one in ERRORS], ids=[one[0] for one in ERRORS]
)
async def test_every_error_is_an_operation_outcome(
    gp: Connected, method: str, path: str, more: dict[str, Any], status: int
):
    answer = await gp.ask(method, path, **more)

    assert answer.status_code == status, answer.text
    assert_outcome(answer)


@pytest.mark.parametrize("path", ["Patient/1", "Encounter?patient=1", "Patient/1/$everything", "AuditEvent"])
async def test_without_a_token_nothing_is_answered(anonymous: Connected, path: str):
    answer = await anonymous.get(path)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert_outcome(answer)


async def test_an_error_does_not_repeat_what_was_sent(gp: Connected):
    for path in (
        f"Encounter?patient=1&colour={MRS_T}",
        f"Encounter?patient=1&date={MRS_T}x",
        f"Patient/{MRS_T}",
        f"Flag?{MRS_T}",
    ):
        assert MRS_T not in (await gp.get(path)).text


def assert_outcome(answer: httpx.Response) -> None:
    assert answer.headers["Content-Type"] == "application/fhir+json"
    assert answer.headers["Cache-Control"] == "no-store"
    outcome = answer.json()
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    assert outcome["resourceType"] == "OperationOutcome"
    assert all(issue["diagnostics"] for issue in outcome["issue"])


# ---- read


async def test_a_read_has_its_version_in_its_etag(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    rows = await coventry.owner.fetch(
        "select distinct on (type) type, id, version from toldonce.resource where person = $1 "
        "and type not in ('Consent', 'Flag', 'Provenance') order by type, id",
        mrs_t,
    )
    assert len(rows) >= 10
    for kind, id_, version in rows:
        answer = await gp.get(f"{kind}/{id_}")
        assert answer.status_code == 200, kind
        assert re.fullmatch(rf'W/"{version}\.[0-9a-f]{{16}}"', answer.headers["ETag"]), kind
        assert answer.json()["id"] == str(id_)


async def test_what_is_held_can_be_read_and_what_can_be_searched_is_declared(coventry: Neighbourhood):
    held = {row["type"] for row in await coventry.owner.fetch("select distinct type from toldonce.resource")}
    directory = await coventry.owner.fetch("select distinct type from toldonce.directory_resource")
    readable = {route.path.split("/")[2] for route in routes(coventry) if route.path.endswith("/{id_}")}

    assert held | {row["type"] for row in directory} <= readable


async def test_the_golden_patient_has_exactly_the_permitted_sources(coventry: Neighbourhood, mrs_t: UUID):
    everyone = {
        str(row["id"]): row["organisation"]
        for row in await coventry.owner.fetch(
            "select id, organisation from toldonce.source_patient said where person = $1 "
            "and exists (select from toldonce.resource where id = said.id)",  # whoever only records here states nobody
            mrs_t,
        )
    }
    for name in ("GP", "A&E doctor", "social worker", "link worker", "paramedic, glass broken"):
        golden = (await (await coventry.asker(name)).get(f"Patient/{mrs_t}")).json()
        linked = {link["other"]["reference"].removeprefix("Patient/") for link in golden["link"]}
        assert linked == everyone.keys(), name
        assert {link["type"] for link in golden["link"]} == {"seealso"}


async def test_a_withheld_source_is_not_in_the_golden_patient(coventry: Neighbourhood):
    """Winston Blake withdrew his consent to share what the charity knows."""
    winston = await coventry.person("9990000107")
    charity = await coventry.owner.fetchval(
        "select id from toldonce.source_patient where person = $1 and feed = 'vcfse'", winston
    )
    paramedic = await coventry.asker("paramedic, glass broken")
    golden = await paramedic.get(f"Patient/{winston}")

    assert golden.status_code == 200
    assert str(charity) not in golden.text
    assert golden.json()["link"]
    assert (await paramedic.get(f"Patient/{charity}")).status_code == 404


# ---- URLs


@pytest.mark.parametrize("asker", SEVEN, ids=[one.name for one in SEVEN])
async def test_no_nhs_number_is_in_a_url_of_ours(coventry: Neighbourhood, mrs_t: UUID, asker):
    caller = await coventry.asker(asker.name)
    identifier = {"patient:identifier": f"{NUMBER}|{MRS_T}", "_count": "1"}
    answers = [await caller.get(kind, identifier) for kind in SEARCHED]
    answers += [await caller.get("Patient", {"identifier": f"{NUMBER}|{MRS_T}"}), await caller.everything(mrs_t)]
    for answer in answers:
        for url in urls(answer.json()):
            assert not NHS_NUMBER.search(unquote(url)), answer.request.url
        assert not NHS_NUMBER.search(json.dumps(dict(answer.headers)))


def urls(bundle: dict[str, Any]) -> list[str]:
    links = [link["url"] for link in bundle.get("link", ())]
    return links + [entry["fullUrl"] for entry in bundle.get("entry", ()) if "fullUrl" in entry]


async def test_every_full_url_can_be_read(gp: Connected, mrs_t: UUID):
    bundle = (await gp.everything(mrs_t)).json()
    first = {one["resourceType"]: entry["fullUrl"] for entry in bundle["entry"] if (one := entry["resource"]).get("id")}

    assert len(first) > 12
    for kind, url in first.items():
        answer = await gp.get(url)
        assert (answer.status_code, answer.json()["resourceType"]) == (200, kind), url


async def test_a_self_link_replays_to_the_same_answer(gp: Connected, mrs_t: UUID):
    asked = [
        ("Patient", [("identifier", f"{NUMBER}|{MRS_T}")]),
        ("Encounter", [("patient:identifier", f"{NUMBER}|{MRS_T}"), ("date", "ge2026-06"), ("_count", "5")]),
        (f"Patient/{mrs_t}/$everything", [("_type", "Flag,CarePlan")]),
        (f"Patient/{mrs_t}/$everything", []),
    ]
    for path, parameters in asked:
        answer = await gp.get(path, parameters)
        (own,) = [link["url"] for link in answer.json()["link"] if link["relation"] == "self"]
        assert (await gp.get(own)).content == answer.content, path
        assert resources(answer.json())
