"""The months of a measure as a picture (inline SVG, no script) and as a table, from the same figures. Pure.

The picture has a title and a description that says what it shows; whoever cannot see it reads the table beside it. A
month that is not shown leaves a gap in the line and a mark at the foot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from integration.teams.measures.definitions import Definition
from integration.teams.measures.disclosure import Figures, Shown
from integration.teams.measures.person_time import Month
from integration.teams.measures.report import decimals

_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _FOOT = 64, 16, 16, 36
_STEPS = (1, 2, 5)
_LINES = 4
"""Lines of the grid at most, above the ground line."""
_LABELS = 12
"""Months named along the foot, at most."""
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PROTECTED = "*"
"""Shown in place of a small number (`disclosure`)."""


@dataclass(frozen=True)
class Line:
    """One month as a table shows it: words, ready to be read."""

    month: str
    people: str
    denominator: str
    """Person-months of a rate, people of a part."""
    numerator: str
    score: str


def table(shown: Shown) -> list[Line]:
    """The months of a measure in words, the oldest first."""
    return [_line(name(month), figures) for month, figures in shown.months]


def total(shown: Shown) -> Line:
    """The whole period in words."""
    return _line("Whole period", shown.whole)


def name(month: Month) -> str:
    """`Sep 2026`."""
    return f"{_NAMES[month.number - 1]} {month.year}"


def trend(definition: Definition, shown: Shown, id_: str) -> str:
    """An SVG of the scores, month by month. `id_`: of its title and description, unique in the page."""
    values = [_value(figures) for _, figures in shown.months]
    top = _ceiling([value for value in values if value is not None])
    body = "".join((*_grid(top), *_foot(shown.months), *_curve(values, top), *_gaps(shown.months)))
    return (
        f'<svg class="toldonce-trend" role="img" aria-labelledby="{id_}-title {id_}-desc" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{id_}-title">{escape(definition.title)}, {escape(definition.unit)}</title>'
        f'<desc id="{id_}-desc">{escape(_described(shown))}</desc>{body}</svg>'
    )


def page(figures: Sequence[tuple[Definition, Shown]]) -> str:
    """A page of its own, without script or style sheet: of each measure its picture and its table."""
    parts = "".join(section(one, shown) for one, shown in figures)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Measures</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f"<body><main><h1>Measures</h1>{parts}</main></body></html>\n"
    )


def section(definition: Definition, shown: Shown) -> str:
    """A measure with its picture, its table and where its figures come from: HTML for a page that has a heading."""
    sources = "".join(f"<li>{escape(one)}</li>" for one in definition.resource["definition"])
    return (
        f'<section aria-labelledby="{definition.id}"><h2 id="{definition.id}">{escape(definition.title)}</h2>'
        f"<p>{escape(definition.resource['description'])}</p>{trend(definition, shown, definition.id)}"
        f"{_table(definition, shown)}{_note(shown)}<ul>{sources}</ul></section>"
    )


def _note(shown: Shown) -> str:
    protected = any(figures.protected for _, figures in shown.months)
    return f"<p>{PROTECTED} Not shown: it would be of too few people.</p>" if protected else ""


def _table(definition: Definition, shown: Shown) -> str:
    over = "Person-months" if definition.is_rate else "Of people"
    heads = ("Month", "People", definition.title, over, definition.unit)
    lines = [*table(shown), *([total(shown)] if definition.is_rate else [])]
    body = "".join(
        f'<tr><th scope="row">{line.month}</th><td>{line.people}</td><td>{line.numerator}</td>'
        f"<td>{line.denominator}</td><td>{line.score}</td></tr>"
        for line in lines
    )
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    caption = f"{definition.title}, {definition.unit}"
    return (
        f'<table class="nhsuk-table"><caption class="nhsuk-table__caption">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _described(shown: Shown) -> str:
    """What the picture says, in a sentence or two."""
    known = [(month, figures) for month, figures in shown.months if _value(figures) is not None]
    if not known:
        return "There is no figure to show for any month."
    first, last = known[0], known[-1]
    said = f"From {_score(first[1])} in {name(first[0])} to {_score(last[1])} in {name(last[0])}."
    missing = sum(figures.protected for _, figures in shown.months)
    return f"{said} {missing} of {len(shown.months)} months are not shown, being small." if missing else said


def _line(month: str, figures: Figures) -> Line:
    over = figures.denominator if figures.months is None else decimals(figures.months, 2)
    return Line(
        month,
        _words(figures.people),
        _words(over),
        _words(figures.numerator),
        _score(figures),
    )


def _words(value: object) -> str:
    return PROTECTED if value is None else str(value)


def _score(figures: Figures) -> str:
    if figures.protected:
        return PROTECTED
    return "none" if figures.score is None else str(decimals(figures.score, 2))


def _value(figures: Figures) -> float | None:
    return None if figures.score is None else float(figures.score)


def _ceiling(values: Sequence[float]) -> float:
    """The number at the top of the grid: the smallest round one that nothing exceeds."""
    highest, step = max(values, default=0.0), 1.0
    while True:
        for one in _STEPS:
            if one * step * _LINES >= highest:
                return one * step * _LINES
        step *= 10


def _x(place: int, places: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place + 0.5) / places


def _y(value: float, top: float) -> float:
    return _HEIGHT - _FOOT - (_HEIGHT - _FOOT - _TOP) * value / top


def _grid(top: float) -> Iterator[str]:
    for number in range(_LINES + 1):
        value = top * number / _LINES
        y = _y(value, top)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#d8dde0"/>'
        yield _text(_LEFT - 8, y + 4, "end", f"{value:g}")


def _foot(months: Sequence[tuple[Month, Figures]]) -> Iterator[str]:
    every = -(-len(months) // _LABELS)
    for place, (month, _) in enumerate(months):
        if place % every == 0:
            x = _x(place, len(months))
            label = f"{_NAMES[month.number - 1]} {month.year % 100:02}"
            yield _text(x, _HEIGHT - 12, "middle", label)


def _curve(values: Sequence[float | None], top: float) -> Iterator[str]:
    """A line through months that follow one another, and a dot for each."""
    points = [None if one is None else (_x(place, len(values)), _y(one, top)) for place, one in enumerate(values)]
    for before, after in pairwise(points):
        if before and after:
            yield (
                f'<line x1="{before[0]:.1f}" y1="{before[1]:.1f}" x2="{after[0]:.1f}" y2="{after[1]:.1f}" '
                'stroke="#005eb8" stroke-width="2"/>'
            )
    yield from (f'<circle cx="{one[0]:.1f}" cy="{one[1]:.1f}" r="4" fill="#005eb8"/>' for one in points if one)


def _gaps(months: Sequence[tuple[Month, Figures]]) -> Iterator[str]:
    for place, (_, figures) in enumerate(months):
        if figures.protected:
            yield _text(_x(place, len(months)), _HEIGHT - _FOOT - 4, "middle", PROTECTED)


def _text(x: float, y: float, anchor: str, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" fill="#4c6272">{words}</text>'
