"""Whether the feeds are well: what each sender sent, what waits, what was set aside."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from prometheus_client.core import Metric
from starlette.responses import Response

from integration.api.metrics import Received, measured
from integration.console.desk import Desk


@dataclass
class Sender:
    """One sender of one feed. `entries`: what is set aside and not yet mended, by code."""

    feed: str
    sender: str
    received: int = 0
    waiting: int = 0
    lag: float = 0.0
    """Seconds that the oldest which waits has waited."""
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        return sum(self.codes.values())


def feed_pages(router: APIRouter, desk: Desk) -> None:
    """Serve it."""
    received = Received()

    @router.get("/feeds", response_model=None)
    async def feeds(request: Request) -> Response:
        officer = await desk.officer(request)
        async with desk.pool.acquire() as connection:
            senders = by_sender(await measured(connection, received))
        await desk.account(request, officer)
        names = desk.policy().agreements.names
        return desk.page("feeds.html", officer, senders=senders, names=names)


def by_sender(metrics: Iterable[Metric]) -> list[Sender]:
    """What is measured for `/metrics`, sender by sender."""
    found: dict[tuple[str, str], Sender] = {}
    for metric in metrics:
        for sample in metric.samples:
            labels = sample.labels
            if "sender" not in labels:
                continue
            one = found.setdefault((labels["feed"], labels["sender"]), Sender(labels["feed"], labels["sender"]))
            match metric.name:
                case "toldonce_envelopes_received":
                    one.received = int(sample.value)
                case "toldonce_envelopes" if labels["outcome"] == "waiting":
                    one.waiting = int(sample.value)
                case "toldonce_feed_lag_seconds":
                    one.lag = sample.value
                case "toldonce_quarantine_entries":
                    one.codes[labels["code"]] = int(sample.value)
    return [found[key] for key in sorted(found)]
