"""FHIR STU3 datatypes as GP Connect uses them, and what every resource has (http://hl7.org/fhir/STU3/datatypes.html)."""

from typing import Literal

from adapters.fhir.primitives import Code as Code
from adapters.fhir.primitives import Count as Count
from adapters.fhir.primitives import Date as Date
from adapters.fhir.primitives import DateTime as DateTime
from adapters.fhir.primitives import Element as Element
from adapters.fhir.primitives import Id as Id
from adapters.fhir.primitives import Period as Period
from adapters.fhir.primitives import Positive as Positive
from adapters.fhir.primitives import Text as Text
from adapters.fhir.primitives import Uri as Uri
from adapters.fhir.primitives import Whole as Whole


class Reference(Element, frozen=True, kw_only=True):
    """Relative reference, `Patient/<id>`; `display` alone where the target is not in the bundle."""

    reference: Text | None = None
    display: Text | None = None


class Coding(Element, frozen=True, kw_only=True):
    system: Uri | None = None
    code: Code | None = None
    display: Text | None = None
    user_selected: bool | None = None
    extension: tuple["Extension", ...] = ()


class CodeableConcept(Element, frozen=True, kw_only=True):
    coding: tuple[Coding, ...] = ()
    text: Text | None = None


class Extension(Element, frozen=True, kw_only=True):
    url: Uri
    extension: tuple["Extension", ...] = ()
    value_boolean: bool | None = None
    value_code: Code | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_date_time: DateTime | None = None
    value_id: Id | None = None
    value_period: Period | None = None
    value_positive_int: Count | None = None
    value_reference: Reference | None = None
    value_string: Text | None = None
    value_unsigned_int: Count | None = None


class Identifier(Element, frozen=True, kw_only=True):
    system: Uri | None = None
    value: Text | None = None
    extension: tuple[Extension, ...] = ()


class Meta(Element, frozen=True, kw_only=True):
    profile: tuple[Uri, ...] = ()
    last_updated: DateTime | None = None
    security: tuple[Coding, ...] = ()
    tag: tuple[Coding, ...] = ()


class HumanName(Element, frozen=True, kw_only=True):
    use: Literal["usual", "official", "temp", "nickname", "anonymous", "old", "maiden"] | None = None
    text: Text | None = None
    family: Text | None = None
    given: tuple[Text, ...] = ()
    prefix: tuple[Text, ...] = ()
    suffix: tuple[Text, ...] = ()
    period: Period | None = None


class Address(Element, frozen=True, kw_only=True):
    use: Literal["home", "work", "temp", "old"] | None = None
    type: Literal["postal", "physical", "both"] | None = None
    text: Text | None = None
    line: tuple[Text, ...] = ()
    city: Text | None = None
    district: Text | None = None
    postal_code: Text | None = None
    country: Text | None = None
    period: Period | None = None


class ContactPoint(Element, frozen=True, kw_only=True):
    system: Literal["phone", "fax", "email", "pager", "url", "sms", "other"] | None = None
    value: Text | None = None
    use: Literal["home", "work", "temp", "old", "mobile"] | None = None
    rank: Positive | None = None


class Quantity(Element, frozen=True, kw_only=True):
    value: Whole | float | None = None
    comparator: Literal["<", "<=", ">=", ">"] | None = None
    unit: Text | None = None
    system: Uri | None = None
    code: Code | None = None
    extension: tuple[Extension, ...] = ()


class Annotation(Element, frozen=True, kw_only=True):
    text: Text
    time: DateTime | None = None


class Resource(Element, frozen=True, kw_only=True, tag_field="resourceType", tag=lambda name: name):
    """What every resource has. GP Connect ids are GUIDs, but some suppliers send words or numbers."""

    id: Text
    meta: Meta | None = None
    extension: tuple[Extension, ...] = ()
    identifier: tuple[Identifier, ...] = ()
