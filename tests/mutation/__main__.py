"""python -m tests.mutation [--only MODULE] [--sample N] [--json FILE] [--again FILE]: which small changes of the code
that decides nobody notices.

For each mutant a process is forked, in which the functions are given the changed code. It is killed by the first of:
random worlds answered by the independent oracle, the module's own tests, the tests of the table and of explanations.
"""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.asked import Asked, asked
from tests.mutation.forked import alone, each
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.planted import plant

ROOT = Path(__file__).parents[2]
UNIT = "tests/unit/sharing"
MODULES: Mapping[str, Sequence[str]] = {
    "integration.sharing.decide": ("tests/properties/test_decided_again.py",),
    "integration.sharing.rules": (),
    "integration.sharing.policy": (f"{UNIT}/test_policy.py",),
    "integration.sharing.choices_in_force": (f"{UNIT}/test_choices_in_force.py",),
    "integration.sharing.relationship": (f"{UNIT}/test_relationship.py",),
    "integration.sharing.mask": (f"{UNIT}/test_mask.py",),
}
"""What decides, each with its own tests. What reads as was decided: `tests.mutation.reading`."""
WORLDS = 1500
TESTS = (
    "tests/properties/test_decided_under_one_policy.py",
    f"{UNIT}/test_table.py",
    f"{UNIT}/test_rules.py",
    f"{UNIT}/test_details.py",
    f"{UNIT}/test_choices.py",
    f"{UNIT}/test_explain.py",
)


def corpus() -> list[tuple[Any, Any]]:
    """Random worlds, and what the oracle answers."""
    oracle = importlib.import_module("tests.properties.test_sharing_oracle")
    worlds = importlib.import_module("tests.properties.sharing_worlds")
    made = [worlds.world(seed) for seed in range(WORLDS)]
    return [(one, oracle.by_the_oracle(one)) for one in made]


def noticed(answered: list[tuple[Any, Any]], tests: Sequence[str]) -> str:
    """What notices that the code is changed; empty where nothing does."""
    oracle = importlib.import_module("tests.properties.test_sharing_oracle")
    try:
        if any(oracle.decided(world) != answer for world, answer in answered):
            return "oracle"
    except Exception as error:  # noqa: BLE001  whatever a mutant raises, it is noticed
        return type(error).__name__
    files = [str(ROOT / one) for one in tests]
    said = pytest.main(["-x", "-q", "-s", "-n0", "-W", "ignore", "-p", "no:cacheprovider", *files])
    if said not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        raise RuntimeError(f"pytest ends with {said!r}")
    return "tests" if said else ""


def run(wanted: Asked) -> Iterator[tuple[Mutant, str]]:
    """Every mutant that is asked for, and what noticed it."""
    answered = corpus() if wanted.again is None else []  # survivors passed it
    chosen = [name for name in MODULES if wanted.wants(name)]
    for name in chosen:
        importlib.import_module(name)
    every = sorted({*TESTS, *(one for name in chosen for one in MODULES[name])})
    if missing := [one for one in every if not (ROOT / one).is_file()]:
        raise LookupError(f"there is no {', '.join(missing)}")
    if said := alone(lambda: noticed(answered, every)):
        raise RuntimeError(f"noticed without any change: {said}")

    def work(mutant: Mutant) -> Callable[[], str]:
        def tried() -> str:
            plant(sys.modules[mutant.module], mutant.code)
            return noticed(answered, (*MODULES[mutant.module], *TESTS))

        return tried

    found = wanted.some([one for name in chosen for one in mutants(name)])
    yield from each(((one, work(one)) for one in found), wanted.workers)


def main() -> None:
    """Run all, tell survivors."""
    wanted = asked("tests.mutation", __doc__ or "", MODULES)
    for mutant, by in run(wanted):
        wanted.outcome.add(str(mutant), by)
    sys.exit(wanted.outcome.end())


if __name__ == "__main__":
    main()
