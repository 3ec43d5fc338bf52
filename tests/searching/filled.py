"""Resources that say something under every search parameter: under half of them the synthetic neighbourhood says
nothing, and a search that can find nothing compares little. What an element holds is read from the models of R4.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic.fields import FieldInfo

from integration.store import directory, versions
from integration.store.extract import extract, unstamped
from integration.store.search_index import index
from mappings.uk_core import SUBJECT
from tests.searching.expressions import DIRECTORY, R4
from tests.spec.neighbourhood import NOW, Neighbourhood

EACH = 4
"""Resources of each type, of each person and in the directory."""
_SYSTEMS = ("https://toldonce.example/CodeSystem/filled", "https://toldonce.example/CodeSystem/other")
_NOBODYS = -1
"""Source patient who says what the directory holds."""
_WORDS = ("Heart failure", "Zoë's  café", "left knee", "O'Brien", "50% off_peak", "Straße", "Edith", "Coventry")
_DAYS = ("2024", "2025-11", "2026-03-29", "2026-10-25", "1942-03-14")
_MOMENTS = (
    "2026-03-29T00:30:00Z",
    "2026-10-25T01:30:00+01:00",
    "2025-12-31T23:59:59.500Z",
    "2026-06-01T12:00:00+01:00",
)
_CHOICES = ("DateTime", "Period")
"""Of the types that an element may have, those that are searched."""
_LABELLED = """
select distinct r.feed, s.id, r.source_patient, l.organisation, l.category, l.sensitivities, r.label
from toldonce.resource r join toldonce.source_patient s on s.key = r.source_patient
join toldonce.label l on l.id = r.label where r.person = $1
order by r.feed, s.id, l.organisation, l.category, l.sensitivities
"""
"""In an order that is the same in every run, which keys are not."""
Ids = Mapping[str, Sequence[UUID]]
"""Of resources that may be referred to, by type."""


async def fill(of: Neighbourhood, persons: Sequence[UUID], seed: int) -> None:
    """Put them into the directory and into these persons' records, labelled as things of theirs are."""
    draw = random.Random(seed)
    entries = _ids(draw, DIRECTORY)
    said = [directory.entry(_resource(type_, id_, draw, entries)) for type_ in DIRECTORY for id_ in entries[type_]]
    await directory.replace(of.owner, {_NOBODYS: said}, NOW - timedelta(days=1))
    for person in persons:
        await _fill_record(of, person, draw, entries)


async def _fill_record(of: Neighbourhood, person: UUID, draw: random.Random, entries: Ids) -> None:
    there = await of.owner.fetch(_LABELLED, person)
    own = _ids(draw, [one for one in R4 if one not in (*DIRECTORY, "Patient")])
    for number in range(EACH):
        drafts = []
        for type_, ids in own.items():
            resource = _resource(type_, ids[number], draw, {**entries, **own})
            body, whose = unstamped(resource), draw.choice(there)
            drafts.append(
                versions.Draft(
                    person=person,
                    feed=whose["feed"],
                    source_patient=whose["source_patient"],
                    label=whose["label"],
                    id=ids[number],
                    type=type_,
                    content=versions.Content(extract(resource, body, b""), body),
                )
            )
        await versions.replace(of.owner, drafts, {}, NOW - timedelta(minutes=draw.randint(1, 10**6)))
    for row in await of.owner.fetch(
        "select id, body from toldonce.resource where person = $1 and type = 'Patient' order by id", person
    ):
        patient = orjson.loads(row["body"])
        patient.pop("deceasedBoolean", None)
        patient["deceasedDateTime"] = draw.choice((*_DAYS, *_MOMENTS))
        email = {"system": "email", "use": "home", "value": "a@b.example"}
        patient["telecom"] = [*patient.get("telecom", ()), email]
        body, tokens = orjson.dumps(patient), index(patient)
        await of.owner.execute(
            "update toldonce.resource set body = $2, tokens = $3 where id = $1", row["id"], body, tokens
        )


def _ids(draw: random.Random, types: Sequence[str]) -> dict[str, list[UUID]]:
    return {type_: [UUID(int=draw.getrandbits(128), version=4) for _ in range(EACH)] for type_ in types}


def leads_to(type_: str, name: str) -> list[str]:
    """The types, among those that chains may lead to, which a reference parameter may refer to."""
    model = get_fhir_model_class(type_)
    for step in _steps(R4[type_][name][1]):
        field = _fields(model)[step]
        if _named(field) in ("Reference", "Extension"):
            break
        model = get_fhir_model_class(_named(field))
    return [one for one in _targets(field) if one in R4 and one != "Patient"]


def _resource(type_: str, id_: UUID, draw: random.Random, ids: Ids) -> dict[str, Any]:
    """One with about three of four of the elements that its search parameters look at, at random."""
    made: dict[str, Any] = {"resourceType": type_, "id": str(id_), "meta": {}}
    expressions = sorted({part for _, expression in R4[type_].values() for part in expression.split(" | ")})
    draw.shuffle(expressions)
    for expression in expressions:
        if draw.random() < 0.75:
            _put(made, type_, _steps(expression), draw, ids)
    return made


def _steps(expression: str) -> list[str]:
    return expression.partition(".where(")[0].split(".")


def _put(node: dict[str, Any], type_: str, steps: Sequence[str], draw: random.Random, ids: Ids) -> None:
    """A value at the end of a path below `node`; none where another type of the same element stands already."""
    fields = _fields(get_fhir_model_class(type_))
    first, *rest = steps
    name = first if first in fields else draw.choice([f"{first}{one}" for one in _CHOICES if first + one in fields])
    field = fields[name]
    choice = (field.json_schema_extra or {}).get("one_of_many") if isinstance(field.json_schema_extra, dict) else None
    if choice and any(one.startswith(str(choice)) for one in node):
        return
    if not rest:
        value = _value(field, draw, ids)
        node[name] = [*node.get(name, ()), value] if _many(field) else value
        return
    inner = node.setdefault(name, [{}] if _many(field) else {})
    inner = inner[-1] if _many(field) else inner
    if _named(field) == "Extension":
        inner["url"] = "https://toldonce.example/StructureDefinition/filled"
    _put(inner, _named(field), rest, draw, ids)


@cache
def _fields(model: Any) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _many(field: FieldInfo) -> bool:
    return "List[" in str(field.annotation)


def _named(field: FieldInfo) -> str:
    """The type of an element: that of R4 for complex ones, such as `EncounterLocation`; else a primitive's."""
    text = str(field.annotation)
    for mark, end in (("abc.", "Type"), (", ", "(")):
        if mark in text:
            return text.rpartition(mark)[2].partition(end)[0]
    return "Boolean"


def _targets(field: FieldInfo) -> Sequence[str]:
    """What a reference may refer to; anything where nothing is said."""
    extra = field.json_schema_extra
    said = extra.get("enum_reference_types") if isinstance(extra, dict) else None
    return [str(one) for one in said] if isinstance(said, list) else list(R4)


def _value(field: FieldInfo, draw: random.Random, ids: Ids) -> Any:
    system = draw.choice(_SYSTEMS)
    coding = {"system": system, "code": draw.choice(("A1", "b2", "C 3")), "display": draw.choice(_WORDS)}
    days = sorted(draw.sample(_DAYS, 2))
    match _named(field):
        case "Reference":
            return _reference(field, draw, ids)
        case "CodeableConcept":
            return {"coding": [coding, {"code": "plain"}][: draw.randint(1, 2)], "text": draw.choice(_WORDS)}
        case "Coding":
            return coding
        case "Identifier":
            return {
                "system": system,
                "value": draw.choice(("Ab-12", "00/7", "x")),
                "type": {"text": draw.choice(_WORDS)},
            }
        case "ContactPoint":
            return {
                "system": draw.choice(("phone", "email")),
                "use": draw.choice(("home", "work")),
                "value": draw.choice(("024 7601 2345", "a@b.example")),
            }
        case "HumanName":
            return {"family": draw.choice(_WORDS), "given": draw.sample(_WORDS, 2), "prefix": ["Dr"]}
        case "Address":
            return {"use": "home", "line": [draw.choice(_WORDS)], "city": "Coventry", "postalCode": "CV1 2AB"}
        case "Period":
            return draw.choice(({"start": days[0], "end": days[1]}, {"start": draw.choice(_MOMENTS)}, {"end": days[0]}))
        case "Date":
            return draw.choice(_DAYS)
        case "DateTime":
            return draw.choice((*_DAYS, *_MOMENTS))
        case "Instant":
            return draw.choice(_MOMENTS)
        case "Boolean":
            return draw.choice((True, False))
        case "Code":
            return draw.choice(("active", "home", "final", "Draft"))
    return draw.choice(_WORDS)


def _reference(field: FieldInfo, draw: random.Random, ids: Ids) -> dict[str, Any]:
    literal = [f"{type_}/{id_}" for type_ in _targets(field) for id_ in ids.get(type_, ())]
    if "Patient" in _targets(field):
        literal.append(SUBJECT)
    logical = {"identifier": {"system": draw.choice(_SYSTEMS), "value": draw.choice(("Q-1", "q-2"))}}
    if not literal or draw.random() < 0.25:
        return logical
    return {"reference": draw.choice(literal), **(logical if draw.random() < 0.3 else {})}
