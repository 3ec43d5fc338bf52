"""What is asked for on the command line: which mutants, by how many processes, and where the outcome is kept."""

import argparse
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.mutation.mutants import Mutant
from tests.mutation.outcome import Outcome


@dataclass(frozen=True)
class Asked:
    """`only`: modules by the last word of their name; none = all."""

    only: frozenset[str]
    sample: int | None
    again: frozenset[str] | None
    workers: int
    outcome: Outcome

    def wants(self, module: str) -> bool:
        return not self.only or module.rpartition(".")[2] in self.only

    def some(self, found: Sequence[Mutant]) -> list[Mutant]:
        """Those of all mutants that are to be tried. Raises LookupError where there are none."""
        kept = [one for one in found if self.again is None or str(one) in self.again]
        if self.sample is not None and self.sample < len(kept):
            kept = Random(0).sample(kept, self.sample)
        if not kept:
            raise LookupError("there is no such mutant")
        return kept


def asked(name: str, what: str, modules: Collection[str]) -> Asked:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=what)
    short = sorted({one.rpartition(".")[2] for one in modules})
    parser.add_argument("--only", action="append", choices=short, default=[], help="mutants of this module; repeatable")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants, always the same ones")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the outcome there as it goes")
    parser.add_argument("--again", type=Path, metavar="FILE", help="the survivors of an earlier run, from its file")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes; else all processors")
    options = parser.parse_args()
    again = frozenset(json.loads(options.again.read_text("utf-8"))["survivors"]) if options.again else None
    return Asked(frozenset(options.only), options.sample, again, options.workers, Outcome(options.json))
