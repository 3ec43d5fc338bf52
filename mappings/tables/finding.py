"""What was found or measured -> Condition and Observation, alike for every table data set."""

from decimal import Decimal, InvalidOperation
from typing import Any

from mappings import uk_core
from mappings.datatypes import Json, concept, subject
from mappings.ids import Ids

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_UCUM = "http://unitsofmeasure.org"
_LARGEST_POWER = 14
"""Of ten, either way: beyond it no value is a measurement, JSON's numbers are not exact, and `1E99999999` would have to
be written out."""


def observation(
    key: tuple[str, ...],
    ids: Ids,
    *,
    code: Json,
    category: str,
    effective: str | None,
    encounter: Json | None = None,
    **value: Any,
) -> uk_core.Resource:
    """UKCore-Observation; `category` from observation-category; `value` is one of value[x], or none for a finding."""
    return uk_core.resource(
        "Observation",
        ids.own("Observation", *key),
        status="final",
        category=[concept(_CATEGORY, category)],
        code=code,
        subject=subject(),
        encounter=encounter,
        effectiveDateTime=effective,
        **value,
    )


def measured(value: str | None, unit: str | None = None) -> dict[str, Any]:
    """value[x] of a value as sent: a Quantity where it is a number that can be a measurement (`unit` UCUM), else a
    string; {} without one."""
    if not value:
        return {}
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_POWER:
        return {"valueString": value}
    plain = int(number) if number == number.to_integral_value() else float(number)
    coded = {"unit": unit, "system": _UCUM, "code": unit} if unit else {}
    return {"valueQuantity": {"value": plain, **coded}}


def condition(
    key: tuple[str, ...],
    ids: Ids,
    *,
    code: Json,
    recorded: str | None,
    verification: str | None = None,
    encounter: Json | None = None,
    category: Json | None = None,
) -> uk_core.Resource:
    """UKCore-Condition. No data set says that a diagnosis ended, so clinicalStatus is left out rather than claimed."""
    return uk_core.resource(
        "Condition",
        ids.own("Condition", *key),
        verificationStatus=concept(_VERIFICATION, verification) if verification else None,
        category=[category or concept(_CONDITION_CATEGORY, "encounter-diagnosis", "Encounter Diagnosis")],
        code=code,
        subject=subject(),
        encounter=encounter,
        recordedDate=recorded,
    )
