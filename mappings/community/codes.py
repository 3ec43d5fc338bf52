"""CSDS codes -> CodeableConcepts, always through a ConceptMap; a code that no map knows stays the source's own."""

import re
from collections.abc import Mapping
from functools import lru_cache

from mappings.concept_maps import concept_map, translate
from mappings.datatypes import Json, coding, compact

_CODE = re.compile(r"(?=\w*\d)[A-Za-z0-9]{1,6}|([A-Z])\1")
"""What codes of the NHS Data Dictionary look like: a digit among at most six characters, or `XX`, `ZZ`."""

LOCAL_CODES = "https://toldonce.example/CodeSystem/csds-"
"""Base of the systems of CSDS code lists, for which NHS England publishes no URI."""


def mapped(map_name: str, code: str | None) -> Json | None:
    """The target coding and the code as sent, with the words of the list; None without a code."""
    if not code:
        return None
    own = coding(_source(map_name), code, _words(map_name).get(code))
    target = translate(map_name, code)
    codings = [own] if target in (None, own) else [target, own]
    return compact(coding=codings, text=own.get("display") or code)


def unlisted(name: str, code: str | None, text: str | None = None) -> Json | None:
    """A code of a list that is not public (source of referral, care plan type ...): the code as sent. Some systems
    export the words instead of the code; words are text."""
    if not code:
        return None
    if _CODE.fullmatch(code):
        return compact(coding=[coding(f"{LOCAL_CODES}{name}", code)], text=text)
    return {"text": text or code}


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
