"""The command `toldonce`. Exit codes: 0 done, 1 it could not be done (the reason is printed), 2 wrong usage."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from integration import commands
from integration.config import Settings
from integration.errors import ToldOnceError
from integration.sharing.request import Client

app = typer.Typer(no_args_is_help=True, help="One consent-checked, audited record from five sectors' own feeds.")
quarantine_app = typer.Typer(no_args_is_help=True, help="What could not be understood, and trying it again.")
identity_app = typer.Typer(no_args_is_help=True, help="Doubtful links between people.")
agreements_app = typer.Typer(no_args_is_help=True, help="Data sharing agreements.")
audit_app = typer.Typer(no_args_is_help=True, help="Who saw what.")
listen_app = typer.Typer(no_args_is_help=True, help="Receive messages.")
for name, group in {
    "quarantine": quarantine_app,
    "identity": identity_app,
    "agreements": agreements_app,
    "audit": audit_app,
    "listen": listen_app,
}.items():
    app.add_typer(group, name=name)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
out = Console(width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True)


def run(work: Callable[[Settings], Coroutine[Any, Any, Any]]) -> Any:
    """Run a command's work; an error of ours is printed in one line and ends with 1. Told to end (SIGTERM), it ends as
    if its work were done, so that what it opened is closed: the embedded PostgreSQL above all."""
    signal.signal(signal.SIGTERM, _end)
    try:
        return asyncio.run(work(Settings()))
    except ToldOnceError as error:
        err.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def show(rows: list[dict[str, Any]], *, as_json: bool, title: str) -> None:
    """A table, or a JSON array."""
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2, default=str) + b"\n")
        return
    table = Table(title=title)
    for column in rows[0] if rows else ("nothing",):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)


@app.command()
def demo(
    people: Annotated[int, typer.Option(help="How many synthetic people.")] = 500,
    once: Annotated[bool, typer.Option("--once", help="Do all but serving.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another neighbourhood.")] = 7,
) -> None:
    """Make a synthetic neighbourhood, ingest its five feeds and serve the record."""
    run(lambda settings: commands.demo(settings, people=people, seed=seed, once=once, console=out))


@app.command()
def serve() -> None:
    """Serve the API."""
    run(commands.serve)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    run(commands.migrate)


@app.command()
def generate(
    people: Annotated[int, typer.Option(help="How many people.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    seed: Annotated[int, typer.Option(help="Another seed, another neighbourhood.")] = 7,
) -> None:
    """Write a synthetic neighbourhood's feeds as files, in their real formats."""
    commands.generate(people, seed, folder, out)


@app.command()
def ingest(
    feed: Annotated[str, typer.Argument(help="gp, acute, community, social_care or vcfse.")],
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files, or folders of files.")],
    sender: Annotated[str, typer.Option(help="ODS code of the organisation that sends it.")],
    as_of: Annotated[datetime | None, typer.Option(help="When it was made, where the file does not say.")] = None,
) -> None:
    """Receive files into the inbox and process it."""
    moment = as_of.replace(tzinfo=as_of.tzinfo or UTC) if as_of else None
    run(lambda settings: commands.ingest(settings, feed, paths, sender, moment, out))


@app.command()
def work(
    forever: Annotated[bool, typer.Option(help="Go on and wait for more.")] = False,
) -> None:
    """Process what waits in the inbox."""
    run(lambda settings: commands.work(settings, out, forever=forever))


@listen_app.command("mllp")
def listen_mllp(
    sender: Annotated[str, typer.Option(help="ODS code of the hospital, where a message does not name it.")],
    host: str = "127.0.0.1",
) -> None:
    """Receive HL7 v2 messages over MLLP; each is acknowledged once it is durable."""
    run(lambda settings: commands.listen_mllp(settings, host, sender, out))


@quarantine_app.command("list")
def quarantine_list(as_json: Json = False) -> None:
    """Open entries, with where, why and what to do."""
    show(run(commands.quarantine_list), as_json=as_json, title="Quarantine")


@quarantine_app.command("show")
def quarantine_show(entry: int) -> None:
    """One entry with the bytes that could not be used (these may be patient data)."""
    show([run(lambda settings: commands.quarantine_show(settings, entry))], as_json=True, title="")


@quarantine_app.command("replay")
def quarantine_replay(feed: Annotated[str | None, typer.Option(help="Only this feed.")] = None) -> None:
    """Process the envelopes of open entries again."""
    run(lambda settings: commands.quarantine_replay(settings, feed, out))


@identity_app.command("review")
def identity_review(as_json: Json = False) -> None:
    """Pairs that may be one person, for somebody to decide."""
    show(run(commands.identity_review), as_json=as_json, title="Possible matches")


@identity_app.command("merge")
def identity_merge(
    a: str, b: str, user: Annotated[str, typer.Option()], reason: Annotated[str, typer.Option()]
) -> None:
    """Decide that two source patients are the same person."""
    run(lambda settings: commands.decide_identity(settings, a, b, "SAME", user, reason, out))


@identity_app.command("unmerge")
def identity_unmerge(
    a: str, b: str, user: Annotated[str, typer.Option()], reason: Annotated[str, typer.Option()]
) -> None:
    """Decide that two source patients are not the same person; this outranks every automatic link."""
    run(lambda settings: commands.decide_identity(settings, a, b, "NOT THE SAME", user, reason, out))


@agreements_app.command("check")
def agreements_check(file: Annotated[Path, typer.Argument(exists=True)]) -> None:
    """Read an agreement file and say, with line numbers, what is wrong with it."""
    run(lambda _: commands.agreements_check(file, out))


@agreements_app.command("apply")
def agreements_apply(file: Annotated[Path, typer.Argument(exists=True)]) -> None:
    """Put an agreement file in force."""
    run(lambda settings: commands.agreements_apply(settings, file, out))


@app.command("register-client")
def register_client(
    client: Annotated[str, typer.Option("--id", help="Id of the client; iss and sub of its assertions.")],
    organisation: Annotated[str, typer.Option(help="ODS code of the organisation it acts for.")],
    jwks: Annotated[Path, typer.Option(exists=True, help="File with its public keys (JWK Set).")],
    role: Annotated[list[str], typer.Option(help="A role its users may have; repeat for more.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose of use, such as TREAT; repeat for more.")],
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
) -> None:
    """Register a client system, or replace its registration; as the owner of the database."""
    registered = Client(client, name or client, organisation, frozenset(role), frozenset(purpose), jwks=_jwks(jwks))
    run(lambda settings: commands.register_client(settings, registered, out))


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
) -> None:
    """Get an access token from the running server, as one of the demo's clients."""
    typer.echo(run(lambda settings: commands.token(settings, client, role, purpose, user, break_glass)))


@app.command()
def explain(
    client: Annotated[str, typer.Option(help="Id of a registered client.")],
    nhs_number: Annotated[str, typer.Option(help="Whose record.")],
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes.")] = None,
    at: Annotated[datetime | None, typer.Option(help="As things were recorded then.")] = None,
    break_glass: Annotated[str | None, typer.Option(help="As if this emergency had been declared.")] = None,
    as_json: Json = False,
) -> None:
    """Say in plain English what a client would see of somebody, and why."""
    moment = at.replace(tzinfo=at.tzinfo or UTC) if at else None
    text = run(
        lambda settings: commands.explain(
            settings, client, nhs_number, role, purpose, moment, break_glass, as_json=as_json
        )
    )
    typer.echo(text)


@audit_app.command("search")
def audit_search(
    nhs_number: Annotated[str | None, typer.Option(help="Whose record was accessed.")] = None,
    organisation: Annotated[str | None, typer.Option(help="ODS code of who asked.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Who saw what, newest first. The search itself is audited."""
    rows = run(lambda settings: commands.audit_search(settings, nhs_number, organisation, limit))
    show(rows, as_json=as_json, title="Access log")


@audit_app.command("verify")
def audit_verify(
    checkpoint: Annotated[str | None, typer.Option(help="A checkpoint that an earlier run printed.")] = None,
) -> None:
    """Recompute the whole log; names every change, gap and missing event. Exit code 1 when there is one."""
    report, sound = run(lambda settings: commands.audit_verify(settings, checkpoint))
    typer.echo(report)
    if not sound:
        raise typer.Exit(1)
