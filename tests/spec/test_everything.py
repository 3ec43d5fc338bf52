"""Patient/$everything for the seven callers: valid FHIR, closed under references, the same whole in any pages."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.spec.neighbourhood import SEVEN, Connected, Neighbourhood, resources

ANSWERED = [asker for asker in SEVEN if asker.name != "unrelated hospital"]
DIRECTORY = {"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService"}
TOP_FLAG = "national-reasonable-adjustment-flag"
each_caller = pytest.mark.parametrize("asker", ANSWERED, ids=[one.name for one in ANSWERED])


@pytest.fixture(scope="module")
async def mrs_t(coventry: Neighbourhood) -> UUID:
    return await coventry.person()


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


async def pages(caller: Connected, person: UUID, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Every page of an answer, following its links."""
    bundle = (await caller.everything(person, parameters)).json()
    found = [bundle]
    while following := [link["url"] for link in bundle["link"] if link["relation"] == "next"]:
        bundle = (await caller.get(following[0])).json()
        found.append(bundle)
    return found


def references(node: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def name(resource: dict[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


# ---- each caller's answer


@each_caller
async def test_every_resource_is_valid_fhir(coventry: Neighbourhood, mrs_t: UUID, asker):
    bundle = (await (await coventry.asker(asker.name)).everything(mrs_t)).json()

    get_fhir_model_class("Bundle").model_validate(bundle)
    for one in resources(bundle):
        get_fhir_model_class(one["resourceType"]).model_validate(one)
    assert len({entry.get("fullUrl") for entry in bundle["entry"]}) == len(bundle["entry"])


@each_caller
async def test_every_reference_resolves_for_this_caller(coventry: Neighbourhood, mrs_t: UUID, asker):
    """Within the answer; or to what can be read: an entry of the directory, a source's Patient that the golden one
    links, a source's own top flag that the one top flag stands for. Never to what is withheld."""
    caller = await coventry.asker(asker.name)
    found = resources((await caller.everything(mrs_t)).json())
    there = {name(one) for one in found if "id" in one} | {f"Patient/{mrs_t}"}  # whom they asked for
    elsewhere = {reference for one in found for reference in references(one)} - there

    assert {reference.partition("/")[0] for reference in elsewhere} <= {"Patient", "Flag"} | DIRECTORY
    for reference in sorted(elsewhere):
        assert (await caller.get(reference)).status_code == 200, reference


@each_caller
async def test_nothing_in_the_answer_names_what_is_withheld(coventry: Neighbourhood, mrs_t: UUID, asker):
    answer = await (await coventry.asker(asker.name)).everything(mrs_t)
    shown = {one["id"] for one in resources(answer.json()) if "id" in one}
    held = await coventry.owner.fetch(
        "select r.id::text, r.type, l.category from toldonce.resource r join toldonce.label l on l.id = r.label "
        "where r.person = $1",
        mrs_t,
    )
    united = {"Patient", "Flag"}  # as in the test before
    hidden = [row["id"] for row in held if row["id"] not in shown and row["type"] not in united]

    assert [id_ for id_ in hidden if id_ in answer.text] == []


@each_caller
async def test_there_is_one_top_flag_at_most(coventry: Neighbourhood, mrs_t: UUID, asker):
    caller = await coventry.asker(asker.name)
    whole = resources((await caller.everything(mrs_t)).json())
    paged = [one for page in await pages(caller, mrs_t, {"_count": 7}) for one in resources(page)]
    searched = resources((await caller.get("Flag", {"patient": str(mrs_t)})).json())

    expected = 0 if asker.name == "IG officer" else 1
    for found in (whole, paged, searched):
        assert len([one for one in found if is_top_flag(one)]) == expected
    tops = [one for found in (whole, paged, searched) for one in found if is_top_flag(one)]
    assert all(one == tops[0] for one in tops)


@each_caller
async def test_the_top_flag_is_the_same_when_it_is_asked_for_by_its_id(coventry: Neighbourhood, mrs_t: UUID, asker):
    """It unites all sources', where another source's own is its own: both by a read and by a search."""
    caller = await coventry.asker(asker.name)
    whole = resources((await caller.everything(mrs_t)).json())
    own = [str(row["id"]) for row in await coventry.owner.fetch(_TOPS, mrs_t, f"%{TOP_FLAG}%")]
    assert len(own) > 1
    for id_ in own:
        read = await caller.get(f"Flag/{id_}")
        expected = [unmarked(read.json())] if read.status_code == 200 else []
        searched = await caller.get("Flag", {"patient": str(mrs_t), "_id": id_})
        assert resources(searched.json()) == expected
        assert [one for one in whole if one.get("id") == id_] in ([], expected)


def unmarked(resource: dict[str, Any]) -> dict[str, Any]:
    """Without what says that the glass was broken: of a search the Bundle says it."""
    meta = resource["meta"]
    left = [one for one in meta.get("security", ()) if one["code"] != "BTG"]
    return resource | {
        "meta": {name: one for name, one in meta.items() if name != "security"} | ({"security": left} if left else {})
    }


_TOPS = "select id from toldonce.resource where person = $1 and type = 'Flag' and convert_from(body, 'UTF8') like $2"


def is_top_flag(resource: dict[str, Any]) -> bool:
    codings = resource.get("code", {}).get("coding", ()) if resource["resourceType"] == "Flag" else ()
    return any(coding.get("code") == TOP_FLAG for coding in codings)


@each_caller
async def test_all_pages_together_are_the_whole(coventry: Neighbourhood, mrs_t: UUID, asker):
    caller = await coventry.asker(asker.name)
    whole = resources((await caller.everything(mrs_t)).json(), "match")
    for count in (1 if len(whole) < 10 else 13, 50, 1000):
        found = await pages(caller, mrs_t, {"_count": count})
        matches = [one for page in found for one in resources(page, "match")]

        assert sorted(matches, key=name) == sorted(whole, key=name), count
        assert all(len(resources(page, "match")) <= count + 1 for page in found)  # the golden Patient on the first
        assert all("total" not in page for page in found)


# ---- parameters


async def test_type_narrows_to_what_was_asked_for(gp: Connected, mrs_t: UUID):
    whole = resources((await gp.everything(mrs_t)).json(), "match")
    for types in ("Encounter", "Patient", "CarePlan,Flag"):
        found = resources((await gp.everything(mrs_t, {"_type": types})).json(), "match")
        assert [name(one) for one in found] == [name(one) for one in whole if one["resourceType"] in types.split(",")]
    assert resources((await gp.everything(mrs_t, {"_type": "Basic"})).json()) == []


async def test_start_and_end_narrow_to_care_in_that_time(gp: Connected, mrs_t: UUID):
    whole = resources((await gp.everything(mrs_t, {"_type": "Encounter"})).json(), "match")
    found = resources(
        (await gp.everything(mrs_t, {"_type": "Encounter", "start": "2026-06-01", "end": "2026-06-30"})).json(), "match"
    )

    dated = [one for one in whole if "period" in one]
    within = [one for one in dated if one["period"]["start"] < "2026-07" and last(one) >= "2026-06"]
    within += [one for one in whole if one not in dated]  # when it was is not known: it may have been then
    assert sorted(map(name, found)) == sorted(map(name, within))
    assert 0 < len(found) < len(whole)


def last(encounter: dict[str, Any]) -> str:
    """Day on which it ended; one that has not ended is not over."""
    return encounter["period"].get("end", "9999")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("_since", "2026-01-01"),
        ("_since", "2026-01-01T00:00:00"),
        ("_since", "0001-01-01T00:00:00Z"),
        ("_type", "Encouter"),
        ("_type", "Patient,encounter"),
    ],
)
async def test_what_is_mistyped_is_no_empty_record(gp: Connected, mrs_t: UUID, parameter: str, value: str):
    """What `_since` means: `tests/database/test_everything_since.py`."""
    answer = await gp.everything(mrs_t, {parameter: value})
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["location"] == [f"http.{parameter}"]


# ---- cursors


async def test_a_cursor_is_its_own_clients(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    doctor = await coventry.asker("A&E doctor")
    page = (await gp.everything(mrs_t, {"_count": 5})).json()
    (following,) = [link["url"] for link in page["link"] if link["relation"] == "next"]

    assert (await gp.get(following)).status_code == 200
    assert (await doctor.get(following)).status_code == 400


async def test_a_cursor_that_was_changed_is_refused(gp: Connected, mrs_t: UUID):
    page = (await gp.get("Encounter", {"patient": str(mrs_t), "_count": 5})).json()
    (following,) = [link["url"] for link in page["link"] if link["relation"] == "next"]
    base, cursor = following.split("_cursor=")
    for place in range(0, len(cursor) - 1, 7):
        other = "A" if cursor[place] != "A" else "B"
        changed = await gp.get(f"{base}_cursor={cursor[:place]}{other}{cursor[place + 1 :]}")
        assert changed.status_code == 400, place
    assert (await gp.get(f"{following}&_count=1")).status_code == 400


async def test_a_cursor_leads_to_nobody_else(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    """The path, not the cursor, says whose record is asked for, and the decision is made anew."""
    darren = await coventry.person("9990000050")
    page = (await gp.everything(mrs_t, {"_count": 5})).json()
    (following,) = [link["url"] for link in page["link"] if link["relation"] == "next"]

    assert (await gp.get(following.replace(str(mrs_t), str(darren)))).status_code == 404


async def test_the_place_of_a_page_cannot_be_made_up(gp: Connected, mrs_t: UUID):
    assert (await gp.everything(mrs_t, {"_after": str(UUID(int=0))})).status_code == 400
    assert (await gp.get("Encounter", {"patient": str(mrs_t), "_after": str(UUID(int=0))})).status_code == 400
