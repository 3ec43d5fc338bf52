"""What a run saw: counted, added up over pieces, and kept in a file that a later run goes on from."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.sharing.oracle import RULES

ROOT = Path(__file__).parents[2]
JUDGED = ("integration/sharing", "integration/record", "integration/store", "tests/sharing")
"""Folders of what decides, reads and asks: tallies of different code do not add up."""
SHOWN = 3
"""Failing decisions that are told in full."""
_NUMBERS = ("worlds", "decisions", "shown", "rows", "alone", "leaks", "wrong")
_COUNTERS = ("answers", "decided", "pairs")


@dataclass
class Tally:
    """What happened, in numbers. `failing`: seed of the world and number of the question; `told`: some in words."""

    worlds: int = 0
    decisions: int = 0
    shown: int = 0
    rows: int = 0
    alone: int = 0
    leaks: int = 0
    wrong: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    """Two rules that both had to do with one decision, `1 and 6a`."""
    failing: list[list[int]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.failing += other.failing
        self.told = [*self.told, *other.told][:SHOWN]

    def shortcomings(self) -> list[str]:
        """What the run did not try enough to mean anything."""
        missing = [f"rules {pair} never met" for pair in pairs(RULES) if not self.pairs[pair]]
        rare = [f"rule {rule} decided less than 1%" for rule in RULES if self.decided[rule] * 100 < self.decisions]
        few = ["less than 30% of decisions show something"] if self.shown * 10 < self.decisions * 3 else []
        return [*missing, *rare, *few]


def pairs(rules: Iterable[str]) -> list[str]:
    """Every two of these rules, which come in the order of the table."""
    return [f"{one} and {other}" for one, other in combinations(rules, 2)]


@dataclass
class Kept:
    """A run's tally so far and the seeds of the worlds that it counts."""

    first: int
    count: int
    questions: int
    code: str
    """Digest of what is judged, and of what judges."""
    seconds: float = 0
    done: set[int] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)

    def write(self, file: Path) -> None:
        """Whole or not at all: whoever is ended while writing leaves what was there before."""
        said = {**vars(self), "done": sorted(self.done), "tally": vars(self.tally)}
        beside = file.with_name(f"{file.name}.new")
        beside.write_text(json.dumps(said), "utf-8")
        beside.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Kept":
        """Raises ValueError for the tally of other code than this."""
        said: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if said["code"] != digest():
            raise ValueError(f"{file} counts decisions of other code: begin anew")
        tally = Tally(**said.pop("tally"))
        for name in _COUNTERS:
            setattr(tally, name, Counter(getattr(tally, name)))
        return cls(**{**said, "done": set(said["done"])}, tally=tally)


def digest() -> str:
    """One for all files of what is judged and of what judges."""
    found = sha256()
    for folder in JUDGED:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(ROOT)} {sha256(file.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()
