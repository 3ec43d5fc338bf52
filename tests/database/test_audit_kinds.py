"""Everything that must be an event of the audit is one: the list of docs/audit.md, done one after the other, each
looked up in the log. What FHIR interactions leave one by one is in tests/spec/test_audit_completeness.py."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from rich.console import Console

from integration import demo
from integration.audit.codes import Kind
from integration.commands import (
    agreements,
    alerts,
    audit,
    audit_proof,
    clients,
    console,
    explain,
    identity,
    quarantine,
    subject_access,
    unusual,
)
from integration.commands.administrator import By
from integration.commands.subject_access import Asked
from integration.console.sessions import Officer
from integration.ingest import inbox, relabel
from integration.ingest.inbox import Delivery
from integration.store.database import Database
from tests.database.recording import adjustment, recorder, recording, send
from tests.database.serving import Site
from tests.spec.neighbourhood import MRS_T, NUMBER

pytestmark = pytest.mark.slow
QUIET = Console(file=sys.stderr, quiet=True)


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    owner = await asyncpg.connect(database.owner_url)
    async with recording(database, owner, tmp_path_factory.mktemp("kinds")) as site:
        yield site
    await owner.close()


async def patient(site: Site) -> str:
    return f"Patient/{await site.person(MRS_T)}"


async def read(site: Site) -> None:
    await (await site.as_caller("gp-system")).get(await patient(site))


async def search(site: Site) -> None:
    await (await site.as_caller("gp-system")).get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"})


async def past(site: Site) -> None:
    caller = await site.as_caller("gp-system")
    found = (await caller.get("Encounter", {"patient": await patient(site)})).json()["entry"][0]["resource"]
    await caller.get(f"Encounter/{found['id']}/_history")


async def everything(site: Site) -> None:
    await (await site.as_caller("gp-system")).everything(await site.person(MRS_T))


async def summary(site: Site) -> None:
    await (await site.as_caller("gp-system")).get(f"{await patient(site)}/$summary")


async def denied(site: Site) -> None:
    await (await site.as_caller("distant-hospital")).get(await patient(site))


async def broken_glass(site: Site) -> None:
    caller = await site.as_caller("ambulance", break_glass="emergency")
    await caller.everything(await site.person(MRS_T))


async def write(site: Site) -> None:
    answer = await send(await recorder(site), "POST", "Flag", adjustment(await site.person(MRS_T)))
    assert answer.status_code == 201, answer.text


async def consent(site: Site) -> None:
    body = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": await patient(site)},
    }
    await send(await recorder(site), "POST", "Consent", body)  # refused or not, it was tried


async def arrived(site: Site) -> None:
    async with site.database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await inbox.receive(connection, [Delivery("acute", "X9A", "a message", b"MSH|")])


async def relabelled(site: Site) -> None:
    async with site.database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await relabel.begin(connection, "another list")


async def signed_in(site: Site) -> None:
    code = await console.sign_in(site.settings, Officer("R. Okafor", "X9H", ""))
    await site.http.post("http://127.0.0.1:8000/console/sign-in", data={"code": code})


async def merged(site: Site) -> None:
    rows = await site.owner.fetch(
        "select id from toldonce.source_patient where person = $1 order by id limit 2", await site.person(MRS_T)
    )
    await identity.decide(site.settings, "R. Okafor", *(str(row[0]) for row in rows), "SAME", "asked her")


async def agreed(site: Site) -> None:
    path = Path(site.settings.data_dir) / "agreements.yaml"
    path.write_text(demo.AGREEMENTS.read_text().replace("neighbourhood: Coventry", "neighbourhood: New Coventry"))
    await agreements.apply(site.settings, path, By("R. Okafor", "a name"), lambda _: True, QUIET)


async def registered(site: Site) -> None:
    await clients.switch(site.settings, "ambulance", "R. Okafor", "on leave", QUIET, active=False)


async def audit_searched(site: Site) -> None:
    await (await site.as_caller("ig-office")).get("AuditEvent")


async def audit_reported(site: Site) -> None:
    from integration.audit.usage import between

    await audit.audit_report(site.settings, between(None, None, organisation="X90401"))


async def audit_exported(site: Site) -> None:
    await audit_proof.audit_export(site.settings, Path(site.settings.data_dir) / "audit.zip")


async def copied(site: Site) -> None:
    asked = Asked(MRS_T, "gp-system", "GP", "TREAT", "Dr Patel")
    await subject_access.write(site.settings, asked, Path(site.settings.data_dir) / "copy.zip")


async def replayed(site: Site) -> None:
    await quarantine.quarantine_replay(site.settings, QUIET, user="R. Okafor", entry=None, feed="vcfse", code=None)
    said = await site.owner.fetchval(
        "select content from toldonce.audit_event where position('quarantine replay'::bytea in content) > 0"
    )
    assert all(word in said for word in (b"R. Okafor", b'["replay/feed","vcfse"]', b"replay/envelopes"))


async def explained(site: Site) -> None:
    await explain.explain(site.settings, "gp-system", MRS_T, None, None, None, None, as_json=False)


async def alerts_listed(site: Site) -> None:
    await alerts.listed(site.settings, None, everything=False, limit=5)


async def looked_through(site: Site) -> None:
    await unusual.look(site.settings, date(2026, 1, 1), date(2026, 1, 1), "R. Okafor")


class Row(NamedTuple):
    done: Callable[[Site], Awaitable[None]]
    kind: Kind
    outcome: str = "0"
    """Empty: whatever came of it."""
    about_her: bool = True


TABLE = [
    Row(read, Kind.READ),
    Row(search, Kind.QUERY),
    Row(past, Kind.HISTORY),
    Row(everything, Kind.EVERYTHING),
    Row(summary, Kind.SUMMARY),
    Row(denied, Kind.READ, "8"),
    Row(broken_glass, Kind.BREAK_GLASS),
    Row(write, Kind.CREATE),
    Row(consent, Kind.CREATE, "", about_her=False),
    Row(arrived, Kind.INGEST, about_her=False),
    Row(relabelled, Kind.LABELLING, about_her=False),
    Row(signed_in, Kind.TOKEN, about_her=False),
    Row(merged, Kind.LINKAGE),
    Row(registered, Kind.CLIENTS, about_her=False),
    Row(audit_searched, Kind.AUDIT, about_her=False),
    Row(audit_reported, Kind.AUDIT, about_her=False),
    Row(audit_exported, Kind.EXPORT, about_her=False),
    Row(copied, Kind.EXPORT),
    Row(replayed, Kind.INGEST, about_her=False),
    Row(explained, Kind.OPERATION),
    Row(alerts_listed, Kind.AUDIT, about_her=False),
    Row(looked_through, Kind.AUDIT, about_her=False),
    Row(agreed, Kind.AGREEMENTS, about_her=False),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.done.__name__)
async def test_it_is_an_event(site: Site, row: Row) -> None:
    known = {one[0] for one in await site.owner.fetch("select id from toldonce.audit_event")}
    her: Any = await site.person(MRS_T)
    await row.done(site)
    new = [
        one
        for one in await site.owner.fetch("select id, kind, outcome, person from toldonce.audit_event")
        if one["id"] not in known
    ]
    said = [(one["kind"], one["outcome"], one["person"]) for one in new]
    wanted = [one for one in said if one[0] == row.kind and row.outcome in ("", one[1])]
    assert wanted, said
    assert not row.about_her or her in {one[2] for one in wanted}, said


def test_no_kind_is_left_out() -> None:
    elsewhere = {
        Kind.UPDATE: "tests/database/test_recording.py",
        Kind.DELETE: "tests/database/test_recording.py",
        Kind.RETENTION: "tests/database/test_audit_verify.py",
        Kind.SUBSCRIPTION: "integration/teams/subscriptions",
        Kind.QUESTION: "tests/database/test_audit_own.py",
    }
    assert set(Kind) - {row.kind for row in TABLE} <= elsewhere.keys()
