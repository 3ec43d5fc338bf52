"""FHIR clients that nobody here wrote work with ToldOnce as they are: token, capabilities, search with paging,
everything, history, and a flag that is recorded and then changed by version."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.served import NODE, PYTHON, Served, serving
from tests.installed import installed
from tests.spec.neighbourhood import resources, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def python() -> tuple[list[str], Path]:
    folder = installed("python-clients", PYTHON)
    return [str(folder / "bin" / "python"), "-"], folder


def node() -> tuple[list[str], Path]:
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed; on Debian: apt-get install nodejs npm")
    return [found, "--input-type=module", "-"], installed("node-clients", NODE)


CLIENTS: dict[str, tuple[Callable[[], tuple[list[str], Path]], str]] = {
    "fhirpy": (python, "with_fhirpy.py"),
    "fhirclient of PyPI": (python, "with_fhirclient.py"),
    "fhir-kit-client": (node, "with_fhir_kit_client.mjs"),
    "fhirclient of npm": (node, "with_fhirclient.mjs"),
}


@pytest.fixture(scope="module")
async def served(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A neighbourhood of its own, for clients record things."""
    async with running(server_url, tmp_path_factory.mktemp("clients")) as neighbourhood:
        async with serving(neighbourhood) as found:
            yield found


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_stock_client_gets_what_it_asks_for(served: Served, name: str) -> None:
    how, script = CLIENTS[name]
    command, folder = how()
    wanted = await expected(served)

    assert await served.told(command, script, folder) == wanted


async def expected(served: Served) -> dict[str, Any]:
    """The same by plain requests."""
    gp = await served.neighbourhood.asker("GP")
    person = str(await served.neighbourhood.person())
    encounters = resources((await gp.get(f"Encounter?patient={person}&_count=500")).json(), "match")
    everything = (await gp.everything(person)).json()
    assert len(encounters) > 5, "there must be more than a page"
    return {
        "capabilities": "CapabilityStatement",
        "number": [person],
        "encounters": [one["id"] for one in encounters],
        "everything": len(everything["entry"]),
        "history": "history",
        "read": encounters[0]["id"],
        "created": "1",
        "updated": "2",
        "too late": 412,
    }
