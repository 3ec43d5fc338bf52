"""No read without a Grant, and no Grant but from `decide`: nothing else in the product makes or changes one."""

import ast
from pathlib import Path

import integration

ROOT = Path(integration.__file__).parent
MAKER = ROOT / "sharing" / "decide.py"


def makes_a_grant(tree: ast.AST) -> bool:
    """Whether a module calls Grant, or could alter one it holds."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(_names(call.func) & {"Grant"} or _alters(call) for call in calls)


def _names(node: ast.AST) -> set[str]:
    return {part for part in (getattr(node, "id", None), getattr(node, "attr", None)) if part}


def _alters(call: ast.Call) -> bool:
    """`replace(grant, ...)`, `object.__new__(Grant)`, `object.__setattr__(grant, ...)`."""
    suspects = {name for argument in call.args for name in _names(argument)}
    return bool(_names(call.func) & {"replace", "__new__", "__setattr__", "convert"}) and bool(
        suspects & {"Grant", "grant", "decision"}
    )


def test_only_decide_makes_grants():
    makers = [path for path in ROOT.rglob("*.py") if makes_a_grant(ast.parse(path.read_text("utf-8")))]

    assert makers == [MAKER]


def test_it_would_be_noticed():
    for code in (
        "Grant(request, person, ())",
        "request.Grant()",
        "replace(grant, labels=(1,))",
        "object.__new__(Grant)",
    ):
        assert makes_a_grant(ast.parse(code))
