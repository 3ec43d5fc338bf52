"""Data sharing agreements."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration import commands
from integration.cli.output import Json, err, out, run, show
from integration.sharing.expiry import SOON, Standing, run_out
from integration.sharing.proposal_text import rows_of, summary, told

if TYPE_CHECKING:
    from integration.commands.agreements import Checked
    from integration.record.proposal import Proposal

app = typer.Typer(no_args_is_help=True, help="Data sharing agreements: check, compare, put in force, and look back.")
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file of agreements (YAML).")]
Within = Annotated[int, typer.Option(help="Warn of what ends or must be reviewed within so many days.")]
MOST = 40


@app.command("check")
def agreements_check(
    file: File,
    signed: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The plain English that was signed: same meaning?")
    ] = None,
    within: Within = SOON,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 for warnings too.")] = False,
) -> None:
    """Read an agreement file and say, with line numbers, what is wrong with it; warn of what runs out."""

    async def work(_settings: object) -> "Checked":
        return commands.agreements.check(file, signed, within)

    checked = run(work)
    out.print(f"{file.name}: {len(checked.standings)} agreements, nothing wrong", highlight=False)
    for doubt in checked.doubts:
        err.print(f"[yellow]{escape(f'{file.name}: {doubt}')}[/yellow]", highlight=False)
    if (_warned(checked.standings) or checked.doubts) and strict:
        raise typer.Exit(1)


@app.command("diff")
def agreements_diff(
    file: File,
    user: Annotated[str, typer.Option(help="Who you are: the audit keeps it.")] = "",
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The effect on another day.")] = None,
    all_rows: Annotated[bool, typer.Option("--all", help="Every row of the effect.")] = False,
    as_json: Json = False,
) -> None:
    """What a file changes against what is in force, and what that does to the people there are. Changes nothing."""
    day = on.date() if on else None
    proposal = run(lambda settings: commands.agreements.diff(settings, file, user, day, err))
    _show(proposal, as_json=as_json, all_rows=all_rows)


@app.command("apply")
def agreements_apply(
    file: File,
    user: Annotated[str, typer.Option(help="Who you are: kept with the version, and by the audit.")],
    reason: Annotated[str, typer.Option(help="Why: kept with the version, and by the audit.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    all_rows: Annotated[bool, typer.Option("--all", help="Every row of the effect.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a file changes, ask, and put it in force: at once, everywhere."""

    def confirm(proposal: "Proposal") -> bool:
        _show(proposal, as_json=as_json, all_rows=all_rows)
        return yes or typer.confirm("Put it in force?", default=False, err=True)

    by = commands.administrator.By(user, reason)
    version = run(lambda settings: commands.agreements.apply(settings, file, by, confirm, err))
    if not as_json:
        out.print(f"in force: version {version.number}" if version else "nothing was put in force", highlight=False)


@app.command("history")
def agreements_history(as_json: Json = False) -> None:
    """Every version that was ever in force, by whom and why, newest first."""
    versions = run(commands.agreements.history)
    rows = [
        {
            "version": one.number,
            "applied": one.applied.isoformat(timespec="seconds"),
            "by": one.applied_by,
            "why": one.reason,
            "digest": one.digest if as_json else one.digest[:12],
        }
        for one in versions
    ]
    show(rows, as_json=as_json, title="Versions")


@app.command("show")
def agreements_show(
    version: Annotated[
        int | None, typer.Argument(help="A version, as `history` numbers it; else what is in force.")
    ] = None,
    english: Annotated[bool, typer.Option("--english", help="In plain English, to read and to sign.")] = False,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file instead of what was applied.")
    ] = None,
) -> None:
    """What is or was in force, as it was written or in plain English."""

    async def of_file(_settings: object) -> str:
        return commands.agreements.read(file)[0] if file else ""

    text = run(of_file) if file else run(lambda settings: commands.agreements.text_of(settings, version))
    typer.echo(commands.agreements.in_english(text) if english else text, nl=False)


@app.command("list")
def agreements_list(within: Within = SOON, as_json: Json = False) -> None:
    """The agreements in force with the days they have left. Exit code 1 when one has ended or its review is overdue."""
    standing: list[Standing] = run(lambda settings: commands.agreements.listed(settings, within))
    rows = [msgspec.to_builtins(one) for one in standing]
    show(rows if as_json else [_without(row, "warning") for row in rows], as_json=as_json, title="Agreements")
    _warned(standing)
    if any(run_out(one) for one in standing):
        raise typer.Exit(1)


@app.command("schema")
def agreements_schema() -> None:
    """The JSON Schema of agreement files, for editors and other programs."""
    typer.echo(commands.agreements.schema_text(), nl=False)


def _warned(standing: list[Standing]) -> bool:
    warnings = [one.warning for one in standing if one.warning]
    for warning in warnings:
        err.print(f"[yellow]{escape(warning)}[/yellow]", highlight=False)
    return bool(warnings)


def _without(row: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != name}


def _show(proposal: "Proposal", *, as_json: bool, all_rows: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(msgspec.to_builtins(proposal), option=orjson.OPT_INDENT_2) + b"\n")
        return
    print_proposal(proposal, out, None if all_rows else MOST)
    found = proposal.effect
    err.print(f"counted in {found.seconds:.1f} s, {found.people / max(found.seconds, 0.001):,.0f} people/s")


def print_proposal(proposal: "Proposal", console: Console, most: int | None) -> None:
    """What a file would change, as `diff` and `apply` show it; at most so many rows of the effect."""
    for line in told(proposal.changes, proposal.later):
        console.print(escape(line), highlight=False, soft_wrap=True)
    rows = rows_of(proposal.effect.rows, proposal.names, proposal.purposes)
    if rows:
        table = Table(title="Who would newly see or lose what")
        for column in rows[0]:
            table.add_column(column, overflow="fold")
        for row in rows[:most]:
            table.add_row(*map(escape, row.values()))
        console.print(table)
    if most is not None and len(rows) > most:
        console.print(f"and {len(rows) - most} more rows: --all", highlight=False)
    found = proposal.effect
    console.print(summary(found.rows, found.concerned, found.people), highlight=False, soft_wrap=True)
