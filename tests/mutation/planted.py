"""Changed code given to the functions of a module, whoever holds them."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any


def plant(module: ModuleType, code: CodeType) -> None:
    """Give the module's functions the changed code. Raises LookupError where none of them takes it: what is not
    changed would survive every test."""
    changed: dict[str, Any] = dict(module.__dict__)
    exec(code, changed)
    given = 0
    for old, new in _functions(vars(module), changed, module.__name__):
        given += old.__code__ != new.__code__
        old.__code__ = new.__code__
    if not given:
        raise LookupError(f"no function of {module.__name__} takes the change")


def _functions(
    held: Mapping[str, Any], changed: Mapping[str, Any], module: str
) -> Iterator[tuple[FunctionType, FunctionType]]:
    """Each function of the module, or of its classes, and the same of the changed code. What is kept of their answers
    is thrown away."""
    for name, old in dict(held).items():
        new = changed.get(name)
        if isinstance(old, type) and isinstance(new, type) and old.__module__ == module:
            yield from _functions(vars(old), vars(new), module)
        inside, instead = _inside(old), _inside(new)
        if isinstance(inside, FunctionType) and isinstance(instead, FunctionType) and inside.__module__ == module:
            forget: Callable[[], None] | None = getattr(old, "cache_clear", None)
            if forget is not None:
                forget()
            yield inside, instead


def _inside(held: Any) -> Any:
    """The function that a decorator, a property or a class method holds."""
    held = getattr(held, "fget", held)
    return inspect.unwrap(getattr(held, "__func__", held)) if callable(getattr(held, "__func__", held)) else held
