"""docker/compose.yaml: well formed, and everything it names exists: commands, settings, files, ports, addresses.

No container engine is needed. `compose-spec.json` is the Compose Specification's own schema (compose-spec/compose-spec
at 170098b, copyright The Compose Specification Authors, Apache-2.0), re-indented.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import typer
import yaml

from integration.cli import app
from integration.config import Settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
TEXT = (DOCKER / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
VARIABLE = re.compile(r"\$\{(\w+)([^}]*)\}")


def test_it_is_a_compose_file():
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    errors = jsonschema.Draft7Validator(schema).iter_errors(COMPOSE)
    assert [f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in errors] == []


def test_the_services_are_those_that_were_meant():
    assert set(SERVICES) == {"postgres", "migrate", "api", "worker", "mllp"}


@pytest.mark.parametrize("service", OURS)
def test_every_command_is_one_of_toldonces_and_takes_these_options(service):
    command: Any = typer.main.get_command(app)
    words = list(OURS[service]["command"])
    while hasattr(command, "commands"):
        assert words[0] in command.commands
        command = command.commands[words.pop(0)]
    command.make_context(service, words)  # parses and checks; it does not run


def test_commands_that_the_comments_name_exist():
    groups: Any = typer.main.get_command(app)
    told = re.findall(r"(?:migrate|worker) (\w+)(?: (\w+))? ", "\n".join(re.findall(r"^#.*run .*$", TEXT, re.M)))
    assert told
    for name, sub in told:
        command = groups.commands[name]
        assert not hasattr(command, "commands") or sub in command.commands


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_a_setting(service):
    known = {f"TOLDONCE_{name.upper()}" for name in Settings.model_fields}
    assert set(OURS[service]["environment"]) <= known


@pytest.mark.parametrize(
    ("service", "login"),
    [("migrate", "postgres"), ("api", "toldonce_api"), ("worker", "toldonce_worker"), ("mllp", "toldonce_worker")],
)
def test_every_process_has_a_login_of_its_own(service, login):
    url = urlsplit(VARIABLE.sub("secret", OURS[service]["environment"]["TOLDONCE_DATABASE_URL"]))
    assert (url.scheme, url.username, url.hostname, url.path) == ("postgresql", login, "postgres", "/toldonce")


def test_only_the_owner_and_nobody_else_has_the_owners_password():
    holders = {name for name, one in SERVICES.items() if "POSTGRES_PASSWORD" in str(one["environment"])}
    assert holders == {"postgres", "migrate"}


def test_the_database_gets_the_variables_that_its_script_reads():
    script = (DOCKER / "postgres" / "10-logins.sh").read_text()
    read = set(re.findall(r"^\\getenv \w+ (\w+)$", script, re.M))
    assert read == {name for name in SERVICES["postgres"]["environment"] if name.startswith("TOLDONCE_")}


def test_no_secret_has_a_default_and_all_are_listed():
    given = VARIABLE.findall(TEXT)
    assert not [name for name, rest in given if rest and not rest.startswith(":?")]
    required = {name for name, rest in given if rest.startswith(":?")}
    assert required == {name for name, _ in given}
    example = re.findall(r"^(\w+)=(.*)$", (DOCKER / "env.example").read_text(), re.M)
    assert {name for name, _ in example} == required
    assert {value for _, value in example} == {""}


def test_ports_are_the_settings_own_and_published_to_this_machine_only():
    published = {name: port for name, one in SERVICES.items() for port in one.get("ports", ())}
    defaults = Settings.model_fields
    assert published == {
        "api": f"127.0.0.1:{defaults['port'].default}:{defaults['port'].default}",
        "mllp": f"127.0.0.1:{defaults['mllp_port'].default}:{defaults['mllp_port'].default}",
    }
    assert str(defaults["mllp_port"].default) in " ".join(SERVICES["mllp"]["healthcheck"]["test"])


def test_every_service_says_how_its_health_is_known():
    """The image's own check asks the API; whoever is not the API needs another one, or none."""
    without = {name for name, one in OURS.items() if "healthcheck" not in one}
    assert without == {"api"}
    assert "healthcheck" in SERVICES["postgres"]


def test_whoever_needs_the_schema_waits_for_the_migration():
    for name in ("api", "worker", "mllp"):
        assert OURS[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert OURS["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_containers_can_change_nothing_of_themselves():
    for one in OURS.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]


def test_images_are_pinned_and_files_exist():
    for one in SERVICES.values():
        tag = one["image"].partition(":")[2]
        assert tag
        assert "latest" not in tag
    assert (DOCKER / OURS["api"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / OURS["api"]["build"]["dockerfile"]).is_file()
    mounts = [one for service in SERVICES.values() for one in service.get("volumes", ())]
    folders = [mount.split(":")[0] for mount in mounts if mount.startswith(".")]
    assert folders
    assert all((DOCKER / folder).is_dir() for folder in folders)
    assert {mount.split(":")[0] for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])
