"""General practice: GP Connect."""

from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import out, run

app = typer.Typer(no_args_is_help=True, help="Ask general practices by GP Connect.")


@app.command("pull")
def gp_pull(
    nhs_number: Annotated[list[str] | None, typer.Option(help="Whom to ask about; NUMBER,PRACTICE names both.")] = None,
    file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A list of them, one a line.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Everybody who is due: by event, or no longer fresh.")] = False,
    every: Annotated[float | None, typer.Option(min=1, help="With --due: again after so many seconds.")] = None,
) -> None:
    """Ask practices for records, and process what they answer. The practices are those of TOLDONCE_GP_CONNECT."""
    people = [*(nhs_number or ()), *(commands.gp.people_in(file) if file else ())]
    if bool(people) == due or (every and not due):
        raise typer.BadParameter("name people (--nhs-number, --file), or ask about everybody who is due (--due)")
    run(lambda settings: commands.gp.pull(settings, people, every=every, console=out))


@app.command("provider")
def gp_provider(
    people: Annotated[int, typer.Option(help="How many synthetic people.")] = 50,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: a free one.")] = 8010,
    replay: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Serve the structured records of a folder too.")
    ] = None,
) -> None:
    """Serve the synthetic practices as a GP Connect provider, for demo and tests."""
    run(lambda _: commands.gp.provide(people, port, replay, out))
