"""python -m tests.mutation [--json FILE]: which small changes of `sharing.decide` and `sharing.rules` nobody notices.

For each mutant a process is forked, in which the functions are given the changed code. It is killed by the first of:
random worlds answered by the independent oracle, the tests of the table, those of explanations and of monotony.
"""

import argparse
import ast
import importlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from time import monotonic
from types import FunctionType, ModuleType
from typing import Any

import pytest

from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
MODULES = ("integration.sharing.decide", "integration.sharing.rules")
WORLDS = 1500
TESTS = (
    "tests/unit/sharing/test_table.py",
    "tests/unit/sharing/test_details.py",
    "tests/unit/sharing/test_choices.py",
    "tests/unit/sharing/test_explain.py",
)
PATIENCE = 60
"""Seconds after which a mutant that loops is taken for killed."""


def plant(module: ModuleType, tree: ast.Module) -> None:
    """Give the module's functions the changed code, whoever holds them."""
    changed: dict[str, Any] = dict(module.__dict__)
    exec(compile(tree, module.__file__ or "", "exec"), changed)
    _give(dict(vars(module)), changed, module.__name__)


def _give(held: Mapping[str, Any], changed: Mapping[str, Any], module: str) -> None:
    for name, old in held.items():
        new = getattr(changed.get(name), "__func__", changed.get(name))
        old = getattr(old, "__func__", old)
        if isinstance(old, FunctionType) and isinstance(new, FunctionType) and old.__module__ == module:
            old.__code__ = new.__code__
        elif isinstance(old, type) and isinstance(new, type) and old.__module__ == module:
            _give(dict(vars(old)), dict(vars(new)), module)


def corpus() -> list[tuple[Any, Any]]:
    """Random worlds, and what the oracle answers."""
    oracle = importlib.import_module("tests.properties.test_sharing_oracle")
    worlds = importlib.import_module("tests.properties.sharing_worlds")
    made = [worlds.world(seed) for seed in range(WORLDS)]
    return [(one, oracle.by_the_oracle(one)) for one in made]


def noticed(answered: list[tuple[Any, Any]]) -> str:
    """What notices that the code is changed; empty where nothing does."""
    oracle = importlib.import_module("tests.properties.test_sharing_oracle")
    try:
        if any(oracle.decided(world) != answer for world, answer in answered):
            return "oracle"
    except Exception as error:  # noqa: BLE001  whatever a mutant raises, it is noticed
        return type(error).__name__
    files = [str(ROOT / one) for one in TESTS if (ROOT / one).exists()]
    failed = pytest.main(["-x", "-q", "-s", "-W", "ignore", "-p", "no:cacheprovider", *files])
    return "tests" if failed else ""


def alone(work: Callable[[], str]) -> str:
    """Do it in a forked process; what it says, `no end` where it loops."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(PATIENCE)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        try:
            os.write(write, work().encode())
        except BaseException as error:  # noqa: BLE001  nothing may pass by the exit
            os.write(write, f"driver failed: {error!r}".encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        found = said.read()
    _, status = os.waitpid(child, 0)
    return "no end" if os.WIFSIGNALED(status) else found


def run(names: Container[str] | None) -> Iterator[tuple[str, str]]:
    """Every mutant (of these names), and what noticed it."""
    answered = corpus() if names is None else []  # survivors passed it
    said = alone(lambda: noticed(answered))
    assert said == "", f"without any change: {said}"
    for name in MODULES:
        module = importlib.import_module(name)
        source = Path(module.__file__ or "").read_text("utf-8")
        for mutant in mutants(source):
            told = f"{name.rpartition('.')[2]}: {mutant}"
            if names is not None and told not in names:
                continue

            def work(module: ModuleType = module, mutant: Mutant = mutant) -> str:
                plant(module, mutant.tree)
                return noticed(answered)

            yield told, alone(work)


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run all, print survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the survivors there as well")
    parser.add_argument(
        "--again", type=Path, metavar="FILE", help="only the survivors of an earlier run, from its file"
    )
    arguments = parser.parse_args()
    names = json.loads(arguments.again.read_text())["survivors"] if arguments.again else None
    began, counts, survivors = monotonic(), Counter[str](), []
    for told, by in run(names):
        assert not by.startswith("driver"), by
        counts[by or "survived"] += 1
        if not by:
            survivors.append(told)
            tell(told)
    tell(f"{sum(counts.values())} mutants in {monotonic() - began:.0f} s: {dict(counts)}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"counts": counts, "survivors": survivors}, indent=1))
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
