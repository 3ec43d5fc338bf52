"""Extracts for analysis, and the process that writes bulk exports."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, err, out, run, show

app = typer.Typer()


class Format(StrEnum):
    """What files an extract is written as."""

    PARQUET = "parquet"


@app.command()
def export(
    client: Annotated[str, typer.Option(help="Id of the registered client as which to ask.")],
    folder: Annotated[Path, typer.Option("--out", help="A new or empty folder, for a file of each table.")],
    caseload: Annotated[str | None, typer.Option(help="Id of a caseload.")] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Whoever may be seen, on a caseload or not.")] = False,
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="What files to write.")] = Format.PARQUET,
    as_json: Json = False,
) -> None:
    """Write a person-level linked dataset with pseudonyms: of a caseload, or of everybody whom the client may see, what
    it may see, as Parquet files (docs/bulk-export.md lists their columns)."""
    if (caseload is None) == (not everybody):
        err.print("[red]say which: --caseload ID, or --everybody[/red]")
        raise typer.Exit(2)
    asked = commands.export.Asked(caseload, client, role, purpose, folder)
    counts = run(lambda settings: commands.export.extract(settings, err if as_json else out, asked))
    rows = [{"table": f"{name}.{format_}", "rows": number} for name, number in counts.items()]
    show(rows, as_json=as_json, title=f"Extract in {folder}")


@app.command("export-worker")
def export_worker() -> None:
    """Write bulk exports that are asked for over HTTP, beside processes that serve; set TOLDONCE_EXPORTS_SERVED=false
    for those. Any number of these work side by side."""
    run(lambda settings: commands.export.work(settings, out))
