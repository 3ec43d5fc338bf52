"""Whom something that is recorded says that it is about."""

from typing import NamedTuple
from uuid import UUID

from integration.errors import Unprocessable
from integration.identity.demographics import is_nhs_number
from integration.recording.faults import Json
from integration.recording.kinds import KINDS
from mappings import uk_core


class Whom(NamedTuple):
    """A person, by id or by NHS number."""

    person: UUID | None
    number: str = ""


def whom(resource_type: str, sent: Json) -> Whom:
    """As the resource says; raises Unprocessable where it does not."""
    element = KINDS[resource_type].about
    named = sent.get(element, {})
    kind, _, id_ = named.get("reference", "").rpartition("/")
    if kind == "Patient" or kind.endswith("/Patient"):
        try:
            return Whom(UUID(id_))
        except ValueError:
            return Whom(UUID(int=0))
    identifier = named.get("identifier", {})
    number = identifier.get("value", "")
    if identifier.get("system", uk_core.NHS_NUMBER) == uk_core.NHS_NUMBER and is_nhs_number(number):
        return Whom(None, number)
    text = "Say whom it is about: Patient/<id>, or an identifier that is an NHS number."
    raise Unprocessable(text, expression=f"{resource_type}.{element}")
