"""Who saw what, and the proof that nothing of it was changed."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from integration import commands
from integration.cli.output import Json, run, show

app = typer.Typer(no_args_is_help=True, help="Who saw what, and whether the log is whole.")


@app.command("search")
def audit_search(
    nhs_number: Annotated[str | None, typer.Option(help="Whose record was accessed.")] = None,
    organisation: Annotated[str | None, typer.Option(help="ODS code of who asked.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Who saw what, newest first. The search itself is audited."""
    rows = run(lambda settings: commands.audit.audit_search(settings, nhs_number, organisation, limit))
    show(rows, as_json=as_json, title="Access log")


@app.command("report")
def audit_report(
    user: Annotated[str, typer.Option(help="Only this user, letter by letter.")] = "",
    organisation: Annotated[str, typer.Option(help="Only users of this organisation (ODS code).")] = "",
    agreement: Annotated[str, typer.Option(help="Only what rested on this agreement, such as CW-01.")] = "",
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; else 30 days ago.")] = None,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; else today.")] = None,
    form: Annotated[str, typer.Option("--format", help="table, csv, ndjson or pdf.")] = "table",
) -> None:
    """Who uses the record, how often, for what and of how many people; it names nobody whose record it was."""
    from integration.audit.saved import saved
    from integration.audit.usage import Use, between

    if form not in ("table", "csv", "ndjson", "pdf"):
        raise typer.BadParameter("the format is table, csv, ndjson or pdf")
    question = between(
        start.date() if start else None, end.date() if end else None,
        user=user, organisation=organisation, agreement=agreement,
    )  # fmt: skip
    if form == "pdf":
        sys.stdout.buffer.write(run(lambda settings: commands.audit.audit_report_pdf(settings, question)))
        return
    uses = run(lambda settings: commands.audit.audit_report(settings, question))
    if form == "table":
        show([msgspec.structs.asdict(one) for one in uses], as_json=False, title="Who uses the record")
    else:
        sys.stdout.buffer.write(saved(uses, Use, "csv" if form == "csv" else "ndjson"))


Kept = Annotated[
    list[Path] | None, typer.Option("--checkpoint", help="File with a checkpoint that was kept elsewhere; any number.")
]
Copied = Annotated[Path | None, typer.Option("--copy", help="Folder that TOLDONCE_AUDIT_COPY filled.")]
Keys = Annotated[
    list[str] | None, typer.Option("--key", help="Verifier key of the log; else those of this deployment's key file.")
]


@app.command("verify")
def audit_verify(
    checkpoint: Kept = None,
    copy: Copied = None,
    key: Keys = None,
    archive: Annotated[Path | None, typer.Option(help="An archive, instead of the database.")] = None,
) -> None:
    """Recompute the whole log; names every change, gap and missing event. Exit code 1 when there is one."""
    proof = commands.audit_proof
    against = proof.Against(checkpoint or (), copy, key or ())
    report = run(
        lambda settings: (
            proof.audit_verify_archive(archive, against) if archive else proof.audit_verify(settings, against)
        )
    )
    typer.echo(report)
    if not report.intact:
        raise typer.Exit(1)


@app.command("export")
def audit_export(file: Annotated[Path, typer.Argument(help="The archive to write, a ZIP file.")]) -> None:
    """Write the whole log to an archive that can be verified offline. It holds whose record was accessed."""
    size, digest = run(lambda settings: commands.audit_proof.audit_export(settings, file))
    typer.echo(f"{size} sealed events; SHA-256 {digest}")


@app.command("checkpoint")
def audit_checkpoint() -> None:
    """The newest signed checkpoint: to be kept where nobody who looks after the database can change it."""
    sys.stdout.write(run(lambda settings: commands.audit_proof.audit_checkpoint(settings)))


@app.command("keys")
def audit_keys() -> None:
    """The log's verifier keys, oldest first, each with the checkpoints it is for: from a size, and below another."""
    for line in run(lambda settings: commands.audit_proof.audit_keys(settings)):
        typer.echo(line)


@app.command("rotate-key")
def audit_rotate() -> None:
    """Sign with a new key from now on; what was signed stays valid. Prints the new verifier key."""
    typer.echo(run(lambda settings: commands.audit_proof.audit_rotate(settings)))


@app.command("proof")
def audit_proof(
    event: Annotated[str, typer.Argument(help="Id of the AuditEvent, or its place in the log.")],
) -> None:
    """An event with the proof that it is in the log, as JSON."""
    which = int(event) if event.isdecimal() else _event_id(event)
    proof = run(lambda settings: commands.audit_proof.audit_inclusion(settings, which))
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(proof)) + b"\n")


@app.command("consistency")
def audit_consistency(
    first: Annotated[int, typer.Argument(help="Size of the older checkpoint.")],
    second: Annotated[int | None, typer.Argument(help="Size of the newer one; else the newest.")] = None,
) -> None:
    """The proof that the log only grew between two checkpoints, as JSON."""
    proof = run(lambda settings: commands.audit_proof.audit_consistency(settings, first, second))
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(proof)) + b"\n")


@app.command("cosign")
def audit_cosign(
    file: Annotated[Path, typer.Argument(help="A checkpoint with witnesses' signatures under it.")],
) -> None:
    """Keep the signatures of witnesses under one of our checkpoints."""
    typer.echo(f"{run(lambda settings: commands.audit_proof.audit_cosign(settings, file))} new signatures kept")


@app.command("retain")
def audit_retain(
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Remove what was recorded before this day.")],
    user: Annotated[str, typer.Option(help="Who decides it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Remove the content of old events, never silently: the log says what went, and keeps the salted hashes."""
    by = commands.administrator.By(user, reason)
    count = run(lambda settings: commands.audit_proof.audit_retain(settings, before.date(), by))
    typer.echo(f"{count} events removed")


def _event_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter("an event is named by its id or its place") from None
