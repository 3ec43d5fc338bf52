"""A file of Client Level Data as a council might send it, and what was read of it."""

import csv
import io
from datetime import UTC, datetime

import msgspec

from adapters.records import Parsed
from adapters.social_care.parse import parse
from adapters.social_care.records import (
    Person,
    Record,
    Row,
    Service,
)
from adapters.social_care.write import Cover

COVER = Cover("999", "2024-10-01", "2025-09-30")
MARY = Person(local_id="101", nhs_number="9990000018", birth_date="1941-05-06", gender="Female", postcode="CV1 2AB")
CARE = Row(
    person=MARY,
    client_type="Service user",
    detail=Service(type="Long term support: Community", component="Home support or domiciliary care"),
    start="2025-02-01",
)


def read(content: bytes, name: str = "cld_2025q3.csv") -> Parsed:
    return parse(content, name=name, sender="X9L", as_of=datetime(2025, 10, 20, 9, tzinfo=UTC))


def records(parsed: Parsed) -> list[Record]:
    return [msgspec.json.decode(event.record, type=Record) for event in parsed.events]


def table(*rows: dict[str, str], **common: str) -> bytes:
    """CSV of rows given by column title, the required columns filled with a running service of person 101."""
    filled = [
        {
            "LA Code": "999",
            "Reporting Period Start Date": COVER.period_start,
            "Reporting Period End Date": COVER.period_end,
            "LA Person Unique Identifier": "101",
            "Client Type": "Service user",
            "Event Type": "Service",
            "Event Start Date": "2025-02-01",
            "Event End Date": "",
            **common,
            **row,
        }
        for row in rows
    ]
    titles = list(dict.fromkeys(title for row in filled for title in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, titles)
    writer.writeheader()
    writer.writerows(filled)
    return text.getvalue().encode()


def found(parsed: Parsed, code: str) -> list[str]:
    return [defect.where for defect in parsed.defects if defect.code == code]
