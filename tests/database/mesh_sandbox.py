"""The NHS MESH sandbox as a process of its own, in a virtual environment of its own (`make mesh-sandbox`)."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from mesh_client import MeshClient

from tests.database.senders import free_port
from tests.installed import ROOT, installed

UVICORN = ROOT / ".venv-mesh" / "bin" / "uvicorn"
PASSWORD, SHARED_KEY = "password", "TestKey"
"""The password of each of the sandbox's mailboxes, and the key it is started with."""
SENDER, OURS = "X26ABC1", "X26ABC2"
WORKFLOW = "TEST_WORKFLOW"


def running(folder: Path) -> Iterator[str]:
    """URL of a sandbox with empty mailboxes."""
    installed("mesh-sandbox", UVICORN.parents[1])
    port = free_port()
    environment = os.environ | {"AUTH_MODE": "full", "STORE_MODE": "memory", "SHARED_KEY": SHARED_KEY}
    command = (str(UVICORN), "mesh_sandbox.api:app", "--port", str(port), "--log-level", "warning")
    with (folder / "sandbox").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(f"{url}/messageexchange/_ping")
                break
            except httpx.ConnectError:
                assert process.poll() is None, (folder / "sandbox").read_text()
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def client(url: str, mailbox: str, **more: int) -> MeshClient:
    return MeshClient(url, mailbox, PASSWORD, SHARED_KEY.encode(), max_retries=0, **more)
