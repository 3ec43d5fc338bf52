"""The golden Patient as callers get it: where each element is from, and what stands under an id that somebody had
before. https://hl7.org/fhir/R4/patient.html, docs/golden-patient.md
"""

from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integration.record.sources import TARGET_PATH
from integration.record.survivorship import MADE_HERE, RULES
from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood, resources
from tests.unit.record.fhirpath import elements, valued

NOBODY = UUID("4f0c2c9e-6f2b-5d0a-9a51-0d8f4a3f2b11")
JOANNA = "9990000085"
"""The woman in hiding: restricted."""
WRONG = "9990000182"
"""The number that the hospital held, unverified, for a man whose record was corrected."""
DUDEK = "9990000174"
DOREEN = "9990000204"
"""The charity knew her before anything told that she is the others' patient: she had an id of that time."""
FORMER = """
select p.id, s.person from toldonce.person p join toldonce.source_patient s on s.id = p.issued_to
where not exists (select from toldonce.source_patient h where h.person = p.id) order by p.id
"""
SOURCES = ("_revinclude", "Provenance:target")


# ---- where each element is from


@pytest.mark.parametrize("asker", SEVEN, ids=[one.name for one in SEVEN])
async def test_every_element_has_a_permitted_source_that_says_so(coventry: Neighbourhood, asker: Any):
    caller = await coventry.asker(asker.name)
    seen = 0
    for person in await coventry.persons():
        bundle = (await caller.get("Patient", [("_id", str(person)), SOURCES])).json()
        for golden in resources(bundle, "match"):
            seen += 1
            linked = {one["other"]["reference"] for one in golden["link"]}
            said = [path async for path in _told(caller, golden, resources(bundle, "include"), linked)]
            assert sorted(said) == sorted(elements(golden, MADE_HERE))
    assert seen > 1 or asker.name in ("unrelated hospital", "IG officer")


async def _told(caller: Connected, golden: dict[str, Any], said: list[dict[str, Any]], linked: set[str]) -> Any:
    """The path of each element that a Provenance speaks of, when the source it names states that very value."""
    for one in said:
        get_fhir_model_class("Provenance").model_validate(one)
        (target,), (entity,) = one["target"], one["entity"]
        assert target["reference"] == f"Patient/{golden['id']}"
        assert entity["what"]["reference"] in linked
        answer = await caller.get(entity["what"]["reference"])
        assert answer.status_code == 200
        for extension in target["extension"]:
            path = extension["valueString"]
            assert extension["url"] == TARGET_PATH
            stated, value = answer.json(), valued(golden, path)
            assert value == valued(stated, path) if "[" not in path else value in stated[path[8:].partition("[")[0]]
            yield path


async def test_the_sources_come_with_everything_and_can_be_read_alone(coventry: Neighbourhood):
    gp, mrs_t = await coventry.asker("GP"), await coventry.person()
    found = resources((await gp.get("Patient", [("identifier", f"{NUMBER}|{MRS_T}"), SOURCES])).json(), "include")
    whole = (await gp.everything(mrs_t, [SOURCES])).json()
    plain = (await gp.everything(mrs_t)).json()

    assert len(found) > 2
    assert [one for one in resources(whole, "include") if one["resourceType"] == "Provenance"] == found
    assert [one for one in resources(plain, "include") if one["resourceType"] == "Provenance"] == []
    assert resources(whole, "match") == resources(plain, "match")
    for one in found:
        answer = await gp.get(f"Provenance/{one['id']}")
        assert (answer.status_code, answer.json()) == (200, one)
        assert answer.headers["ETag"].startswith(f'W/"{one["meta"]["versionId"]}.')
    stranger = await coventry.asker("unrelated hospital")
    assert (await stranger.get(f"Provenance/{found[0]['id']}")).status_code == 404


async def test_metadata_says_that_sources_may_be_asked_for(coventry: Neighbourhood):
    (rest,) = (await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")).json()["rest"]
    (patient,) = [one for one in rest["resource"] if one["type"] == "Patient"]

    assert "Provenance:target" in patient["searchRevInclude"]
    assert {"identifier", "_id"} <= {one["name"] for one in patient["searchParam"]}
    assert "match" in [one["name"] for one in patient["operation"]]


async def test_only_the_source_of_elements_may_be_asked_for(coventry: Neighbourhood):
    gp = await coventry.asker("GP")
    for path, given in (
        ("Patient", [("identifier", f"{NUMBER}|{MRS_T}"), ("_revinclude", "Encounter:class")]),
        ("Patient", [SOURCES]),
        ("Patient", [("_id", "1"), ("identifier", f"{NUMBER}|{MRS_T}")]),
        ("Patient", [("_id", ",".join(str(UUID(int=number)) for number in range(30)))]),
    ):
        assert (await gp.get(path, given)).status_code == 400, given


async def test_what_feeds_say_of_somebody_is_in_the_table_or_left_out_on_purpose(coventry: Neighbourhood):
    rows = await coventry.owner.fetch(
        "select distinct jsonb_object_keys(convert_from(body, 'UTF8')::jsonb) as name from toldonce.resource "
        "where type = 'Patient'"
    )
    known = {rule.name for rule in RULES} | {"resourceType", "meta", "deceasedBoolean", "deceasedDateTime", *MADE_HERE}
    assert {row["name"] for row in rows} <= known


# ---- a restricted person


async def test_nothing_that_is_told_of_a_restricted_person_says_where_she_is(coventry: Neighbourhood):
    """Whoever breaks the glass may read her record: without a place in it, and without whose record it is."""
    joanna = await coventry.person(JOANNA)
    hers = await coventry.owner.fetch(
        "select body from toldonce.resource where person = $1 and type = 'Patient'", joanna
    )
    bodies = "".join(row["body"].decode() for row in hers)
    assert "CV2 5ZG" in bodies
    assert "X90501" in bodies
    paramedic = await coventry.asker("paramedic, glass broken")
    answers = [
        await paramedic.get(f"Patient/{joanna}"),
        await paramedic.get("Patient", [("identifier", f"{NUMBER}|{JOANNA}"), SOURCES]),
        await paramedic.everything(joanna, [SOURCES]),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert "Joanna" in answer.text
        for place in ("CV2", "X90501", "Dane Meadow", "0770090088"):
            assert place not in answer.text
    said = resources(answers[1].json(), "include")
    assert said
    assert all(one["agent"][0]["who"] == {"display": "withheld"} for one in said)


# ---- former ids and numbers


@pytest.fixture(scope="module")
async def former(coventry: Neighbourhood) -> dict[UUID, UUID]:
    """Ids that were issued for somebody before sources were linked, and whom each means now."""
    return {row["id"]: row["person"] for row in await coventry.owner.fetch(FORMER)}


async def test_a_former_id_is_answered_with_the_link_to_the_present_patient(coventry: Neighbourhood, former: Any):
    """FHIR has a read answer with the id that was asked for, and replaced-by say which one to use instead."""
    council, doreen = await coventry.asker("social worker"), await coventry.person(DOREEN)
    hers = [id_ for id_, person in former.items() if person == doreen]
    assert hers
    for id_ in hers:
        answer = await council.get(f"Patient/{id_}")
        patient = answer.json()
        get_fhir_model_class("Patient").model_validate(patient)
        assert (answer.status_code, patient["id"], patient["active"]) == (200, str(id_), False)
        assert patient["link"] == [{"other": {"reference": f"Patient/{doreen}"}, "type": "replaced-by"}]
        assert patient.keys() == {"resourceType", "id", "meta", "active", "link"}
        (entity,) = [
            one["what"]["reference"]
            for one in (await coventry.event(answer))[0]["entity"]
            if one.get("type", {}).get("code") == "1"
        ]
        assert entity == f"Patient/{doreen}"


async def test_a_search_by_a_former_id_brings_the_present_patient_with_it(coventry: Neighbourhood, former: Any):
    council, doreen = await coventry.asker("social worker"), await coventry.person(DOREEN)
    id_ = next(id_ for id_, person in former.items() if person == doreen)
    bundle = (await council.get("Patient", {"_id": str(id_)})).json()
    get_fhir_model_class("Bundle").model_validate(bundle)

    assert bundle["total"] == 1
    assert resources(bundle, "match") == [(await council.get(f"Patient/{id_}")).json()]
    assert resources(bundle, "include") == [(await council.get(f"Patient/{doreen}")).json()]
    present = (await council.get("Patient", {"_id": f"{doreen},{NOBODY}"})).json()
    assert (present["total"], resources(present)) == (1, resources(bundle, "include"))


async def test_whatever_is_asked_of_a_former_id_is_answered_of_the_person(coventry: Neighbourhood, former: Any):
    council, doreen = await coventry.asker("social worker"), await coventry.person(DOREEN)
    id_ = next(id_ for id_, person in former.items() if person == doreen)

    assert (await council.everything(id_)).json() == (await council.everything(doreen)).json()
    by_former, by_present = [(await council.get("Flag", {"patient": f"Patient/{one}"})).json() for one in (id_, doreen)]
    assert by_former["entry"] == by_present["entry"]


async def test_a_former_id_of_somebody_unknown_to_the_caller_is_nobody_s(coventry: Neighbourhood, former: Any):
    stranger = await coventry.asker("unrelated hospital")
    assert former
    for id_ in former:
        missing, nobody = await stranger.get(f"Patient/{id_}"), await stranger.get(f"Patient/{NOBODY}")
        assert (missing.status_code, missing.content) == (404, nobody.content)
        assert (await stranger.get("Patient", {"_id": str(id_)})).json()["total"] == 0


async def test_an_id_of_a_source_s_patient_finds_that_statement(coventry: Neighbourhood):
    gp, mrs_t = await coventry.asker("GP"), await coventry.person()
    link = (await gp.get(f"Patient/{mrs_t}")).json()["link"][0]["other"]["reference"]

    found = resources((await gp.get("Patient", {"_id": link.removeprefix("Patient/")})).json())
    assert found == [(await gp.get(link)).json()]


async def test_a_superseded_number_finds_the_person_and_is_not_shown(coventry: Neighbourhood):
    """The hospital's merged record still states it. As PDS answers: the Patient found has another number."""
    hospital = await coventry.asker("A&E doctor")
    person = await coventry.person(DUDEK)
    stated = await coventry.owner.fetchval(
        "select count(*) from toldonce.source_patient where person = $1 and nhs_number = $2", person, WRONG
    )
    assert stated == 1
    (found,) = resources((await hospital.get("Patient", {"identifier": f"{NUMBER}|{WRONG}"})).json())

    assert found["id"] == str(person)
    assert [one["value"] for one in found["identifier"] if one["system"] == NUMBER] == [DUDEK]
