"""Charts as SVG without script: what is drawn is computed here, and the figures stand in a table beside it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from integration.audit.activity import Day

WIDTH, HEIGHT = 700, 180
"""Of a chart, in its own units; it is drawn as wide as there is room."""
_GAP = 0.2
"""Of a column's room that stays empty."""
NAMED = 4
"""Organisations with a colour of their own; the others share one."""
OTHERS = "other organisations"


class Bar(msgspec.Struct, frozen=True):
    """A rectangle; `series`: the place of what it stands for in the legend."""

    x: float
    y: float
    width: float
    height: float
    series: int


class Chart(msgspec.Struct, frozen=True):
    """Columns, stacked: `legend` names the series, `rows` are the days with a number for each of them."""

    legend: Sequence[str]
    rows: Sequence[tuple[date, Sequence[int]]]
    bars: Sequence[Bar]
    highest: int

    @property
    def total(self) -> int:
        return sum(sum(values) for _, values in self.rows)


def by_organisation(found: Sequence[Day], days: Sequence[date], names: Mapping[str, str]) -> Chart:
    """Answers of each day, by organisation: the busiest ones, and the others together."""
    totals = Counter[str]()
    for one in found:
        totals[one.organisation] += one.shown
    busiest = [code for code, count in totals.most_common(NAMED) if count]
    table = {day: [0] * (len(busiest) + 1) for day in days}
    for one in found:
        if one.day in table:
            place = busiest.index(one.organisation) if one.organisation in busiest else len(busiest)
            table[one.day][place] += one.shown
    others = any(values[-1] for values in table.values())
    legend = [names.get(code, code) for code in busiest] + ([OTHERS] if others else [])
    return _chart(legend, [(day, values if others else values[:-1]) for day, values in table.items()])


def of_one(found: Sequence[Day], days: Sequence[date], field: str, name: str) -> Chart:
    """One number for each day, of all organisations."""
    table = dict.fromkeys(days, 0)
    for one in found:
        if one.day in table:
            table[one.day] += getattr(one, field)
    return _chart([name], [(day, [value]) for day, value in table.items()])


def _chart(legend: Sequence[str], rows: Sequence[tuple[date, Sequence[int]]]) -> Chart:
    highest = max((sum(values) for _, values in rows), default=0)
    bars: list[Bar] = []
    room = WIDTH / max(len(rows), 1)
    for place, (_, values) in enumerate(rows):
        top = float(HEIGHT)
        for series, value in enumerate(values):
            height = value / highest * HEIGHT if highest else 0.0
            top -= height
            if value:
                width = room * (1 - _GAP)
                bars.append(Bar(round(place * room, 1), round(top, 1), round(width, 1), round(height, 1), series))
    return Chart(legend, rows, bars, highest)
