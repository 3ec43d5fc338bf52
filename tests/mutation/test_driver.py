"""Mutation testing means nothing when nothing is changed: the driver notices that."""

import importlib
import os
import signal
import sys
import time
from types import ModuleType

import pytest

from tests.mutation.forked import alone, each
from tests.mutation.mutants import mutants
from tests.mutation.planted import plant

SOURCE = """
from functools import lru_cache

@lru_cache
def kept(one: int) -> int:
    return one + 1

class Held:
    @property
    def whole(self) -> bool:
        return not self.part

    @classmethod
    def made(cls) -> int:
        number: int | None = 3
        return number
"""


@pytest.fixture
def module(tmp_path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "mutated.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mutated", raising=False)
    return importlib.import_module("mutated")


def test_a_function_that_is_not_there_is_told_by_name():
    with pytest.raises(LookupError, match="_gone"):
        mutants("integration.record.conditions", frozenset({"granted", "_gone"}))
    with pytest.raises(LookupError, match="nowhere"):
        mutants("nowhere")


def test_every_function_takes_its_change(module: ModuleType):
    assert (module.kept(1), module.Held.made()) == (2, 3)
    changes = {str(one): one for one in mutants("mutated")}

    assert not any("None" in one and "int" in one for one in changes)  # an annotation decides nothing
    plant(module, changes["mutated: kept, line 6: `one + 1` becomes `one - 1`"].code)
    assert module.kept(1) == 0
    plant(module, changes["mutated: made, line 15: `3` becomes `4`"].code)
    assert module.Held.made() == 4
    for one in changes.values():
        plant(module, one.code)


def test_code_that_no_function_takes_is_no_mutant(module: ModuleType):
    with pytest.raises(LookupError, match="takes the change"):
        plant(module, compile(SOURCE, "mutated", "exec"))


def test_work_is_done_apart_and_so_many_at_a_time():
    def slow() -> str:
        time.sleep(0.2)
        return str(os.getpid())

    said = dict(each([(number, slow) for number in range(4)], 4))
    assert set(said) == {0, 1, 2, 3}
    assert len({*said.values(), str(os.getpid())}) == 5


def test_work_that_is_killed_or_breaks_says_so():
    assert alone(lambda: os.kill(os.getpid(), signal.SIGKILL) or "") == "no end"
    assert alone(lambda: str(1 / 0)).startswith("driver failed")
