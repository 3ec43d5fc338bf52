"""Few examples in the default tier, many in the slow one."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

Test = Callable[..., None]


def examples(
    *positional: SearchStrategy, few: int, many: int = 100, **named: SearchStrategy
) -> Callable[[Test], Callable[[int], None]]:
    """`hypothesis.given` with so many examples in `make test`, and so many in `make test-all`."""

    def decorate(test: Test) -> Callable[[int], None]:
        @pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.slow)])
        def tried(count: int) -> None:
            settings(max_examples=count)(given(*positional, **named)(test))()

        tried.__name__, tried.__qualname__, tried.__doc__ = test.__name__, test.__qualname__, test.__doc__
        tried.__module__ = test.__module__
        return tried

    return decorate
