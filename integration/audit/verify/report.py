"""What the checker found, first things first."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Fault = Literal["altered", "missing", "inserted", "reordered", "column", "node", "checkpoint", "rewritten", "cut off"]
_OF_SEVERAL: dict[Fault, int] = {"node": 1, "rewritten": 1, "checkpoint": 2}
"""Faults that are about many events at once, and such that need not be about an event at all."""
NAMED = 200
"""Faults named one by one; the rest is only counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `index` is the event's place, or the first place it can be about; `event` the id."""

    fault: Fault
    text: str
    index: int | None = None
    event: UUID | None = None


@dataclass
class Report:
    """`size` events are sealed; `checkpoint` is the newest one stored that holds. `proven` is how many of the first
    events are vouched for by a checkpoint that was kept elsewhere."""

    size: int = 0
    proven: int = 0
    checkpoint: str = ""
    removed: int = 0
    unsealed: int = 0
    oldest_unsealed: datetime | None = None
    warnings: list[str] = field(default_factory=list)
    more: int = 0
    _findings: list[Finding] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self._findings

    @property
    def findings(self) -> list[Finding]:
        """By place, those without one last."""
        return sorted(self._findings, key=lambda one: (one.index is None, one.index or 0))

    @property
    def first(self) -> Finding | None:
        """The first wrong event; where none could be told from its neighbours, the first of several that it is one
        of."""
        return min(
            self._findings,
            key=lambda one: (_OF_SEVERAL.get(one.fault, 0), one.index is None, one.index or 0),
            default=None,
        )

    def add(self, finding: Finding) -> None:
        """Name a finding, or count it when there are too many to name."""
        if len(self._findings) < NAMED:
            self._findings.append(finding)
        else:
            self.more += 1

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines = [f"The audit is {'intact' if self.intact else 'NOT INTACT'}: {self.size} sealed events."]
        if self.first is not None:
            lines.append(f"First: {self.first.text}.")
        lines += [f"  {one.fault}: {one.text}" for one in self.findings]
        lines += [f"  and {self.more} more"] if self.more else []
        if self.proven:
            lines.append(f"The first {self.proven} are held against a checkpoint kept elsewhere.")
        else:
            lines.append("No checkpoint was given: a log rewritten by whoever has its key would look the same.")
        if self.removed:
            lines.append(f"The content of {self.removed} events was removed by retention; their leaves are there.")
        if self.unsealed:
            since = f" since {self.oldest_unsealed.isoformat()}" if self.oldest_unsealed else ""
            lines.append(f"{self.unsealed} events wait to be sealed{since}: nothing vouches for them yet.")
        lines += self.warnings
        if self.checkpoint:
            lines += ["Checkpoint to keep elsewhere:", "", self.checkpoint.rstrip("\n")]
        return lines
