"""A search as it was sent: of whom, what is asked of it, and how it is to be answered. R4 search.html

Everything is understood or refused, so that a mistyped filter never returns more. With `Prefer: handling=lenient` what
is not understood is left out, and the answer says so; whom the search is about is never left out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from uuid import UUID

import orjson

from integration.api.criteria import Terms, alternatives, criterion, parameter_of, reached, uuids
from integration.api.interactions import SOURCES
from integration.api.person import NOBODY, nhs_number, person_id
from integration.api.seal import Parameters
from integration.errors import BadRequest, Issue
from integration.record.criteria import Criterion
from integration.record.include import Include
from integration.record.search import Match, Search, SortKey
from integration.store.extract import DIRECTORY
from integration.store.search_parameters import PARAMETERS

CURSOR = "_cursor"
AFTER = "_after"
"""Inside a sealed cursor only: behind what the next page begins."""
MOST = 1000
MOST_PARAMETERS = 50
_EARLIEST, _LATEST = 1900, 2200
"""Years of instants."""
SUBJECTS = frozenset(
    {
        "CarePlan", "CareTeam", "Condition", "DiagnosticReport", "DocumentReference", "Encounter", "Flag", "Goal",
        "MedicationRequest", "MedicationStatement", "Observation", "Procedure", "ServiceRequest", "Specimen", "Task",
    }
)  # fmt: skip
"""Types that R4 gives a parameter `subject` beside `patient`."""
Summary = Literal["true", "text", "data", "count", "false"]
_WHOM = frozenset({"patient", "subject", "identifier", "_id"})
_NUMBER = re.compile(r"(?:identifier|(?:patient|subject)(?::Patient)?[.:]identifier)")
_PERSON = re.compile(r"(?:patient|subject)(?::Patient)?")
_NOT_HERE = "A search parameter is not supported here; see /fhir/metadata."


class Place(NamedTuple):
    """The last match of a page, behind which the next one begins: of whom, or by which id, and which."""

    group: UUID
    match: Match

    def text(self) -> str:
        return orjson.dumps([str(self.group), str(self.match.id), list(self.match.keys)]).decode()

    @classmethod
    def of(cls, text: str) -> "Place":
        """Raises BadRequest for the place in another kind of answer."""
        try:
            group, id_, keys = orjson.loads(text)
            return cls(UUID(group), Match(UUID(id_), tuple(keys)))
        except ValueError:
            raise BadRequest("The cursor is of another answer.", parameter=CURSOR) from None


@dataclass(frozen=True)
class Asked:
    """A search as understood."""

    search: Search
    terms: Terms
    person: UUID | None = None
    number: str | None = None
    ids: Sequence[UUID] = ()
    """Resources that are asked for by their ids; nobody's if it was given and none could be ours."""
    limit: int | None = None
    after: "Place | None" = None
    includes: Sequence[Include] = ()
    sources: bool = False
    """Whether the source of each element of a golden Patient is to be answered beside it."""
    total: bool = True
    summary: Summary = "false"
    elements: Sequence[str] = ()
    ignored: Sequence[Issue] = ()
    used: Parameters = ()
    """The parameters that were understood."""

    @property
    def types(self) -> set[str]:
        """Every type that the search touches."""
        return {self.search.type, *self.search.reached, *(one.reads for one in self.includes if one.reads)}


def understand(resource_type: str, parameters: Parameters, terms: Terms, *, lenient: bool = False) -> Asked:
    """Read the parameters of a search within a type. Raises BadRequest for one that is not understood."""
    if len(parameters) > MOST_PARAMETERS:
        raise BadRequest(f"A search has at most {MOST_PARAMETERS} parameters.")
    asked = Asked(Search(resource_type), terms, limit=MOST if resource_type in DIRECTORY else None)
    _require_once([name for name, _ in parameters])
    for name, value in parameters:
        try:
            asked = _with(asked, name, value)
        except BadRequest as refusal:
            if not lenient or _whom(name):
                raise
            asked = replace(asked, ignored=[*asked.ignored, _ignored(refusal)])
        else:
            asked = replace(asked, used=[*asked.used, (name, value)])
    return asked


def count(value: str) -> int:
    """Entries on a page; 0 asks for the total alone."""
    if not (value.isascii() and value.isdecimal() and len(value) < len("1,000,000,000")):
        raise BadRequest("_count is a whole number.", parameter="_count")
    return min(int(value), MOST)


def instant(name: str, value: str) -> datetime:
    """A moment of this age of the world, in UTC, to the microsecond. Raises BadRequest for any other, and for one
    without its offset."""
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))  # an unescaped + in a URL arrives as a space
        if moment.tzinfo is None or not value.isascii() or not _EARLIEST <= moment.year <= _LATEST:
            raise ValueError
    except ValueError:
        raise BadRequest(f"{name} is an instant with its offset: YYYY-MM-DDThh:mm:ss+zz:zz.", parameter=name) from None
    return moment.astimezone(UTC)


def _whom(name: str) -> bool:
    return re.split("[:.]", name)[0] in _WHOM


def _ignored(refusal: BadRequest) -> Issue:
    return replace(refusal.issues[0], severity="warning", type="not-supported", diagnostics=f"Ignored: {refusal}")


def _require_once(names: Sequence[str]) -> None:
    """What is given again would either be ignored or lift what was given first: both would return more than meant."""
    for name in names:
        if names.count(name) > 1 and name in _ONCE:
            raise BadRequest(f"{name} may be given once.", parameter=name)
    if sum(_PERSON.match(name) is not None for name in names) > 1:
        raise BadRequest("Say once whom the search is about.", parameter="patient")


def _with(asked: Asked, name: str, value: str) -> Asked:
    resource_type = asked.search.type
    if name in _RESULT:
        return _RESULT[name](asked, value)
    if resource_type == "Patient" and name == "identifier":
        if asked.number:
            raise BadRequest("identifier may be given once: it says whom the search is about.", parameter=name)
        return replace(asked, number=nhs_number(value))
    if name.startswith(("patient", "subject")):
        return _with_person(asked, name, value)
    if name == "_id":
        asked = replace(asked, ids=[id_ for one in alternatives(value, name) for id_ in uuids(one)] or (NOBODY,))
        if resource_type == "Patient":
            return asked
    return _with_criterion(asked, criterion(resource_type, name, value, asked.terms))


def _with_criterion(asked: Asked, one: Criterion) -> Asked:
    search = asked.search
    types = dict.fromkeys((*search.reached, *reached(one)))
    return replace(asked, search=replace(search, criteria=[*search.criteria, one], reached=tuple(types)))


def _with_person(asked: Asked, name: str, value: str) -> Asked:
    """Of whom, by id or by NHS number."""
    resource_type = asked.search.type
    known = resource_type != "Patient" and resource_type not in DIRECTORY
    if not known or (name.startswith("subject") and resource_type not in SUBJECTS):
        raise BadRequest(_NOT_HERE)
    if _NUMBER.fullmatch(name):
        return replace(asked, number=nhs_number(value))
    if not _PERSON.fullmatch(name):
        raise BadRequest(
            "A person is named as patient=Patient/<id> or patient:identifier=<NHS number>.", parameter="patient"
        )
    return replace(asked, person=person_id(value, asked.terms.base))


# ---- how it is answered (R4 search.html#return)


def _count(asked: Asked, value: str) -> Asked:
    limit = count(value)
    return replace(asked, limit=limit) if limit else replace(asked, summary="count")


def _sort(asked: Asked, value: str) -> Asked:
    keys = []
    for text in alternatives(value, "_sort"):
        name = text.removeprefix("-")
        parameter = parameter_of(asked.search.type, name)
        kind = parameter.kind if parameter else None
        if kind == "reference" or (parameter is None and name not in ("_id", "_lastUpdated")):
            raise BadRequest(
                "_sort takes _id, _lastUpdated, and parameters of dates, codes and text.", parameter="_sort"
            )
        keys.append(SortKey(name, kind, text.startswith("-")))
    return replace(asked, search=replace(asked.search, order=keys))


def _include(asked: Asked, value: str, *, reverse: bool = False, iterate: bool = False) -> Asked:
    """`Type:parameter[:target]`; of references from what is found, also `Type:*` and `*`."""
    name = "_revinclude" if reverse else "_include"
    if reverse and asked.search.type == "Patient" and value == SOURCES.doc:
        return replace(asked, sources=True)
    source, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    if not reverse and value in ("*", f"{asked.search.type}:*"):
        return replace(asked, includes=[*asked.includes, Include(value.rstrip(":*"), "", "", reverse, iterate)])
    known = source in PARAMETERS and (parameter in ("patient", "subject") or _is_reference(source, parameter))
    if not known or (target and target not in PARAMETERS):
        raise BadRequest(
            f"{name} takes Type:parameter, of a parameter that refers; see /fhir/metadata.", parameter=name
        )
    if not (iterate or reverse) and source != asked.search.type:
        raise BadRequest(f"{name} begins with the type that is searched.", parameter=name)
    return replace(asked, includes=[*asked.includes, Include(source, parameter, target, reverse, iterate)])


def _is_reference(resource_type: str, name: str) -> bool:
    found = parameter_of(resource_type, name)
    return found is not None and found.kind == "reference"


def _total(asked: Asked, value: str) -> Asked:
    if value not in ("none", "estimate", "accurate"):
        raise BadRequest("_total is none, estimate or accurate.", parameter="_total")
    return replace(asked, total=value != "none")


def _summary(asked: Asked, value: str) -> Asked:
    match value:
        case "true" | "text" | "data" | "count" | "false":
            return replace(asked, summary=value)
    raise BadRequest("_summary is true, text, data, count or false.", parameter="_summary")


def _elements(asked: Asked, value: str) -> Asked:
    names = alternatives(value, "_elements")
    if not all(re.fullmatch(r"(?:[A-Z][A-Za-z]+\.)?[a-z][A-Za-z]*", name) for name in names):
        raise BadRequest("_elements takes names of elements at the root of a resource.", parameter="_elements")
    return replace(asked, elements=names)


_RESULT: Mapping[str, Callable[[Asked, str], Asked]] = {
    "_count": _count,
    "_sort": _sort,
    "_include": _include,
    "_include:iterate": lambda asked, value: _include(asked, value, iterate=True),
    "_revinclude": lambda asked, value: _include(asked, value, reverse=True),
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_format": lambda asked, _: asked,
    AFTER: lambda asked, value: replace(asked, after=Place.of(value)),
}
_ONCE: Mapping[str, object] = dict.fromkeys(("_id", "_count", "_sort", "_total", "_summary", "_elements", AFTER))
