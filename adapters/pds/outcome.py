"""OperationOutcomes of PDS: what each error code means, and which of them say something about a number.

https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir, error tables of each endpoint. Some
are warnings beside HTTP 200.
"""

from typing import get_args

from adapters.pds.records import AbsentCode

ABSENT: tuple[AbsentCode, ...] = get_args(AbsentCode)
"""Codes of a 404 that are answers about the number; a 404 without one may be a wrong address."""
SEVERAL = ("TOO_MANY_MATCHES", "MULTIPLE_MATCHES")
"""Beside HTTP 200: a search fits several people, none of whom is told to an application."""
ERROR_CODES = {
    "RESOURCE_NOT_FOUND": "PDS has no record of the number",
    "INVALIDATED_RESOURCE": "the number is nobody's any more, and no other has replaced it",
    "TOO_MANY_MATCHES": "the search fits several people",
    "MULTIPLE_MATCHES": "the search fits several people",
    "INVALID_RESOURCE_ID": "the number fails its check digit",
    "INVALID_VALUE": "a parameter or header of the question is wrong, or not allowed to an application",
    "MISSING_VALUE": "a parameter or header of the question is missing",
    "UNSUPPORTED_SERVICE": "the question names no number",
    "UNSUPPORTED_VALUE": "a parameter of the question is wrong",
    "ADDITIONAL_PROPERTIES": "a parameter of the question is not known",
    "TOO_FEW_VALUES_SUBMITTED": "a parameter of the question has too few values",
    "TOO_MANY_VALUES_SUBMITTED": "a parameter of the question has too many values",
    "VALIDATION_ERROR": "the question is wrong",
    "ACCESS_DENIED": "the access token is not accepted, or the application may not ask this",
    "UNABLE_TO_CALL_SERVICE": "what is behind PDS did not answer in time",
    "TOO_MANY_REQUESTS": "more questions than the application may ask",
}
"""Spine error codes. The first two say something about a number, the next two something about a search; the others say
something about the question or the service, and change nothing of what is held."""
