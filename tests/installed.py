"""What slow tests run beside us and is not ours: put by `make` into an environment of its own."""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@contextmanager
def alone(target: str) -> Iterator[None]:
    """While it lasts no other test process makes this: two would each clear what the other puts there."""
    with (ROOT / f".{target}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(target: str, folder: Path, seconds: int = 400) -> Path:
    """The folder that `make TARGET` fills; skips, with the reason, where that cannot be done. Of several test processes
    one fills it, and the others wait."""
    with alone(target):
        if not (folder / ".installed").exists():
            made = subprocess.run(
                ["make", target], cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
            )
            if made.returncode:
                pytest.skip(f"`make {target}` failed: {made.stderr.strip()[-300:]}")
    return folder
