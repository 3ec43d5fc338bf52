"""What the command line does. Each function is one command: it opens what it needs, does it, and closes it.

A module of this package is imported when a command of it runs (`commands.gp.pull`): together they need the whole house,
and `--help`, or a worker that starts, must not wait for what it does not use.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.commands import accounts as accounts
    from integration.commands import administrator as administrator
    from integration.commands import agreements as agreements
    from integration.commands import alerts as alerts
    from integration.commands import audit as audit
    from integration.commands import audit_proof as audit_proof
    from integration.commands import beyond_care as beyond_care
    from integration.commands import caseloads as caseloads
    from integration.commands import clients as clients
    from integration.commands import console as console
    from integration.commands import demo as demo
    from integration.commands import explain as explain
    from integration.commands import export as export
    from integration.commands import feeds as feeds
    from integration.commands import gp as gp
    from integration.commands import identity as identity
    from integration.commands import listening as listening
    from integration.commands import measure as measure
    from integration.commands import pds as pds
    from integration.commands import polling as polling
    from integration.commands import quarantine as quarantine
    from integration.commands import report as report
    from integration.commands import running as running
    from integration.commands import serving as serving
    from integration.commands import subject_access as subject_access
    from integration.commands import subscriptions as subscriptions
    from integration.commands import token as token
    from integration.commands import unusual as unusual
    from integration.commands import vcfse as vcfse
    from integration.commands import worker as worker
else:

    def __getattr__(name: str) -> ModuleType:
        """A module of this package (PEP 562)."""
        whole = f"{__name__}.{name}"
        try:
            return import_module(whole)
        except ModuleNotFoundError as error:
            if error.name != whole:
                raise
            raise AttributeError(f"there is no module {whole}") from None
