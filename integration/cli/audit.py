"""Who saw what."""

from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, run, show

app = typer.Typer(no_args_is_help=True, help="Who saw what.")


@app.command("search")
def audit_search(
    nhs_number: Annotated[str | None, typer.Option(help="Whose record was accessed.")] = None,
    organisation: Annotated[str | None, typer.Option(help="ODS code of who asked.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Who saw what, newest first. The search itself is audited."""
    rows = run(lambda settings: commands.audit.audit_search(settings, nhs_number, organisation, limit))
    show(rows, as_json=as_json, title="Access log")


@app.command("verify")
def audit_verify(
    checkpoint: Annotated[str | None, typer.Option(help="A checkpoint that an earlier run printed.")] = None,
) -> None:
    """Recompute the whole log; names every change, gap and missing event. Exit code 1 when there is one."""
    report, sound = run(lambda settings: commands.audit.audit_verify(settings, checkpoint))
    typer.echo(report)
    if not sound:
        raise typer.Exit(1)
