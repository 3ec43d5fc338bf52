"""A process that is told to end takes with it what it started: the embedded PostgreSQL, and who serves beside it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.slow
def test_a_terminated_server_leaves_no_database_running(tmp_path: Path) -> None:
    port = _free_port()
    settings = {"TOLDONCE_DATA_DIR": str(tmp_path / "data"), "TOLDONCE_PORT": str(port)}
    served = subprocess.Popen([sys.executable, "-m", "integration", "serve"], env={**os.environ, **settings})
    try:
        _wait_until_well(port)
        postmaster = int((tmp_path / "data/postgres/postmaster.pid").read_text().split()[0])
        served.send_signal(signal.SIGTERM)
        assert served.wait(60) == 0
        assert not _runs(postmaster)
    finally:
        served.kill()
        served.wait(60)


@pytest.mark.slow
def test_processes_that_serve_one_address_are_replaced_and_end_together(tmp_path: Path) -> None:
    port = _free_port()
    settings = {"TOLDONCE_DATA_DIR": str(tmp_path / "data"), "TOLDONCE_PORT": str(port)}
    command = [sys.executable, "-m", "integration", "serve", "--workers", "2"]
    keeper = subprocess.Popen(command, env={**os.environ, **settings})
    try:
        _wait_until_well(port)
        postmaster = int((tmp_path / "data/postgres/postmaster.pid").read_text().split()[0])
        first, second = _serving(keeper)
        first.kill()
        _wait_until(lambda: len(_serving(keeper)) == 2 and first not in _serving(keeper))
        _wait_until_well(port)
        serving = _serving(keeper)
        assert second in serving
        keeper.send_signal(signal.SIGTERM)
        assert keeper.wait(60) == 0
        assert not any(_runs(one.pid) for one in serving)
        assert not _runs(postmaster)  # which the one that was killed could not let go of
    finally:
        keeper.kill()
        keeper.wait(60)


def _serving(keeper: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [one for one in psutil.Process(keeper.pid).children() if _serves(one)]


def _serves(process: psutil.Process) -> bool:
    """It may end at any moment between one question about it and the next."""
    try:
        return _runs(process.pid) and "--listening" in process.cmdline()
    except psutil.NoSuchProcess:  # a zombie's is one of these
        return False


def _wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to pass")


def _runs(pid: int) -> bool:
    """A process that has ended but that nobody has asked about (a zombie) does not run."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_until_well(port: int) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        except httpx.ConnectError:
            pass
        time.sleep(0.2)
    raise AssertionError("the server did not become ready")
