"""Telling client systems what happens."""

from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, out, run, show

app = typer.Typer(no_args_is_help=True, help="Who is told what happens, and where (docs/subscriptions.md).")
endpoint_app = typer.Typer(no_args_is_help=True, help="Where clients may be told things.")
dead_app = typer.Typer(no_args_is_help=True, help="What could not be told.")
app.add_typer(endpoint_app, name="endpoint")
app.add_typer(dead_app, name="dead-letters")
telling = typer.Typer()

Number = Annotated[int, typer.Argument(help="Of an endpoint, as `endpoint list` shows it.")]
User = Annotated[str, typer.Option(help="Who you are; it is written into the audit.")]
Reason = Annotated[str, typer.Option(help="Why; it is written into the audit.")]


@telling.command("notify")
def notify() -> None:
    """Tell subscribers what happens, until told to stop; `serve` and `demo` do so as well."""
    run(lambda settings: commands.subscriptions.notify(settings, out))


@app.command("list")
def subscriptions_list(as_json: Json = False) -> None:
    """Every subscription, how far it is and what waits for it; it names nobody."""
    show(run(commands.subscriptions.listed), as_json=as_json, title="Subscriptions")


@endpoint_app.command("add")
def endpoint_add(
    client: Annotated[str, typer.Option(help="Of a registered client.")],
    url: Annotated[str, typer.Option(help="https://..., or http:// on this very machine.")],
    user: User,
    reason: Reason,
    network: Annotated[list[str] | None, typer.Option(help="CIDR its address must lie in; else it is public.")] = None,
) -> None:
    """Let a client be told things at a URL, and show the secret that its notifications are signed with."""
    run(
        lambda settings: commands.subscriptions.add(
            settings, client, url, network or [], commands.administrator.By(user, reason), out
        )
    )


@endpoint_app.command("list")
def endpoint_list(as_json: Json = False) -> None:
    """Every endpoint that is or was registered."""
    show(run(commands.subscriptions.endpoint_list), as_json=as_json, title="Endpoints")


@endpoint_app.command("rotate")
def endpoint_rotate(number: Number, user: User, reason: Reason) -> None:
    """Give an endpoint another secret; notifications are signed with both for a day."""
    run(lambda settings: commands.subscriptions.rotate(settings, number, commands.administrator.By(user, reason), out))


@endpoint_app.command("close")
def endpoint_close(number: Number, user: User, reason: Reason) -> None:
    """Send nothing to an endpoint any more."""
    run(lambda settings: commands.subscriptions.close(settings, number, commands.administrator.By(user, reason), out))


@dead_app.command("list")
def dead_list(as_json: Json = False) -> None:
    """Subscriptions whose subscriber did not answer for three days, and how much waits; it names nobody."""
    show(run(commands.subscriptions.dead_letters), as_json=as_json, title="Dead letters")


@dead_app.command("replay")
def dead_replay(subscription: Annotated[str, typer.Argument(help="Its id.")], user: User, reason: Reason) -> None:
    """Ask a subscriber again: once it answers, it is told everything that waits, as it may be told then."""
    run(
        lambda settings: commands.subscriptions.replay(
            settings, subscription, commands.administrator.By(user, reason), out
        )
    )
