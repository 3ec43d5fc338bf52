"""Small changes of a module's syntax tree: each a mutant, described by its line and what it makes of it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import CodeType
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
    """One change: the line of the source, `was` and `becomes` as source; `code` of the whole module with it."""

    module: str
    function: str
    line: int
    was: str
    becomes: str
    code: CodeType

    def __str__(self) -> str:
        module = self.module.rpartition(".")[2]
        return f"{module}: {self.function}, line {self.line}: `{self.was}` becomes `{self.becomes}`"


def mutants(module: str, functions: frozenset[str] = frozenset()) -> list[Mutant]:
    """Every mutant of a module, or of some of its functions (methods by their own name). Raises LookupError for
    functions that are not there: nothing would be tried, and nothing would survive."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"there is no {module}")
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    wholes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if missing := functions - {whole.name for whole in wholes}:
        raise LookupError(f"{module} has no {', '.join(sorted(missing))}")
    inner = {id(node) for whole in wholes for node in ast.walk(whole) if node is not whole}
    return [
        _made(module, tree, whole.name, node, *change)
        for whole in wholes
        if id(whole) not in inner and (not functions or whole.name in functions)
        for statement in whole.body
        for node in _deciding(statement)
        for change in _changes(node)
    ]


def _made(
    module: str, tree: ast.Module, function: str, node: ast.AST, field: str, place: int | None, new: Any
) -> Mutant:
    old = getattr(node, field)
    was = _text(node)
    _put(node, field, place, new)
    becomes, code = _text(node), compile(ast.fix_missing_locations(tree), module, "exec")
    setattr(node, field, old)
    return Mutant(module, function, _line(node), was, becomes, code)


def _deciding(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is inside, but for annotations, which decide nothing."""
    yield node
    for field, held in ast.iter_fields(node):
        for one in held if isinstance(held, list) else [held]:
            if isinstance(one, ast.AST) and field not in ("annotation", "returns"):
                yield from _deciding(one)


def _line(node: ast.AST) -> int:
    """Where it stands; a comprehension's `for` stands where its variable does."""
    return getattr(getattr(node, "target", None) if isinstance(node, ast.comprehension) else node, "lineno", 0)


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
