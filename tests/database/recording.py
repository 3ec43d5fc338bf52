"""What tests of recording share: the application over some people, callers who may record, and bodies to send."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from integration.recording.kinds import RECORD_SCOPES
from integration.store.database import Database
from mappings import uk_core
from mappings.coordinator import COORDINATOR
from mappings.recorded.vocabulary import EXISTENCE, REMOVAL_REASON, REMOVAL_SYSTEM
from tests.database.ingesting import SECRET, about, ingest, worker
from tests.database.serving import Site, serving
from tests.spec.neighbourhood import FHIR_JSON, Connected

ALL = " ".join(("system/*.rs", *RECORD_SCOPES))
MRS_T, OBJECTOR = "9990000018", "9990000077"


@asynccontextmanager
async def recording(database: Database, owner: asyncpg.Connection, folder: Path, *people: str) -> AsyncIterator[Site]:
    """These people (Mrs T unless named), ingested and served with the same secret of ids."""
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "keys" / "ids").write_bytes(SECRET)
    async with serving(database, owner, folder) as site:
        await ingest(database, about(18, *(people or ("mrs-t",))))
        yield site


@pytest.fixture(scope="module")
async def everybody(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Mrs T and somebody who objects to sharing, served for a module's tests."""
    connection = await asyncpg.connect(database.owner_url)
    async with recording(database, connection, tmp_path_factory.mktemp("site"), "mrs-t", "objector") as found:
        yield found
    await connection.close()


@pytest.fixture
async def site(everybody: Site) -> AsyncIterator[Site]:
    """Their records, of which nothing was recorded here yet."""
    yield everybody
    await cleared(everybody.owner)


async def recorder(
    site: Site, client: str = "gp-system", role: str = "GP", purpose: str = "TREAT", **rest: Any
) -> Connected:
    return await site.as_caller(client, role, purpose, scope=ALL, **rest)


async def send(
    caller: Connected, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str
) -> httpx.Response:
    """A body as FHIR JSON."""
    sent = {"Content-Type": FHIR_JSON, **headers}
    return await caller.ask(method, path, headers=sent, json=body)


def subject(person: UUID | str) -> dict[str, str]:
    return {"reference": f"Patient/{person}"}


def adjustment(person: UUID | str, code: str = "1108171000000102", **elements: Any) -> dict[str, Any]:
    """An extended appointment, as the national examples have it."""
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [
            EXISTENCE,
            {"coding": [{"system": uk_core.RA_CATEGORY, "code": "adjustments-for-individual-care-requirements"}]},
        ],
        "code": {"coding": [{"system": uk_core.SNOMED, "code": code, "display": "Requires extended appointment"}]},
        "subject": subject(person),
        **elements,
    }


def impairment(person: UUID | str, code: str = "learning", **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "category": [EXISTENCE],
        "code": {"coding": [{"system": uk_core.RA_IMPAIRMENT, "code": code}]},
        "subject": subject(person),
        **elements,
    }


def existence(person: UUID | str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Flag", "status": "active", "code": EXISTENCE, "subject": subject(person), **elements}


def ended(reason: str = "no-longer-applies") -> list[dict[str, Any]]:
    return [{"url": REMOVAL_REASON, "valueCoding": {"system": REMOVAL_SYSTEM, "code": reason}}]


def choice(
    person: UUID | str, kind: str = "objection-to-sharing", type_: str = "deny", **elements: Any
) -> dict[str, Any]:
    """A person's own decision, of the day before the tests' moment."""
    provision = elements.pop("provision", {})
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": uk_core.ACT_CODE, "code": "INFA"}]}],
        "patient": subject(person),
        "dateTime": "2026-09-29",
        "performer": [subject(person)],
        "sourceAttachment": {"title": "said at the desk"},
        "policy": [{"uri": f"https://toldonce.example/policy/{kind}"}],
        "provision": {"type": type_, **provision},
        **elements,
    }


def organisation(code: str, display: str | None = None) -> dict[str, Any]:
    """A Reference to an organisation by its ODS code."""
    named = {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": code}}
    return {**named, "display": display} if display else named


def task(person: UUID | str, description: str = "Ring her about the pendant alarm", **elements: Any) -> dict[str, Any]:
    """What the council is asked to do within a week."""
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "for": subject(person),
        "description": description,
        "owner": organisation("X9L", "Adult social care"),
        "restriction": {"period": {"end": "2026-10-07"}},
        **elements,
    }


def coordinator(person: UUID | str, name: str = "Priya Nair", code: str = "X9H", **elements: Any) -> dict[str, Any]:
    """Somebody of an organisation who coordinates from this day on."""
    member = {"role": [COORDINATOR], "member": {"display": name}, "onBehalfOf": organisation(code)}
    return {
        "resourceType": "CareTeam",
        "status": "active",
        "subject": subject(person),
        "period": {"start": "2026-09-30"},
        "participant": [member],
        **elements,
    }


def recipient(code: str) -> dict[str, Any]:
    """Consent.provision.actor: an organisation by its ODS code."""
    return {
        "role": {"coding": [{"system": uk_core.PARTICIPATION, "code": "IRCP"}]},
        "reference": {"type": "Organization", "identifier": {"system": uk_core.ODS_ORGANISATION, "value": code}},
    }


async def cleared(owner: asyncpg.Connection, *feeds: str) -> None:
    """Take out what was recorded here, and what was said as these feeds; nothing else."""
    said = ["recorded", *feeds]
    rows = await owner.fetch("select key from toldonce.source_patient where feed = any($1)", said)
    keys = [row["key"] for row in rows]
    for table in ("facts", "resource", "resource_history", "directory_statement", "statement", "due"):
        await owner.execute(f"delete from toldonce.{table} where source_patient = any($1)", keys)
    await owner.execute("delete from toldonce.quarantine where source_patient = any($1)", keys)
    await owner.execute("delete from toldonce.source_patient where key = any($1)", keys)
    await owner.execute("delete from toldonce.envelope where feed = any($1)", said)


async def again_related(site: Site) -> None:
    """What the facts say of relationships, as the feeds have it."""
    await site.owner.execute(
        "insert into toldonce.due (source_patient, anew) select key, true from toldonce.source_patient"
    )
    async with worker(site.database) as pipeline:
        await pipeline.run()
