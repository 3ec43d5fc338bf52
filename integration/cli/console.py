"""The console for information governance officers."""

from typing import Annotated

import typer

from integration import commands
from integration.cli.output import run

app = typer.Typer(no_args_is_help=True, help="The console for information governance officers.")


@app.callback()
def console() -> None:
    """The console for information governance officers."""


@app.command("sign-in")
def sign_in(
    user: Annotated[str, typer.Option(help="The officer's name, as the access log will have it.")],
    organisation: Annotated[str, typer.Option(help="ODS code of the officer's organisation.")],
) -> None:
    """A code for one sign-in at /console, good for 15 minutes. Give it to this officer and to nobody else."""
    typer.echo(run(lambda settings: commands.console.sign_in(settings, user, organisation)))
