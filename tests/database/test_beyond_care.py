"""Rule 9 through the API: who opted out is not there, what leaves is pseudonymised, only pseudonyms lead to anybody."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from integration import deployment
from integration.api.authenticate import Session
from integration.api.clients import load_clients, register
from integration.api.keys import new_client_key, public_jwks
from integration.commands import beyond_care
from integration.errors import NotPossible
from integration.ingest.validity import invalidity
from integration.sharing import opt_outs
from integration.sharing.opt_outs import HOLDS
from integration.sharing.pseudonyms import Pseudonyms, pseudonyms
from integration.sharing.request import Caller, Client
from integration.store.database import Database
from mappings import uk_core
from tests.database.ingesting import about, ingest
from tests.database.serving import Site, serving
from tests.spec.neighbourhood import MRS_T, NOW, NUMBER, PEOPLE, Connected, resources

ANALYST = Caller("planning", "X9H", "analyst", "HOPERAT")
MRS_B = "9990000026"
TOP_FLAGS = """
select count(*) from toldonce.resource
where person = $1 and type = 'Flag' and convert_from(body, 'UTF8')::jsonb -> 'meta' -> 'profile' ? $2
"""


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    owner = await asyncpg.connect(database.owner_url)
    async with serving(database, owner, tmp_path_factory.mktemp("beyond")) as site:
        purposes, keys = frozenset({ANALYST.purpose}), public_jwks(new_client_key())
        await register(
            owner,
            Client(ANALYST.client, "Planning", ANALYST.organisation, frozenset({ANALYST.role}), purposes, jwks=keys),
        )
        services = site.app.state.services
        known = await load_clients(owner)
        services.clients().update({ANALYST.client: known[ANALYST.client]})
        await ingest(database, about(PEOPLE, "mrs-t", "mrs-b"))
        await opt_outs.clear(owner, [MRS_T], NOW - timedelta(days=1))
        yield site
    await owner.close()


@pytest.fixture
def analyst(site: Site) -> Connected:
    services = site.app.state.services
    token = services.authority.issue(Session(ANALYST, None, ("system/*.rs",), "a token"), NOW)
    return Connected(site.http, token, site.settings.fhir_base)


@pytest.fixture
def own(site: Site) -> Pseudonyms:
    return pseudonyms(site.app.state.services.pseudonym_secret, ANALYST.organisation)


async def test_a_record_leaves_without_whose_it_is(site: Site, analyst: Connected, own: Pseudonyms) -> None:
    person = await site.person(MRS_T)
    answer = await analyst.everything(own.of(person))
    assert answer.status_code == 200
    found = resources(answer.json())
    assert len(found) > 10
    text = answer.text
    for row in await site.owner.fetch("select id, source_patient from toldonce.resource"):
        assert str(row["id"]) not in text
    for told in (
        str(person),
        MRS_T,
        "Tanner",
        "Edith",
        "Earlsdon",
        "urn:toldonce:source",
        "Practitioner/",
        "Organization/",
    ):
        assert told not in text, told
    assert not re.search(r"\b20\d\d-\d\d-\d\d", text)
    for one in found:
        assert invalidity(one) is None, one["resourceType"]
        assert one["meta"]["security"][0]["code"] == "PSEUDED"
        subject = one.get("subject") or one.get("patient")
        assert subject is None or subject == {"reference": f"Patient/{own.of(person)}"}


async def test_what_was_found_can_be_asked_for_again(site: Site, analyst: Connected, own: Pseudonyms) -> None:
    pseudonym = own.of(await site.person(MRS_T))
    found = resources((await analyst.get(f"Encounter?patient=Patient/{pseudonym}&_count=2")).json())
    assert len(found) == 2
    read = await analyst.get(f"Encounter/{found[0]['id']}")
    assert read.json() == found[0]
    assert "ETag" not in read.headers
    page = (await analyst.get(f"Encounter?patient={pseudonym}&_count=2")).json()
    (following,) = [one["url"] for one in page["link"] if one["relation"] == "next"]
    second = (await analyst.get(following)).json()
    assert {one["id"] for one in resources(second)}.isdisjoint({one["id"] for one in resources(page)})


async def test_pages_are_full(site: Site, analyst: Connected, own: Pseudonyms) -> None:
    """What never leaves is not read: it would leave gaps. Of several top flags one is shown (rule 8): those do."""
    person = await site.person(MRS_T)
    top_flags = await site.owner.fetchval(TOP_FLAGS, person, uk_core.RA_PATIENT_FLAG_PROFILE)
    url = f"Patient/{own.of(person)}/$everything?_count=3"
    sizes = []
    while url:
        page = (await analyst.get(url)).json()
        sizes.append(len(resources(page)))
        url = next((one["url"] for one in page["link"] if one["relation"] == "next"), "")
    assert len(sizes) > 3
    assert sum(3 - size for size in sizes[:-1]) <= top_flags - 1


async def test_nothing_but_a_pseudonym_leads_to_anybody(site: Site, analyst: Connected, own: Pseudonyms) -> None:
    person = await site.person(MRS_T)
    held = await site.owner.fetchval(
        "select id from toldonce.resource where person = $1 and type = 'Encounter' limit 1", person
    )
    trust = pseudonyms(site.app.state.services.pseudonym_secret, "X9A")
    for path, status in {
        f"Patient/{person}/$everything": 404,
        f"Patient/{trust.of(person)}/$everything": 404,
        f"Encounter/{held}": 404,
        f"Encounter/{{{held}}}": 404,
        f"Encounter/{held.hex}": 404,
        f"Patient?identifier={NUMBER}|{MRS_T}": 403,
        f"Encounter?patient:identifier={NUMBER}|{MRS_T}": 403,
        f"Encounter?patient.identifier={MRS_T}": 403,
        f"Encounter?patient=Patient/{own.of(person)}&date=ge2026-03-14": 400,
        f"Encounter?patient=Patient/{own.of(person)}&_sort=date": 403,
        f"Encounter?patient=Patient/{str(own.of(person)).upper()}": 400,
        f"AuditEvent?patient=Patient/{own.of(person)}": 403,
        f"Consent?patient=Patient/{own.of(person)}": 403,
        f"Encounter/{own.of(held)}/_history": 403,
    }.items():
        answer = await analyst.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        assert answer.json()["resourceType"] == "OperationOutcome"
    assert resources((await analyst.get(f"Encounter?patient=Patient/{person}")).json()) == []
    known = await analyst.ask("GET", f"Encounter/{own.of(held)}", headers={"If-None-Match": 'W/"1"'})
    assert known.status_code == 403
    matched = await analyst.ask("POST", "Patient/$match", json={"resourceType": "Patient", "birthDate": "1942-03-14"})
    assert matched.status_code == 403


async def test_who_is_not_cleared_is_not_there(site: Site, analyst: Connected, own: Pseudonyms) -> None:
    """Mrs B was not in the answer of the national service; of nobody is another thing told."""
    nobody = await analyst.everything(UUID("4f0c2c9e-6f2b-5d0a-9a51-0d8f4a3f2b11"))
    opted_out = await analyst.everything(own.of(await site.person(MRS_B)))
    assert (opted_out.status_code, opted_out.content) == (nobody.status_code, nobody.content) == (404, nobody.content)


async def test_an_answer_holds_for_21_days_and_the_next_one_replaces_it(site: Site, tmp_path: Path) -> None:
    async def cleared(moment: Any) -> bool:
        person = await site.person(MRS_T)
        return bool(await site.owner.fetchval(opt_outs._CLEARED, person, moment))

    checked = NOW - timedelta(days=1)
    assert not await cleared(checked - timedelta(seconds=1))
    assert await cleared(checked)
    assert await cleared(checked + HOLDS - timedelta(seconds=1))
    assert not await cleared(checked + HOLDS)
    later = NOW + timedelta(days=5)
    try:
        await opt_outs.clear(site.owner, [MRS_B], later)
        assert await cleared(later - timedelta(seconds=1))
        assert not await cleared(later)
        with pytest.raises(NotPossible, match="newer"):
            await opt_outs.clear(site.owner, [MRS_T, MRS_B], later - timedelta(seconds=1))
    finally:
        await site.owner.execute("delete from toldonce.opt_out_clearance where checked = $1", later)
        await site.owner.execute("update toldonce.opt_out_clearance set until = checked + interval '21 days'")


async def test_a_type_1_objection_takes_away_what_practices_hold(
    site: Site, analyst: Connected, own: Pseudonyms
) -> None:
    pseudonym = own.of(await site.person(MRS_T))
    before = len(resources((await analyst.everything(pseudonym)).json()))
    objection = {"consent": "1", "kind": "type-1-objection", "permits": False, "source": "X90401"}
    key = await site.owner.fetchval(
        "select key from toldonce.source_patient where feed = 'gp' and nhs_number = $1", MRS_T
    )
    was = await site.owner.fetchval(
        "select choices::text from toldonce.facts where source_patient = $1 and until = 'infinity'", key
    )
    change = "update toldonce.facts set choices = $2::text::jsonb where source_patient = $1 and until = 'infinity'"
    care = await site.as_caller("gp-system")
    seen = len(resources((await care.everything(await site.person(MRS_T))).json()))
    try:
        await site.owner.execute(change, key, json.dumps([*json.loads(was), objection]))
        assert 0 < len(resources((await analyst.everything(pseudonym)).json())) < before
        assert len(resources((await care.everything(await site.person(MRS_T))).json())) == seen  # care is not touched
    finally:
        await site.owner.execute(change, key, was)


async def test_the_whole_way_by_command(site: Site, tmp_path: Path, analyst: Connected) -> None:
    asked = tmp_path / "asked.dat"
    assert await beyond_care.ask(site.settings, asked) == 2
    assert asked.read_bytes() == f"{MRS_T},\n{MRS_B},\n".encode()
    asked.write_bytes(f"{MRS_T},\r\n".encode())
    assert await beyond_care.take(site.settings, asked, NOW - timedelta(hours=1)) == 1
    asked.write_bytes(b"Error 23,\n")
    with pytest.raises(NotPossible, match="line 1"):
        await beyond_care.take(site.settings, asked, None)
    assert deployment.secret_of(site.settings, "pseudonyms", 32) == site.app.state.services.pseudonym_secret
    with pytest.raises(NotPossible, match="not registered"):
        await beyond_care.people(site.settings, "gp-system", None, None)
