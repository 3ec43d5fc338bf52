"""The console for information governance officers and for teams."""

from typing import Annotated

import typer

from integration import commands
from integration.audit.search import IG_OFFICER
from integration.cli.output import Json, out, run, show

app = typer.Typer(no_args_is_help=True, help="The console for information governance officers and for teams.")
Organisation = Annotated[str, typer.Option(help="ODS code of their organisation.")]
Role = Annotated[str, typer.Option(help="As whom they look: an officer, or a clinical or care role of the agreements.")]
Purpose = Annotated[
    str, typer.Option(help="What for, as a code of the agreements. Left out: audit, or care coordination (COC).")
]
Account = Annotated[str, typer.Argument(help="What names their account at the provider (docs/clients.md, `user`).")]
Issuer = Annotated[str, typer.Option(help="The provider's name (iss). Left out: the only one.")]
By = Annotated[str, typer.Option(help="Who you are; it is written into the audit.")]
Reason = Annotated[str, typer.Option(help="Why; it is written into the audit.")]


@app.callback()
def console() -> None:
    """The console for information governance officers and for teams."""


@app.command("sign-in")
def sign_in(
    user: Annotated[str, typer.Option(help="Their name, as the access log will have it.")],
    organisation: Organisation,
    role: Role = IG_OFFICER,
    purpose: Purpose = "",
) -> None:
    """A code for one sign-in at /console, good for 10 minutes. Give it to this person and to nobody else."""
    who = commands.console.signing_in(user, organisation, role, purpose)
    typer.echo(run(lambda settings: commands.console.sign_in(settings, who)))


@app.command("register")
def register(
    account: Account,
    name: Annotated[str, typer.Option(help="Their name, as the access log will have it.")],
    organisation: Organisation,
    user: By,
    reason: Reason,
    role: Role = IG_OFFICER,
    purpose: Purpose = "",
    issuer: Issuer = "",
) -> None:
    """Let somebody sign in at /console with their account at an identity provider of TOLDONCE_ISSUERS."""
    who = commands.console.signing_in(name, organisation, role, purpose)
    by = commands.administrator.By(user, reason)
    run(lambda settings: commands.accounts.register(settings, issuer, account, who, by, out))


@app.command("remove")
def remove(account: Account, user: By, reason: Reason, issuer: Issuer = "") -> None:
    """Let nobody sign in with an account any more, and end the sessions that it opened."""
    by = commands.administrator.By(user, reason)
    run(lambda settings: commands.accounts.remove(settings, issuer, account, by, out))


@app.command("accounts")
def accounts(as_json: Json = False) -> None:
    """Who signs in with an account at an identity provider."""
    show(run(commands.accounts.listed), as_json=as_json, title="Who signs in to the console")
