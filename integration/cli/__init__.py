"""The command `toldonce`. Exit codes: 0 done, 1 it could not be done (the reason is printed), 2 wrong usage.

One file for each group of commands; here they come together, in the order in which `--help` lists them.
"""

import typer

from integration.cli import (
    agreements,
    alerts,
    audit,
    beyond_care,
    clients,
    console,
    explain,
    feeds,
    gp,
    identity,
    listening,
    pds,
    quarantine,
    report,
    running,
    token,
    vcfse,
)

app = typer.Typer(no_args_is_help=True, help="One consent-checked, audited record from five sectors' own feeds.")
for commands in (running, feeds, listening, token, explain):
    app.add_typer(commands.app)
for name, group in {
    "feeds": report,
    "quarantine": quarantine,
    "identity": identity,
    "agreements": agreements,
    "clients": clients,
    "audit": audit,
    "alerts": alerts,
    "console": console,
    "beyond-care": beyond_care,
    "vcfse": vcfse,
    "gp": gp,
    "pds": pds,
}.items():
    app.add_typer(group.app, name=name)
