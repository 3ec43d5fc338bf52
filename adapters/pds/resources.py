"""FHIR R4 as the Personal Demographics Service speaks it: Patient and RelatedPerson, as far as we read them.

https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir, and the API's own schemas and
examples (NHSDigital/personal-demographics-service-api, specification/).
"""

from typing import Literal

from adapters.fhir.primitives import Code, Date, DateTime, Element, Positive, Text, Uri
from adapters.fhir.primitives import Period as Period


class Coding(Element, frozen=True, kw_only=True):
    system: Uri | None = None
    version: Text | None = None
    code: Code | None = None
    display: Text | None = None


class CodeableConcept(Element, frozen=True, kw_only=True):
    coding: tuple[Coding, ...] = ()
    text: Text | None = None


class BirthPlace(Element, frozen=True, kw_only=True):
    city: Text | None = None
    district: Text | None = None
    country: Text | None = None


class Extension(Element, frozen=True, kw_only=True):
    url: Uri
    extension: tuple["Extension", ...] = ()
    value_address: BirthPlace | None = None
    value_boolean: bool | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_coding: Coding | None = None
    value_date_time: DateTime | None = None
    value_period: Period | None = None
    value_positive_int: Positive | None = None
    value_reference: "Reference | None" = None
    value_string: Text | None = None


class Identifier(Element, frozen=True, kw_only=True):
    system: Uri | None = None
    value: Text | None = None
    period: Period | None = None
    extension: tuple[Extension, ...] = ()


class Reference(Element, frozen=True, kw_only=True):
    """PDS refers by identifier: an ODS code, an NHS number."""

    type: Text | None = None
    identifier: Identifier | None = None


class Meta(Element, frozen=True, kw_only=True):
    security: tuple[Coding, ...] = ()


class HumanName(Element, frozen=True, kw_only=True):
    use: Literal["usual", "official", "temp", "nickname", "anonymous", "old", "maiden"] | None = None
    family: Text | None = None
    given: tuple[Text, ...] = ()
    prefix: tuple[Text, ...] = ()
    suffix: tuple[Text, ...] = ()
    period: Period | None = None


class Address(Element, frozen=True, kw_only=True):
    use: Literal["home", "work", "temp", "old", "billing"] | None = None
    text: Text | None = None
    line: tuple[Text, ...] = ()
    postal_code: Text | None = None
    period: Period | None = None
    extension: tuple[Extension, ...] = ()


class ContactPoint(Element, frozen=True, kw_only=True):
    system: Literal["phone", "fax", "email", "pager", "url", "sms", "other"] | None = None
    value: Text | None = None
    use: Literal["home", "work", "temp", "old", "mobile"] | None = None
    period: Period | None = None
    extension: tuple[Extension, ...] = ()


class Contact(Element, frozen=True, kw_only=True):
    """Patient.contact: whom to ring in an emergency."""

    relationship: tuple[CodeableConcept, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    period: Period | None = None


class Resource(Element, frozen=True, kw_only=True, tag_field="resourceType", tag=lambda name: name):
    id: Text
    extension: tuple[Extension, ...] = ()
    name: tuple[HumanName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    address: tuple[Address, ...] = ()


class Patient(Resource, frozen=True, kw_only=True):
    """`id` is the NHS number."""

    meta: Meta | None = None
    identifier: tuple[Identifier, ...] = ()
    gender: Literal["male", "female", "other", "unknown"] | None = None
    birth_date: Date | None = None
    multiple_birth_integer: Positive | None = None
    deceased_date_time: DateTime | None = None
    contact: tuple[Contact, ...] = ()
    general_practitioner: tuple[Reference, ...] = ()


class RelatedPerson(Resource, frozen=True, kw_only=True):
    """`patient` is not read for whose relative this is (the question says it): PDS uses it for the relative's own
    record too."""

    active: bool | None = None
    patient: Reference | None = None
    relationship: tuple[CodeableConcept, ...] = ()
    period: Period | None = None
