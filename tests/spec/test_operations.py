"""Batches of reads, $summary and $translate: each answer is what the same caller would get otherwise, and no more."""

from base64 import b64decode
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integration.record.summary import SECTIONS
from mappings.concept_maps import CANONICAL, concept_map
from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood, resources

HER = "9990000093"
"""With sensitive codes: who is not to see them sees all the rest."""
KNOW_HER = ("A&E doctor", "social worker", "paramedic, glass broken")
WITHHELD = "Something was withheld: clinical record. It may belong here."
ANSWERED = [asker for asker in SEVEN if asker.name not in ("unrelated hospital", "IG officer")]


@pytest.fixture(scope="module")
async def mrs_t(coventry: Neighbourhood) -> UUID:
    return await coventry.person()


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


def security(bundle: dict[str, Any]) -> list[str]:
    """What the Bundle says of itself."""
    return [label["code"] for label in bundle.get("meta", {}).get("security", ())]


# ---- batch


def batch(*urls: str, method: str = "GET") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": method, "url": url}} for url in urls],
    }


async def ask(caller: Connected, body: Any) -> Any:
    return await caller.ask("POST", "", json=body, headers={"Content-Type": "application/fhir+json"})


OPERATIONS = {
    "$everything": [{"name": "_type", "valueString": "Flag"}, {"name": "_count", "valueInteger": 2}],
    "$summary": [],
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_by_post_an_operation_answers_as_by_get_and_the_audit_keeps_what_was_asked(
    coventry: Neighbourhood, mrs_t: UUID, operation: str
):
    """Clients send operations by POST unless told otherwise."""
    gp, listed = await coventry.asker("GP"), OPERATIONS[operation]
    by_get = await gp.get(f"Patient/{mrs_t}/{operation}", {one["name"]: next(reversed(one.values())) for one in listed})
    headers = {"Content-Type": "application/fhir+json"}
    body = {"resourceType": "Parameters", "parameter": listed}
    by_post = await gp.ask("POST", f"Patient/{mrs_t}/{operation}", json=body, headers=headers)
    assert by_post.status_code == by_get.status_code == 200
    assert by_post.json().get("entry") == by_get.json()["entry"]
    ((kept,), (expected,)) = [await coventry.event(one) for one in (by_post, by_get)]
    assert asked(kept) == asked(expected)
    without = await gp.ask("POST", f"Patient/{mrs_t}/{operation}")
    assert without.status_code == 200


def asked(event: dict[str, Any]) -> str:
    """What an audit event says was asked for."""
    (query,) = [one["query"] for one in event["entity"] if "query" in one]
    return b64decode(query).decode().partition("\n")[2]


@pytest.mark.parametrize(
    "parameter",
    [{"name": "_type"}, {"valueString": "Flag"}, {"name": "_type", "valueCoding": {"code": "Flag"}}, "_type", None],
    ids=str,
)
async def test_what_is_no_parameter_of_an_operation_is_refused(coventry: Neighbourhood, mrs_t: UUID, parameter: Any):
    gp, body = await coventry.asker("GP"), {"resourceType": "Parameters", "parameter": [parameter]}
    headers = {"Content-Type": "application/fhir+json"}
    answer = await gp.ask("POST", f"Patient/{mrs_t}/$everything", json=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Parameters.parameter[0]"]


async def test_the_audit_keeps_what_a_search_by_form_asked_for(coventry: Neighbourhood, mrs_t: UUID):
    gp = await coventry.asker("GP")
    answer = await gp.post("Encounter/_search?_count=1", {"patient": str(mrs_t), "class": "EMER"})
    assert answer.status_code == 200
    (event,) = await coventry.event(answer)
    assert asked(event).endswith(f"/Encounter/_search?_count=1&patient={mrs_t}&class=EMER")


async def test_each_entry_is_answered_as_if_it_had_come_alone(coventry: Neighbourhood, mrs_t: UUID):
    urls = [
        f"Patient/{mrs_t}",
        f"Encounter?patient={mrs_t}&_sort=-date&_count=3",
        f"Patient/{mrs_t}/$everything?_type=Flag",
        "Encounter/4f0c2c9e-6f2b-5d0a-9a51-0d8f4a3f2b11",
        "Encounter?colour=red",
        f"Encounter?patient:identifier={NUMBER}|{MRS_T}",
    ]
    for asker in SEVEN:
        caller = await coventry.asker(asker.name)
        alone = [await caller.get(url) for url in urls]
        answer = await ask(caller, batch(*urls))
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        get_fhir_model_class("Bundle").model_validate(bundle)

        assert bundle["type"] == "batch-response"
        for one, entry in zip(alone, bundle["entry"], strict=True):
            assert entry["response"]["status"].startswith(str(one.status_code)), (asker.name, entry["response"])
            assert (entry.get("resource") or entry["response"]["outcome"]) == one.json()
            assert entry["response"].get("etag") == one.headers.get("etag")


async def test_each_entry_is_audited_as_its_own(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    answer = await ask(gp, batch(f"Patient/{mrs_t}", f"Flag?patient={mrs_t}", "Encounter?colour=red"))
    kinds = [event["subtype"][0]["code"] for event in await coventry.event(answer)]

    assert sorted(kinds) == ["batch", "read", "search-type", "search-type"]


@pytest.mark.parametrize(
    "body",
    [
        batch("Patient/1", method="DELETE"),
        batch("http://elsewhere.example/fhir/Patient/1"),
        batch("../auth/token"),
        batch("metadata/../../auth"),
        batch(*["Patient/1"] * 51),
        {"resourceType": "Bundle", "type": "history"},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {}}]},
        {"resourceType": "Patient", "type": "batch"},
    ],
)
async def test_what_is_no_batch_of_reads_is_refused(gp: Connected, body: dict[str, Any]):
    answer = await ask(gp, body)

    assert answer.status_code in (400, 422, 501), answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_a_batch_without_a_token_is_refused(coventry: Neighbourhood):
    anonymous = Connected(coventry.http, "", coventry.settings.fhir_base)
    assert (await ask(anonymous, batch("Patient/1"))).status_code == 401


# ---- $summary


@pytest.mark.parametrize("asker", ANSWERED, ids=[one.name for one in ANSWERED])
async def test_a_summary_is_a_document_of_what_the_caller_may_see(coventry: Neighbourhood, mrs_t: UUID, asker):
    caller = await coventry.asker(asker.name)
    answer = await caller.get(f"Patient/{mrs_t}/$summary")
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    get_fhir_model_class("Bundle").model_validate(bundle)
    first, *others = [entry["resource"] for entry in bundle["entry"]]
    there = {f"{one['resourceType']}/{one['id']}": one for one in others}
    whole = {
        f"{entry['resource']['resourceType']}/{entry['resource'].get('id')}": entry["resource"]
        for entry in (await caller.everything(mrs_t)).json()["entry"]
    }

    assert first["resourceType"] == "Composition"
    assert first["subject"]["reference"] in there
    assert all(there[name] == whole[name] for name in there)
    for section in first["section"]:
        entries = [entry["reference"] for entry in section.get("entry", ())]
        assert bool(entries) != ("emptyReason" in section)
        assert set(entries) <= there.keys()
        if not entries:
            assert section["emptyReason"]["coding"][0]["code"] == "unavailable"


async def test_a_summary_says_in_every_section_that_something_of_its_category_was_withheld(coventry: Neighbourhood):
    """Of the woman with sensitive codes an A&E doctor sees problems and medicines, and no allergy. Full or empty, a
    section may lack what was withheld; what it was is not said."""
    doctor = await coventry.asker("A&E doctor")
    bundle = (await doctor.get(f"Patient/{await coventry.person(HER)}/$summary")).json()
    sections = {one["title"]: one for one in bundle["entry"][0]["resource"]["section"]}

    assert security(bundle) == ["REDACTED"]
    assert len(sections["Problems"]["entry"]) == 2
    assert "entry" not in sections["Allergies and intolerances"]
    told = {title for title, one in sections.items() if WITHHELD in one["text"]["div"]}
    assert told == {"Allergies and intolerances", "Medicines", "Problems", "Immunisations", "Procedures"}
    assert {title for title, one in sections.items() if WITHHELD in str(one.get("emptyReason"))} == {
        title for title in told if "entry" not in sections[title]
    }


@pytest.mark.parametrize(
    ("asker", "number"), [*((one.name, MRS_T) for one in ANSWERED), *((name, HER) for name in KNOW_HER)]
)
async def test_a_summary_announces_what_the_whole_record_announces(coventry: Neighbourhood, asker: str, number: str):
    """And nothing where no agreement lets it be said. It is marked where the glass was broken."""
    caller, person = await coventry.asker(asker), await coventry.person(number)
    whole = (await caller.everything(person)).json()
    summary = (await caller.get(f"Patient/{person}/$summary")).json()
    announced = [one for one in resources(whole, "outcome") if one["issue"][0]["code"] == "suppressed"]

    assert security(summary) == security(whole)
    assert ("REDACTED" in security(summary)) == bool(announced) == ("was withheld" in str(summary))


async def test_a_section_speaks_of_every_category_that_its_resources_have(coventry: Neighbourhood):
    for section in SECTIONS:
        rows = await coventry.owner.fetch(
            "select distinct l.category from toldonce.resource r join toldonce.label l on l.id = r.label "
            "where r.type = $1",
            section.type,
        )
        assert {row["category"] for row in rows} <= set(section.categories), section.title


async def test_a_summary_of_somebody_unknown_is_not_found(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    stranger = await coventry.asker("unrelated hospital")
    texts = [
        (await stranger.get(f"Patient/{mrs_t}/$summary")).json(),
        (await gp.get(f"Patient/{UUID(int=7)}/$summary")).json(),
    ]
    assert texts[0] == texts[1]
    assert (await gp.get(f"Patient/{mrs_t}/$summary", {"profile": "x"})).status_code == 400


# ---- $translate


async def test_a_source_code_is_translated_by_our_maps(coventry: Neighbourhood):
    anonymous = Connected(coventry.http, "", coventry.settings.fhir_base)
    group = concept_map("AcutePatientClass")["group"][0]
    element = next(one for one in group["element"] if one["target"])
    asked = {"url": f"{CANONICAL}AcutePatientClass", "system": group["source"], "code": element["code"]}
    answers = [
        await anonymous.get("ConceptMap/$translate", asked),
        await anonymous.get("ConceptMap/AcutePatientClass/$translate", {**asked, "targetsystem": group["target"]}),
    ]

    for answer in answers:
        assert answer.status_code == 200, answer.text
        get_fhir_model_class("Parameters").model_validate(answer.json())
        result, match = answer.json()["parameter"][:2]
        assert result == {"name": "result", "valueBoolean": True}
        parts = {part["name"]: part for part in match["part"]}
        assert parts["concept"]["valueCoding"]["code"] == element["target"][0]["code"]
        assert parts["equivalence"]["valueCode"] == element["target"][0]["equivalence"]
    unknown = (await anonymous.get("ConceptMap/$translate", {**asked, "code": "no-such-code"})).json()
    assert unknown["parameter"][0] == {"name": "result", "valueBoolean": False}


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("ConceptMap/$translate", {"code": "1", "system": "x"}, 400),
        ("ConceptMap/AcutePatientClass/$translate", {"code": "1"}, 400),
        ("ConceptMap/AcutePatientClass/$translate", {"code": "1", "system": "x", "colour": "red"}, 400),
        ("ConceptMap/Unheard/$translate", {"code": "1", "system": "x"}, 404),
        ("ConceptMap/$translate", {"code": "1", "system": "x", "url": "urn:unheard"}, 404),
    ],
)
async def test_what_cannot_be_translated_is_said(
    coventry: Neighbourhood, path: str, asked: dict[str, str], status: int
):
    anonymous = Connected(coventry.http, "", coventry.settings.fhir_base)
    answer = await anonymous.get(path, asked)

    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("count", ["0", "-1", "x", "٣", "9" * 5000])
async def test_a_history_s_count_that_is_none_is_refused(coventry: Neighbourhood, count: str):
    gp = await coventry.asker("GP")
    answer = await gp.get("Flag/_history", {"patient": f"Patient/{await coventry.person()}", "_count": count})
    assert answer.status_code == 400
