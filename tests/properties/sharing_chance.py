"""Who and what there is in the small world of the properties of sharing, and how a seed chooses among it."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from integration.sharing.request import Category

PRACTICES, TRUSTS, CHARITIES = ("P1", "P2"), ("T1",), ("C1", "C2")
ORGANISATIONS = (*PRACTICES, *TRUSTS, *CHARITIES)
ROLES = ("doctor", "worker", "clerk")
PURPOSES = ("TREAT", "ETREAT", "HCOMPL", "HRESCH", "NATIONAL")
CATEGORIES = (
    Category.DEMOGRAPHICS,
    Category.CLINICAL,
    Category.ADJUSTMENTS,
    Category.IMPAIRMENTS,
    Category.CHOICES,
)
SENSITIVE = ("sexual health", "safeguarding", "assisted conception (HFE Act)")
KINDS = ("registration", "referral", "encounter")
PERSON = UUID(int=1)
ROWS = tuple(UUID(int=n) for n in range(10, 14))
TODAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
T = TypeVar("T")


class Chance:
    """Choices of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one(self, *values: T) -> T:
        return self.random.choice(values)

    def mostly(self, value: T, *others: T) -> T:
        return value if self.random.random() < 0.75 or not others else self.random.choice(others)

    def some(self, values: tuple[T, ...], least: int = 0) -> tuple[T, ...]:
        return tuple(self.random.sample(values, self.random.randint(least, len(values))))

    def times(self, most: int) -> range:
        return range(self.random.randint(0, most))

    def day(self) -> date | None:
        ago = self.one(None, 500, 100, 31, 30, 1, 0, -1, -40)
        return None if ago is None else TODAY - timedelta(days=ago)


def subset(chance: Chance, values: tuple[T, ...]) -> frozenset[T]:
    return chance.mostly(frozenset(), frozenset(chance.some(values, least=1)))
