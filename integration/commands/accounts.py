"""`toldonce console register`, `accounts` and `remove`: who signs in to the console with an account at an identity
provider. Nothing takes effect without its audit event."""

from datetime import UTC, datetime

from rich.console import Console

from integration.api.issuer_settings import load
from integration.audit.codes import Kind
from integration.commands.administrator import By, Desk, administrator
from integration.commands.console import require_pages
from integration.commands.opened import as_owner, opened
from integration.config import Settings
from integration.console import accounts
from integration.console.accounts import Account
from integration.console.sessions import Officer
from integration.errors import NotPossible
from integration.sharing import current


async def register(settings: Settings, issuer: str, subject: str, who: Officer, by: By, console: Console) -> None:
    """Let whoever owns an account sign in, as whom it says. `issuer`: empty where only one provider is known. Raises
    NotPossible for an account that is somebody's already, and for somebody whom the console would show nothing."""
    account = Account(_provider(settings, issuer), subject, who)
    if not subject.isprintable() or not 0 < len(subject) <= 255:
        raise NotPossible("an account is named by what its provider calls it, up to 255 characters")
    if not who.name:
        raise NotPossible("name them: --name 'R. Okafor'")
    async with administrator(settings, "console", "register", by, Kind.TOKEN) as desk:
        now = datetime.now(UTC)
        require_pages(who, await current.policy_at(desk.connection, now), now)
        if not await put(desk, account):
            raise NotPossible("this account is registered; `toldonce console accounts` says whose it is")
    console.print(f"{who.name} can sign in at {account.issuer}", highlight=False, soft_wrap=True)


async def remove(settings: Settings, issuer: str, subject: str, by: By, console: Console) -> None:
    """Let nobody sign in with an account any more, and end its sessions. Raises NotPossible where there is none."""
    async with administrator(settings, "console", "remove", by, Kind.TOKEN) as desk:
        known = [one for one in await accounts.every(desk.connection) if one.subject == subject]
        named = [one for one in known if issuer in ("", one.issuer)]
        if len(named) != 1:
            raise NotPossible("say of which provider: --issuer" if named else "no such account is registered")
        await take(desk, named[0])
    console.print(f"{named[0].who.name} cannot sign in with that account any more", highlight=False)


async def listed(settings: Settings) -> list[dict[str, str]]:
    """Every account, and whose it is."""
    async with opened(settings) as database, as_owner(database) as owner:
        return [
            {
                "name": one.who.name,
                "organisation": one.who.organisation,
                "role": one.who.role,
                "purpose": one.who.purpose,
                "account": one.subject,
                "issuer": one.issuer,
                "registered": f"{one.registered:%Y-%m-%d}",
            }
            for one in await accounts.every(owner)
        ]


async def put(desk: Desk, account: Account) -> bool:
    """Register it; False where it is somebody's already."""
    async with desk.connection.transaction():
        if done := await accounts.register(desk.connection, account):
            await _account(desk, account)
    return done


async def take(desk: Desk, account: Account) -> None:
    """Remove it, with its sessions."""
    async with desk.connection.transaction():
        await accounts.remove(desk.connection, account)
        await _account(desk, account)


def _provider(settings: Settings, issuer: str) -> str:
    """The provider of that name with which one can sign in; without a name the only one."""
    known = [one.issuer for one in load(settings.issuers).issuers if one.console]
    if not known:
        raise NotPossible("TOLDONCE_ISSUERS names no provider with which one signs in to the console (docs/clients.md)")
    if issuer not in known and (issuer or len(known) > 1):
        raise NotPossible(f"say with which provider, to the letter: --issuer {' or '.join(known)}")
    return issuer or known[0]


async def _account(desk: Desk, account: Account) -> None:
    await desk.account(
        {
            "issuer": account.issuer,
            "account": account.subject,
            "officer": account.who.name,
            "organisation": account.who.organisation,
            "role": account.who.role,
            "purpose": account.who.purpose,
        }
    )
