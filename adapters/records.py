"""What every sector's records have in common: who, when, what was wrong, and which period a batch covers.

An adapter's `parse` turns bytes into `Parsed`: events of source patients, defects, and for batch feeds the
submission they came in. `state.fold` turns one source patient's events, in their total order, into that
source's present view, which the mapping turns into UK Core resources.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

LONDON = ZoneInfo("Europe/London")


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that could not be used, said so that its sender can mend it.

    `reason` and `where` never hold patient data (they reach logs and error reports); `fragment` holds the bytes
    that could not be used and is kept only in quarantine.
    """

    code: str
    """Stable kebab-case code, for example `missing-column`, `bad-check-digit`."""
    where: str
    """File, table, row, column, segment or resource: `CYP201CareContact.csv row 17 CARE CONTACT DATE`, `PID-7`."""
    reason: str
    remedy: str
    fragment: bytes = b""
    sheet: str = ""
    """Of a spreadsheet: the sheet's name, blank where the file has none. With `row` and `column`, what `where` says in
    words, so that a report can stand beside the row."""
    row: int | None = None
    """Of a table: the row's number as a spreadsheet program shows it, from 1."""
    column: str = ""
    """Of a spreadsheet: the column's letters."""


class SourcePatient(msgspec.Struct, frozen=True, order=True):
    """A person as one organisation knows them: the unit that is linked, and that statements belong to.

    `organisation` is the ODS code of the source; `local_id` is the source's own id of the person, made
    unambiguous by the adapter (a practice's patient id, an MRN, a LocalPatientID ...).
    """

    organisation: str
    local_id: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a source said about one source patient.

    Events are folded in the order (`at`, `sent`, content hash of the envelope, position in it). `at` is the time
    of occurrence for movements and the time of recording for corrections, cancels and snapshots; `sent` is the
    message's own time. Both are UTC, from `instant`. `record` is msgspec JSON of one of the sector's records.
    """

    patient: SourcePatient
    at: str
    sent: str
    record: bytes


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A periodic batch: what is absent from a later one of the same sender and dataset was withdrawn.

    `start` and `end` are the inclusive ISO dates of the reporting period, `as_of` (UTC, from `instant`) orders
    submissions; `tables` names the tables that the submission carries, for absence counts only for those.
    """

    dataset: str
    sender: str
    start: str
    end: str
    as_of: str
    tables: tuple[str, ...] = ()
    digest: str = ""
    """SHA-256 of the envelope it came in; filled by the pipeline, matches `FoldedEvent.digest`."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What one envelope held."""

    events: Sequence[Event] = ()
    defects: Sequence[Defect] = ()
    submission: Submission | None = None


class FoldedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as `fold` receives it: already in total order, with the envelope that brought it."""

    at: str
    sent: str
    digest: str
    """SHA-256 (hex) of the envelope's bytes."""
    name: str
    """The envelope's own name (file name, message control id): for Provenance."""
    record: bytes


def instant(moment: datetime) -> str:
    """UTC text of fixed width that sorts as time does. A moment without offset means Europe/London wall time
    (HL7 v2 and the batch feeds carry none); an ambiguous autumn hour is taken as the first of the two."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=LONDON, fold=0)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def local_moment(moment: datetime) -> str:
    """FHIR dateTime with the Europe/London offset of that moment, for example `2024-07-01T09:30:00+01:00`."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=LONDON, fold=0)
    return aware.astimezone(LONDON).isoformat(timespec="seconds")
