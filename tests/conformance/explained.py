"""Why a warning of the validator stands: each kind with its reason. A warning without one fails the run."""

import re

from tests.conformance.validator import Issue

UNCHECKED = "could not be checked here: "
_SYSTEM = re.compile(r"(?:CodeSystem '|validated: )(?P<system>[^' ]+?)'? ")
_REASONS = (
    ("#dom-6 ", "Flags and care plans have a narrative, for safety; elsewhere it would only repeat the elements"),
    (
        "(?:a coding|a code) should (?:come|be provided) from (?:this|the) value set",
        "the source's own code or words, kept as they came where the (extensible) value set has nothing that means the "
        "same; nothing is guessed",
    ),
    ("^TYPE_SPECIFIC_CHECKS_DT_ATT_NO_CONTENT ", "the source names a form of consent and does not send it"),
    (r'"this\.codeSystem" is null', f"{UNCHECKED}LOINC codes of the summary (no LOINC is held)"),
    ("^All_observations_should_have_", "the source does not say who found it, or when"),
    ("^CONCEPTMAP_GROUP_(?:SOURCE|TARGET)_", f"{UNCHECKED}ConceptMaps whose code system is held in part, or not"),
    ("every concept has a definition", "the displays of the sources' tables are their definitions"),
    ("^TYPE_SPECIFIC_CHECKS_DT_MARKDOWN_HTML ", "`<id>` in a documentation is meant as it stands"),
)  # fmt: skip


_NOT_HELD = re.compile(
    r"Profile reference 'http://hl7\.org/fhir/uv/ips/\S+' has not been checked because it could not be"
)
_NOT_HELD_EITHER = re.compile(r"The extension http://hl7\.org/fhir/uv/subscriptions-backport/\S+ could not be found")


def reason(issue: Issue) -> str | None:
    """Why this warning stands, or None. An error stands only where it says that a profile is not at hand."""
    if _NOT_HELD.search(issue.text):
        return f"{UNCHECKED}the International Patient Summary's own profiles, which are not among the definitions"
    if _NOT_HELD_EITHER.search(issue.text):
        return f"{UNCHECKED}extensions of the Subscriptions R5 Backport guide, which are not among the definitions"
    if issue.severity == "error":
        return None
    if issue.id == "Terminology_PassThrough_TX_Message" and (found := _SYSTEM.search(issue.text)):
        return f"{UNCHECKED}codes of {_named(found['system'])}"
    said = f"{issue.id} {issue.text}"
    return next((why for pattern, why in _REASONS if re.search(pattern, said)), None)


def _named(system: str) -> str:
    """The family of a code system, so that the list stays short."""
    for start, name in (
        ("http://snomed.info/sct", "SNOMED CT (no release and no terminology server)"),
        ("https://toldonce.example/", "our sources' own tables, of which no list is held"),
        ("https://fhir.interweavedigital.nhs.uk/", "Interweave (not among the definitions)"),
        ("https://fhir.nhs.uk/STU3/", "GP Connect's STU3 code systems"),
    ):
        if system.startswith(start):
            return name
    return f"`{system}`"
