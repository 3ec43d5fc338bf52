"""Processor time of processes: by the scheduler's own count in nanoseconds, where there is one (Linux). What `psutil`
tells comes in hundredths of a second, of which a short turn of a variant has some thirty only.

https://docs.kernel.org/scheduler/sched-stats.html
"""

from contextlib import suppress
from pathlib import Path

import psutil


def seconds(process: psutil.Process) -> float:
    """What its threads have used so far; nothing of one that has ended."""
    with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        tasks = list(Path(f"/proc/{process.pid}/task").glob("*/schedstat"))
        if tasks:
            return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9
        used = process.cpu_times()
        return float(used.user + used.system)
    return 0.0
