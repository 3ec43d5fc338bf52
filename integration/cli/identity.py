"""Doubtful links between people."""

from typing import Annotated

import typer

from integration.cli.output import Json, out, run, show
from integration.commands import identity as commands

app = typer.Typer(no_args_is_help=True, help="Doubtful links between people.")


@app.command("review")
def identity_review(as_json: Json = False) -> None:
    """Pairs that may be one person, for somebody to decide."""
    show(run(commands.identity_review), as_json=as_json, title="Possible matches")


@app.command("merge")
def identity_merge(
    a: str, b: str, user: Annotated[str, typer.Option()], reason: Annotated[str, typer.Option()]
) -> None:
    """Decide that two source patients are the same person."""
    run(lambda settings: commands.decide_identity(settings, a, b, "SAME", user, reason, out))


@app.command("unmerge")
def identity_unmerge(
    a: str, b: str, user: Annotated[str, typer.Option()], reason: Annotated[str, typer.Option()]
) -> None:
    """Decide that two source patients are not the same person; this outranks every automatic link."""
    run(lambda settings: commands.decide_identity(settings, a, b, "NOT THE SAME", user, reason, out))
