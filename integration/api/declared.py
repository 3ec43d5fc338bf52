"""The search parameters that each type is declared to take: the CapabilityStatement is made from this."""

from collections.abc import Iterator, Mapping

from integration.api.interactions import SOURCES, SearchParam
from integration.api.parameters import SUBJECTS
from integration.store.extract import DIRECTORY
from integration.store.search_parameters import LEADS_TO, Kind
from integration.store.search_parameters import PARAMETERS as STORED
from integration.store.where_defined import definition

_FORMS: Mapping[Kind, str] = {
    "token": "[system|]code; :not, :text, :missing",
    "string": "the beginning of a text; :exact, :contains, :missing",
    "date": "eq ne gt ge lt le sa eb ap, then a date; :missing",
    "reference": "Type/id, id or URL; :Type, :identifier, :missing, and chains",
}


def _declared(resource_type: str) -> Iterator[SearchParam]:
    yield _common(resource_type, "_id", "token", "ids, with commas between")
    yield _common(resource_type, "_lastUpdated", "date", _FORMS["date"])
    if resource_type not in DIRECTORY and resource_type != "Patient":
        for name in ("patient", "subject") if resource_type in SUBJECTS else ("patient",):
            told = f"Patient/<id>, or {name}:identifier=<NHS number>"
            yield SearchParam(name, "reference", told, definition(resource_type, name))
    for one in STORED[resource_type]:
        form = "an NHS number" if (resource_type, one.name) == ("Patient", "identifier") else _FORMS[one.kind]
        told = f"{form}. {one.doc}" if one.doc else form
        yield SearchParam(one.name, one.kind, told, one.definition(resource_type))
    if resource_type == "Patient":
        yield SOURCES


def includes(resource_type: str) -> tuple[str, ...]:
    """What `_include` may follow from a type."""
    if resource_type in DIRECTORY:
        return ()
    named = [f"{resource_type}:{one.name}" for one in PARAMETERS[resource_type] if one.type == "reference"]
    return (*named, f"{resource_type}:*") if named else ()


def rev_includes(resource_type: str) -> tuple[str, ...]:
    """What is known to refer to a type. Others are understood too, and find what there is."""
    if resource_type in DIRECTORY:
        return ()
    others = [one for one in STORED if one not in DIRECTORY]
    named = [
        f"{other}:{one.name}"
        for other in others
        for one in STORED[other]
        if resource_type in LEADS_TO.get(one.name, ())
    ]
    of_person = [f"{other}:patient" for other in others if other not in ("Patient", "Provenance")]
    return (SOURCES.doc, *(of_person if resource_type == "Patient" else named))


def _common(resource_type: str, name: str, kind: str, told: str) -> SearchParam:
    return SearchParam(name, kind, told, definition(resource_type, name))


PARAMETERS: Mapping[str, tuple[SearchParam, ...]] = {name: tuple(_declared(name)) for name in STORED}
