"""What was wrong with a file, one Defect per kind of fault and column, naming the rows as a spreadsheet shows them."""

from collections import Counter
from dataclasses import dataclass, field

from adapters.records import Defect

_NAMED_ROWS = 20
_NAMED_PLACES = 200
_KEPT_CONTENTS = 100
_KEPT_LENGTH = 200  # characters

FAULTS = {
    # code: (reason, remedy)
    "unknown-column": ("CLD has no column of this title; it was not read", "use the titles of CLD Release 1 or 2"),
    "missing-column": ("the column is missing; its values are taken as not said", "send all columns, in any order"),
    "repeated-column": ("the title stands twice; only the first was read", "send each column once"),
    "no-rows": ("the file has a header and no rows; nothing was withdrawn", "send the rows, if there were to be any"),
    "several-councils": ("LA Code names more than one council", "send one file per council"),
    "period-disagrees": (
        "the reporting period is missing or not the same in all rows; it was derived from the events' dates",
        "write one reporting period in every row",
    ),
    "period-overstated": (
        "the reporting period is longer than twelve months or ends after the file was sent; it was derived from the "
        "events' dates",
        "write the twelve months that the file covers",
    ),
    "row-length": (
        "the row has more cells than the header; it was not used, and nothing that the file leaves out was withdrawn",
        "quote cells that hold commas",
    ),
    "missing-person-id": (
        "LA Person Unique Identifier is empty; the row was not used, and nothing that the file leaves out of the same "
        "event type was withdrawn",
        "send the council's person id",
    ),
    "missing-client-type": (
        "the client type is empty or not in CLD's list; the row was not used",
        "use a Client Type of CLD Release 1 or 2",
    ),
    "missing-event-type": (
        "the event type is empty or not in CLD's list; the row was not used",
        "use Request, Assessment, Service or Review",
    ),
    "missing-start-date": ("the event has no usable start date; the row was not used", "send Event Start Date"),
    "future-start-date": (
        "the event starts after the file was sent, and only a service may; the row was not used",
        "send only completed requests, assessments and reviews",
    ),
    "missing-end-date": (
        "the event is no service and has no usable end date; it was stored without one",
        "send only completed requests, assessments and reviews, with Event End Date",
    ),
    "future-end-date": (
        "the event ends after the file was sent; the end was left out, the rest stored",
        "leave Event End Date empty while a service runs",
    ),
    "end-before-start": (
        "the event ends before it starts; the end was left out, the rest stored",
        "correct the dates in the case system",
    ),
    "bad-date": ("the cell is not a date; the value was left out", "write dates as YYYY-MM-DD or DD/MM/YYYY"),
    "implausible-birth-date": (
        "the birth date is in the future or makes the person 115 or older; it was left out",
        "leave an unknown birth date empty",
    ),
    "future-death-date": ("the date of death is after the file was sent; it was left out", "correct it"),
    "bad-check-digit": (
        "the NHS number is not ten digits with a right check digit; it was left out",
        "trace the number, or leave it empty",
    ),
    "placeholder-nhs-number": (
        "the NHS number is a placeholder of one digit ten times; it was left out",
        "leave an unknown NHS number empty",
    ),
    "bad-postcode": ("the cell is not a postcode; it was left out", "send the full postcode of the present address"),
    "bad-practice-code": ("the cell is not a GP practice's ODS code; it was left out", "send the six-character code"),
    "unlisted-value": (
        "the value is not in CLD's list; it was kept as text where a text can be shown, else left out",
        "use the permitted values of CLD Release 2",
    ),
    "unverified-value": (
        "the value is not among those that are publicly known of CLD's list, which is not public as a whole; it was "
        "kept as text",
        "nothing, if it is a permitted value of CLD Release 2; else use one",
    ),
    "linked-to-self": ("the carer is linked to their own id; the link was left out", "link the adult cared for"),
    "ambiguous-person": (
        "one LA Person Unique Identifier stands beside different NHS numbers, pseudonyms or birth dates; none of "
        "these rows was used",
        "give each person an identifier of their own, or correct the rows that are wrong",
    ),
    "unidentified-row": (
        "the row has neither NHS number nor pseudonym nor birth date, while other rows under the same LA Person Unique "
        "Identifier have a number: it may be somebody else's and was not used",
        "send the NHS number or the birth date in every row of a person",
    ),
}


class Faults:
    """Collects faults of one file; `defects` says them. What it holds does not grow with the file: of each kind the
    first rows and contents are named, and of kinds that differ in their place the first _NAMED_PLACES."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: dict[tuple[str, str, str], _Found] = {}
        self._places: Counter[str] = Counter()

    def add(self, code: str, *, row: int | None = None, column: str = "", content: str = "", about: str = "") -> None:
        """Notes one fault. `content` is what could not be used and is kept for quarantine only; `about` is never
        shown, and tells apart what gets a defect of its own (one per person id, say)."""
        found = self._found.get((code, column, about)) or self._place(code, column, about)
        if row is not None:
            found.count += 1
            if len(found.rows) < _NAMED_ROWS:
                found.rows.append(row)
        if content and len(found.contents) < _KEPT_CONTENTS:
            found.contents[content[:_KEPT_LENGTH]] = None

    def _place(self, code: str, column: str, about: str) -> "_Found":
        if self._places[code] >= _NAMED_PLACES:
            column = about = ""
        else:
            self._places[code] += 1
        return self._found.setdefault((code, column, about), _Found())

    def defects(self) -> list[Defect]:
        """One Defect per kind and place, in the order in which they were first found."""
        return [
            Defect(
                code=code,
                where=" ".join(filter(None, (self._name, _named_rows(found), column))),
                reason=FAULTS[code][0],
                remedy=FAULTS[code][1],
                fragment="\n".join(found.contents).encode(),
            )
            for (code, column, _), found in self._found.items()
        ]


@dataclass
class _Found:
    rows: list[int] = field(default_factory=list)
    count: int = 0
    contents: dict[str, None] = field(default_factory=dict)


def _named_rows(found: _Found) -> str:
    """`row 7`, `rows 7, 9, 12`, `rows 7, 9 ... and 80 more`; empty without rows."""
    if not found.rows:
        return ""
    more = f" and {found.count - len(found.rows)} more" if found.count > len(found.rows) else ""
    return f"{'row' if found.count == 1 else 'rows'} {', '.join(map(str, found.rows))}{more}"
