"""Tables of the extract: who is in it, and when they were on the caseload that was exported."""

from integration.teams.export.column import Column, Table
from integration.teams.export.usual_columns import moment_of, text_of
from integration.teams.export.values import birth_year, died, district, ods_code

PERSON = Table(
    "person",
    "who is in the extract, a row for each person",
    ("Patient",),
    (
        text_of("gender", "administrative gender: male, female, other, unknown"),
        Column("birth_year", "integer", "beyond care none from 90 years on", lambda item: birth_year(item.element)),
        Column("district", "text", "postcode district, such as CV1", lambda item: district(item.element)),
        Column(
            "practice",
            "text",
            "ODS code of the registered practice",
            lambda item: ods_code(item.element, "generalPractitioner"),
        ),
        Column("deceased", "boolean", "whether somebody says that the person died", lambda item: died(item.element)),
        *moment_of("died", "when the person died", "deceasedDateTime"),
    ),
)
MEMBERSHIP = Table(
    "membership",
    "when the person was on the caseload; a row for each time, only of the caseload that was exported",
    (),
    (
        Column("caseload", "text", "id of the caseload", lambda item: item.element.caseload),
        Column("since", "moment", "when the membership began", lambda item: item.element.since),
        Column("until", "moment", "when it ended; null: it goes on", lambda item: item.element.until),
        Column("reason", "text", "why, a code of the caseload's document", lambda item: item.element.reason),
    ),
)
