"""`toldonce agreements`: check and apply an agreement file."""

from pathlib import Path

from rich.console import Console

from integration.commands.opened import as_owner, opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.sharing import current
from integration.sharing.agreements import AgreementError, load


async def agreements_check(file: Path, console: Console) -> None:
    try:
        agreements = load(file.read_text())
    except AgreementError as error:
        raise NotPossible(str(error)) from None
    console.print(f"{file.name}: {len(agreements.agreements)} agreements, nothing wrong")


async def agreements_apply(settings: Settings, file: Path, console: Console) -> None:
    async with opened(settings) as database, as_owner(database) as owner:
        try:
            applied = await current.apply(owner, file.read_text())
        except AgreementError as error:
            raise NotPossible(str(error)) from None
    console.print("in force" if applied else "already in force; nothing changed")
