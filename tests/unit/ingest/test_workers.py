"""Work spread over processes does what it does here, loses nothing with a process, and leaves none behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integration.ingest.workers import Workers, here

ITEMS = [(number,) for number in range(100)]
PARENT = """
import asyncio, os, time
from integration.ingest.workers import Workers
from tests.unit.ingest.test_workers import own_process

async def main():
    found = await Workers(2)(own_process, [(number,) for number in range(100)])
    print(*sorted({os.getpid(), *found}), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def square(number: int) -> int:
    return number * number


def own_process(_: int) -> int:
    time.sleep(0.005)  # so that one process does not do all of it
    return os.getpid()


def fail(number: int) -> int:
    raise LookupError(number)


def end_worker(parent: int) -> int:
    """Kills the process it runs in, unless that is `parent`."""
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


@pytest.fixture(scope="module")
def workers():
    made = Workers(2)
    yield made
    made.stop()


async def test_the_same_results_in_the_same_order(workers: Workers):
    assert await workers(square, ITEMS) == await here(square, ITEMS) == [number * number for number in range(100)]


async def test_much_work_goes_elsewhere_and_little_stays(workers: Workers):
    assert os.getpid() not in set(await workers(own_process, ITEMS))
    assert set(await workers(own_process, ITEMS[:3])) == {os.getpid()}


async def test_what_the_function_raises_is_raised(workers: Workers):
    with pytest.raises(LookupError):
        await workers(fail, ITEMS)
    assert await workers(square, ITEMS) == await here(square, ITEMS)


async def test_what_a_lost_process_leaves_undone_is_done_here(workers: Workers):
    assert set(await workers(end_worker, [(os.getpid(),)] * 100)) == {os.getpid()}
    assert os.getpid() not in set(await workers(own_process, ITEMS)), "the next work has new processes"


def test_a_killed_process_leaves_no_worker_behind(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    root = Path(__file__).parents[3]
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert parent.stdout is not None
    with parent:
        processes = [int(one) for one in parent.stdout.readline().split()]
        parent.kill()
    assert len(processes) > 1
    deadline = time.monotonic() + 10
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [one for one in processes if _runs(one)] == []


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
