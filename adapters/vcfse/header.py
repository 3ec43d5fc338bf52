"""Where a sheet's header is and which field each of its columns holds.

A header may stand below titles and instructions, and may be two rows of which the upper one groups columns (`ONS4` over
`start` and `end`), in merged cells or not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.vcfse.book import Merge
from adapters.vcfse.columns import Guide, Kind, own_fields, plain

HEADER_SEARCH_ROWS = 25
"""How far down a header may stand below titles and instructions."""

PERMITTING = frozenset({"share", "view", "notes", "withdrawn_on"})
"""Fields that permit something, or end that: where a sheet has two columns of one, no cell of either is passed over."""

Texts = Sequence[Sequence[str]]
"""The first rows of a sheet, each cell as text."""


@dataclass(frozen=True)
class Header:
    """`row`: index of the header's last row; `texts`: each column's header, of both rows where there are two."""

    row: int
    texts: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which column holds what: indexes from 0. `more`: further columns of what permits something, which count as the
    first one does. `unknown` and `repeated` (but for those) are columns nobody reads, to be reported;
    `notes` are free text; `indexes` only number rows or are not needed: a row with nothing else is blank."""

    header: Header
    fields: Mapping[str, int]
    more: Mapping[str, Sequence[int]]
    unknown: Sequence[int] = ()
    repeated: Sequence[int] = ()
    notes: Sequence[int] = ()
    indexes: frozenset[int] = frozenset()


def find_header(texts: Texts, merges: Sequence[Merge], kind: Kind, guide: Guide) -> Header | None:
    """The header with most known fields (at least two); of equals the first, and one row rather than two."""
    known = guide.headers[kind]
    best, most = None, 1
    for header in _candidates(texts, merges, known):
        found = len({field for cell in header.texts if (field := known.get(plain(cell)))})
        if found > most:
            best, most = header, found
    return best


def own_score(header: Header, kind: Kind, guide: Guide) -> int:
    """How many of the header's columns belong to this kind of sheet alone."""
    known = guide.headers[kind]
    return len({field for cell in header.texts if (field := known.get(plain(cell))) in own_fields(kind)})


def _candidates(texts: Texts, merges: Sequence[Merge], known: Mapping[str, str]) -> Iterator[Header]:
    for row, cells in enumerate(texts):
        yield Header(row, cells)
        if row:
            yield Header(row, _joined(_spread(texts[row - 1], row - 1, merges), cells, known))


def _spread(cells: Sequence[str], row: int, merges: Sequence[Merge]) -> Sequence[str]:
    """The upper row with each group's name over all of its columns. Without merges (CSV drops them) a name reaches to
    the next one, where there are several: a single one is a title."""
    spread = list(cells)
    across = [(left, right) for (top, left), (_, right) in merges if top == row and right > left]
    for left, right in across:
        spread[left : right + 1] = [spread[left]] * (min(right + 1, len(spread)) - left)
    if not across and sum(map(bool, cells)) > 1:
        for column in range(1, len(spread)):
            spread[column] = spread[column] or spread[column - 1]
    return spread


def _joined(upper: Sequence[str], lower: Sequence[str], known: Mapping[str, str]) -> Sequence[str]:
    joined = []
    for column, cell in enumerate(lower):
        above = upper[column] if column < len(upper) else ""
        whole = f"{above} {cell}".strip()
        joined.append(whole if not cell or plain(whole) in known else cell)
    return joined


def layout(header: Header, kind: Kind, guide: Guide) -> Layout:
    """Which field each column holds. The first of two columns for one field is used; of consents all."""
    fields, more = dict[str, int](), dict[str, list[int]]()
    unknown, repeated, notes, indexes = list[int](), list[int](), list[int](), list[int]()
    for index, text in enumerate(header.texts):
        field = guide.headers[kind].get(plain(text))
        if field in fields:
            repeated.append(index)
            if field in PERMITTING:
                more.setdefault(field, []).append(index)
        elif field:
            fields[field] = index
        elif plain(text) in guide.notes:
            notes.append(index)
        else:
            (indexes if _is_index(index, text, guide) else unknown).append(index)
    return Layout(
        header=header,
        fields=fields,
        more=more,
        unknown=unknown,
        repeated=repeated,
        notes=notes,
        indexes=frozenset(indexes),
    )


def identifies(found: Layout) -> bool:
    """Whether rows say whom they are about: by an id, or by a name and the date of birth."""
    named = "name" in found.fields or "family" in found.fields
    return "client_id" in found.fields or (named and "birth_date" in found.fields)


def _is_index(index: int, text: str, guide: Guide) -> bool:
    return plain(text) in guide.ignored or (index == 0 and not plain(text))
