"""Doubtful links between people."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from integration import commands
from integration.cli.output import Json, out, run, show
from integration.identity.decisions import as_row
from integration.identity.review import KINDS, SideBySide

if TYPE_CHECKING:
    from integration.audit.breach import Breach

app = typer.Typer(no_args_is_help=True, help="Doubtful links between people: review, decide, undo, and who saw it.")
User = Annotated[str, typer.Option(help="Who you are: the audit keeps it.")]
Asking = Annotated[
    str, typer.Option("--user", help="Who you are, for the audit; else the account you are logged in as.")
]
Reason = Annotated[str, typer.Option(help="Why: the audit and the decision log keep it.")]
A = Annotated[str, typer.Argument(help="Id of one record (source patient), as `identity review` prints it.")]
B = Annotated[str, typer.Argument(help="Id of the other record.")]


@app.command("review")
def identity_review(
    user: Asking = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    after: Annotated[str | None, typer.Option(help="Where the next page begins, as this one ended.")] = None,
    as_json: Json = False,
) -> None:
    """Pairs that may be one person, for somebody to decide, oldest first; and how many there are of each kind."""
    page, counts = run(lambda settings: commands.identity.review(settings, user, limit, after))
    if as_json:
        show([msgspec.to_builtins(item) for item in page.items], as_json=True, title="")
        return
    rows = [
        {"kind": kind, "which is": KINDS[kind], "between": source_a, "and": source_b, "pairs": number}
        for kind, source_a, source_b, number in map(msgspec.structs.astuple, counts)
    ]
    show(rows, as_json=False, title="What waits for a decision")
    items = [
        {
            "since": f"{one.since:%Y-%m-%d %H:%M}",
            "kind": one.kind,
            "records": f"{one.source_a}\n{one.a}\n{one.source_b}\n{one.b}",
            "why": one.reason,
        }
        for one in page.items
    ]
    show(items, as_json=False, title="Oldest first")
    if page.following:
        typer.echo(f"more: --after '{page.following}'")


@app.command("show")
def identity_show(a: A, b: B, user: Asking = "", as_json: Json = False) -> None:
    """Two records side by side, with what agrees and what differs. Showing them is audited."""
    shown: SideBySide = run(lambda settings: commands.identity.show(settings, user, a, b))
    if as_json:
        show([msgspec.to_builtins(shown, str_keys=True)], as_json=True, title="")
        return
    one, other = shown.sides
    rows = [{"": "record", "A": str(one.id), "B": str(other.id), "which": ""}]
    rows.append({"": "source", "A": one.source, "B": other.source, "which": ""})
    rows.append({"": "person", "A": str(one.person), "B": str(other.person), "which": _together(shown)})
    rows += [
        {"": name.replace("_", " "), "A": one.text(name), "B": other.text(name), "which": agreement}
        for name, agreement in shown.fields.items()
    ]
    show(rows, as_json=False, title="Side by side")
    said = f"{shown.outcome}: {shown.reason}" if shown.outcome else "nothing of the two"
    typer.echo(f"The rules say {said}.")
    if shown.probability is not None:
        weighed = [
            {"field": one.field, "says": one.level, "weight in bits": f"{one.weight:+.1f}"} for one in shown.weights
        ]
        show(weighed, as_json=False, title=f"How they weigh it: probability {shown.probability:.4f}")


def _together(shown: SideBySide) -> str:
    return "one person now" if shown.together else "two people now"


@app.command("merge")
def identity_merge(a: A, b: B, user: User, reason: Reason) -> None:
    """Decide that two records are the same person."""
    run(lambda settings: commands.identity.decide(settings, user, a, b, "SAME", reason))
    out.print("recorded: SAME")


@app.command("unmerge")
def identity_unmerge(a: A, b: B, user: User, reason: Reason) -> None:
    """Decide that two records are not the same person; this outranks every automatic link."""
    run(lambda settings: commands.identity.decide(settings, user, a, b, "NOT THE SAME", reason))
    out.print("recorded: NOT THE SAME")


@app.command("withdraw")
def identity_withdraw(a: A, b: B, user: User, reason: Reason) -> None:
    """Take a person's decision back: the two are again what the rules and other decisions make of them."""
    run(lambda settings: commands.identity.withdraw(settings, user, a, b, reason))
    out.print("withdrawn")


@app.command("history")
def identity_history(a: A, b: B, user: Asking = "", as_json: Json = False) -> None:
    """Every decision about two records, by rules, feeds and people, oldest first."""
    logged = run(lambda settings: commands.identity.history(settings, user, a, b))
    rows = [msgspec.to_builtins(one) for one in logged] if as_json else [as_row(one) for one in logged]
    show(rows, as_json=as_json, title="Decisions")


@app.command("breach")
def identity_breach(
    user: Asking = "",
    a: Annotated[str | None, typer.Option("--a", help="Id of one record (source patient).")] = None,
    b: Annotated[str | None, typer.Option("--b", help="Id of the other record.")] = None,
    decision: Annotated[int | None, typer.Option(help="Id of a decision about the two, instead.")] = None,
    as_json: Json = False,
) -> None:
    """Who saw two records as one person's, from when they were wrongly linked until that was undone."""
    report: Breach = run(lambda settings: commands.identity.breach(settings, user, a, b, decision))
    if as_json:
        show([msgspec.to_builtins(report)], as_json=True, title="")
        return
    if not report.periods:
        typer.echo("These two records were never one person's: nobody can have seen them together.")
        return
    for period in report.periods:
        until = f"until {period.end:%Y-%m-%d %H:%M:%S}" if period.end else "and they still are"
        typer.echo(f"One person ({period.person}) from {period.start:%Y-%m-%d %H:%M:%S} {until}.")
    if not report.seen:
        typer.echo("Nobody read that person's record in this time.")
        return
    show(
        [
            {
                "who": f"{one.user}\n{one.role}",
                "for": f"{one.organisation}\n{one.client}",
                "purpose": one.purpose + ("\nemergency" if one.emergency else ""),
                "times": one.accesses,
                "first and last": f"{one.first:%Y-%m-%d %H:%M:%S}\n{one.last:%Y-%m-%d %H:%M:%S}",
                "what": ", ".join(f"{count} {name}" for name, count in one.types.items()),
                "in that time": "yes" if one.certain else "at its edge",
            }
            for one in report.seen
        ],
        as_json=False,
        title="Who saw it",
    )
