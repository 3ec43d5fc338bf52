"""The processes that run on, the demo among them."""

from typing import Annotated

import typer

from integration import commands
from integration.cli.output import out, run

app = typer.Typer()


@app.command()
def demo(
    people: Annotated[int, typer.Option(help="How many synthetic people.")] = 500,
    once: Annotated[bool, typer.Option("--once", help="Do all but serving.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another neighbourhood.")] = 7,
) -> None:
    """Make a synthetic neighbourhood, ingest its six feeds and serve the record."""
    run(lambda settings: commands.demo.demo(settings, people=people, seed=seed, once=once, console=out))


@app.command()
def serve(
    workers: Annotated[int, typer.Option(min=1, help="Processes that serve, side by side on one address.")] = 1,
    listening: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the API."""
    if listening is None:
        run(lambda settings: commands.serving.serve(settings, workers))
    else:
        commands.worker.end_with_input()
        run(lambda settings: commands.serving.serve_beside(settings, listening))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    run(commands.running.migrate)


@app.command()
def work(
    forever: Annotated[bool, typer.Option(help="Go on and wait for more.")] = False,
    anew: Annotated[
        bool, typer.Option(help="Make every record anew from what was kept: after a change of mappings or code lists.")
    ] = False,
    while_input_open: Annotated[bool, typer.Option("--while-input-open", hidden=True)] = False,
) -> None:
    """Process what waits in the inbox."""
    if while_input_open:
        commands.worker.end_with_input()
    run(lambda settings: commands.running.work(settings, out, forever=forever, anew=anew, beside=while_input_open))
