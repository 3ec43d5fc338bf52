"""Whom to kill, and when: drawn from a seed."""

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Victim(StrEnum):
    RECEIVER = "receiver"
    """`toldonce listen mllp`; the worker that it keeps ends with it, by SIGTERM."""
    ITS_WORKER = "its worker"
    """The process that makes the record, started by the receiver."""
    OTHER_WORKER = "other worker"
    """`toldonce work`, beside or instead of it."""
    POSTMASTER = "postmaster"


Together = frozenset[Victim]
RECEIVER = frozenset({Victim.RECEIVER})
WORKER = frozenset({Victim.ITS_WORKER})
BOTH = RECEIVER | WORKER
OTHER = frozenset({Victim.OTHER_WORKER})
POSTMASTER = frozenset({Victim.POSTMASTER})
ALL = frozenset(Victim)

_SOON = 0.15
"""Share of kills that follow the one before within seconds: they meet processes that start, or recover."""


@dataclass(frozen=True)
class Kill:
    """kill -9 of `victims` at once, `pause` seconds after so many messages are acknowledged."""

    victims: Together
    after: int
    pause: float


def drawn(seed: int, kills: Mapping[Together, int], acknowledged: range) -> list[Kill]:
    """So many of each kind in a random order, at random moments while the acknowledged messages become more."""
    chance = random.Random(seed)
    kinds = [victims for victims, count in kills.items() for _ in range(count)]
    chance.shuffle(kinds)
    moments = sorted(chance.choice(acknowledged) for _ in kinds)
    plan: list[Kill] = []
    for victims, moment in zip(kinds, moments, strict=True):
        if plan and chance.random() < _SOON:
            plan.append(Kill(victims, plan[-1].after, chance.uniform(0, 3)))
        else:
            plan.append(Kill(victims, moment, chance.uniform(0, 0.1)))
    return plan


def parted(messages: Sequence[bytes], parts: int) -> list[Sequence[bytes]]:
    """In so many parts, one after the other."""
    size = -(-len(messages) // parts)
    return [messages[first : first + size] for first in range(0, len(messages), size)]


def seed() -> int:
    """That of CRASH_SEED, to try again what failed; else a new one each time."""
    given = os.environ.get("CRASH_SEED")
    return int(given) if given else random.SystemRandom().randrange(1_000_000)
