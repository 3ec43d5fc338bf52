"""A person's copy of their own record."""

from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import out as console
from integration.cli.output import run

app = typer.Typer()


@app.command("subject-access")
def subject_access(
    nhs_number: Annotated[str, typer.Option(help="Whose copy.")],
    client: Annotated[str, typer.Option(help="Id of the registered client of whoever reviews it.")],
    role: Annotated[str, typer.Option(help="Their role: what it may not see is not in the copy.")],
    purpose: Annotated[str, typer.Option(help="Purpose of use, one of the client's, such as TREAT.")],
    user: Annotated[str, typer.Option(help="Who reviews it, a health professional; it is written into the audit.")],
    out: Annotated[Path, typer.Option(help="The ZIP file to write.")],
) -> None:
    """Write a person's copy of their record: in words and as FHIR, its sources, who has seen it; and apart from it what
    must be reviewed before it is given out. Read with a Grant like everything, and audited before it is written."""
    from integration.commands.subject_access import Asked

    asked = Asked(nhs_number, client, role, purpose, user)
    for name, size in run(lambda settings: commands.subject_access.write(settings, asked, out)).items():
        console.print(f"{size:>10,}  {name}", highlight=False)
