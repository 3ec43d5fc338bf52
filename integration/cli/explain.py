"""What a client would see, and why."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, run

app = typer.Typer()


@app.command()
def explain(
    client: Annotated[str, typer.Option(help="Id of a registered client.")],
    nhs_number: Annotated[str, typer.Option(help="Whose record.")],
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes.")] = None,
    at: Annotated[datetime | None, typer.Option(help="As things were recorded then.")] = None,
    break_glass: Annotated[str | None, typer.Option(help="As if this emergency had been declared.")] = None,
    as_json: Json = False,
) -> None:
    """Say in plain English what a client would see of somebody, and why."""
    moment = at.replace(tzinfo=at.tzinfo or UTC) if at else None
    text = run(
        lambda settings: commands.explain.explain(
            settings, client, nhs_number, role, purpose, moment, break_glass, as_json=as_json
        )
    )
    typer.echo(text)
