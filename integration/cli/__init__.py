"""The command `toldonce`. Exit codes: 0 done, 1 it could not be done (the reason is printed), 2 wrong usage.

One file for each group of commands; here they come together, in the order in which `--help` lists them.
"""

import typer

from integration.cli import (
    agreements,
    alerts,
    audit,
    beyond_care,
    caseload,
    clients,
    console,
    explain,
    export,
    feeds,
    gp,
    identity,
    listening,
    measure,
    pds,
    quarantine,
    report,
    running,
    subject_access,
    subscriptions,
    token,
    unusual,
    vcfse,
)

app = typer.Typer(no_args_is_help=True, help="One consent-checked, audited record from five sectors' own feeds.")
for commands in (running, feeds, listening, token, explain, measure, export, subject_access):
    app.add_typer(commands.app)
app.add_typer(subscriptions.telling)
for name, group in {
    "feeds": report,
    "quarantine": quarantine,
    "identity": identity,
    "agreements": agreements,
    "clients": clients,
    "caseload": caseload,
    "subscriptions": subscriptions,
    "audit": audit,
    "alerts": alerts,
    "unusual": unusual,
    "console": console,
    "beyond-care": beyond_care,
    "vcfse": vcfse,
    "gp": gp,
    "pds": pds,
}.items():
    app.add_typer(group.app, name=name)
