"""The console for information governance officers and for teams."""

from typing import Annotated

import typer

from integration import commands
from integration.audit.search import IG_OFFICER
from integration.cli.output import run

app = typer.Typer(no_args_is_help=True, help="The console for information governance officers and for teams.")


@app.callback()
def console() -> None:
    """The console for information governance officers and for teams."""


@app.command("sign-in")
def sign_in(
    user: Annotated[str, typer.Option(help="Their name, as the access log will have it.")],
    organisation: Annotated[str, typer.Option(help="ODS code of their organisation.")],
    role: Annotated[
        str, typer.Option(help="As whom they look: an officer, or a clinical or care role of the agreements.")
    ] = IG_OFFICER,
    purpose: Annotated[
        str, typer.Option(help="What for, as a code of the agreements. Left out: audit, or care coordination (COC).")
    ] = "",
) -> None:
    """A code for one sign-in at /console, good for 15 minutes. Give it to this person and to nobody else."""
    who = commands.console.signing_in(user, organisation, role, purpose)
    typer.echo(run(lambda settings: commands.console.sign_in(settings, who)))
