"""Rows of a council about Mary, and what becomes of them."""

from typing import Any

from adapters.records import SourcePatient
from adapters.social_care.records import (
    Detail,
    Person,
    Row,
    Service,
    State,
)
from mappings.ids import Ids
from mappings.social_care import to_resources
from mappings.uk_core import Resource

COUNCIL = SourcePatient("X9L", "101")
IDS = Ids(b"secret", COUNCIL)
MARY = Person(
    local_id="101",
    nhs_number="9990000018",
    birth_date="1941-05-06",
    gender="Female",
    ethnicity="White: Irish",
    postcode="CV1 2AB",
    practice_code="X90201",
    practice_name="Radford Road Medical Centre",
    primary_support_reason="Support with memory and cognition",
    accommodation_status="Owner occupier or shared ownership scheme",
    has_unpaid_carer="Yes",
    hearing_impairment="Hard of hearing",
    dementia="Yes",
)
CARE = Service(
    type="Long term support: Community",
    component="Home support or domiciliary care",
    delivery="CASSR managed personal budget",
    provider_name="Good Care",
    provider_id="1-123456789",
    unit_cost="21.50",
    units_per_week="14",
)


def row(detail: Detail, start: str | None = "2025-02-01", end: str | None = None, **fields: Any) -> Row:
    stated = {"person": MARY, "client_type": "Service user", **fields}
    return Row(detail=detail, start=start, end=end, **stated)


def mapped(*rows: Row, person: Person = MARY, carers: tuple[str, ...] = ()) -> list[Resource]:
    state = State(patient=COUNCIL, as_of="2025-10-20", person=person, rows=rows, carers=carers)
    return to_resources(state, IDS)


def of_type(resources: list[Resource], resource_type: str) -> list[Resource]:
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def flag_texts(resources: list[Resource]) -> dict[str, str]:
    return {
        flag["code"].get("text") or flag["code"]["coding"][0]["display"]: flag["status"]
        for flag in of_type(resources, "Flag")
    }


def labels(resource: Resource) -> list[str]:
    return [label["code"] for label in resource["meta"].get("security", [])]
