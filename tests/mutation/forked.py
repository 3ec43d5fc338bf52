"""Work done in forked processes: each begins with all that this one has imported, and spoils nothing here."""

import os
import selectors
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Named = TypeVar("Named")
PATIENCE = 120
"""Seconds after which work that does not end is ended."""


def alone(work: Callable[[], str]) -> str:
    """Do it in a forked process; what it says, `no end` where it loops."""
    ((_, said),) = each([("", work)], 1)
    return said


def each(works: Iterable[tuple[Named, Callable[[], str]]], workers: int) -> Iterator[tuple[Named, str]]:
    """Do all of it, so many at a time: names, with what each says, in the order in which they end."""
    waiting = iter(works)
    running: dict[int, tuple[Named, int, bytes]] = {}
    with selectors.DefaultSelector() as ready:
        try:
            while True:
                while len(running) < workers and (one := next(waiting, None)) is not None:
                    name, work = one
                    read, child = _begun(work)
                    running[read] = name, child, b""
                    ready.register(read, selectors.EVENT_READ)
                if not running:
                    return
                for key, _ in ready.select():
                    name, child, said = running[key.fd]
                    if more := os.read(key.fd, 65536):
                        running[key.fd] = name, child, said + more
                        continue
                    ready.unregister(key.fd)
                    os.close(key.fd)
                    del running[key.fd]
                    _, status = os.waitpid(child, 0)
                    yield name, "no end" if os.WIFSIGNALED(status) else said.decode()
        finally:
            for read, (_, child, _) in running.items():
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                os.close(read)


def _begun(work: Callable[[], str]) -> tuple[int, int]:
    """Where what it says can be read, and the process."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return read, child
    os.close(read)
    signal.alarm(PATIENCE)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    try:
        os.write(write, work().encode())
    except BaseException as error:  # noqa: BLE001  nothing may pass by the exit
        os.write(write, f"driver failed: {error!r}".encode())
    os._exit(0)
