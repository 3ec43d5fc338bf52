"""Search within a type: every parameter narrows, none widens; pages together are the whole. R4 search.html"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integration.api.search_type import PARAMETERS
from integration.store.extract import DIRECTORY
from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood, resources

SEARCHED = sorted(set(PARAMETERS) - DIRECTORY - {"Patient"})


@pytest.fixture(scope="module")
async def mrs_t(coventry: Neighbourhood) -> UUID:
    return await coventry.person()


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


@pytest.fixture(scope="module")
def find(gp: Connected, mrs_t: UUID) -> Callable[..., Any]:
    """The GP's matches of a type, in order."""

    async def found(kind: str, *parameters: tuple[str, str]) -> list[dict[str, Any]]:
        answer = await gp.get(kind, [("patient", f"Patient/{mrs_t}"), *parameters])
        assert answer.status_code == 200, answer.text
        return resources(answer.json(), "match")

    return found


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in found]


async def test_a_type_searched_is_that_part_of_everything(coventry: Neighbourhood, mrs_t: UUID):
    for asker in SEVEN:
        caller = await coventry.asker(asker.name)
        everything = await caller.everything(mrs_t)
        whole = resources(everything.json(), "match") if everything.status_code == 200 else []
        for kind in SEARCHED:
            bundle = (await caller.get(kind, {"patient": str(mrs_t)})).json()
            get_fhir_model_class("Bundle").model_validate(bundle)
            found = resources(bundle, "match")
            assert found == [one for one in whole if one["resourceType"] == kind], (asker.name, kind)
            assert bundle["total"] == len(found)


async def test_ways_to_name_the_person_are_the_same(gp: Connected, mrs_t: UUID):
    ways = [
        ("patient", f"Patient/{mrs_t}"),
        ("patient", str(mrs_t)),
        ("subject", f"Patient/{mrs_t}"),
        ("patient:identifier", f"{NUMBER}|{MRS_T}"),
        ("patient.identifier", MRS_T),
        ("subject:identifier", f"{NUMBER}|{MRS_T}"),
    ]
    by_get = [resources((await gp.get("Encounter", [way])).json()) for way in ways]
    by_post = [resources((await gp.post("Encounter/_search", dict([way]))).json()) for way in ways]

    assert by_get[0]
    assert all(found == by_get[0] for found in (*by_get, *by_post))


async def test_a_source_patients_id_is_not_a_persons(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    source = await coventry.owner.fetchval("select id from toldonce.source_patient where person = $1 limit 1", mrs_t)

    assert resources((await gp.get("Encounter", {"patient": str(source)})).json()) == []


async def test_two_dates_must_both_hold(find):
    inside = ids(await find("Encounter", ("date", "ge2026-03"), ("date", "le2026-05")))
    from_march = ids(await find("Encounter", ("date", "ge2026-03")))
    until_may = ids(await find("Encounter", ("date", "le2026-05")))

    assert inside == [id_ for id_ in from_march if id_ in until_may]
    assert 0 < len(inside) < len(from_march)
    assert ids(await find("Encounter", ("date", "le2026-05"), ("date", "ge2026-03"))) == inside
    assert ids(await find("Encounter", ("date", "ge2026-03"), ("date", "ge2025-01"))) == from_march
    february, march = (
        ids(await find("Encounter", ("date", "2026-02"))),
        ids(await find("Encounter", ("date", "2026-03"))),
    )
    both = ids(await find("Encounter", ("date", "2026-02"), ("date", "2026-03")))
    assert both == [id_ for id_ in february if id_ in march]


async def test_status(find):
    whole = await find("Flag")
    for statuses in ("active", "inactive", "active,inactive", "entered-in-error"):
        expected = [one["id"] for one in whole if one["status"] in statuses.split(",")]
        assert sorted(ids(await find("Flag", ("status", statuses)))) == sorted(expected), statuses
    assert len(await find("Flag", ("status", "active"))) > 3


@pytest.mark.parametrize(
    ("kind", "parameter"), [("Flag", "category"), ("Flag", "code"), ("Condition", "code"), ("Encounter", "class")]
)
async def test_tokens(find, kind: str, parameter: str):
    whole = await find(kind)
    system, code = next((one["system"], one["code"]) for item in whole for one in codings(item, parameter))
    expected = [one["id"] for one in whole if (system, code) in pairs(one, parameter)]
    assert expected

    assert ids(await find(kind, (parameter, f"{system}|{code}"))) == expected
    assert ids(await find(kind, (parameter, code))) == expected
    assert ids(await find(kind, (parameter, f"{system}|{code},{system}|no-such-code"))) == expected
    assert set(expected) <= set(ids(await find(kind, (parameter, f"{system}|"))))
    for nothing in (f"urn:another|{code}", f"|{code}", "no-such-code", "%", "_", code[:-1] + "_", f"{code}x"):
        assert await find(kind, (parameter, nothing)) == [], nothing


def pairs(resource: dict[str, Any], element: str) -> set[tuple[str | None, str | None]]:
    return {(one.get("system"), one.get("code")) for one in codings(resource, element)}


def codings(resource: dict[str, Any], element: str) -> list[dict[str, str]]:
    value = resource.get(element, [])
    concepts = value if isinstance(value, list) else [value]
    return [coding for concept in concepts for coding in concept.get("coding", [concept])]


async def test_two_tokens_must_both_hold(find):
    active_safety = ids(await find("Flag", ("category", "safety"), ("status", "active")))
    safety = ids(await find("Flag", ("category", "safety")))

    assert set(active_safety) <= set(safety)
    assert await find("Flag", ("category", "safety"), ("category", "no-such-code")) == []


async def test_ids(find):
    whole = ids(await find("Encounter"))

    assert ids(await find("Encounter", ("_id", f"{whole[3]},{whole[1]}"))) == [whole[1], whole[3]]
    assert await find("Encounter", ("_id", "1")) == []
    assert await find("Flag", ("_id", whole[0])) == []


@pytest.mark.parametrize("count", [1, 7, 50])
async def test_pages_together_are_the_whole(gp: Connected, mrs_t: UUID, find, count: int):
    for kind in ("Flag", "CarePlan", "Encounter") if count > 1 else ("Flag", "CarePlan"):
        bundle = (await gp.get(kind, {"patient": str(mrs_t), "_count": str(count)})).json()
        found = resources(bundle, "match")
        while following := [link["url"] for link in bundle["link"] if link["relation"] == "next"]:
            assert bundle["total"] == len(await find(kind))
            bundle = (await gp.get(following[0])).json()
            assert len(resources(bundle, "match")) <= count
            found += resources(bundle, "match")

        assert found == await find(kind), kind


# ---- what is answered beside the matches, and in what form


async def test_who_the_care_coordinator_is_in_one_call(gp: Connected, mrs_t: UUID):
    asked = {
        "patient": f"Patient/{mrs_t}",
        "participant-role": "http://snomed.info/sct|768820003",
        "_include": "CareTeam:participant",
    }
    bundle = (await gp.get("CareTeam", asked)).json()
    beside = {f"{one['resourceType']}/{one['id']}": one for one in resources(bundle, "include")}

    coordinators = [
        beside[part["member"]["reference"]]
        for team in resources(bundle, "match")
        for part in team["participant"]
        if any(("http://snomed.info/sct", "768820003") in pairs(part, "role") for _ in (part,))
    ]
    assert coordinators
    assert all(one["resourceType"] in ("Practitioner", "PractitionerRole", "Organization") for one in coordinators)


async def test_includes_bring_what_matches_refer_to_and_nothing_else(gp: Connected, mrs_t: UUID):
    asked = [("patient", str(mrs_t)), ("_include", "Encounter:service-provider"), ("_include", "Encounter:patient")]
    bundle = (await gp.get("Encounter", asked)).json()
    wanted = {one["serviceProvider"]["reference"] for one in resources(bundle, "match") if "serviceProvider" in one}

    beside = {f"{one['resourceType']}/{one['id']}" for one in resources(bundle, "include")}
    assert beside == {*wanted, f"Patient/{mrs_t}"}


@pytest.mark.parametrize("every", ["*", "Encounter:*"])
async def test_a_star_brings_all_that_matches_refer_to(gp: Connected, mrs_t: UUID, every: str):
    declared = (await gp.get("metadata")).json()["rest"][0]["resource"]
    (encounter,) = [one for one in declared if one["type"] == "Encounter"]
    named = [("_include", one) for one in encounter["searchInclude"] if one != "Encounter:*"]
    each, all_ = [
        (await gp.get("Encounter", [("patient", str(mrs_t)), *asked])).json()
        for asked in (named, [("_include", every)])
    ]
    assert sorted(ids(resources(all_, "include"))) == sorted(ids(resources(each, "include")))
    assert str(mrs_t) in ids(resources(all_, "include"))


async def test_reverse_includes_bring_what_refers_to_matches(gp: Connected, mrs_t: UUID):
    asked = [("patient", str(mrs_t)), ("_count", "3"), ("_revinclude", "Provenance:target")]
    bundle = (await gp.get("Encounter", asked)).json()
    matches = {f"Encounter/{one['id']}" for one in resources(bundle, "match")}
    everyone = resources((await gp.get("Provenance", {"patient": str(mrs_t)})).json(), "match")

    expected = [one for one in everyone if matches & {target["reference"] for target in one["target"]}]
    assert len(matches) == 3
    assert expected
    assert sorted(ids(resources(bundle, "include"))) == sorted(ids(expected))


async def test_includes_are_followed_further_where_asked(gp: Connected, mrs_t: UUID):
    asked = [
        ("patient", str(mrs_t)),
        ("_include", "Encounter:participant"),
        ("_include:iterate", "PractitionerRole:practitioner"),
    ]
    beside = resources((await gp.get("Encounter", asked)).json(), "include")
    roles = [one for one in beside if one["resourceType"] == "PractitionerRole"]

    there = {f"{one['resourceType']}/{one['id']}" for one in beside}
    assert roles
    assert {role["practitioner"]["reference"] for role in roles} <= there


async def test_a_summary_says_that_it_is_a_part(find, gp: Connected, mrs_t: UUID):
    whole = await find("Observation")
    for asked in (("_summary", "true"), ("_summary", "data"), ("_summary", "text"), ("_elements", "code,effective")):
        found = await find("Observation", asked)
        assert ids(found) == ids(whole)
        for one in found:
            assert {"code", "status"} <= one.keys()  # FHIR demands them
            assert "SUBSETTED" in [tag["code"] for tag in one["meta"]["tag"]]
            get_fhir_model_class("Observation").model_validate(one)
    assert all("note" not in one for one in await find("Observation", ("_elements", "code")))
    dated = await find("Observation", ("_elements", "effective"))
    assert any("effectiveDateTime" in one for one in dated)
    assert await find("Observation", ("_summary", "false")) == whole
    counted = (await gp.get("Observation", {"patient": str(mrs_t), "_summary": "count"})).json()
    assert counted["total"] == len(whole)
    assert "entry" not in counted
    assert (await gp.get("Observation", {"patient": str(mrs_t), "_count": "0"})).json()["total"] == len(whole)


async def test_a_total_may_be_left_out(gp: Connected, mrs_t: UUID):
    assert "total" not in (await gp.get("Encounter", {"patient": str(mrs_t), "_total": "none"})).json()


async def test_what_is_not_understood_is_ignored_only_for_who_prefers_that(gp: Connected, mrs_t: UUID, find):
    whole = ids(await find("Encounter"))
    for name, value in (("colour", "red"), ("date", "yesterday"), ("status:above", "finished"), ("_sort", "colour")):
        asked = [("patient", str(mrs_t)), (name, value), ("class", "AMB")]
        assert (await gp.get("Encounter", asked)).status_code == 400
        answer = await gp.get("Encounter", asked, Prefer="handling=lenient")
        (outcome,) = resources(answer.json(), "outcome")

        assert outcome["issue"][0]["severity"] == "warning"
        found = ids(resources(answer.json(), "match"))
        assert found == ids(await find("Encounter", ("class", "AMB"))) != whole
        (self,) = [link["url"] for link in answer.json()["link"] if link["relation"] == "self"]
        again = (await gp.get(self)).json()
        assert ids(resources(again, "match")) == found
        assert resources(again, "outcome") == []  # the link holds what was understood


@pytest.mark.parametrize(
    "asked", [{}, {"colour": "red"}, {"patient:identifier": "1"}, {"subject": "Group/1"}, {"status": "finished"}]
)
async def test_whom_a_search_is_about_is_never_ignored(gp: Connected, asked: dict[str, str]):
    assert (await gp.get("Encounter", asked, Prefer="handling=lenient")).status_code == 400


async def test_resources_may_be_asked_for_by_their_ids_alone(find, gp: Connected, coventry: Neighbourhood):
    others = await gp.get("Encounter", {"patient:identifier": f"{NUMBER}|9990000026"})
    mine, theirs = ids(await find("Encounter"))[:2], ids(resources(others.json(), "match"))[:2]
    found = (await gp.get("Encounter", {"_id": ",".join([*mine, *theirs]), "status": "finished"})).json()

    assert set(ids(resources(found, "match"))) <= {*mine, *theirs}
    whole = (await gp.get("Encounter", {"_id": ",".join([*mine, *theirs])})).json()
    assert sorted(ids(resources(whole, "match"))) == sorted([*mine, *theirs])
    stranger = await coventry.asker("unrelated hospital")
    assert resources((await stranger.get("Encounter", {"_id": ",".join(mine)})).json()) == []


async def test_the_directory_is_searched_by_its_own_parameters(gp: Connected):
    found = (await gp.get("Organization", {"identifier": "https://fhir.nhs.uk/Id/ods-organization-code|X9A"})).json()
    (hospital,) = resources(found, "match")
    named = (await gp.get("Organization", {"name": hospital["name"][:6].upper()})).json()

    assert hospital["id"] in ids(resources(named, "match"))
    for asked in ({}, {"_count": "5"}, {"patient": "1"}):
        assert (await gp.get("Organization", asked)).status_code == 400


async def test_a_cursor_of_one_answer_is_refused_by_another(gp: Connected, mrs_t: UUID):
    searched = (await gp.get("Encounter", {"patient": str(mrs_t), "_count": "2"})).json()["link"]
    everything = (await gp.everything(mrs_t, {"_count": "2"})).json()["link"]
    of_search, of_everything = (
        next(one["url"].partition("=")[2] for one in links if one["relation"] == "next")
        for links in (searched, everything)
    )

    assert (await gp.get("Encounter", {"_cursor": of_everything})).status_code == 400
    assert (await gp.everything(mrs_t, {"_cursor": of_search})).status_code == 400


async def test_a_search_has_a_greatest_size(gp: Connected, mrs_t: UUID):
    many = ",".join(str(number) for number in range(201))
    assert (await gp.get("Encounter", {"patient": str(mrs_t), "class": many})).status_code == 400
    whom = [("patient", str(mrs_t))]
    assert (await gp.get("Encounter", [*whom, *[("class", "AMB")] * 50])).status_code == 400


# ---- Patient


async def test_a_patient_is_narrowed_by_what_one_statement_says(gp: Connected):
    number = ("identifier", f"{NUMBER}|{MRS_T}")
    (golden,) = resources((await gp.get("Patient", [number])).json(), "match")
    family, born = golden["name"][0]["family"], golden["birthDate"]
    for narrowing, matches in (
        ([("family", family)], True),
        ([("family:exact", family.upper())], False),
        ([("birthdate", born), ("name:contains", family[1:4])], True),
        ([("birthdate", f"gt{born}")], False),
        ([("gender:not", golden["gender"])], None),  # a source may say otherwise, or nothing
        ([("address-postalcode", golden["address"][0]["postalCode"][:3])], True),
        ([("address-city:missing", "true"), ("family", "Nobody")], False),
    ):
        bundle = (await gp.get("Patient", [number, *narrowing])).json()
        if matches is not None:
            assert bundle["total"] == len(resources(bundle, "match")) == int(matches), narrowing
    for refused in ([("family", family)], [number, ("_sort", "family")], [number, number]):
        assert (await gp.get("Patient", refused)).status_code == 400


async def test_nobody_is_found_by_where_they_are_if_that_is_not_shown(coventry: Neighbourhood):
    hidden = 0
    for asker in SEVEN:
        caller = await coventry.asker(asker.name)
        for number in ("9990000018", "9990000077", "9990000085"):
            identifier = ("identifier", f"{NUMBER}|{number}")
            for golden in resources((await caller.get("Patient", [identifier])).json(), "match"):
                if "address" in golden:
                    continue
                hidden += 1
                for asked in (("address:missing", "false"), ("address:contains", "c"), ("address-use", "home")):
                    assert resources((await caller.get("Patient", [identifier, asked])).json(), "match") == [], asked
                found = resources(
                    (await caller.get("Patient", [identifier, ("address:missing", "true")])).json(), "match"
                )
                assert len(found) == 1
    assert hidden


async def test_a_chain_to_the_type_itself_finds_each_once(coventry: Neighbourhood):
    """The one top flag, which is made for this caller, leads to flags."""
    gp, person = await coventry.asker("GP"), await coventry.person()
    asked = [("patient", str(person)), ("detail:Flag.date", "ge2000")]
    found = (await gp.get("Flag", asked)).json()
    assert (found["total"], len(found["entry"])) == (1, 1)
