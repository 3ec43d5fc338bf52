"""docs/identity.md says what each level of agreement weighs, which thresholds are in force, and on what faults they
were tried."""

from math import log2

from integration.identity.blocks import CROWDED
from integration.identity.compare import WEIGHTS
from tests.linkage.records import SECTORS, Sector


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


def test_the_faults_of_the_county_are_documented(documented):
    def share(part: float) -> str:
        return f"{part:.1%}".replace(".0%", "%") if part else ""

    def unnumbered(one: Sector) -> float:
        return round(1 - one.verified - one.unverified, 6)

    rows = {
        "residents known": [one.share for one in SECTORS.values()],
        "number verified": [one.verified for one in SECTORS.values()],
        "number unverified": [one.unverified for one in SECTORS.values()],
        "no number": [unnumbered(one) for one in SECTORS.values()],
        "no names": [not one.names for one in SECTORS.values()],
        "no birth date": [one.no_birth_date for one in SECTORS.values()],
        "a slip, in each field": [one.slip for one in SECTORS.values()],
        "nickname": [one.nickname for one in SECTORS.values()],
        "still a former name, of who has one": [one.former for one in SECTORS.values()],
        "still an old address, of who has one": [one.old_home for one in SECTORS.values()],
        "telephone": [one.contact for one in SECTORS.values()],
        "property (UPRN)": [one.uprn for one in SECTORS.values()],
        "GP practice": [one.practice for one in SECTORS.values()],
    }
    head = [f"| share of records | {' | '.join(SECTORS)} |", "|---|" + "--:|" * len(SECTORS)]
    text = [f"| {name} | {' | '.join(map(share, shares))} |" for name, shares in rows.items()]
    documented("docs/identity.md", "faults", "\n".join([*head, *text]))
