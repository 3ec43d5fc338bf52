"""FHIR primitives, the same in STU3 and R4 (http://hl7.org/fhir/R4/datatypes.html#primitive), and an element."""

from typing import Annotated

from msgspec import Meta as Constraint
from msgspec import Struct

Date = Annotated[str, Constraint(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
DateTime = Annotated[
    str, Constraint(pattern=r"^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$")
]
"""FHIR dateTime of any precision; a time without offset is accepted, for it is common dirt."""
Text = Annotated[str, Constraint(min_length=1)]
Code = Annotated[str, Constraint(pattern=r"^\S+( \S+)*$")]
Uri = Annotated[str, Constraint(pattern=r"^\S+$")]
Id = Annotated[str, Constraint(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
_MOST = 2**31 - 1
"""Of FHIR's integers, http://hl7.org/fhir/R4/datatypes.html#integer."""
Count = Annotated[int, Constraint(ge=0, le=_MOST)]
Positive = Annotated[int, Constraint(ge=1, le=_MOST)]
Whole = Annotated[int, Constraint(ge=-(2**53), le=2**53)]
"""Of a decimal: JSON may hold any, but what is larger no program reads alike, and none can be a measurement."""


class Element(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of every datatype and resource: camelCase on the wire, absent when empty."""


class Period(Element, frozen=True, kw_only=True):
    start: DateTime | None = None
    end: DateTime | None = None
