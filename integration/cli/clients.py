"""Client systems and their tokens."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from integration import commands
from integration.api.scopes import SEND_SCOPE
from integration.cli.output import out, run
from integration.sharing.request import Client

app = typer.Typer()


@app.command("register-client")
def register_client(
    client: Annotated[str, typer.Option("--id", help="Id of the client; iss and sub of its assertions.")],
    organisation: Annotated[str, typer.Option(help="ODS code of the organisation it acts for.")],
    jwks: Annotated[Path, typer.Option(exists=True, help="File with its public keys (JWK Set).")],
    role: Annotated[list[str], typer.Option(help="A role its users may have; repeat for more.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose of use, such as TREAT; repeat for more.")],
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    feed: Annotated[list[str] | None, typer.Option(help="A feed it may send files of; repeat for more.")] = None,
) -> None:
    """Register a client system, or replace its registration; as the owner of the database."""
    registered = Client(
        client,
        name or client,
        organisation,
        frozenset(role),
        frozenset(purpose),
        scopes=("system/*.rs", SEND_SCOPE) if feed else ("system/*.rs",),
        jwks=_jwks(jwks),
        feeds=frozenset(feed or ()),
    )
    run(lambda settings: commands.clients.register_client(settings, registered, out))


def _jwks(file: Path) -> dict[str, Any]:
    try:
        keys = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError:
        keys = None
    if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise typer.BadParameter(f"{file.name} is not a JWK Set")
    return keys


@app.command()
def token(
    client: Annotated[str, typer.Option(help="Id of a demo client.")],
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes, such as TREAT.")] = None,
    user: Annotated[str, typer.Option(help="Who is asking.")] = "demo user",
    break_glass: Annotated[str | None, typer.Option(help="Reason for emergency access.")] = None,
    scope: Annotated[str, typer.Option(help="What it may do.")] = "system/*.rs",
) -> None:
    """Get an access token from the running server, as one of the demo's clients."""
    typer.echo(run(lambda settings: commands.clients.token(settings, client, role, purpose, user, break_glass, scope)))
