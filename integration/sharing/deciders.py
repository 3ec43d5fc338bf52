"""Who decides about sharing, where it is not the person alone: how a Consent says so, and in which words.

England: from 16 by capacity (Mental Capacity Act 2005: an attorney for health and welfare, a deputy of the Court of
Protection, or a decision in the person's best interests, section 4); a child through whoever has parental
responsibility (Children Act 1989), or, when competent in the sense of Gillick, alone. Names of those people are in the
Consent; a decision names their capacity only.
"""

from collections.abc import Mapping
from typing import Any

DECISION_MAKER = "https://toldonce.example/StructureDefinition/decision-maker"
"""Ours, on Consent, with parts: `capacity` (code of DECIDERS), `assessedBy` (string) and `assessedOn` (date) of who
found that the person cannot, or can, decide alone, and `basis` (string): the document seen, or why it is best."""
THE_PERSON = "the person"
PARENT, ATTORNEY, DEPUTY, BEST_INTERESTS, GILLICK = (
    "parental-responsibility",
    "attorney",
    "deputy",
    "best-interests",
    "gillick-competent",
)
DECIDERS: Mapping[str, str] = {
    PARENT: "a person with parental responsibility",
    ATTORNEY: "an attorney for health and welfare",
    DEPUTY: "a deputy of the Court of Protection",
    BEST_INTERESTS: "others in the person's best interests",
    GILLICK: THE_PERSON,
}
"""Capacity -> words of a decision."""


def decision_maker(consent: Mapping[str, Any]) -> dict[str, str] | None:
    """The parts of the extension by their names, as far as they are texts; None where the Consent has none."""
    for extension in consent.get("extension", ()):
        if extension.get("url") == DECISION_MAKER:
            return {part["url"]: value for part in extension.get("extension", ()) for value in _texts(part)}
    return None


def _texts(part: Mapping[str, Any]) -> list[str]:
    return [value for name, value in part.items() if name.startswith("value") and isinstance(value, str)]
