"""The YAML text of the agreements -> plain data whose every part knows its line, checked against the JSON Schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

Place = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with the file. Lines and columns count from 1."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class AgreementError(ValueError):
    """The file of agreements cannot be used. `problems` says why, each with its line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Document:
    """The file's content, and where each part of it stands."""

    content: Any
    lines: Mapping[Place, tuple[int, int]]

    def problem(self, place: Place, message: str) -> Problem:
        """A problem with the part at `place`, or with the nearest part around it that has a line."""
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(*self.lines.get(place, (1, 1)), message)


def read(text: str) -> Document:
    """Parse and check against the schema. Raises AgreementError."""
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise AgreementError([Problem(*_mark(event), "write it out: references are not read")])
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise AgreementError([Problem(*where, f"this is not readable as YAML: {error.problem}")]) from error
    if root is None:
        raise AgreementError([Problem(1, 1, "the file is empty")])
    lines: dict[Place, tuple[int, int]] = {}
    problems: list[Problem] = []
    content = _content(root, (), lines, problems)
    document = Document(content, lines)
    problems += [document.problem(_place(error), _message(error)) for error in _validator().iter_errors(content)]
    if problems:
        raise AgreementError(sorted(set(problems)))
    return document


@cache
def _validator() -> Draft202012Validator:
    schema = resources.files("integration.sharing").joinpath("agreements.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(schema))


def _content(node: yaml.Node, place: Place, lines: dict[Place, tuple[int, int]], problems: list[Problem]) -> Any:
    lines.setdefault(place, _mark(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_content(item, (*place, index), lines, problems) for index, item in enumerate(node.value)]
    try:
        value = yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.MarkedYAMLError, ValueError):
        problems.append(Problem(*_mark(node), f"'{node.value}' cannot be read"))
        return node.value
    return value.isoformat() if isinstance(value, date) else value


def _mapping(
    node: yaml.MappingNode, place: Place, lines: dict[Place, tuple[int, int]], problems: list[Problem]
) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in content:
            problems.append(Problem(*_mark(key_node), f"'{key}' is written twice"))
        lines[(*place, key)] = _mark(key_node)
        content[key] = _content(value_node, (*place, key), lines, problems)
    return content


def _mark(part: yaml.Node | yaml.Event) -> tuple[int, int]:
    mark = part.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _place(error: ValidationError) -> Place:
    place = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        unknown = _unknown_keys(error)
        return (*place, unknown[0]) if unknown else place
    return place


def _unknown_keys(error: ValidationError) -> list[str]:
    instance: Any = error.instance
    return [key for key in instance if key not in _schema(error).get("properties", {})]


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _message(error: ValidationError) -> str:
    """What is wrong, in words for somebody who writes agreements, not programs."""
    wanted: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = ", ".join(_schema(error).get("properties", {}))
            return f"{_quoted(_unknown_keys(error))} is not known here; known: {known}"
        case "required":
            return f"{_quoted([key for key in wanted if key not in instance])} is missing"
        case "enum":
            return f"'{instance}' is not one of: {', '.join(wanted)}"
        case "type":
            kinds = {"boolean": "yes or no", "integer": "a whole number", "array": "a list", "string": "text"}
            return f"this must be {kinds.get(wanted, 'a list of names, each with its description')}"
        case "pattern":
            return f"'{instance}' is not written as expected here"
        case "minItems" | "minProperties" | "minLength":
            return "this must not be empty"
    return "this number or text is out of the range that is allowed here"


def _quoted(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
