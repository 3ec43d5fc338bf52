"""The figures as a table, and as JSON."""

import os
import platform
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from tests.bench.plan import Figure


def table(figures: Sequence[Figure]) -> Table:
    """One line per figure: the product, the bare database, the ratio, what DESIGN asks for."""
    shown = Table(title="How fast, beside the bare database in the same run")
    for heading in ("", "ToldOnce", "bare database", "ratio", "asked for", ""):
        shown.add_column(heading, justify="left" if heading == "" else "right")
    part = ""
    for figure in figures:
        if figure.part != part:
            part = figure.part
            shown.add_section()
            shown.add_row(f"[bold]{part}[/bold]")
        shown.add_row(
            figure.name,
            _number(figure.value, figure.unit),
            _number(figure.bare, figure.unit) if figure.bare else "",
            _ratio(figure),
            _asked(figure),
            {True: "met", False: "[yellow]not met[/yellow]", None: ""}[figure.met],
        )
    return shown


def _number(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 or unit == "%" else 2
    return f"{value:,.{digits}f} {unit}"


def _ratio(figure: Figure) -> str:
    """Rates as a share of the bare database's, times as a multiple of its."""
    if not figure.share:
        return ""
    return f"{figure.share:.1f} x" if figure.unit == "ms" else f"{figure.share:.1%}"


def _asked(figure: Figure) -> str:
    parts = []
    if figure.target is not None:
        parts.append(f"{'≤' if figure.at_most else '≥'} {figure.target:,.0f} {figure.unit}")
    if figure.least_share is not None:
        parts.append(f"≥ {figure.least_share:.0%}")
    return ", ".join(parts)


def machine() -> dict[str, Any]:
    """Where it ran: processors, their load just before (others' work shows there), Python."""
    return {
        "processors": os.cpu_count(),
        "load": [round(one, 2) for one in os.getloadavg()],
        "python": f"{platform.python_version()} {sys.executable}",
        "profile-guided": _profile_guided(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _profile_guided() -> str:
    """Whether the interpreter was built with what makes it a quarter faster. Debian's rules do it in a way of their own
    and leave no word of it in `sysconfig`."""
    said = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    debian = "-Wdate-time" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return "yes" if said else "as Debian builds it" if debian else "no"


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    return [asdict(figure) | {"share": figure.share, "met": figure.met} for figure in figures]
