"""A charity's own words: which of its headers, sheet names and answers mean which of ours.

They travel in the file that they explain, so that reading it needs nothing else and a replay ends the same: in a sheet
`ToldOnce mapping` of a workbook (our name in column A, theirs from column B), or in rows above the header of a CSV file
that begin with a cell `ToldOnce mapping`. As a file of its own (`toldonce vcfse mapping`) they are YAML, `name: words`.

A name of ours is a column's header (any that `columns.yaml` knows), or one of the settings: `Referrals sheet`,
`Contacts sheet`, `Date order`, `Yes`, `No`, `Blank`, `Notes` and `Ignore`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import yaml

from adapters.vcfse.columns import KINDS, DateOrder, Guide, Kind, plain, shipped, titles, words

TITLE = "ToldOnce mapping"
SHEETS: dict[str, Kind] = {"Referrals sheet": "referral", "Contacts sheet": "contact"}
ANSWERS = {"Yes": "yes", "No": "no", "Blank": "null"}
DATE_ORDER, NOTES, IGNORE = "Date order", "Notes", "Ignore"
SETTINGS = (*SHEETS, DATE_ORDER, *ANSWERS, NOTES, IGNORE)
_ORDERS: dict[str, DateOrder] = {
    "day first": "day first",
    "dd mm yyyy": "day first",
    "month first": "month first",
    "mm dd yyyy": "month first",
}


@dataclass(frozen=True)
class Line:
    """One statement of a mapping. `number`: its row or line, from 1."""

    number: int
    name: str
    words: Sequence[str]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a mapping. `message` repeats our words only, so it may go into a report."""

    number: int
    message: str


class WordingError(ValueError):
    """The mapping cannot be used. `problems` says why, in the order of its lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(f"line {one.number}: {one.message}" for one in self.problems))


@dataclass
class _Draft:
    """A guide in the making. `claimed`: what each word was said to mean so far."""

    headers: dict[Kind, dict[str, str]]
    sheets: dict[str, Kind]
    notes: set[str]
    ignored: set[str]
    answers: dict[str, str] = field(default_factory=dict)
    order: DateOrder | None = None
    claimed: dict[tuple[str, str], str] = field(default_factory=dict)


def is_title(text: str) -> bool:
    """Whether a sheet's name, or the first cell of a row, announces a mapping."""
    return plain(text) == plain(TITLE)


def from_rows(rows: Iterable[tuple[int, Sequence[str]]]) -> list[Line]:
    """The lines of numbered rows of cells; a cell may hold several words with semicolons or line breaks between."""
    lines = []
    for number, cells in rows:
        name, *said = cells or [""]
        spoken = [word.strip() for cell in said for word in re.split(r"[;\n]", cell) if word.strip()]
        if name.strip() and spoken and plain(name) != "our name":
            lines.append(Line(number, name, spoken))
    return lines


def from_yaml(text: str) -> list[Line]:
    """The lines of a mapping file. Every scalar is text: `Yes`, `No` and `On` are words here. Raises WordingError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise WordingError([Problem(mark.line + 1 if mark else 1, "this is not readable as YAML")]) from None
    except yaml.YAMLError:
        raise WordingError([Problem(1, "this is not readable as YAML")]) from None
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise WordingError([Problem(1, "write one line for each name: `Client ID: Member number`")])
    return [_yaml_line(name, value) for name, value in root.value if not _is_blank(value)]


def _is_blank(value: yaml.Node) -> bool:
    return isinstance(value, yaml.ScalarNode | yaml.SequenceNode) and not value.value


def _yaml_line(name: yaml.Node, value: yaml.Node) -> Line:
    number = name.start_mark.line + 1
    nodes = value.value if isinstance(value, yaml.SequenceNode) else [value]
    if not all(isinstance(node, yaml.ScalarNode) for node in (name, *nodes)):
        raise WordingError([Problem(number, "write a word, or several as [one, two]")])
    return Line(number, name.value, [node.value for node in nodes])


def guide(lines: Sequence[Line]) -> Guide:
    """Our guide with the charity's words put before ours. Raises WordingError with every problem there is."""
    ours = shipped()
    if not lines:
        return ours
    draft = _Draft(
        headers={kind: dict(ours.headers[kind]) for kind in KINDS},
        sheets=dict(ours.sheets),
        notes=set(ours.notes),
        ignored=set(ours.ignored),
    )
    problems = [Problem(line.number, message) for line in lines for message in _enter(line, draft)]
    if problems:
        raise WordingError(problems)
    return replace(
        ours,
        headers=draft.headers,
        sheets=draft.sheets,
        notes=frozenset(draft.notes),
        ignored=frozenset(draft.ignored),
        answers=draft.answers,
        order=draft.order,
    )


def _enter(line: Line, draft: _Draft) -> Iterator[str]:
    """Puts one line into the draft; what is wrong with it."""
    setting = next((one for one in SETTINGS if plain(one) == plain(line.name)), None)
    if setting == DATE_ORDER:
        yield from _enter_order(line, draft)
    elif setting in SHEETS:
        for word in line.words:
            yield from _claim("sheet", word, setting, draft)
            draft.sheets[plain(word)] = SHEETS[setting]
    elif setting in ANSWERS:
        yield from _enter_answers(line, ANSWERS[setting], draft)
    elif setting:
        yield from _enter_silent(line, setting, draft)
    else:
        yield from _enter_headers(line, draft)


def _enter_order(line: Line, draft: _Draft) -> Iterator[str]:
    order = _ORDERS.get(plain(line.words[0])) if len(line.words) == 1 else None
    if order is None or draft.order not in (None, order):
        yield f"{DATE_ORDER} is `day first` or `month first`, once"
    draft.order = order


def _enter_answers(line: Line, meaning: str, draft: _Draft) -> Iterator[str]:
    """No word may turn into its opposite, and least of all into a yes."""
    for word in line.words:
        others = [name for name, known in ANSWERS.items() if known != meaning and plain(word) in words(known)]
        if others:
            yield f"a word of {line.name.strip()} already means {others[0]}"
        yield from _claim("answer", word, meaning, draft)
        draft.answers[plain(word)] = "" if meaning == "null" else meaning


def _enter_silent(line: Line, setting: str, draft: _Draft) -> Iterator[str]:
    for word in line.words:
        for kind in KINDS:
            yield from _claim(kind, word, setting, draft)
            draft.headers[kind].pop(plain(word), None)
        (draft.notes if setting == NOTES else draft.ignored).add(plain(word))
        (draft.ignored if setting == NOTES else draft.notes).discard(plain(word))


def _enter_headers(line: Line, draft: _Draft) -> Iterator[str]:
    fields = {kind: known for kind in KINDS if (known := shipped().headers[kind].get(plain(line.name)))}
    if not fields:
        yield _unknown(line.name)
    for word in line.words:
        for kind, known in fields.items():
            yield from _claim(kind, word, known, draft)
            draft.headers[kind][plain(word)] = known


def _claim(what: str, word: str, meaning: str, draft: _Draft) -> Iterator[str]:
    """A word means one thing."""
    if not plain(word):
        yield "a word has no letters or digits"
    elif draft.claimed.setdefault((what, plain(word)), meaning) != meaning:
        yield "one of these words was given to another name above"


def _unknown(name: str) -> str:
    ours = {plain(title): title for title in (*SETTINGS, *(one for kind in KINDS for one in titles(kind).values()))}
    close = get_close_matches(plain(name)[:60], ours, n=1)
    return f"no column of ours has this name{f': do you mean {ours[close[0]]}?' if close else ''}"


def names() -> list[str]:
    """Every name that a mapping may speak of: the settings, then the columns."""
    columns = dict.fromkeys(title for kind in KINDS for title in titles(kind).values())
    return [*SETTINGS, *columns]
