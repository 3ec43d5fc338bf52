"""What waits for an information governance officer."""

from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, out, run, show

app = typer.Typer(
    no_args_is_help=True, help="What waits for an officer: broken glass, the caller's own word, what is unusual."
)
Number = Annotated[int, typer.Argument(help="Of an alert, as `alerts list` shows it.")]
User = Annotated[str, typer.Option(help="Who you are; it is written into the audit.")]
Note = Annotated[str, typer.Option(help="What you found; it is kept with the alert.")]


@app.command("list")
def alerts_list(
    kind: Annotated[
        str | None, typer.Option(help="break-glass, self-claimed, unusual, wrong-link or correction.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are signed off too, newest first.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Alerts that nobody has signed off, oldest first, by reference: they name nobody whose record it was."""
    rows = run(lambda settings: commands.alerts.listed(settings, kind, everything=everything, limit=limit))
    show(rows, as_json=as_json, title="Alerts")


@app.command("show")
def alerts_show(number: Number, user: User = "") -> None:
    """One alert with its audit event (which names the person by id), and what was done about it."""
    show([run(lambda settings: commands.alerts.shown(settings, number, user))], as_json=True, title="")


@app.command("sign-off")
def alerts_sign_off(number: Number, user: User, note: Note) -> None:
    """Say that the access was looked at and what was found. That ends the alert."""
    _step(number, user, "signed off", note)


@app.command("escalate")
def alerts_escalate(number: Number, user: User, note: Note) -> None:
    """Pass an alert on, and say why and to whom. It waits until it is signed off."""
    _step(number, user, "escalated", note)


def _step(number: int, user: str, outcome: str, note: str) -> None:
    found = run(lambda settings: commands.alerts.step(settings, number, user, outcome, note))
    out.print(f"alert {found.number}: {found.state}")


@app.command("self-claims")
def alerts_self_claims(
    organisation: Annotated[str | None, typer.Option(help="ODS code of who claims it.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 200,
    as_json: Json = False,
) -> None:
    """Relationships that count today on the claimant's own word, and until when each does."""
    rows = run(lambda settings: commands.alerts.claimed(settings, organisation, limit))
    show(rows, as_json=as_json, title="Relationships on the claimant's own word")
