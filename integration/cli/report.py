"""What the feeds bring."""

import sys
from typing import Annotated

import orjson
import typer

from integration import commands
from integration.cli.output import Json, out, run

app = typer.Typer(no_args_is_help=True, help="What the feeds bring, and how good it is.")


@app.command()
def report(
    feed: Annotated[str | None, typer.Option(help="Only this feed.")] = None,
    sender: Annotated[str | None, typer.Option(help="ODS code: only what this organisation sends.")] = None,
    as_json: Json = False,
) -> None:
    """How good what each sender sends is, and what the sender can mend. No patient data."""
    reports = run(lambda settings: commands.report.feeds_report(settings, feed, sender))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(reports, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        commands.report.show(reports, out)
