"""What adult social care says: rows of Client Level Data (CLD), in CLD's own words.

CLD is one flat file per council, quarterly, a rolling twelve months; one row is one event of one person. Values are in
the spelling of Release 2 (`values.py` turns Release 1 into it). Dates are ISO `YYYY-MM-DD` text: CLD has no times.
Source: Adult Social Care Client Level Data specification, Releases 1 and 2; DHSC's published method
(DataS-DHSC/ASC-CLD-LA-Dashboard, Main_tables/docs) for what counts as the same event.
"""

import msgspec

from adapters.records import SourcePatient

DATASET = "cld"
SAFEGUARDING = "safeguarding"
"""Word in `Row.description` or `Review.reason` that marks a row as about safeguarding (the real collection for it, SAC,
is separate)."""

REFUGE = "Refuge"
APPROVED_PREMISES = "Approved premises for offenders released from prison or under probation supervision"
PRISON = "Prison, young offenders institution or detention centre"
"""Values of `Person.accommodation_status` that tell that somebody was abused, or committed an offence."""


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The person module: who the row is about, as the council held them when it wrote the file. CLD has no names."""

    local_id: str
    """LA Person Unique Identifier: one person may have several, and councils have been seen to share one."""
    nhs_number: str | None = None
    """Ten digits with a right check digit. The council submitted it; nobody has traced it."""
    pseudonym: str | None = None
    """`Pseudo NHS Number` of the layout that an ICB receives: not an NHS number."""
    birth_date: str | None = None
    death_date: str | None = None
    postcode: str | None = None
    practice_code: str | None = None
    practice_name: str | None = None
    gender: str | None = None
    ethnicity: str | None = None
    primary_support_reason: str | None = None
    accommodation_status: str | None = None
    employment_status: str | None = None
    has_unpaid_carer: str | None = None
    autism: str | None = None
    visual_impairment: str | None = None
    hearing_impairment: str | None = None
    dementia: str | None = None
    funding_status: str | None = None


class Caring(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The carer module, filled where the row is about an unpaid carer."""

    hours_per_week: str | None = None
    adults_cared_for: str | None = None
    linked: tuple[str, ...] = ()
    """Adult 1-3 Linked Person_ID: LA Person Unique Identifiers of the adults cared for."""


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="request"):
    """A completed request for support."""

    route_of_access: str | None = None


class Assessment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="assessment"):
    """A completed assessment."""

    type: str | None = None
    eligible_needs: str | None = None
    carer_involved: str | None = None
    method: str | None = None


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="service"):
    """A service; without an end date it is running (a suspended one counts as running). Money is text, in pounds."""

    type: str | None = None
    component: str | None = None
    delivery: str | None = None
    provider_name: str | None = None
    provider_id: str | None = None
    """CQC location id, for example `1-123456789`."""
    unit_cost: str | None = None
    cost_frequency: str | None = None
    units_per_week: str | None = None
    full_cost_client: str | None = None


class Review(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="review"):
    """A completed review."""

    reason: str | None = None
    outcomes_achieved: str | None = None
    method: str | None = None


class Association(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="association"):
    """No event: an `Unpaid carer known by association`, named only because of the adult they care for."""


Detail = Request | Assessment | Service | Review | Association
TABLES = ("request", "assessment", "service", "review", "association")
"""The parts of a submission whose absence counts: CLD's event types, and carers known by association."""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="row"):
    """One row of the file."""

    person: Person
    client_type: str
    detail: Detail
    start: str | None = None
    """Event Start Date; None only for an association."""
    end: str | None = None
    reference: str | None = None
    """Event Reference: the council's own number, which DHSC finds not suitable as a key."""
    description: str | None = None
    outcome: str | None = None
    caring: Caring = Caring()


class CaredFor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="cared-for"):
    """A carer's row, told to the adult it links to: `carer` (an LA Person Unique Identifier) cares for this person.
    `table`, `start` and `end` are those of the carer's row, so that it is withdrawn together with it."""

    carer: str
    table: str
    start: str | None = None
    end: str | None = None


class Unattributed(msgspec.Struct, frozen=True, kw_only=True, tag="unattributed"):
    """The submission had rows under this id that could not be used. They are not absent: until it is mended, what
    is missing of these `tables` from that submission says nothing about this person."""

    tables: tuple[str, ...]


Record = Row | CaredFor | Unattributed


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the council says of one person now."""

    patient: SourcePatient
    as_of: str
    """ISO date of the newest submission that said anything of the person: a service that starts later is planned."""
    person: Person
    rows: tuple[Row, ...]
    """In order of start date, then natural key; ends are cropped to the date of death."""
    carers: tuple[str, ...] = ()
    """LA Person Unique Identifiers of those who care for this person, sorted."""


def table(row: Row) -> str:
    """Which of TABLES the row belongs to."""
    return str(row.detail.__struct_config__.tag)


def concerns_safeguarding(row: Row) -> bool:
    """Whether the description, or the reason of a review, marks the row as about safeguarding: what is made of it is
    restricted."""
    reason = row.detail.reason if isinstance(row.detail, Review) else None
    return any(SAFEGUARDING in text.casefold() for text in (row.description, reason) if text)


def natural_key(row: Row) -> tuple[str, ...]:
    """What makes two rows of one person the same event in different submissions (DHSC, deduplication step 1): event
    type, start, end (not of a service, which ends one day), client type, and route, type, component or reason. What is
    about safeguarding keeps its description too, for a concern may be raised and closed on one day."""
    kind: tuple[str | None, ...]
    match row.detail:
        case Request(route_of_access=route):
            kind = (row.end, route, row.description if concerns_safeguarding(row) else None)
        case Assessment(type=assessment):
            kind = (row.end, assessment)
        case Service(type=service, component=component):
            kind = (service, component)
        case Review(reason=reason):
            kind = (row.end, reason)
        case Association():
            kind = row.caring.linked
    return (table(row), row.start or "", row.client_type, *(part or "" for part in kind))
