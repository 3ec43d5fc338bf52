"""How somebody is named in what is recorded here, so that whoever reads it knows whom is meant: as the directory has
them, by an identifier, or in words. An organisation is named by its ODS code: only so does it follow from a name that
the organisation cares for the person."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from integration.recording.faults import Fault, Json, unknown
from mappings import uk_core
from mappings.recorded.parties import ods_code

_NAMED_BY = frozenset({"reference", "type", "identifier", "display"})
_IDENTIFIED_BY = frozenset({"system", "value", "use", "type"})
_ODS = re.compile(r"[A-Z0-9]{2,12}")
_ENTRY = r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PEOPLE = ("Practitioner", "PractitionerRole", "RelatedPerson")
GROUPS = ("Organization", "CareTeam", "HealthcareService")
_LONGEST = 200
"""Characters of a name."""


def party_faults(where: str, named: Json, types: Iterable[str], about: Any) -> Iterator[Fault]:
    """What is wrong with a Reference at `where` to somebody of one of `types`; `about`: the Reference to the person
    whom the resource is about, who may be meant themself."""
    yield from unknown(where, named, _NAMED_BY, ())
    reference, identifier = named.get("reference", ""), named.get("identifier")
    if reference.startswith("Patient/"):
        if "Patient" not in types or reference != about.get("reference"):
            yield Fault(f"{where}.reference", "Another person cannot be named here.")
    elif reference and not is_entry(reference, types):
        yield Fault(f"{where}.reference", f"Name the entry as it is read, Type/id: {', '.join(sorted(types))}.")
    if identifier is not None:
        yield from _identifier_faults(f"{where}.identifier", identifier)
    if not (reference or identifier or named.get("display", "").strip()):
        yield Fault(where, "Say who: an entry of the directory, an organisation's ODS code (identifier), or a display.")
    if len(named.get("display", "")) > _LONGEST:
        yield Fault(f"{where}.display", f"A name, of at most {_LONGEST} characters.")


def organisation_faults(where: str, named: Json) -> Iterator[Fault]:
    """What is wrong with a Reference that must name an organisation by its code."""
    yield from party_faults(where, named, ("Organization",), {})
    if ods_code(named) is None:
        yield Fault(where, f"Name the organisation by its ODS code: an identifier of {uk_core.ODS_ORGANISATION}.")


def is_entry(reference: str, types: Iterable[str]) -> bool:
    """Whether a literal reference is to something held here of one of these types, as it is read: Type/id."""
    return re.fullmatch(f"({'|'.join(types)}){_ENTRY}", reference) is not None


def entries_faults(where: str, named: Iterable[Mapping[str, Any]], types: Iterable[str]) -> Iterator[Fault]:
    """What is wrong with References that lead to entries of the record."""
    for place, one in enumerate(named):
        if not is_entry(one.get("reference", ""), types):
            text = f"Name the entry as it is read, Type/id: {', '.join(types)}."
            yield Fault(f"{where}[{place}].reference", text)
        yield from unknown(f"{where}[{place}]", one, ("reference", "type", "display"), ())


def _identifier_faults(where: str, identifier: Json) -> Iterator[Fault]:
    yield from unknown(where, identifier, _IDENTIFIED_BY, ())
    if not (identifier.get("system") and identifier.get("value")):
        yield Fault(where, "An identifier is a system and a value.")
    elif identifier["system"] == uk_core.NHS_NUMBER:
        yield Fault(where, "Nobody is named by an NHS number here.")
    elif identifier["system"] == uk_core.ODS_ORGANISATION and not _ODS.fullmatch(identifier["value"]):
        yield Fault(f"{where}.value", "An ODS code: capitals and digits.")
