"""What the programme measures of a caseload."""

from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import Json, err, run, show

app = typer.Typer()


@app.command()
def measure(
    caseload: Annotated[str, typer.Option(help="Id of a caseload.")],
    first: Annotated[str, typer.Option("--from", help="First month, such as 2026-01.", metavar="MONTH")],
    last: Annotated[str, typer.Option("--to", help="Last month; it is over.", metavar="MONTH")],
    which: Annotated[
        list[str] | None, typer.Option("--measure", help="Id of a measure; may be repeated; else every one.")
    ] = None,
    client: Annotated[str | None, typer.Option(help="Id of the registered client as which to ask.")] = None,
    role: Annotated[str | None, typer.Option(help="One of the client's roles.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One of the client's purposes; else planning.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write a page with a picture of each measure to this file.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Keep the reports; what was published before stays beside them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure a caseload month by month, of what a client may see: admissions, bed days, appointments and others for
    each 1,000 people and month; the part of the people with a coordinator, a plan, a referral. `*`: too few to show."""
    asked = commands.measure.Asked(caseload, first, last, tuple(which or ()), client, role, purpose, publish)
    found = run(lambda settings: commands.measure.measure(settings, asked, err))
    for left_out in found.closed:
        err.print(f"{left_out}: no agreement opens what it rests on to this client", style="yellow", highlight=False)
    if page is not None:
        page.write_text(commands.measure.page(found), encoding="utf-8")
    show(commands.measure.rows(found, as_json=as_json), as_json=as_json, title=f"Measures of {caseload}")
