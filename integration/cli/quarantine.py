"""What could not be understood, and trying it again."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from integration import commands
from integration.cli.output import Json, out, run, show

app = typer.Typer(no_args_is_help=True, help="What could not be understood, and trying it again.")


@app.command("list")
def quarantine_list(as_json: Json = False) -> None:
    """Open entries, with where and what to do, to the width of a page; `show` and `--json` tell the rest."""
    rows = run(commands.quarantine.quarantine_list)
    show(rows if as_json else [brief(row) for row in rows], as_json=as_json, title="Quarantine")


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody needs to act on an entry: `feed` and `code` are what `replay` takes."""
    return {
        "id": row["id"],
        "feed": row["feed"],
        "code": row["code"],
        "where": row["location"],
        "what to do": row["remedy"],
        "last seen": f"{row['last_seen']:%Y-%m-%d}",
    }


@app.command("show")
def quarantine_show(entry: int) -> None:
    """One entry with the bytes that could not be used (these may be patient data)."""
    show([run(lambda settings: commands.quarantine.quarantine_show(settings, entry))], as_json=True, title="")


@app.command("replay")
def quarantine_replay(
    entry: Annotated[int | None, typer.Argument(help="Only this entry's envelope; all where none is named.")] = None,
    feed: Annotated[str | None, typer.Option(help="Only this feed.")] = None,
    code: Annotated[str | None, typer.Option(help="Only entries of this reason's code.")] = None,
    user: Annotated[str, typer.Option(help="Who you are, for the audit; else the account you are logged in as.")] = "",
) -> None:
    """Process the envelopes of open entries again: one, many or all."""
    work = commands.quarantine.quarantine_replay
    run(lambda settings: work(settings, out, user=user, entry=entry, feed=feed, code=code))
