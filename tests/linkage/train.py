"""python -m tests.linkage.train: train the weights with splink and write `integration/identity/weights.json`.

The same county always gives the same weights. What comes out is to be reviewed like code: docs/identity.md says how.
"""

import sys
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import orjson

from integration.identity import score
from integration.identity.score import Level, Weights, read_weights
from tests.linkage import splink_venv
from tests.linkage.county import county
from tests.linkage.records import Record, records_of

SEED = 1
"""Of the county the weights are learnt from. Nothing else may use it; `make bench-identity` uses others."""
PEOPLE, KNOWN, STRANGERS = 100_000, 30_000, 4_000
"""Residents; those whose records m is learnt from; those whose pairs u is learnt from."""
SEEN = 3
"""What was not seen in n pairs happens, with 95% certainty, in no more than 3/n: the rule of three."""
COMMON = 1 / 400
"""A name is common that so large a share of records have."""
WEIGHTS = Path(score.__file__).with_name("weights.json")


def train(folder: Path) -> Weights:
    """The weights that this county teaches, with the thresholds and the population of those in force."""
    residents, before = county(PEOPLE, SEED), read_weights()
    known = [one for place in range(KNOWN) for one in records_of(residents, place, SEED)]
    rng = Random(SEED)
    strangers = [rng.choice([*records_of(residents, place, SEED)]) for place in rng.sample(range(PEOPLE), STRANGERS)]
    named = msgspec.structs.replace(
        before,
        common_given=_common(known, "given"),
        common_families=_common(known, "families"),
    )
    for name, listed in (("records", known), ("strangers", strangers)):
        splink_venv.write(folder / f"{name}.json", [(one.truth, one.says) for one in listed], named, frozenset())
    trained = splink_venv.run("train", folder)
    pairs = STRANGERS * (STRANGERS - 1) / 2
    source = {
        "trained by": f"make train-identity, splink {trained['versions']['splink']}",
        "on": f"tests/linkage/county.py, seed {SEED}, {PEOPLE} people",
        "m": f"every pair of {len(known)} records of {KNOWN} people",
        "u": f"every pair of {STRANGERS} people, a record of each; what was seen less than {SEEN} times counts as that",
        "reviewed": before.source.get("reviewed", "not yet"),
        "date": before.source.get("date", "not yet"),
    }
    fields = {
        name: {level: _level(found, pairs) for level, found in levels.items()}
        for name, levels in trained["result"].items()
    }
    return msgspec.structs.replace(named, source=source, fields=fields)


def _common(records: list[Record], field: str) -> frozenset[str]:
    stated = [names for one in records if (names := getattr(one.says, field))]
    counted = Counter(name for names in stated for name in names)
    return frozenset(name for name, count in counted.items() if count / len(stated) >= COMMON)


def _level(found: dict[str, Any], pairs: float) -> Level:
    """Six significant digits are more than the county can teach."""
    least = SEEN / pairs
    return Level(
        *(float(f"{max(found[one] if isinstance(found[one], float) else 0, least):.6g}") for one in ("m", "u"))
    )


def text(weights: Weights) -> bytes:
    """As it is kept: sorted, and a level on each line."""
    plain = msgspec.to_builtins(weights) | {
        "common_given": sorted(weights.common_given),
        "common_families": sorted(weights.common_families),
    }
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2) + b"\n"


def main() -> None:
    """Train and write."""
    with TemporaryDirectory() as folder:
        WEIGHTS.write_bytes(text(train(Path(folder))))
    sys.stdout.write(f"wrote {WEIGHTS}: review it, then run make bench-identity\n")


if __name__ == "__main__":
    main()
