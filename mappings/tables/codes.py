"""Codes of table data sets -> CodeableConcepts, always through a ConceptMap; a code that no map knows stays as sent.

What the data sets share (attendance, mechanism, place, disability ...) is an attribute of one NHS Data Dictionary, so
one map serves all; it is called after the data set that it was made for.
"""

from collections.abc import Mapping
from functools import lru_cache

from mappings.concept_maps import concept_map, translate
from mappings.datatypes import Json, coding


def mapped(map_name: str, code: str | None) -> Json | None:
    """The target coding and the code as sent, with the words of the list; None without a code."""
    if not code:
        return None
    codings, text = _mapped(map_name, code)
    return {"coding": [dict(one) for one in codings], "text": text}


@lru_cache(4096)
def _mapped(map_name: str, code: str) -> tuple[tuple[Json, ...], str]:
    """Codings and text of `mapped`: read, never handed out."""
    own = coding(_source(map_name), code, _words(map_name).get(code))
    target = translate(map_name, code)
    codings = (own,) if target is None or target == own else (target, own)
    return codings, own.get("display") or code


def own(map_name: str, code: str | None) -> Json | None:
    """The source's code alone, where the map's target stands in another element."""
    concept = mapped(map_name, code)
    return {**concept, "coding": concept["coding"][-1:]} if concept else None


def target_only(map_name: str, code: str | None) -> Json | None:
    """The target coding alone, where FHIR or UK Core binds the element to it; None when the map has none."""
    return translate(map_name, code) if code else None


def clinical(scheme_map: str, scheme: str | None, code: str) -> Json:
    """Concept of a coded clinical entry. `scheme` says which terminology; an unknown one leaves the code as text."""
    system = translate(scheme_map, scheme) if scheme else None
    return {"coding": [coding(system["code"], code)]} if system else {"text": code}


def words(map_name: str, code: str) -> str | None:
    """The list's own words for `code`."""
    return _words(map_name).get(code)


def _source(map_name: str) -> str:
    source: str = concept_map(map_name)["group"][0]["source"]
    return source


@lru_cache
def _words(map_name: str) -> Mapping[str, str]:
    elements = concept_map(map_name)["group"][0]["element"]
    return {element["code"]: element["display"] for element in elements}
