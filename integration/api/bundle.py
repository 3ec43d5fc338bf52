"""Searchset Bundles, joined from bytes that are ready to be sent. http://hl7.org/fhir/R4/bundle.html"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import orjson

from integration.api.outcome import operation_outcome
from integration.errors import Issue
from integration.sharing import reasons
from integration.sharing.request import Category, Grant
from mappings import uk_core
from mappings.uk_core import Resource

_TYPE = len(b'{"resourceType":"')
_TO_ID = len(b'","id":"')
"""Where the type stands in every stored body, and how far behind it the id: they are its first two members."""
_OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"


def searchset(
    matches: Iterable[bytes],
    *,
    base: str,
    links: Mapping[str, str],
    scored: Iterable[tuple[float, str]] = (),
    included: Iterable[bytes] = (),
    grants: Sequence[Grant] = (),
    total: int | None = None,
    ignored: Sequence[Issue] = (),
) -> bytes:
    """A searchset: `matches`, what they refer to, which parameters were ignored, and, where an agreement lets it be
    said, that something of a category was withheld. `links`: relation -> URL; `total` only where it is known without
    counting what may not be seen; `scored`: score and match grade of each match, where they were looked for by
    likeness."""
    found = [_ending(_graded(score, grade)) for score, grade in scored] or repeat(_MATCH)
    pieces = [_head(links, grants, total), ENTRIES]
    _add_entries(pieces, matches, base, found)
    _add_entries(pieces, included, base, repeat(_INCLUDE))
    for outcome in _outcomes(grants, ignored):
        pieces += outcome, _COMMA
    if len(pieces) == len(("head", "entries")):
        return pieces[0] + b"}"
    pieces[-1] = pieces[-1].removesuffix(_COMMA)
    return b"".join((*pieces, END))


ENTRIES, END = b',"entry":[', b"]}"
"""Between the head of a Bundle and its entries, and after them."""
_COMMA = b","


def beginning(links: Mapping[str, str], grant: Grant) -> bytes:
    """What comes before the entries of a searchset that is sent in pieces, between which there are to be commas, and
    then `END`."""
    return _head(links, [grant], None) + ENTRIES


def piece(matches: Iterable[bytes], included: Iterable[bytes], base: str) -> bytes:
    """Some of the entries of a searchset, with commas between."""
    pieces: list[bytes] = []
    _add_entries(pieces, matches, base, repeat(_MATCH))
    _add_entries(pieces, included, base, repeat(_INCLUDE))
    return b"".join(pieces).removesuffix(_COMMA)


def last_piece(grant: Grant) -> bytes:
    """The entry that says what was withheld, where that may be said; else nothing."""
    return b"".join(_outcomes([grant], ()))


def _head(links: Mapping[str, str], grants: Sequence[Grant], total: int | None) -> bytes:
    """A searchset without its entries and last brace."""
    head: dict[str, Any] = {"resourceType": "Bundle"}
    if security := security_of(grants):
        head["meta"] = {"security": security}
    head["type"] = "searchset"
    if total is not None:
        head["total"] = total
    head["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    return orjson.dumps(head)[:-1]


def _withheld(grants: Sequence[Grant]) -> list[Category]:
    """Kinds of information of which something was withheld, and of which that may be said."""
    return sorted({category for grant in grants for category in grant.announced})


def _graded(score: float, grade: str) -> bytes:
    """http://hl7.org/fhir/R4/extension-match-grade.html"""
    extension = [{"url": "http://hl7.org/fhir/StructureDefinition/match-grade", "valueCode": grade}]
    return orjson.dumps({"extension": extension, "mode": "match", "score": score})


def _ending(search: bytes) -> bytes:
    """What follows the resource of an entry, and the comma after that."""
    return b',"search":' + search + b"}" + _COMMA


_MATCH, _INCLUDE = _ending(b'{"mode":"match"}'), _ending(b'{"mode":"include"}')


def _add_entries(pieces: list[bytes], bodies: Iterable[bytes], base: str, endings: Iterable[bytes]) -> None:
    """The pieces of entries around bodies as they are, a comma after each entry; `fullUrl` from the type and id that
    every stored body begins with. To be joined once: copying a record is most of what there is to do here."""
    before, between = b'{"fullUrl":"' + base.encode() + b"/", b'","resource":'
    for body, ending in zip(bodies, endings, strict=False):
        name_ends = body.index(b'"', _TYPE)
        begins = name_ends + _TO_ID
        pieces += (before, body[_TYPE:name_ends], b"/", body[begins : body.index(b'"', begins)], between, body, ending)


def resource_type_of(body: bytes) -> str:
    """The type of a stored body."""
    return body[_TYPE : body.index(b'"', _TYPE)].decode()


def security_of(grants: Sequence[Grant]) -> list[dict[str, str]]:
    """`meta.security` of a Bundle: REDACTED where something was withheld and that may be said, BTG in an emergency.
    Empty where there is nothing to say."""
    labels = []
    if _withheld(grants):
        labels.append({"system": _OBSERVATION_VALUE, "code": "REDACTED", "display": "redacted"})
    if any(grant.request.break_glass for grant in grants):
        labels.append({"system": uk_core.ACT_REASON, "code": "BTG", "display": "break the glass"})
    return labels


def _outcomes(grants: Sequence[Grant], ignored: Sequence[Issue]) -> Iterator[bytes]:
    """http://hl7.org/fhir/R4/operationoutcome-example-break-the-glass.html; R4 search.html#errors"""
    issues: list[Resource] = [
        {"severity": "information", "code": "suppressed", "diagnostics": reasons.withheld(category)}
        for category in _withheld(grants)
    ]
    issues += operation_outcome(ignored)["issue"]
    if issues:
        outcome = {"resourceType": "OperationOutcome", "issue": issues}
        yield b'{"resource":' + orjson.dumps(outcome) + b',"search":{"mode":"outcome"}}'
