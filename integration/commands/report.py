"""`toldonce feeds report`: how good what each sender sends is."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration.commands.opened import as_worker
from integration.config import Settings
from integration.errors import NotPossible
from integration.feeds import FEEDS
from integration.ingest.refused import Refused
from integration.ingest.report import Envelopes, Problem, SenderReport, Trend, report


async def feeds_report(settings: Settings, feed: str | None, sender: str | None) -> list[SenderReport]:
    if feed is not None and feed not in FEEDS:
        raise NotPossible(f"there is no feed {feed}; the feeds are {', '.join(FEEDS)}")
    async with as_worker(settings) as connection:
        return await report(connection, feed, sender)


def show(reports: list[SenderReport], console: Console) -> None:
    """Two tables of all senders, then for each one of what is set aside and one of what was refused, where any is."""
    if not reports:
        console.print("Nothing was received from such a sender.")
        return
    console.print(_received(reports))
    console.print(_people(reports))
    for one in reports:
        if one.problems:
            console.print(_problems(one))
        if one.refused:
            console.print(_refused(one))


def _received(reports: list[SenderReport]) -> Table:
    table = Table(
        "feed", "sender", "received", "read", "set aside", "waiting", "lag", "last received",
        "30 days (before)", "problems (before)", title="Files and messages",
    )  # fmt: skip
    for one in reports:
        found = one.envelopes
        table.add_row(
            one.feed, one.sender, f"{found.received:,}", f"{found.read:,}", f"{found.set_aside:,}",
            f"{found.waiting:,}", _lag(found.lag_seconds), _last(found),
            _trend(found.trend), _trend(one.trend),
        )  # fmt: skip
    return table


def _last(found: Envelopes) -> str:
    return f"{found.last_received:%d %b %H:%M}" if found.last_received else "nothing"


def _people(reports: list[SenderReport]) -> Table:
    table = Table(
        "feed", "sender", "people", "NHS number", "verified", "birth date", "postcode", "linked",
        title="People: who has what linking them needs",
    )  # fmt: skip
    for one in reports:
        known = one.people
        having = (known.nhs_number, known.verified, known.birth_date, known.postcode, known.linked)
        table.add_row(one.feed, one.sender, f"{known.known:,}", *(_share(count, known.known) for count in having))
    return table


def _problems(one: SenderReport) -> Table:
    title = f"To be mended by {one.sender} ({one.feed})"
    if one.unknown_codes:
        title += f"; {one.unknown_codes:,} values are in no code table"
    table = Table("problem", "open", "first and last seen", "for example", "what to do", title=title)
    table.columns[3].overflow = table.columns[4].overflow = "fold"
    for problem in one.problems:
        table.add_row(
            f"{problem.code}\n{_trend(problem.trend)}",
            f"{problem.entries:,} in {problem.envelopes:,}",
            _seen(problem),
            f"{escape(problem.example)} (entry {problem.entry})\n[dim]{escape(problem.reason)}[/dim]",
            escape(problem.remedy),
        )
    return table


def _refused(one: SenderReport) -> Table:
    title = f"Refused, and stored nowhere: {one.sender} ({one.feed}) alone has it"
    table = Table("problem", "refused", "first and last seen", "reason", "what to do", title=title)
    for each in one.refused:
        table.add_row(each.code, f"{each.count:,}", _seen(each), escape(each.reason), escape(each.remedy))
    return table


def _seen(problem: Problem | Refused) -> str:
    first, last = f"{problem.first_seen:%Y-%m-%d}", f"{problem.last_seen:%Y-%m-%d}"
    return first if first == last else f"{first}\n{last}"


def _trend(trend: Trend) -> str:
    return f"{trend.last_30_days:,} ({trend.before:,})"


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f}%" if of else "-"


def _lag(seconds: int) -> str:
    if not seconds:
        return "-"
    minutes = seconds // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes else f"{seconds} s"
