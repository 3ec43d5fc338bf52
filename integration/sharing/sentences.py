"""Controlled English: sentences with places for values, written and read back by the same pattern.

A sentence is a template such as `It must be reviewed by {day:day}.`; each place names a kind of value. What `say`
writes, `hear` reads back the same, so two different values never make the same sentence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

_PLACE = re.compile(r"\{(\w+):(\w+)\}")
_PLAIN = re.compile(r"[^\W_](?:[\w'’/&()–-]| (?! ))*[\w)]|[^\W_]")
"""A name that needs no quotation marks: words, single spaces, no punctuation that separates names."""
_OURS = re.compile(r"\b(?:is|has)\b")
"""Words that follow a name in a sentence, and words of a list: a name that holds them there is quoted."""
_OF_LISTS = re.compile(r"^and |^none$")
_CITED = re.compile(rf"({_PLAIN.pattern}) \[([A-Z0-9]+)\]")
"""An organisation by name and code."""
_QUOTED = r"“(?:[^”\\]|\\.)*”"
_NAME = rf"(?:{_QUOTED}|[^“”;:\[\]]+?(?: \[[A-Z0-9]+\])?)"
_ESCAPED = re.compile(r"\\(?:\{([0-9a-f]+)\}|(.))")


@dataclass(frozen=True)
class _Kind:
    """One kind of value: how it looks, how it is written and read."""

    pattern: str
    say: Callable[[Any], str]
    hear: Callable[[str], Any]


def quoted(text: str) -> str:
    """Any text in quotation marks, on one line; what could be lost or misread is escaped."""
    out = []
    for place, sign in enumerate(text):
        if sign in "\\”":
            out.append("\\" + sign)
        elif not sign.isprintable() or (sign == " " and text[place - 1 : place] == " "):
            out.append(f"\\{{{ord(sign):x}}}")
        else:
            out.append(sign)
    return f"“{''.join(out)}”"


def _unquoted(said: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], said[1:-1])


def name(word: str) -> str:
    """A name as it stands in a sentence: bare where it can be."""
    return word if _PLAIN.fullmatch(word) and not _OURS.search(word) else quoted(word)


class Cited(str):
    """A code that is written with the name of its organisation; it reads back as the code alone."""

    __slots__ = ("organisation",)
    organisation: str

    @classmethod
    def of(cls, code: str, organisation: str) -> "Cited":
        made = cls(code)
        made.organisation = organisation
        return made


def _in_list(word: str) -> str:
    """A name as it stands in a list; an organisation with its name, and its code in brackets."""
    if (
        isinstance(word, Cited)
        and _CITED.fullmatch(whole := f"{word.organisation} [{word}]")
        and not _OF_LISTS.search(whole)
    ):
        return whole
    return word if _PLAIN.fullmatch(word) and not _OF_LISTS.search(word) else quoted(word)


def _heard_name(said: str) -> str:
    if said.startswith("“"):
        return _unquoted(said)
    match = _CITED.fullmatch(said)
    return match[2] if match else said


NOBODY = "none"


def listed(words: Sequence[str]) -> str:
    """ "a; b; and c": semicolons, for names may hold "and" and commas."""
    *first, last = [_in_list(word) for word in words] or [NOBODY]
    return "; ".join([*first, f"and {last}"]) if first else last


def _heard_list(said: str) -> list[str]:
    words = [word.strip() for word in re.findall(rf"{_NAME}(?=; |$)", said)]
    if len(words) > 1:
        words[-1] = words[-1].removeprefix("and ")
    return [] if words == [NOBODY] else [_heard_name(word) for word in words]


def days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _day(value: date) -> str:
    return f"{value.day} {value:%B} {value.year:04}"


def _heard_day(said: str) -> str:
    return datetime.strptime(said, "%d %B %Y").date().isoformat()  # noqa: DTZ007  a day has no time zone


_KINDS: Mapping[str, _Kind] = {
    "text": _Kind(_QUOTED, quoted, _unquoted),
    "name": _Kind(_NAME, name, _heard_name),
    "names": _Kind(rf"{_NAME}(?:; (?:and )?{_NAME})*", listed, _heard_list),
    "number": _Kind(r"-?\d+", str, int),
    "days": _Kind(r"-?\d+ days?", days, lambda said: int(said.split()[0])),
    "day": _Kind(r"\d+ [A-Z][a-z]+ \d{4}", _day, _heard_day),
}


@dataclass(frozen=True)
class Sentence:
    """A template, for writing and for reading."""

    template: str
    _places: tuple[tuple[str, str], ...] = field(init=False, compare=False)
    _pattern: re.Pattern[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        places, pattern, end = [], "", 0
        for match in _PLACE.finditer(self.template):
            places.append((match[1], match[2]))
            pattern += re.escape(self.template[end : match.start()]) + f"(?P<{match[1]}>{_KINDS[match[2]].pattern})"
            end = match.end()
        object.__setattr__(self, "_places", tuple(places))
        object.__setattr__(self, "_pattern", re.compile(pattern + re.escape(self.template[end:])))

    def say(self, **values: Any) -> str:
        """The sentence with its values."""
        kinds = dict(self._places)
        return _PLACE.sub(lambda match: _KINDS[kinds[match[1]]].say(values[match[1]]), self.template)

    def hear(self, said: str) -> dict[str, Any] | None:
        """The values of a sentence as it was written; None when it is another one. Raises ValueError for a value that
        is none, such as a 31 June."""
        match = self._pattern.fullmatch(said)
        if match is None:
            return None
        return {place: _KINDS[kind].hear(match[place]) for place, kind in self._places}

    def names_in(self, values: Mapping[str, Any]) -> tuple[str, Sequence[str]] | None:
        """The one place that holds a list of names, with its names."""
        found = [place for place, kind in self._places if kind == "names"]
        return (found[0], values[found[0]]) if len(found) == 1 else None
