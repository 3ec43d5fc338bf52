"""What became of the mutants: counted, told as it goes, kept in a file."""

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic


@dataclass
class Outcome:
    """By which test mutants were noticed, and those that nothing noticed."""

    file: Path | None = None
    counts: Counter[str] = field(default_factory=Counter)
    survivors: list[str] = field(default_factory=list)
    begun: float = field(default_factory=monotonic)

    def add(self, mutant: str, by: str) -> None:
        """`by` is empty where nothing noticed it. Raises RuntimeError where the driver failed, not the mutant."""
        if by.startswith("driver failed"):
            raise RuntimeError(f"{mutant}: {by}")
        self.counts[by or "survived"] += 1
        if not by:
            self.survivors.append(mutant)
            tell(mutant)
        if self.file:
            self.file.write_text(json.dumps({"counts": self.counts, "survivors": self.survivors}, indent=1), "utf-8")

    def end(self) -> int:
        """Tell all of it; the exit code."""
        tell(f"{self.counts.total()} mutants in {monotonic() - self.begun:.0f} s: {dict(self.counts)}")
        return int(bool(self.survivors))


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
