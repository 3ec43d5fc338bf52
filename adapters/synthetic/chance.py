"""Reproducible chance: every draw of the synthetic world comes from a generator that is named by its purpose."""

from collections.abc import Mapping
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


def chance(*purpose: object) -> Random:
    """A generator that gives the same draws for the same `purpose`, on every machine and in every process."""
    return Random(":".join(str(part) for part in purpose))  # noqa: S311 - invented people: no secret depends on it


def weighted(rng: Random, weights: Mapping[Choice, float]) -> Choice:
    """One key of `weights`, as likely as its weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def occurrences(rng: Random, expected: float) -> int:
    """How often something happens that happens `expected` times on average: its whole part, and chance for the rest."""
    if expected <= 0:
        return 0
    spread = rng.uniform(0.6, 1.4) * expected
    return int(spread) + (rng.random() < spread - int(spread))
