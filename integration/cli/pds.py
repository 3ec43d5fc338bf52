"""National demographics: PDS."""

from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, out, run, show

app = typer.Typer(no_args_is_help=True, help="Trace people on the Personal Demographics Service.")


@app.command("trace")
def pds_trace(
    once: Annotated[bool, typer.Option("--once", help="Ask what is due now, and end.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Without --once: seconds until the next time.")] = 60,
) -> None:
    """Ask PDS about numbers and about people without one, and process what it answers. The service is that of
    TOLDONCE_PDS."""
    run(lambda settings: commands.pds.trace(settings, every=None if once else every, console=out))


@app.command("outcomes")
def pds_outcomes(as_json: Json = False) -> None:
    """How many questions last came to what."""
    show(
        run(lambda settings: commands.pds.outcomes_so_far(settings)),
        as_json=as_json,
        title="What PDS was asked, and what came of it",
    )


@app.command("provider")
def pds_provider(
    people: Annotated[int, typer.Option(help="How many synthetic people.")] = 50,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: a free one.")] = 8011,
    folder: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Where its settings document and its key are written.")
    ] = Path(),
) -> None:
    """Serve the synthetic register as PDS, for demo and tests."""
    run(lambda _: commands.pds.stand_in(people, port, folder, out))
