"""Running a command's work, and printing what came of it."""

import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from integration.errors import ToldOnceError

if TYPE_CHECKING:
    from integration.config import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
out = Console(width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True)


def run(work: "Callable[[Settings], Coroutine[Any, Any, Any]]") -> Any:
    """Run a command's work; an error of ours is printed in one line and ends with 1. Told to end (SIGTERM), it ends as
    if its work were done, so that what it opened is closed: the embedded PostgreSQL above all."""
    import uvloop  # these two take as long as all that `--help` needs

    from integration.config import Settings

    signal.signal(signal.SIGTERM, _end)
    try:
        return uvloop.run(work(Settings()))
    except ToldOnceError as error:
        err.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def show(rows: list[dict[str, Any]], *, as_json: bool, title: str) -> None:
    """A table, or a JSON array."""
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2, default=str) + b"\n")
        return
    table = Table(title=title)
    for column in rows[0] if rows else ("nothing",):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)
