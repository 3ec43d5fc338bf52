"""The columns of CLD: their titles as sent, and where each value belongs in the records.

RELEASE_1 is the order in which councils and ICBs see them. A council submits NHS Number, Date of Birth, Date of Death
and Postcode; the file an ICB receives has `Pseudo NHS Number` in place of all four. Both are read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Part = Literal["submission", "person", "row", "caring", "request", "assessment", "service", "review"]
Kind = Literal["text", "list", "date", "nhs-number", "postcode", "practice"]


@dataclass(frozen=True)
class Column:
    """`title` as in the specification; `part` and `field` say where in the records it goes; `kind` how it is read."""

    title: str
    part: Part
    field: str
    kind: Kind = "text"


RELEASE_1 = (
    Column("LA Code", "submission", "council"),
    Column("Reporting Period Start Date", "submission", "period_start", "date"),
    Column("Reporting Period End Date", "submission", "period_end", "date"),
    Column("NHS Number", "person", "nhs_number", "nhs-number"),
    Column("Pseudo NHS Number", "person", "pseudonym"),
    Column("LA Person Unique Identifier", "person", "local_id"),
    Column("GP Practice Name", "person", "practice_name"),
    Column("GP Practice Code", "person", "practice_code", "practice"),
    Column("Gender", "person", "gender", "list"),
    Column("Ethnicity", "person", "ethnicity", "list"),
    Column("Date of Birth", "person", "birth_date", "date"),
    Column("Date of Death", "person", "death_date", "date"),
    Column("Postcode", "person", "postcode", "postcode"),
    Column("Client Type", "row", "client_type", "list"),
    Column("Primary Support Reason", "person", "primary_support_reason", "list"),
    Column("Accommodation Status", "person", "accommodation_status", "list"),
    Column("Employment Status", "person", "employment_status", "list"),
    Column("Has Unpaid Carer", "person", "has_unpaid_carer", "list"),
    Column("Autism Spectrum Disorder (ASD)", "person", "autism", "list"),
    Column("Visual Impairment", "person", "visual_impairment", "list"),
    Column("Hearing Impairment", "person", "hearing_impairment", "list"),
    Column("Dementia", "person", "dementia", "list"),
    Column("Client Funding Status", "person", "funding_status", "list"),
    Column("Event Type", "row", "event_type", "list"),
    Column("Event Reference", "row", "reference"),
    Column("Event Start Date", "row", "start", "date"),
    Column("Event End Date", "row", "end", "date"),
    Column("Event Description", "row", "description"),
    Column("Event Outcome", "row", "outcome", "list"),
    Column("Request: Route of Access", "request", "route_of_access", "list"),
    Column("Assessment Type", "assessment", "type", "list"),
    Column("Eligible Needs Identified", "assessment", "eligible_needs"),
    Column("Informal Carer involved in Assessment", "assessment", "carer_involved"),
    Column("Method of Assessment", "assessment", "method", "list"),
    Column("Total Hrs Caring per week", "caring", "hours_per_week"),
    Column("No. of adults being cared for", "caring", "adults_cared_for"),
    Column("Adult 1 Linked Person_ID", "caring", "linked_1"),
    Column("Adult 2 Linked Person_ID", "caring", "linked_2"),
    Column("Adult 3 Linked Person_ID", "caring", "linked_3"),
    Column("Service Type", "service", "type", "list"),
    Column("Service Component", "service", "component", "list"),
    Column("Delivery Mechanism", "service", "delivery", "list"),
    Column("Provider CQC Location Name", "service", "provider_name"),
    Column("Provider CQC Location ID", "service", "provider_id"),
    Column("Review Reason", "review", "reason", "list"),
    Column("Review Outcomes Achieved", "review", "outcomes_achieved", "list"),
    Column("Method of Review", "review", "method", "list"),
    Column("Unit Cost", "service", "unit_cost"),
    Column("Cost Frequency (Unit Type)", "service", "cost_frequency"),
    Column("Planned units per week", "service", "units_per_week"),
    Column("Full cost client", "service", "full_cost_client"),
)
CLEAR = ("NHS Number", "Date of Birth", "Date of Death", "Postcode")
"""Columns only in what a council submits."""
PSEUDONYMISED = "Pseudo NHS Number"
"""Column only in what an ICB receives."""
REQUIRED = ("LA Person Unique Identifier", "Client Type", "Event Type", "Event Start Date", "Event End Date")

ALIASES = {
    # titles seen in council extracts and earlier versions and, unverified, of Release 2 -> title above
    "Person Unique Identifier": "LA Person Unique Identifier",
    "ASD": "Autism Spectrum Disorder (ASD)",
    "Number of adults being cared for": "No. of adults being cared for",
    "Carer involved in assessment": "Informal Carer involved in Assessment",
    "Provider CQC ID": "Provider CQC Location ID",
    "Provider CQC Name": "Provider CQC Location Name",
    "Route of Access": "Request: Route of Access",
    "Unpaid carer involved in assessment": "Informal Carer involved in Assessment",
    "Autism Spectrum Disorder": "Autism Spectrum Disorder (ASD)",
    "Cost Frequency": "Cost Frequency (Unit Type)",
    "Total hours caring per week": "Total Hrs Caring per week",
}


def reduced(title: str) -> str:
    """A title without case, blanks and punctuation: `LA_Code`, `la code` and `LA Code` are the same column."""
    return re.sub(r"[^a-z0-9]+", "", title.casefold())


_BY_REDUCED = {reduced(column.title): column for column in RELEASE_1}
_BY_REDUCED |= {reduced(alias): _BY_REDUCED[reduced(title)] for alias, title in ALIASES.items()}


def recognise(title: str) -> Column | None:
    """The column that a title means, or None."""
    return _BY_REDUCED.get(reduced(title))


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row of cells holds every title of REQUIRED."""
    titles = {column.title for cell in cells if (column := recognise(cell))}
    return titles.issuperset(REQUIRED)


def layout(*, pseudonymised: bool = False) -> tuple[Column, ...]:
    """Release 1's columns, in order, as a council submits them or as an ICB receives them."""
    left_out = CLEAR if pseudonymised else (PSEUDONYMISED,)
    return tuple(column for column in RELEASE_1 if column.title not in left_out)
