"""The development identity provider, which believes everybody, is no part of what runs anywhere else."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SERVED = "import integration.main, integration.commands.serving, integration.cli, sys; print(*sys.modules)"


@pytest.mark.slow
def test_what_serves_does_not_know_it() -> None:
    loaded = subprocess.run([sys.executable, "-c", SERVED], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "integration.console.providers" in loaded.stdout.split()
    assert "adapters.synthetic.identity_provider" not in loaded.stdout.split()


def test_the_composition_runs_no_demo() -> None:
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        assert "demo" not in service.get("command", []), name
