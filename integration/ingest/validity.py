"""Is a resource valid FHIR? `fhir.resources` knows and says why not; what is plainly valid is told apart without it.

Its models take about 0.2 ms a resource, half of what ingest took. So they are compiled, once per type, to msgspec
structs that check the same elements, cardinalities, primitive types and choices, somewhat more strictly, ten times as
fast. What the structs accept is valid. What they do not accept is left to the models, whose verdict counts
(`tests/properties/test_validity.py` compares the two).

A FHIR string may hold anything but white space beyond space, tab and line ends. That is looked for once, in the JSON of
the whole resource, and not string by string, which took a fifth longer.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from mappings.uk_core import Resource


def invalidity(resource: Resource, body: bytes | None = None) -> str | None:
    """What makes a resource invalid FHIR, as element paths and error types, or None. No values are repeated. `body`:
    its JSON as orjson writes it, where there is one."""
    if _plainly_valid(resource, body):
        return None
    try:
        _model(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        found = {f"{'.'.join(map(str, one['loc']))} ({one['type']})" for one in error.errors(include_input=False)}
        return ", ".join(sorted(found))
    return None


def _plainly_valid(resource: Resource, body: bytes | None) -> bool:
    try:
        if not plainly_written(orjson.dumps(resource) if body is None else body):
            return False
        msgspec.convert(resource, compiled(resource["resourceType"]))
    except (msgspec.ValidationError, orjson.JSONEncodeError):
        return False
    return True


def plainly_written(body: bytes) -> bool:
    """Whether its strings hold no white space that FHIR forbids: orjson writes what is below the space as an escape,
    and what is beyond ASCII as it is."""
    if b"\\u00" in body or b"\\f" in body:
        return False
    return body.isascii() or _RARE_SPACE.search(body.decode()) is None


_RARE_SPACE = re.compile(r"[^\S\x00-\x7f]")
"""White space beyond ASCII."""


@cache
def _model(resource_type: str) -> Any:
    return get_fhir_model_class(resource_type)


@cache
def compiled(resource_type: str) -> Any:
    """The struct type of a resource type; `msgspec.convert` to it fails for what is not plainly valid."""
    return _struct(_model(resource_type))


_YEAR = r"(?!0000)[0-9]{4}"
_LEAP_YEAR = r"(?!0000)(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    rf"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_MOMENT = rf"{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])"
_TEXTS = frozenset({"String", "Markdown"})
"""Primitive types that take whatever is plainly written."""
_PATTERNS = {
    "Code": r"\S+(?: \S+)*",
    "Id": r"[A-Za-z0-9\-.]{1,64}",
    "Uri": r"\S+",
    "Canonical": r"\S+",
    "Url": r"https?://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/-]*)?",
    "Date": rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}",
    "DateTime": rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}|{_MOMENT}",
    "Instant": _MOMENT,
    "Xhtml": r'<div xmlns="http://www\.w3\.org/1999/xhtml">[ \r\n\t\S]*</div>',
}
"""Primitive types, http://hl7.org/fhir/R4/datatypes.html#primitive; a type that is missing is left to the models."""
_NUMBERS: Mapping[str, Any] = {
    "Integer": Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)],
    "UnsignedInt": Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)],
    "PositiveInt": Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)],
    "Decimal": int | float,
}
_NOT_COMPILED = frozenset({"contained", "fhir_comments"})
"""Resources inside resources have any type; comments are nobody's element."""


def _struct(model: Any) -> Any:
    """The struct of a model, made once. Structs refer to each other by name, because FHIR's types do so in circles."""
    name = f"{model.__name__}_"
    module = sys.modules[__name__].__dict__
    if name in module:
        return module[name]
    module[name] = None  # it is being made: whoever refers to it meanwhile does so by name
    fields = [made for name_, info in model.model_fields.items() if (made := _field(info.alias or name_, info))]
    if issubclass(model, _model("Resource")):
        fields.append(("resourceType", Literal[model.__resource_type__], ...))
    choices = _choices(model)
    module[name] = msgspec.defstruct(
        name,
        [
            (_attribute(element), type_) if default is ... else (_attribute(element), type_, default)
            for element, type_, default in sorted(fields, key=lambda field: field[2] is not ...)
        ],
        module=__name__,
        namespace={"__post_init__": _one_of_each(choices)} if choices else None,
        rename={_attribute(element): element for element, _, _ in fields},
        forbid_unknown_fields=True,
        gc=False,
    )
    return module[name]


def _attribute(element: str) -> str:
    """A name that is no word of Python's and no private one."""
    return f"e{element}"


def _field(element: str, info: FieldInfo) -> tuple[str, Any, Any] | None:
    type_ = None if element in _NOT_COMPILED else _type(info.annotation)
    if type_ is None:
        return None
    extra = info.json_schema_extra
    required = info.is_required() or (isinstance(extra, dict) and bool(extra.get("element_required")))
    return element, type_, ... if required else msgspec.UNSET


def _type(annotation: Any) -> Any:
    """The msgspec type of an annotation of fhir.resources, or None where there is none."""
    arguments = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) is Annotated:
        return _primitive(type(annotation.__metadata__[0]).__name__)
    if get_origin(annotation) is list:
        item: Any = _type(arguments[0])
        return None if item is None else Annotated[list.__class_getitem__(item), msgspec.Meta(min_length=1)]
    if arguments:
        return _type(arguments[0]) if len(arguments) == 1 else None
    if annotation is bool:
        return bool
    if not hasattr(annotation, "get_model_klass"):
        return None
    model = annotation.get_model_klass()
    _struct(model)
    return f"{model.__name__}_"


def _primitive(name: str) -> Any:
    if name in _TEXTS:
        return Annotated[str, msgspec.Meta(min_length=1)]
    if name in _PATTERNS:
        return Annotated[str, msgspec.Meta(pattern=rf"\A(?:{_PATTERNS[name]})\Z")]
    return _NUMBERS.get(name)


def _choices(model: Any) -> list[tuple[bool, tuple[str, ...]]]:
    """Choice elements (value[x]): whether one is required, and the attributes of which one may be there."""
    found: dict[str, tuple[bool, list[str]]] = {}
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and "one_of_many" in extra and _type(info.annotation) is not None:
            choice = found.setdefault(str(extra["one_of_many"]), (bool(extra["one_of_many_required"]), []))
            choice[1].append(_attribute(info.alias or name))
    return [(required, tuple(attributes)) for required, attributes in found.values()]


def _one_of_each(choices: Iterable[tuple[bool, tuple[str, ...]]]) -> Callable[[Any], None]:
    # the types of an Extension's value are fifty: looked at in one step, this is a fifth of the time
    rules = [(required, len(attributes), attrgetter(*attributes)) for required, attributes in choices]

    def check(self: Any) -> None:
        for required, among, values in rules:
            present = among - values(self).count(msgspec.UNSET)
            if present > 1 or (required and not present):
                raise ValueError("one of a choice")

    return check
