"""docker/Dockerfile: what it copies, runs and asks exists; it installs locked dependencies and does not run as root."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import httpx
import pytest
from fastapi import FastAPI

from integration.api.health import health_routes
from integration.config import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
LINES = [line.split() for line in DOCKERFILE.splitlines() if line.strip() and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("adapters", "mappings", "integration")


def copied() -> set[str]:
    """Paths that are copied out of the repository."""
    return {
        source for word, *rest in LINES if word == "COPY" and not rest[0].startswith("--from=") for source in rest[:-1]
    }


def pins(lock: Path) -> dict[str, set[str]]:
    """`name==version` -> its hashes."""
    blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
    return {block.split()[0]: set(re.findall(r"sha256:\w{64}", block)) for block in blocks}


def test_what_is_copied_exists_and_is_let_in():
    let_in = {
        line[1:] for line in (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert copied() == let_in
    assert [path for path in copied() if not (ROOT / path).exists()] == []


def test_bases_are_pinned():
    bases = {rest[0] for word, *rest in LINES if word == "FROM"}
    assert bases == {"python:3.11-slim-bookworm"}


def test_the_tag_is_the_projects_version():
    tag = f"toldonce:{PROJECT['version']}"
    assert tag in (ROOT / "docker" / "Dockerfile").read_text()
    assert f"image: {tag}\n" in (ROOT / "docker" / "compose.yaml").read_text()


def test_everything_is_installed_by_hash_or_made_here():
    installs = [" ".join(line) for line in LINES if line[0] == "RUN" and "pip" in " ".join(line)]
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_the_runtime_lock_is_the_lock_without_development_tools():
    everything, runtime = pins(ROOT / "requirements.lock"), pins(ROOT / "docker" / "requirements.lock")
    assert all(hashes for hashes in everything.values())
    assert {name: everything.get(name) for name in runtime} == runtime
    installed = {name.partition("==")[0] for name in runtime}
    wanted = {re.match(r"[\w.-]+", one)[0].lower().replace(".", "-") for one in PROJECT["dependencies"]}
    assert wanted <= installed
    assert installed.isdisjoint({"pytest", "mypy", "ruff", "hypothesis", "hatchling"})


def test_it_does_not_run_as_root():
    users = [rest[0] for word, *rest in LINES if word == "USER"]
    assert users == ["10001:10001"]
    words = [word for word, *_ in LINES]
    assert words.index("USER") < words.index("ENTRYPOINT")


def test_its_variables_are_settings():
    environment = re.findall(r"(TOLDONCE_\w+)=", DOCKERFILE)
    assert environment
    assert set(environment) <= {f"TOLDONCE_{name.upper()}" for name in Settings.model_fields}


def test_it_exposes_what_listens():
    (exposed,) = (rest for word, *rest in LINES if word == "EXPOSE")
    assert exposed == [str(Settings.model_fields[name].default) for name in ("port", "mllp_port")]


@pytest.mark.parametrize(("works", "status"), [(True, 200), (False, 503)])
async def test_its_health_check_asks_a_route_that_answers(works, status):
    (check,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", DOCKERFILE, re.M)
    code = json.loads(check)[-1]
    compile(code, "HEALTHCHECK", "exec")
    url = urlsplit(re.search(r"http://[^']+", code)[0])
    assert url.port == Settings.model_fields["port"].default

    async def database() -> None:
        if not works:
            raise OSError

    service = FastAPI()
    service.include_router(health_routes({"database": database}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://test") as client:
        assert (await client.get(url.path)).status_code == status


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(tmp_path):
    """Migrations, concept maps, code lists, schemas and agreements are data: they have to be installed too."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in ZipFile(wheel).namelist() if name.split("/")[0] in PACKAGES}
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == there
