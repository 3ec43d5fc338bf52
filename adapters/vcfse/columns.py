"""Which column is which: headers of a charity's sheet -> fields, by the synonyms of `columns.json`.

A charity can add its own words to that file; nothing here knows a header by heart.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import msgspec

Kind = Literal["referral", "contact"]
KINDS: tuple[Kind, ...] = ("referral", "contact")

Synonyms = Mapping[str, Sequence[str]]


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `columns.json`."""

    about: str
    sheets: Synonyms
    client: Synonyms
    sharing: Synonyms
    referral: Synonyms
    contact: Synonyms
    withheld: Sequence[str]
    ignored: Sequence[str]
    words: Synonyms


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sheet's fields are: indexes from 0. `unknown` and `repeated` are columns nobody reads, to be reported."""

    header_row: int
    headers: Sequence[str]
    fields: Mapping[str, int]
    unknown: Sequence[int] = ()
    repeated: Sequence[int] = ()
    indexes: Sequence[int] = ()
    """Columns that only number rows, or that are not needed: a row with nothing else is blank."""


HEADER_SEARCH_ROWS = 25
"""How far down a header may stand below titles and instructions."""


@lru_cache
def vocabulary() -> Vocabulary:
    """`columns.json`, checked. Raises msgspec.ValidationError when an edit broke its shape."""
    return msgspec.json.decode((files(__package__) / "columns.json").read_bytes(), type=Vocabulary)


def plain(text: str) -> str:
    """A header or word without what people type differently: case, spaces, punctuation. `N.H.S. No?` -> `nhs no`."""
    undotted = re.sub(r"[.'’?]", "", text.casefold())
    return " ".join(re.sub(r"[^\w#✓✔✗✘]+|_", " ", undotted).split())


@lru_cache
def words(group: str) -> frozenset[str]:
    """The plain forms of a word list of `columns.json` (`yes`, `removed` ...), and each word itself, case folded."""
    listed = vocabulary().words[group]
    return frozenset(word.casefold() for word in listed) | frozenset(filter(None, map(plain, listed)))


def sheet_kind(name: str) -> Kind | None:
    """What a sheet of this name holds; None for instructions, lists and everything else."""
    wanted = plain(name)
    return next((kind for kind in KINDS if wanted in map(plain, vocabulary().sheets[kind])), None)


@lru_cache
def synonyms(kind: Kind) -> Mapping[str, str]:
    """Plain header -> field, for a sheet of this kind."""
    known = vocabulary()
    own = known.referral if kind == "referral" else known.contact
    groups: Iterable[Synonyms] = (own, known.client, known.sharing)
    return {plain(header): field for group in groups for field, headers in group.items() for header in headers}


@lru_cache
def _own_fields(kind: Kind) -> frozenset[str]:
    known = vocabulary()
    return frozenset(known.referral if kind == "referral" else known.contact)


@lru_cache
def _silent(group: Literal["withheld", "ignored"]) -> frozenset[str]:
    known = vocabulary()
    return frozenset(map(plain, known.withheld if group == "withheld" else known.ignored))


def find_header(rows: Sequence[Sequence[str]], kind: Kind) -> int | None:
    """Index of the row with most known headers (at least two of them fields) among the first rows; None if none."""
    scores = [_score(row, kind) for row in rows[:HEADER_SEARCH_ROWS]]
    best = max(scores, default=0)
    return scores.index(best) if best >= 2 else None


def own_score(row: Sequence[str], kind: Kind) -> int:
    """How many headers of `row` belong to this kind of sheet alone: tells what a CSV file holds."""
    return len({field for cell in row if (field := synonyms(kind).get(plain(cell))) in _own_fields(kind)})


def _score(row: Sequence[str], kind: Kind) -> int:
    return len({field for cell in row if (field := synonyms(kind).get(plain(cell)))})


def layout(rows: Sequence[Sequence[str]], header_row: int, kind: Kind) -> Layout:
    """Which field each column of the sheet holds. The first of two columns for one field is used."""
    headers, fields = rows[header_row], dict[str, int]()
    unknown, repeated, indexes = list[int](), list[int](), list[int]()
    for index, header in enumerate(headers):
        field = synonyms(kind).get(plain(header))
        if plain(header) in _silent("withheld"):
            continue  # free text about the person and third parties: known, and left in the envelope
        if field is None:
            (indexes if _is_index(index, header) else unknown).append(index)
        elif field in fields:
            repeated.append(index)
        else:
            fields[field] = index
    return Layout(
        header_row=header_row, headers=headers, fields=fields, unknown=unknown, repeated=repeated, indexes=indexes
    )


def _is_index(index: int, header: str) -> bool:
    return plain(header) in _silent("ignored") or (index == 0 and not plain(header))
