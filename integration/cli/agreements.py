"""Data sharing agreements."""

from pathlib import Path
from typing import Annotated

import typer

from integration.cli.output import out, run
from integration.commands import agreements as commands

app = typer.Typer(no_args_is_help=True, help="Data sharing agreements.")


@app.command("check")
def agreements_check(file: Annotated[Path, typer.Argument(exists=True)]) -> None:
    """Read an agreement file and say, with line numbers, what is wrong with it."""
    run(lambda _: commands.agreements_check(file, out))


@app.command("apply")
def agreements_apply(file: Annotated[Path, typer.Argument(exists=True)]) -> None:
    """Put an agreement file in force."""
    run(lambda settings: commands.agreements_apply(settings, file, out))
