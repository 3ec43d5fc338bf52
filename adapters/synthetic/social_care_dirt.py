"""What goes wrong between a council's case system and its file. The people with a name in the docs are spared."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import msgspec

from adapters.social_care.records import Request, Row, Service, table

RELEASE_1 = {
    # Release 2 -> what systems set up for Release 1 go on writing
    "Service user": "Service User",
    "Unpaid carer": "Carer",
    "Unpaid carer known by association": "Carer known by association",
    "Physical support: Access and mobility only": "Physical Support: Access & mobility only",
    "Physical support: Personal care support": "Physical Support - Personal care support",
    "Support with memory and cognition": "Support with Memory & Cognition",
    "Progress to support planning or services": "Progress to Support Planning / Services",
    "Progress to assessment, review or reassessment": "Progress to Assessment",
    "NFA: Support ended as planned": "Service ended as planned",
    "NFA: Information and advice or signposting": "NFA - Information & Advice / Signposting only",
    "Long term support: Community": "Long Term Support: Community",
    "Long term support: Residential care": "Long Term Support - Residential Care",
    "Short term support: ST-Max": "Short Term Support: ST-Max",
    "Home support or domiciliary care": "Home Support",
    "Owner occupier or shared ownership scheme": "Owner occupier/shared ownership scheme",
    "White: Any other White background": "White - Any other White background",
    "Asian or Asian British: Indian": "Asian/Asian British: Indian",
}
RELEASE_2_BEGAN = date(2025, 4, 1)
"""Before, every row is in Release 1's spelling; after, some still are."""


@dataclass(frozen=True)
class Slip:
    """One row on its way: its own chance, the day the file was made, and the person's postcode before they moved."""

    rng: Random
    made: date
    old_postcode: str | None


def dirty(row: Row, slip: Slip) -> Row:
    """The row as it is sent, with the mistakes that its chance makes."""
    row = _person(row, slip)
    row = _dates(row, slip)
    if slip.made < RELEASE_2_BEGAN or slip.rng.random() < 0.12:
        row = release_1(row)
    return row


def _person(row: Row, slip: Slip) -> Row:
    person, rng = row.person, slip.rng
    unasked = 0.25 if isinstance(row.detail, Request) else 0.04
    if rng.random() < unasked:
        person = msgspec.structs.replace(person, nhs_number=None)
    if rng.random() < 0.04 and (person.ethnicity or "").startswith("White"):
        person = msgspec.structs.replace(person, ethnicity="White")
    draw = rng.random()
    if draw < 0.05:
        person = msgspec.structs.replace(person, postcode=None)
    elif draw < 0.10:
        person = msgspec.structs.replace(person, postcode=slip.old_postcode)
    return msgspec.structs.replace(row, person=person)


def _dates(row: Row, slip: Slip) -> Row:
    if isinstance(row.detail, Service) and row.end is None and slip.rng.random() < 0.01:
        planned = slip.made + timedelta(days=slip.rng.randint(30, 400))
        return msgspec.structs.replace(row, end=planned.isoformat())
    return row


def release_1(row: Row) -> Row:
    """The row in the spelling of Release 1."""
    return msgspec.convert(_respelled(msgspec.to_builtins(row)), Row)


def _respelled(value: object) -> object:
    if isinstance(value, dict):
        return {name: _respelled(inner) for name, inner in value.items()}
    return RELEASE_1.get(value, value) if isinstance(value, str) else value


def cancelled(row: Row, rng: Random) -> Row | None:
    """An event entered by mistake beside `row`, which the next file will not have any more; seldom."""
    if table(row) != "assessment" or row.end is None or rng.random() >= 0.05:
        return None
    return msgspec.structs.replace(row, start=row.end, outcome="NFA: Other")
