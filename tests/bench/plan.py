"""How much is measured, and what a measurement is."""

from dataclasses import dataclass

CONNECTIONS = 16
"""Keep-alive connections of the load generator, as DESIGN section 8 has it."""


@dataclass(frozen=True)
class Plan:
    """Size of a run. `rounds` times the product and the bare database are asked for `seconds`, in turn. `pairs` times
    every variant is asked for `moment` seconds, right before or after the whole product, so that what else happens on
    the machine meets both alike: many short turns tell more of a difference than few long ones."""

    people: int = 1000
    rounds: int = 6
    seconds: float = 2.0
    pairs: int = 24
    moment: float = 0.4
    messages: int = 6000
    """ADT messages of each way to send them, at most."""
    patients: int = 1000
    """People whom they are about, or fewer."""


QUICK = Plan(people=200, rounds=2, seconds=0.6, pairs=3, moment=0.3, messages=600, patients=150)


@dataclass(frozen=True)
class Figure:
    """One measured number; `bare` is what the database alone did in the same run, `target` what DESIGN asks for."""

    part: str
    name: str
    value: float
    unit: str
    bare: float | None = None
    target: float | None = None
    at_most: bool = False
    """The target is an upper bound."""
    least_share: float | None = None
    """How much of the bare figure DESIGN asks for."""

    @property
    def share(self) -> float | None:
        """Value over bare."""
        return self.value / self.bare if self.bare else None

    @property
    def met(self) -> bool | None:
        """Whether every target holds; None where there is none."""
        checks = []
        if self.target is not None:
            checks.append(self.value <= self.target if self.at_most else self.value >= self.target)
        if self.least_share is not None and self.share is not None:
            checks.append(self.share >= self.least_share)
        return all(checks) if checks else None
