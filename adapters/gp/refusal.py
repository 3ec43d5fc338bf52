"""OperationOutcomes that are answers about a person: refusals, and "not found".

Error codes: https://developer.nhs.uk/apis/gpconnect-1-6-0/development_fhir_error_handling_guidance.html
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

from nhs_number.validate import is_valid

from adapters.errors import Unreadable
from adapters.gp import records, stu3
from adapters.records import Defect

Json = dict[str, Any]
ERROR_SYSTEM = "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1"
NO_PATIENT_CONSENT = "NO_PATIENT_CONSENT"
WithheldCode = Literal["PATIENT_NOT_FOUND", "NO_ORGANISATION_CONSENT"]
ABOUT_THE_PERSON: tuple[str, ...] = (NO_PATIENT_CONSENT, *get_args(WithheldCode))
"""Error codes that are answers about the person; the most restrictive first."""
ERROR_CODES = {
    NO_PATIENT_CONSENT: "the person objects to sharing",
    "NO_ORGANISATION_CONSENT": "the practice does not share",
    "PATIENT_NOT_FOUND": "not found, inactive, deceased, temporary, not verified or sensitive: which one is not said",
    "INVALID_NHS_NUMBER": "the number fails its format or check digit",
    "INVALID_PARAMETER": "a parameter of the request is wrong, or not allowed beside another",
    "INVALID_RESOURCE": "the Parameters resource of the request cannot be read",
    "REFERENCE_NOT_FOUND": "the request refers to something that is not there",
    "BAD_REQUEST": "the request, one of its headers or its token is wrong",
    "ACCESS_DENIED": "GP Connect or this capability is not enabled at the practice",
    "NON_AUTHORITATIVE": "the practice's system is not the one that holds the record",
    "INTERNAL_SERVER_ERROR": "the practice's system failed",
    "NOT_IMPLEMENTED": "the practice's system does not offer the operation",
}
"""Spine error codes of the specification, and what each means here. The first three say something about the person;
the others say something about the request or the system, and change nothing of what is held of the person."""
_FILE_NAME = re.compile(r"(?:.*[/\\])?(\d{10})(?!\d)")
_CODE = re.compile(r"[A-Z_ ]{1,64}")


def answer_of_outcome(outcome: Json, name: str) -> records.Refusal | records.Withheld:
    """What an OperationOutcome says about the person whose NHS number starts the file name.

    Raises Unreadable when it says nothing about a person (our own request was wrong) or the name names nobody.
    """
    codes = list(outcome_codes(outcome))
    if NO_PATIENT_CONSENT in codes:
        return records.Refusal(nhs_number=_number_of_name(name))
    for code in get_args(WithheldCode):
        if code in codes:
            return records.Withheld(nhs_number=_number_of_name(name), code=code)
    raise Unreadable(
        Defect(
            code="provider-error",
            where="OperationOutcome",
            reason=f"The practice's system answered with an error ({', '.join(codes) or 'no code'})",
            remedy="Correct the request, or ask again later",
        )
    )


def outcome_codes(outcome: Json) -> Iterator[str]:
    """The Spine error codes of an OperationOutcome; anything that does not look like one is passed over, for it may
    hold a person's data."""
    issues = outcome.get("issue")
    for issue in issues if isinstance(issues, list) else []:
        details = issue.get("details") if isinstance(issue, dict) else None
        codings = details.get("coding") if isinstance(details, dict) else None
        for coding in codings if isinstance(codings, list) else []:
            code = coding.get("code") if isinstance(coding, dict) else None
            if isinstance(code, str) and _CODE.fullmatch(code):
                yield code.replace(" ", "_")  # the specification itself writes ACCESS DENIED


def _number_of_name(name: str) -> str:
    found = _FILE_NAME.match(name)
    number = valid_nhs_number(found[1]) if found else None
    if number is None:
        raise Unreadable(
            Defect(
                code="refusal-without-person",
                where="the name of the file",
                reason="An OperationOutcome does not say whom it is about, and its name starts with no NHS number",
                remedy="Name the file <nhs number>.json",
            )
        )
    return number


def valid_nhs_number(text: str) -> str | None:
    """Ten digits with a valid check digit, or None. Placeholders of one digit pass the check digit and are refused."""
    digits = text.replace(" ", "").replace("-", "")
    if not re.fullmatch(r"[0-9]{10}", digits) or len(set(digits)) == 1:
        return None
    return digits if is_valid(digits) else None


def trusted_nhs_number(patient: stu3.Patient) -> str | None:
    """The NHS number that the Patient states, where its check digit is right."""
    for identifier in patient.identifier:
        if identifier.system == records.NHS_NUMBER and identifier.value:
            return valid_nhs_number(identifier.value)
    return None
