"""An access token, for trying things out."""

from typing import Annotated

import typer

from integration import commands
from integration.cli.output import run

app = typer.Typer()


@app.command()
def token(
    client: Annotated[str, typer.Option(help="Id of a demo client.")],
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes, such as TREAT.")] = None,
    user: Annotated[str, typer.Option(help="Who is asking.")] = "demo user",
    break_glass: Annotated[str | None, typer.Option(help="Reason for emergency access.")] = None,
    scope: Annotated[str, typer.Option(help="What it may do.")] = "system/*.rs",
) -> None:
    """Get an access token from the running server, as one of the demo's clients."""
    typer.echo(run(lambda settings: commands.token.token(settings, client, role, purpose, user, break_glass, scope)))
