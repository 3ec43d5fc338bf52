"""docs/identity.md says what each level of agreement weighs, and which thresholds are in force."""

from math import log2

from integration.identity.blocks import CROWDED
from integration.identity.compare import WEIGHTS


def probability(weight: float) -> str:
    return f"{1 / (1 + 2**-weight):.4f}"


def test_every_weight_is_documented(documented):
    rows = [
        f"| {name if not place else ''} | {level} | {known.m:.3g} | {known.u:.3g} | {log2(known.m / known.u):+.1f} |"
        for name, levels in WEIGHTS.fields.items()
        for place, (level, known) in enumerate(levels.items())
    ]
    head = ["| field | level | m | u | bits |", "|---|---|---|---|---|"]
    documented("docs/identity.md", "weights", "\n".join([*head, *rows]))


def test_the_thresholds_are_documented(documented):
    prior = log2(WEIGHTS.prior / (1 - WEIGHTS.prior))
    rows = [
        ("prior", f"{prior:+.1f} bits", f"one person in {WEIGHTS.people:,}"),
        ("SAME from", f"{WEIGHTS.match:.1f} bits", f"probability {probability(WEIGHTS.match)}, and no doubt"),
        ("POSSIBLE from", f"{WEIGHTS.possible:.1f} bits", f"probability {probability(WEIGHTS.possible)}"),
        ("a block is crowded from", f"{CROWDED + 1} records", "it finds nobody"),
        *((what, "", said) for what, said in WEIGHTS.source.items()),
    ]
    head = ["| what | value | meaning |", "|---|---|---|"]
    text = "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])
    documented("docs/identity.md", "thresholds", text)
