"""Purposes beyond care: planning and research."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, out, run, show

app = typer.Typer(no_args_is_help=True, help="Purposes beyond care: who opted out, and whom a client may ask about.")
File = Annotated[Path, typer.Argument(help="What is sent to, or came from, the national data opt-out service.")]


@app.command("ask")
def beyond_care_ask(file: File) -> None:
    """Write every NHS number that is held to a file, for MESH (workflow SPINE_NTT_UPHOLDING). It is patient data."""
    asked = run(lambda settings: commands.beyond_care.ask(settings, file))
    out.print(f"{asked} NHS numbers written")


@app.command("take")
def beyond_care_take(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The answer.")],
    checked: Annotated[datetime | None, typer.Option(help="When it was answered, if not now.")] = None,
) -> None:
    """Take the answer: it holds for 21 days, for the numbers in it alone. Whoever is not in it counts as opted out."""
    moment = checked.replace(tzinfo=checked.tzinfo or UTC) if checked else None
    through = run(lambda settings: commands.beyond_care.take(settings, file, moment))
    out.print(f"{through} NHS numbers may be used")


@app.command("people")
def beyond_care_people(
    client: Annotated[str, typer.Option(help="Id of a registered client.")],
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes beyond care.")] = None,
    as_json: Json = False,
) -> None:
    """Pseudonyms of all whom this client may ask about: its own, of no use to anybody else."""
    found = run(lambda settings: commands.beyond_care.people(settings, client, role, purpose))
    show([{"person": str(one)} for one in found], as_json=as_json, title="People, by pseudonym")
