"""Of whom: how a parameter names one person, by id or by NHS number, wherever one is asked for."""

from uuid import UUID

from integration.errors import BadRequest
from integration.identity.demographics import is_nhs_number
from integration.recording.whom import Whom
from mappings import uk_core

NOBODY = UUID(int=0)
"""Of an id that could be none of ours."""


def person_id(value: str, base: str = "") -> UUID:
    """The id of `Patient/<id>`, of an id alone, or of its URL below the FHIR base. Raises BadRequest for what names
    anything else, or several."""
    kind, _, id_ = value.removeprefix(f"{base}/" if base else "").rpartition("/")
    if kind not in ("", "Patient") or "," in id_:
        raise BadRequest("patient takes one Patient/<id>.", parameter="patient")
    try:
        return UUID(id_)
    except ValueError:
        return NOBODY


def national(value: str, base: str = "") -> Whom:
    """As the national service of flags names a person, by NHS number alone; or as `person_id`."""
    return Whom(person_id(value, base)) if value and not value.isdecimal() else Whom(None, nhs_number(value))


def nhs_number(value: str) -> str:
    """The number of an identifier token `[system|]value`; another system's identifier is never an NHS number."""
    system, _, number = value.rpartition("|")
    if system not in ("", uk_core.NHS_NUMBER):
        raise BadRequest("Only NHS numbers identify a person here.", parameter="identifier")
    if not is_nhs_number(number):
        raise BadRequest("Not a valid NHS number (ten digits with a check digit).", parameter="identifier")
    return number
