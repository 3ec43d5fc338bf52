"""What became of one input: read, set aside in part, refused, or one of the things that must not happen."""

import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from adapters.errors import Unreadable
from tests.fuzz.mutants import Mutant
from tests.properties import folding

LONGEST = 1.0
"""Seconds of processor time that reading, folding and mapping of one input may take."""
_GIVEN_UP = 10.0


class Hang(BaseException):
    """Given up: no `except Exception` of the tested code may take it for its own."""


@dataclass(frozen=True)
class Verdict:
    """`outcome`: "read", "read in part" (with defects) or "refused"; `codes` of the defects of reading and of mapping;
    `failure` is None, or says what must not be, with the traceback."""

    outcome: str
    codes: Sequence[str] = ()
    mapped: int = 0
    failure: str | None = None
    seconds: float = field(default=0, compare=False)


def verdict(mutant: Mutant) -> Verdict:
    """Twice more where it took too long: the first of a kind also loads and compiles."""
    given = _timed(mutant)
    for _ in range(2):
        if given.seconds > LONGEST and given.failure is None:
            given = _timed(mutant)
    if given.seconds > LONGEST and given.failure is None:
        return Verdict("slow", failure=f"took {given.seconds:.1f} s of processor time", seconds=given.seconds)
    return given


def _timed(mutant: Mutant) -> Verdict:
    begun = time.process_time()
    try:
        with _alarm():
            found = _judged(mutant)
    except Hang:
        found = Verdict("hang", failure=f"given up after {_GIVEN_UP:.0f} s: {_innermost(traceback.format_exc())}")
    except Exception:  # noqa: BLE001  that nothing else is raised is what is tested
        found = Verdict("exception", failure=_innermost(traceback.format_exc()))
    return Verdict(found.outcome, found.codes, found.mapped, found.failure, time.process_time() - begun)


def _judged(mutant: Mutant) -> Verdict:
    try:
        told = folding.read(mutant.delivery)
    except Unreadable as unreadable:
        return Verdict("refused", [unreadable.defect.code])
    if not told.events and not told.defects and told.submission is None:
        return Verdict("nothing", failure="silently dropped: no event, no defect and no submission")
    said = [(mutant.delivery, told)]
    if mutant.beside:
        said.append((mutant.beside, _parsed(mutant.beside)))
    mapped = folding.record(mutant.delivery.feed, said).values()
    codes = [one.code for one in (*told.defects, *(found for each in mapped for found in each.defects))]
    return Verdict("read in part" if codes else "read", codes, sum(len(one.resources) for one in mapped))


_parsed = lru_cache(maxsize=256)(folding.parsed)


@contextmanager
def _alarm() -> Iterator[None]:
    def give_up(_signal: int, _frame: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, _GIVEN_UP)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _innermost(text: str) -> str:
    """The end of a traceback, which tells one fault from another."""
    return text[-1500:]
