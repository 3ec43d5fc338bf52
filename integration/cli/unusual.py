"""What is unusual in the accesses, and whose records are watched."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from adapters.records import LONDON
from integration import commands
from integration.cli.output import Json, err, out, run, show

app = typer.Typer(no_args_is_help=True, help="Find unusual accesses; say whose records are watched for the curious.")
User = Annotated[str, typer.Option(help="Who you are; it is written into the audit.")]


@app.command("look")
def unusual_look(
    user: User,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; else yesterday.")] = None,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; else the first.")] = None,
) -> None:
    """Look through days that are over, each once; what is found waits in `toldonce alerts list`. `toldonce serve` does
    it by itself every day.

    Exit code 1 when a day could not be looked through; the others are."""
    first = start.date() if start else datetime.now(LONDON).date() - timedelta(days=1)
    last = end.date() if end else first
    looked = run(lambda settings: commands.unusual.look(settings, first, last, user))
    for day, found in looked.found.items():
        out.print(f"{day}: {'looked through before' if found is None else f'{found} unusual'}", highlight=False)
    for day, error in looked.failed.items():
        err.print(f"[red]{day}: not looked through ({error}); it can be tried again[/red]", highlight=False)
    if looked.failed:
        raise typer.Exit(1)


@app.command("watch")
def unusual_watch(
    nhs_number: Annotated[str, typer.Option(help="Whose record.")],
    kind: Annotated[str, typer.Option(help="colleague, or public figure.")],
    user: User,
    note: Annotated[str, typer.Option(help="Why; it is kept with the entry. Name nobody.")],
    organisation: Annotated[
        str, typer.Option(help="ODS code: only accesses of this organisation's users; a colleague's own.")
    ] = "",
    known_as: Annotated[str, typer.Option(help="A colleague's own name as a user of the record.")] = "",
) -> None:
    """Watch somebody's record for the curious: each access to it waits for an officer."""
    from integration.audit.watched import Watched

    one = Watched(kind=kind, nhs_number=nhs_number, organisation=organisation, user=known_as, note=note, made_by=user)
    out.print(f"entry {run(lambda settings: commands.unusual.watch(settings, one))}")


@app.command("unwatch")
def unusual_unwatch(
    number: Annotated[int, typer.Argument(help="Of the entry, as `unusual watched` shows it.")],
    user: User,
    note: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Watch a record no longer."""
    run(lambda settings: commands.unusual.unwatch(settings, number, user, note))


@app.command("watched")
def unusual_watched(as_json: Json = False) -> None:
    """Everybody who is watched, without their numbers."""
    show(run(commands.unusual.listed), as_json=as_json, title="Watched")
