"""Charities' spreadsheets: a template, a charity's own words, and what is to be fixed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import out as console
from integration.cli.output import run

app = typer.Typer(no_args_is_help=True, help="Charities' spreadsheets.")
Out = Annotated[Path, typer.Option("--out", help="File to write.")]


@app.command("template")
def vcfse_template(out: Out) -> None:
    """Write the workbook that a charity can start from."""

    async def work(_: object) -> None:
        commands.vcfse.vcfse_template(out, console)

    run(work)


@app.command("mapping")
def vcfse_mapping(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="A charity's mapping file.")] = None,
    into: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="The charity's spreadsheet.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --into: the file to write.")] = None,
) -> None:
    """Check a mapping file and say, with line numbers, what is wrong with it; put it into a spreadsheet (--into).
    Without a file: print one to start from."""
    if bool(into) != bool(out) or (into and not file):
        raise typer.BadParameter("--into and --out go together, with a mapping file")

    async def work(_: object) -> None:
        if file is None:
            typer.echo(commands.vcfse.mapping_start(), nl=False)
        elif into and out:
            commands.vcfse.mapping_into(file, into, out, console)
        else:
            typer.echo(f"{len(commands.vcfse.mapping_check(file))} lines, nothing wrong")

    run(work)


@app.command("report")
def vcfse_report(
    source: Annotated[str, typer.Argument(help="A file, or the number of an envelope that was received.")],
    out: Out,
    as_of: Annotated[datetime | None, typer.Option(help="The day of the file, where it is not today.")] = None,
) -> None:
    """Write a charity's spreadsheet with a column that says what to fix, to send back to it."""
    moment = as_of.replace(tzinfo=as_of.tzinfo or UTC) if as_of else None
    run(lambda settings: commands.vcfse.vcfse_report(settings, source, out, moment, console))
