"""Small changes of a module's syntax tree: each a mutant, described by its line and what it makes of it."""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLED = {"any": "all", "all": "any", "max": "min", "min": "max"}
_NOTHING = {"frozenset", "tuple", "list", "set"}


@dataclass(frozen=True)
class Mutant:
    """One change. `place`: line of the source, `was` and `becomes` as source."""

    function: str
    line: int
    was: str
    becomes: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.function}, line {self.line}: `{self.was}` becomes `{self.becomes}`"


def mutants(source: str, functions: frozenset[str] = frozenset()) -> Iterator[Mutant]:
    """Every mutant of a module, or of some of its functions (methods by their own name)."""
    tree = ast.parse(source)
    wholes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = {id(node) for whole in wholes for node in ast.walk(whole) if node is not whole}
    for whole in wholes:
        if id(whole) in inner or (functions and whole.name not in functions):
            continue
        for statement in whole.body:  # annotations decide nothing
            for node in ast.walk(statement):
                for field, place, new in _changes(node):
                    yield _made(tree, whole.name, node, field, place, new)


def _made(tree: ast.Module, function: str, node: ast.AST, field: str, place: int | None, new: Any) -> Mutant:
    old = getattr(node, field)
    was = _text(node)
    _put(node, field, place, new)
    changed = deepcopy(tree)
    becomes = _text(node)
    setattr(node, field, old)
    return Mutant(function, getattr(node, "lineno", 0), was, becomes, ast.fix_missing_locations(changed))


def _put(node: ast.AST, field: str, place: int | None, new: Any) -> None:
    if place is None:
        setattr(node, field, new)
        return
    listed = list(getattr(node, field))
    if new is None:
        del listed[place]
    else:
        listed[place] = new
    setattr(node, field, listed)


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _changes(node: ast.AST) -> Iterator[tuple[str, int | None, Any]]:
    """Field of the node, place in it where it is a list, and what is put there (None in a list: it is taken out)."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            yield "ops", 0, _COMPARED[type(op)]()
        case ast.Compare(ops=[first, second]):
            yield "ops", 0, _COMPARED[type(first)]()
            yield "ops", 1, _COMPARED[type(second)]()
        case ast.BoolOp(op=op, values=values):
            yield "op", None, ast.Or() if isinstance(op, ast.And) else ast.And()
            neutral = ast.Constant(isinstance(op, ast.And))
            yield from (("values", place, neutral) for place in range(len(values)))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "operand", None, ast.UnaryOp(ast.Not(), operand)
        case ast.BinOp(op=op) if type(op) in _COMPUTED:
            yield "op", None, _COMPUTED[type(op)]()
        case ast.Constant(value=bool(value)):
            yield "value", None, not value
        case ast.Constant(value=int(value)):
            yield "value", None, value + 1
        case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
            yield "func", None, ast.Name(_CALLED[name], ast.Load())
        case ast.Call(func=ast.Name(id=name), args=[_]) if name in _NOTHING:
            yield "args", 0, None
    if isinstance(node, ast.If | ast.IfExp):
        yield "test", None, ast.Constant(True)
        yield "test", None, ast.Constant(False)
    if isinstance(node, ast.comprehension):
        yield from (("ifs", place, None) for place in range(len(node.ifs)))
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield "value", None, ast.Constant(None)
    if isinstance(node, ast.Call):
        yield from (("keywords", place, None) for place, one in enumerate(node.keywords) if one.arg)
