"""What a client would see, and why."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from integration import commands
from integration.cli.output import Json, run

app = typer.Typer()


@app.command()
def explain(
    client: Annotated[str | None, typer.Option(help="Id of a registered client.")] = None,
    nhs_number: Annotated[str | None, typer.Option(help="Whose record.")] = None,
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes.")] = None,
    at: Annotated[datetime | None, typer.Option(help="As things were recorded then.")] = None,
    break_glass: Annotated[str | None, typer.Option(help="As if this emergency had been declared.")] = None,
    event: Annotated[str | None, typer.Option(help="Instead: the decision of this audit event, made again.")] = None,
    as_json: Json = False,
) -> None:
    """Say in plain English what a client would see of somebody, and why; or what an access of the past was decided by.
    Exit code 1 where that decision cannot be made again as it was."""
    if event is not None:
        _replay(event)
        return
    if client is None or nhs_number is None:
        raise typer.BadParameter("say --client and --nhs-number, or --event")
    moment = at.replace(tzinfo=at.tzinfo or UTC) if at else None
    text = run(
        lambda settings: commands.explain.explain(
            settings, client, nhs_number, role, purpose, moment, break_glass, as_json=as_json
        )
    )
    typer.echo(text)


def _replay(event: str) -> None:
    try:
        id_ = UUID(event)
    except ValueError:
        raise typer.BadParameter("an audit event's id is a UUID") from None
    replayed = run(lambda settings: commands.explain.replay(settings, id_))
    typer.echo(replayed.text)
    typer.echo("This is what was decided then." if replayed.same else "This is NOT what was decided then.")
    if not replayed.same:
        raise typer.Exit(1)
