"""Small numbers: what may be shown of a figure where those who see it may not see the people behind it. Pure.

The rule is that of NHS England's hospital statistics below national level: 0 is shown, 1 to 7 are not (`*`), and all
else is rounded to the nearest 5.
https://digital.nhs.uk/data-and-information/data-tools-and-services/data-services/hospital-episode-statistics/change-to-disclosure-control-methodology-for-hes-and-ecds-from-september-2018

We are stricter in three things, so that nothing is told by subtraction or by one busy person:
- it is the number of *people* behind a figure that counts: nine admissions of one person are not shown;
- of a part of people, those of whom it does not hold are protected as well;
- a longer period's figures are made of its months as shown, and of nothing else: where one is not shown, neither is the
  sum; so no two periods, taken from one another, tell more than the months do. A rate is made of the figures beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from integration.sharing.rules import BEYOND_CARE
from integration.teams.measures.person_time import Month
from integration.teams.measures.tally import Cell, Tally

_PER = 1000
_PER_CENT = 100


@dataclass(frozen=True)
class Rule:
    """From which number of people on something is shown, and to what it is rounded."""

    smallest: int = 8
    nearest: int = 5

    def protects(self, people: int) -> bool:
        """Whether a figure of so many people is not shown."""
        return 0 < people < self.smallest

    def rounded(self, count: int | Fraction) -> int:
        """To the nearest multiple, half up."""
        return int((count / Fraction(self.nearest) + Fraction(1, 2)) // 1) * self.nearest


EXACT = Rule(smallest=1, nearest=1)
"""For those who may see every person that was counted."""


def rule_for(purpose_kind: str, beyond_care: Rule) -> Rule:
    """The rule for a caller: who asks for care counts from records that they may open one by one, and gets the figures
    as they are. Who asks for a purpose beyond care may not know people, and must not learn of them from numbers."""
    return beyond_care if purpose_kind == BEYOND_CARE else EXACT


@dataclass(frozen=True)
class Figures:
    """What may be shown. None: protected, or, of a score, that there is nothing to divide by."""

    people: int | None
    denominator: int | None
    """Person-days of a rate; people of a part."""
    numerator: int | None
    months: Fraction | None = None
    """Person-months of a rate."""
    protected: bool = False
    """Whether something is not shown because it is small."""

    @property
    def score(self) -> Fraction | None:
        """Events for each 1,000 person-months, or the part of the people, in per cent."""
        over = self.denominator if self.months is None else self.months
        if self.numerator is None or not over:
            return None
        return self.numerator * Fraction(_PER if self.months is not None else _PER_CENT) / over


PROTECTED = Figures(None, None, None, protected=True)


@dataclass(frozen=True)
class Shown:
    """What may be shown of one measure: its months, and all of them together."""

    months: Sequence[tuple[Month, Figures]]
    whole: Figures


def shown(tally: Tally, measure: str, rule: Rule) -> Shown:
    """The figures of a measure under a rule."""
    (one,) = [one for one in tally.measures if one.id == measure]
    cells = [(month, tally.cells[measure, month]) for month in tally.months]
    if one.is_rate:
        months = [(month, _rate(cell, month, rule)) for month, cell in cells]
        return Shown(months, _sum([figures for _, figures in months], tally.people, rule))
    months = [(month, _part(cell, rule)) for month, cell in cells]
    return Shown(months, months[-1][1])


def _rate(cell: Cell, month: Month, rule: Rule) -> Figures:
    if rule.protects(cell.people):
        return PROTECTED
    hidden = rule.protects(cell.behind)
    exact = rule == EXACT
    person_months = cell.months(month) if exact else Fraction(rule.rounded(cell.months(month)))
    return Figures(
        people=rule.rounded(cell.people),
        denominator=cell.days if exact else int(person_months * month.days),
        numerator=None if hidden else rule.rounded(cell.numerator),
        months=person_months,
        protected=hidden,
    )


def _part(cell: Cell, rule: Rule) -> Figures:
    if any(map(rule.protects, (cell.people, cell.denominator, cell.people - cell.denominator))):
        return PROTECTED
    hidden = rule.protects(cell.numerator) or rule.protects(cell.denominator - cell.numerator)
    return Figures(
        people=rule.rounded(cell.people),
        denominator=rule.rounded(cell.denominator),
        numerator=None if hidden else rule.rounded(cell.numerator),
        protected=hidden,
    )


def _sum(months: Sequence[Figures], people: int, rule: Rule) -> Figures:
    """A longer period, of its months as shown. How many people there were in all is of the whole period alone."""
    if any(one.people is None for one in months) or rule.protects(people):
        return PROTECTED
    numerators = [one.numerator for one in months if one.numerator is not None]
    hidden = len(numerators) < len(months)
    return Figures(
        people=rule.rounded(people),
        denominator=sum(one.denominator or 0 for one in months),
        numerator=None if hidden else sum(numerators),
        months=sum((one.months or Fraction(0) for one in months), Fraction(0)),
        protected=hidden,
    )
