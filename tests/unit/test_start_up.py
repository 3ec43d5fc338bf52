"""What a process loads before it does anything: `--help` and a starting worker wait for no library they do not use."""

import subprocess
import sys

import pytest

THE_API = {"fastapi", "starlette", "uvicorn", "jinja2", "joserfc", "prometheus_client"}
THE_SCHEMA = {"sqlalchemy", "sqlmodel", "alembic"}
WRITING = {"openpyxl", "hl7apy", "adapters.synthetic"}
ALL = THE_API | THE_SCHEMA | WRITING | {"httpx", "pydantic_settings", "python_calamine", "mesh_client"}


@pytest.mark.parametrize(
    ("started", "unused"),
    [
        ("integration.cli", ALL),
        ("integration.commands.running", THE_API | THE_SCHEMA | WRITING),
        ("integration.commands.listening", THE_API | THE_SCHEMA | {"openpyxl", "adapters.synthetic"}),
    ],
)
def test_what_is_not_used_is_not_loaded(started: str, unused: set[str]) -> None:
    program = f"import sys, {started}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert started in loaded
    assert unused & set(loaded) == set()


def test_a_command_that_there_is_not_is_an_attribute_error() -> None:
    from integration import commands

    with pytest.raises(AttributeError, match=r"there is no module integration\.commands\.nonsense"):
        commands.nonsense  # noqa: B018  the attribute is what is tested
