"""Why a message as a whole cannot be used."""

from adapters.errors import Unreadable
from adapters.records import Defect


def refusal(code: str, where: str, reason: str, remedy: str, content: bytes) -> Unreadable:
    """An Unreadable with its Defect."""
    return Unreadable(Defect(code=code, where=where, reason=reason, remedy=remedy, fragment=content))


def no_patient(where: str, content: bytes) -> Unreadable:
    return refusal(
        "no-patient-id",
        where,
        "there is neither a local patient id nor a usable NHS number",
        "send the local patient id (MRN) or a valid NHS number",
        content,
    )
