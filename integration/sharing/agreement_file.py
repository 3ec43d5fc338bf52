"""A YAML text that people write -> plain data whose every part knows its line, checked against a JSON Schema: that of
the agreements, where no other is given."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
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


class _Loader(yaml.SafeLoader):
    """Reads no references: what they stand for has no line of its own, and grows without end."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            reference = self.peek_event()  # type: ignore[no-untyped-call]  # their stubs leave it out
            raise AgreementError([Problem(*_mark(reference), "write it out: references are not read")])
        return super().compose_node(parent, index)


def read(text: str, grammar: str | None = None) -> Document:
    """Parse and check against the schema (JSON). Raises AgreementError."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise AgreementError([Problem(line, 1, "there is a character here that no text has")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise AgreementError([Problem(*where, f"this is not readable as YAML: {error.problem}")]) from error
    except RecursionError:
        raise AgreementError([Problem(1, 1, "this is nested too deeply for any agreement")]) from None
    if root is None:
        raise AgreementError([Problem(1, 1, "the file is empty")])
    lines: dict[Place, tuple[int, int]] = {}
    problems: list[Problem] = []
    content = _content(root, (), lines, problems)
    document = Document(content, lines)
    for found in _validator(grammar or schema()).iter_errors(content):
        problems += [document.problem(place, message) for place, message in _told(found)]
    if problems:
        raise AgreementError(sorted(set(problems)))
    return document


def schema() -> str:
    """The JSON Schema that agreement files follow: what an editor needs to help with writing them."""
    return resources.files("integration.sharing").joinpath("agreements.schema.json").read_text("utf-8")


@cache
def _validator(grammar: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(grammar), format_checker=Draft202012Validator.FORMAT_CHECKER)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, else all of them; for the end of a message."""
    words = sorted(known)
    small = {one.casefold(): one for one in words}
    if close := get_close_matches(word.casefold(), small, 1, 0.6):
        return f"the nearest is '{small[close[0]]}'"
    return f"known: {', '.join(words)}" if words else "none is described"


def _content(node: yaml.Node, place: Place, lines: dict[Place, tuple[int, int]], problems: list[Problem]) -> Any:
    lines.setdefault(place, _mark(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_content(item, (*place, index), lines, problems) for index, item in enumerate(node.value)]
    try:
        value = yaml.SafeLoader("").construct_object(node, deep=True)
        str(value)  # a number of too many digits could not be told of
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


def _told(error: ValidationError) -> Iterator[tuple[Place, str]]:
    """Where something is wrong, and what: each unknown word apart."""
    place = tuple(error.absolute_path)
    if error.validator != "additionalProperties":
        yield place, _message(error)
        return
    known = _schema(error).get("properties", {})
    written: Any = error.instance
    for key in written:
        if key not in known:
            yield (*place, key), f"'{key}' is not known here; {nearest(key, known)}"


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _message(error: ValidationError) -> str:
    """What is wrong, in words for somebody who writes agreements, not programs."""
    wanted: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "required":
            return f"{_quoted([key for key in wanted if key not in instance])} is missing"
        case "enum":
            return f"'{instance}' is not one of the words for this; {nearest(str(instance), wanted)}"
        case "type":
            kinds = {"boolean": "yes or no", "integer": "a whole number", "array": "a list", "string": "text"}
            return f"this must be {kinds.get(wanted, 'a list of names, each with its description')}"
        case "pattern" | "format" | "anyOf":
            return f"'{instance}' is not written as expected here{_expected(error)}"
        case "minimum" | "maximum":
            return (
                f"{instance} is too {'small' if error.validator == 'minimum' else 'large'}: {error.validator} {wanted}"
            )
        case "uniqueItems":
            return "something is in this list twice"
        case "minItems" | "minProperties" | "minLength":
            return "this must not be empty"
    return "this number or text is out of the range that is allowed here"


def _expected(error: ValidationError) -> str:
    """What the schema says of the place."""
    said = _schema(error).get("description")
    return f": {said}" if said else ""


def _quoted(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
