"""Files in and out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import out, run

app = typer.Typer()


@app.command()
def generate(
    people: Annotated[int, typer.Option(help="How many people.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    seed: Annotated[int, typer.Option(help="Another seed, another neighbourhood.")] = 7,
) -> None:
    """Write a synthetic neighbourhood's feeds as files, in their real formats."""
    commands.feeds.generate(people, seed, folder, out)


@app.command()
def ingest(
    feed: Annotated[str, typer.Argument(help="gp, acute, community, social_care or vcfse.")],
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files, or folders of files.")],
    sender: Annotated[str, typer.Option(help="ODS code of the organisation that sends it.")],
    as_of: Annotated[datetime | None, typer.Option(help="When it was made, where the file does not say.")] = None,
) -> None:
    """Receive files into the inbox and process it."""
    moment = as_of.replace(tzinfo=as_of.tzinfo or UTC) if as_of else None
    run(lambda settings: commands.feeds.ingest(settings, feed, paths, sender, moment, out))
