"""What runs in the background ends when it is told to, also if it is called at that very moment."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from integration import registry
from integration.background import running
from integration.teams.subscriptions.notifier import Bell


def listening_to_a_bell() -> tuple[Coroutine[Any, Any, None], Callable[[], None]]:
    bell = Bell()

    async def work() -> None:
        while True:
            await bell.heard(bell.rung, 60)

    return work(), bell.ring


def keeping_the_registry_fresh() -> tuple[Coroutine[Any, Any, None], Callable[[], None]]:
    class Current:
        async def refresh(self, _pool: Any) -> None:
            pass

    told = asyncio.Event()
    return registry._keep_fresh(Current(), None, told), told.set  # type: ignore[arg-type]


@pytest.mark.parametrize("steps", range(6))
@pytest.mark.parametrize("work", [listening_to_a_bell, keeping_the_registry_fresh])
async def test_it_ends_though_it_was_called_so_many_steps_before(work: Any, steps: int) -> None:
    task, call = work()

    async def begin_and_end() -> None:
        async with running(task):
            await _steps(3)
            call()
            await _steps(steps)

    ended, _ = await asyncio.wait({asyncio.create_task(begin_and_end())}, timeout=5)
    assert ended


async def _steps(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
