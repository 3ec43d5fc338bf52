"""What each part of a read costs: the product as it is beside itself without that part, in pairs of short turns."""

from collections.abc import Callable, Sequence
from statistics import median

import asyncpg

from integration.config import Settings
from tests.bench.child import COMPOSITIONS
from tests.bench.load import Answers
from tests.bench.plan import Figure, Plan
from tests.bench.reads import NOTHING_KEPT, Record, ready
from tests.bench.servers import Child, Cluster, children

_RULES, _LOCKS = 10, 25
_PARTS: Sequence[tuple[str, str, str, int | None]] = (
    ("rules", "whole", "without deciding", _RULES),
    ("rules, where nothing is kept", NOTHING_KEPT, "nothing kept, without deciding", _RULES),
    ("rules, and making sure of their facts", "whole", "without rules", _RULES),
    ("rules, and reading their facts, where nothing is kept", NOTHING_KEPT, "nothing kept, without rules", _RULES),
    ("row policy", "whole", "without row policy", _LOCKS),
    ("the conditions of the statement, beside the row policy", "whole", "row policy alone", None),
    ("durable audit", "whole", "without audit", _LOCKS),
)
"""Part, of which composition, the one without it, and how many percent DESIGN allows. It says "rules"."""
Measured = dict[str, list[tuple[Answers, Answers]]]
"""By variant: what the whole product answered, which comes first, and what the variant did right before or after."""


async def measure(cluster: Cluster, name: str, record: Record, plan: Plan) -> list[Figure]:
    """Ask every variant beside the whole product, `plan.pairs` times."""
    settings = cluster.settings(name)
    unguarded = await cluster.create(f"{name}_unguarded", like=name)
    await _disable_row_policies(unguarded)
    databases = {"without row policy": unguarded}
    measured: Measured = {}
    with children(*[Child(mode, databases.get(mode, settings)) for mode in COMPOSITIONS]) as served:
        prepared = await ready(cluster, served, settings, record)
        whole = prepared.pop("whole")
        for number in range(plan.pairs):
            for mode, asked in prepared.items():
                first, second = (asked, whole) if number % 2 else (whole, asked)
                answers = await first.answers(plan.moment), await second.answers(plan.moment)
                measured.setdefault(mode, []).append((answers[number % 2], answers[1 - number % 2]))
    return [
        Figure(
            f"parts of a read, {by}", part, _share(measured, cost, of, without) * 100, "%", target=most, at_most=True
        )
        for by, cost in (("by the rate", _wall), ("by processor time", _processor))
        for part, of, without, most in _PARTS
    ]


async def _disable_row_policies(settings: Settings) -> None:
    owner = await asyncpg.connect(settings.database_url)
    for table in ("resource", "resource_history"):
        await owner.execute(f"alter table toldonce.{table} disable row level security")
    await owner.close()


def _share(measured: Measured, cost: Callable[[Answers], float], of: str, without: str) -> float:
    """What share of a read's cost a part has: the median over the pairs. Each variant is held to the whole product of
    its own pair, measured within a moment."""

    def relative(mode: str) -> list[float]:
        pairs = measured[without] if mode == "whole" else measured[mode]
        return [1.0 if mode == "whole" else cost(variant) / cost(whole) for whole, variant in pairs]

    return median(1 - less / more for less, more in zip(relative(without), relative(of), strict=True))


def _wall(answers: Answers) -> float:
    return 1 / answers.per_second


def _processor(answers: Answers) -> float:
    """Of all who work on it, which others' work on the machine disturbs less."""
    return answers.in_all
