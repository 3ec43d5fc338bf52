"""Client systems: who may ask at all."""

from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, out, run, show

app = typer.Typer(no_args_is_help=True, help="Client systems: who may ask at all (docs/clients.md).")
Form = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The client's form, filled in.")]
Id = Annotated[str, typer.Argument(help="Of a registered client.")]
User = Annotated[str, typer.Option(help="Who you are; it is written into the audit.")]
Reason = Annotated[str, typer.Option(help="Why; it is written into the audit.")]


@app.command("register")
def clients_register(form: Form, user: User, reason: Reason) -> None:
    """Register a client system, as its form says."""
    run(lambda settings: commands.clients.register_form(settings, form, user, reason, out))


@app.command("change")
def clients_change(form: Form, user: User, reason: Reason) -> None:
    """Replace a registration by what a form says, and show what that changes."""
    run(lambda settings: commands.clients.change(settings, form, user, reason, out))


@app.command("disable")
def clients_disable(client: Id, user: User, reason: Reason) -> None:
    """Refuse a client and all its tokens, from within a second on."""
    run(lambda settings: commands.clients.switch(settings, client, user, reason, out, active=False))


@app.command("enable")
def clients_enable(client: Id, user: User, reason: Reason) -> None:
    """Let a disabled client in again."""
    run(lambda settings: commands.clients.switch(settings, client, user, reason, out, active=True))


@app.command("list")
def clients_list(as_json: Json = False) -> None:
    """Every client that is or was registered."""
    show(run(commands.clients.listed), as_json=as_json, title="Clients")


@app.command("show")
def clients_show(client: Id) -> None:
    """One registration, every line of it."""
    show([run(lambda settings: commands.clients.shown(settings, client))], as_json=True, title="")


@app.command("check")
def clients_check(client: Id, as_json: Json = False) -> None:
    """The keys that a client can be known by now; fetches them where it publishes them."""
    rows = run(lambda settings: commands.clients.check(settings, client))
    show(rows, as_json=as_json, title=f"Keys of {client}")
