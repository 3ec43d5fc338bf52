"""The neighbourhood of the specification tests, served on a port to clients that are processes of their own."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from integration import demo, main
from integration.api.assertion import sign_assertion
from integration.api.token import token_url
from tests.database.senders import free_port
from tests.installed import ROOT
from tests.spec.neighbourhood import NOW, Neighbourhood

HERE = Path(__file__).parent
PYTHON, NODE = ROOT / ".venv-clients", ROOT / ".node-clients"
CLIENT = "gp-system"
_LONGEST = 120.0
_FLAG_KINDS = "https://fhir.nhs.uk/England/CodeSystem/England-Flag"
FLAG = {
    "resourceType": "Flag",
    "status": "active",
    "category": [
        {"coding": [{"system": f"{_FLAG_KINDS}CategoryPatient", "code": "national-reasonable-adjustment-flag"}]},
        {"coding": [{"system": f"{_FLAG_KINDS}CategoryRA", "code": "adjustments-for-individual-care-requirements"}]},
    ],
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1108171000000102"}]},
}
"""An adjustment, as docs/recording.md has it."""
ENDED = {
    "status": "inactive",
    "extension": [
        {
            "url": "https://toldonce.example/StructureDefinition/removal-reason",
            "valueCoding": {
                "system": "https://toldonce.example/CodeSystem/removal-reason",
                "code": "no-longer-applies",
            },
        }
    ],
}
"""What changes when it ends."""


@dataclass(frozen=True)
class Served:
    """A FHIR base that answers on a port, and the neighbourhood behind it, asked there too."""

    base: str
    neighbourhood: Neighbourhood

    def assertion(self) -> str:
        """A client assertion for SMART Backend Services, signed as a client does it."""
        client = demo.BY_ID[CLIENT]
        key = demo.client_key(self.neighbourhood.settings.data_dir, CLIENT).as_dict(private=True)
        role, purpose = client.roles[0], client.purposes[0]
        return sign_assertion(key, CLIENT, token_url(self.base), role, purpose, "dr.jones", None, NOW)

    async def told(self, command: Sequence[str], script: str, folder: Path) -> dict[str, Any]:
        """What a client's script prints as JSON: it gets its script on standard input, and the base, the person and
        the assertions in its environment."""
        person = await self.neighbourhood.person()
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={
                "FHIR_BASE": self.base,
                "PERSON": str(person),
                "ASSERTION": self.assertion(),
                "FLAG": json.dumps(FLAG | {"subject": {"reference": f"Patient/{person}"}}),
                "ENDED": json.dumps(ENDED),
            },
        )
        printed, errors = await asyncio.wait_for(process.communicate((HERE / script).read_bytes()), _LONGEST)
        assert process.returncode == 0, errors.decode()
        answered: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return answered


@asynccontextmanager
async def serving(of: Neighbourhood) -> AsyncIterator[Served]:
    """Serve the neighbourhood's records on a free port of this machine, at the neighbourhood's moment."""
    settings = of.settings.model_copy(update={"port": free_port()})
    async with main.application(settings, of.database, clock=lambda: NOW) as app:
        server = uvicorn.Server(uvicorn.Config(app, port=settings.port, log_level="warning", access_log=False))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            async with httpx.AsyncClient(timeout=_LONGEST) as http:
                yield Served(settings.fhir_base, Neighbourhood(of.database, settings, app, of.owner, http))
        finally:
            server.should_exit = True
            await task
