"""docs/settings.md lists every setting, with its default and what its docstring says."""

import ast
import inspect
import re
from itertools import pairwise
from pathlib import Path

from integration import config
from integration.config import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def meanings() -> dict[str, str]:
    """Name of each setting -> the docstring under it."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(config)).body if isinstance(node, ast.ClassDef))
    found = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[field.target.id] = " ".join(below.value.value.split())
    return found


def default(value: object) -> str:
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_setting_is_documented(documented):
    said = meanings()
    rows = [
        f"| `TOLDONCE_{name.upper()}` | {default(field.default)} | {said.get(name, '')} |"
        for name, field in Settings.model_fields.items()
    ]
    documented("docs/settings.md", "settings", "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]))


def test_no_other_setting_is_spoken_of():
    known = {f"TOLDONCE_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"TOLDONCE_[A-Z_]+", PAGE.read_text())) == known
