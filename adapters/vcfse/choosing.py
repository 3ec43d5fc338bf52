"""Which sheets of a charity's file are read, and by which words: before any row of them is."""

from collections.abc import Iterator, Sequence
from typing import NoReturn

from adapters.errors import Unreadable
from adapters.records import Defect
from adapters.vcfse import values
from adapters.vcfse.book import Cell, Sheet
from adapters.vcfse.columns import KINDS, Guide, Kind, is_directory, plain
from adapters.vcfse.header import HEADER_SEARCH_ROWS, Header, find_header, identifies, layout, own_score
from adapters.vcfse.sheets import refuse_directory
from adapters.vcfse.wording import TITLE, WordingError, from_rows, guide, is_title

SHEETS: dict[Kind, str] = {"referral": "Referrals", "contact": "Contacts"}


def guide_of(sheets: Sequence[Sheet]) -> Guide:
    """What the words of this file mean. A mapping with mistakes makes the file unreadable: half of it might turn months
    into days, or a charity's no into nothing."""
    try:
        return guide(from_rows(_mapping_rows(sheets)))
    except WordingError as error:
        first = error.problems[0]
        numbers = sorted({problem.number for problem in error.problems})
        raise Unreadable(
            Defect(
                code="bad-mapping",
                where=f"{TITLE} row {first.number}",
                reason=f"{first.message}; rows of the mapping with mistakes: {', '.join(map(str, numbers[:20]))}",
                remedy="Correct the mapping, or take it out of the file: docs/charities.md says how it works.",
                sheet=next((sheet.name for sheet in sheets if sheet.name and is_title(sheet.name)), ""),
                row=first.number,
            )
        ) from None


def _mapping_rows(sheets: Sequence[Sheet]) -> Iterator[tuple[int, Sequence[str]]]:
    for sheet in sheets:
        numbered = enumerate(sheet.rows, start=1)
        if sheet.name is None:
            yield from ((number, texts_of(row)[1:]) for number, row in numbered if row and is_title(str(row[0])))
        elif is_title(sheet.name):
            yield from ((number, texts_of(row)) for number, row in numbered)


def chosen_sheets(sheets: Sequence[Sheet], known: Guide) -> list[tuple[Sheet, Kind, Header | None]]:
    """The sheets that hold referrals or contacts, each with its header, None where it has none. Raises Unreadable when
    there is no such sheet."""
    if [sheet.name for sheet in sheets] == [None]:
        return [_by_headers(sheets[0], known)]
    chosen = [
        (sheet, kind, _header(sheet, kind, known))
        for sheet in sheets
        if sheet.name and (kind := known.sheets.get(plain(sheet.name)))
    ]
    return chosen or _wrong_sheet([sheet.name or "" for sheet in sheets])


def _wrong_sheet(found: Sequence[str]) -> NoReturn:
    raise Unreadable(
        Defect(
            code="wrong-sheet",
            where="workbook",
            reason=f"none of the workbook's sheets ({len(found)}) is named as one of referrals or contacts",
            remedy=f"Name the sheets {SHEETS['referral']} and {SHEETS['contact']}, or name yours in a {TITLE}.",
            fragment=", ".join(found).encode(errors="replace"),  # a sheet may be called by a client's name
        )
    )


def _by_headers(sheet: Sheet, known: Guide) -> tuple[Sheet, Kind, Header | None]:
    found = {kind: header for kind in KINDS if (header := _header(sheet, kind, known))}
    scores = {kind: own_score(header, kind, known) for kind, header in found.items()}
    people = any(identifies(layout(header, kind, known)) for kind, header in found.items())
    if not people and any(is_directory(row) for row in _texts(sheet)[:1]):
        refuse_directory()
    if not any(scores.values()):
        _refuse_headers()
    kind = max(scores, key=lambda one: scores[one])
    return sheet, kind, found[kind]


def _refuse_headers() -> NoReturn:
    raise Unreadable(
        Defect(
            code="unknown-headers",
            where="file",
            reason="no row has the headers of a referrals or contacts sheet",
            remedy="Give each column its header: Client ID, Referral date or Contact date, and so on.",
        )
    )


def _header(sheet: Sheet, kind: Kind, known: Guide) -> Header | None:
    return find_header(_texts(sheet), sheet.merges, kind, known)


def _texts(sheet: Sheet) -> list[list[str]]:
    """The first rows. Those of a mapping or an earlier report are blank here, and add to how many are looked at."""
    texts = list[list[str]]()
    spare = HEADER_SEARCH_ROWS
    for row in sheet.rows:
        if row and (is_title(str(row[0])) or plain(str(row[0])) == "what to fix"):
            texts.append([])
        elif spare:
            texts.append(texts_of(row))
            spare -= 1
        else:
            break
    return texts


def texts_of(row: Sequence[Cell]) -> list[str]:
    return [values.text(cell) or "" for cell in row]
