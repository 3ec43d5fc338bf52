"""Caseloads of neighbourhood teams."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from integration import commands
from integration.cli.output import Json, err, out, run, show

app = typer.Typer(no_args_is_help=True, help="Caseloads: describe them, apply their rules, add people and end that.")
rule = typer.Typer(no_args_is_help=True, help="The description of a caseload, as data.")
app.add_typer(rule, name="rule")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The description of a caseload (YAML).")]
Caseload = Annotated[str, typer.Argument(help="Id of a caseload.")]
Client = Annotated[str, typer.Option(help="Id of a registered client.")]
Number = Annotated[str, typer.Option("--nhs-number", help="Whom.")]
Role = Annotated[str | None, typer.Option(help="One of the client's roles.")]
Purpose = Annotated[str | None, typer.Option(help="One of the client's purposes.")]
User = Annotated[str, typer.Option(help="Who you are: kept with the membership, and by the audit.")]


@app.command("list")
def caseload_list(as_json: Json = False) -> None:
    """Every caseload, and how many are on it."""
    show(run(lambda settings: commands.caseloads.listed(settings, err)), as_json=as_json, title="Caseloads")


@app.command("show")
def caseload_show(
    caseload: Caseload,
    client: Annotated[str | None, typer.Option(help="Its members, as this client sees them.")] = None,
    role: Role = None,
    purpose: Purpose = None,
    as_json: Json = False,
) -> None:
    """What a caseload is, in plain English; for a client, who is on it, as that client sees them."""
    if client is None:
        typer.echo(run(lambda settings: commands.caseloads.described(settings, caseload, err)))
        return
    rows = run(lambda settings: commands.caseloads.shown(settings, caseload, client, role, purpose, err))
    show(rows, as_json=as_json, title=caseload)


@app.command("apply")
def caseload_apply(
    file: File,
    user: Annotated[str, typer.Option(help="Who you are: kept with the description, and by the audit.")],
    reason: Annotated[str, typer.Option(help="Why: kept with the description, and by the audit.")],
) -> None:
    """Put a description in force. Its rule counts from the next refresh on; who looks after the members, at once."""
    applied = run(lambda settings: commands.caseloads.apply(settings, file, user, reason, err))
    out.print("in force" if applied else "in force already")


@app.command("add")
def caseload_add(
    caseload: Caseload,
    nhs_number: Number,
    reason: Annotated[str, typer.Option(help="One of the caseload's reasons by hand.")],
    client: Client,
    user: User,
    role: Role = None,
    purpose: Purpose = None,
) -> None:
    """Add somebody whom the client's organisation looks after."""
    asked = {"client": client, "role": role, "purpose": purpose, "user": user, "end": None}
    changed = run(lambda settings: commands.caseloads.change(settings, caseload, nhs_number, reason, asked, err))
    out.print("added" if changed else "was on it already by this organisation's word")


@app.command("end")
def caseload_end(
    caseload: Caseload,
    nhs_number: Number,
    reason: Annotated[str, typer.Option(help="no-longer-needed, declined, moved, died or added-in-error.")],
    client: Client,
    user: User,
    role: Role = None,
    purpose: Purpose = None,
) -> None:
    """End somebody's membership, however it came about. A rule does not put them back."""
    asked = {"client": client, "role": role, "purpose": purpose, "user": user, "end": "yes"}
    changed = run(lambda settings: commands.caseloads.change(settings, caseload, nhs_number, reason, asked, err))
    out.print("ended" if changed else "was not on it")


@app.command("refresh")
def caseload_refresh(
    caseload: Annotated[str | None, typer.Argument(help="One caseload; else each that has a rule.")] = None,
    every: Annotated[float | None, typer.Option(min=0.01, help="Go on, and do it again after so many hours.")] = None,
    as_json: Json = False,
) -> None:
    """Apply the rules now: whoever meets one comes on the caseload, whoever no longer does leaves it."""
    if every is not None:
        run(lambda settings: commands.caseloads.refreshed_forever(settings, caseload, every, err))
    rows = run(lambda settings: commands.caseloads.refreshed(settings, caseload, err))
    show(rows, as_json=as_json, title="What came of it")


@rule.command("check")
def rule_check(file: File) -> None:
    """Say what a description means in plain English, or with line numbers what is wrong with it. Exit code 1 where it
    names organisations that the agreements do not know."""
    text, doubts = run(lambda settings: commands.caseloads.check(settings, file))
    typer.echo(text)
    for doubt in doubts:
        err.print(f"[yellow]{escape(f'{file.name}: {doubt}')}[/yellow]", highlight=False)
    if doubts:
        raise typer.Exit(1)


@rule.command("schema")
def rule_schema() -> None:
    """The JSON Schema of descriptions, for editors and other programs."""
    typer.echo(commands.caseloads.schema_text(), nl=False)
