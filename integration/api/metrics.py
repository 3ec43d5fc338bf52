"""GET /metrics: Prometheus. Counted in the database when asked, so that every process is seen; labels name feed,
sender, outcome and agreement, never anybody's data. Public on the address that is served, not audited, like health."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import asyncpg
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from adapters.records import LONDON
from integration.api.subscription_metrics import subscriptions_measured
from integration.sharing.policy import Policy
from integration.store.connection import Connection
from integration.store.database import act_as

_SENDER = ("feed", "sender")
_SETTLED = "select max(id) from toldonce.envelope where received < now() - interval '10 minutes' and id >= $1"
"""An envelope is committed within minutes of its number: up to this number the count is final."""
_RECEIVED = "select feed, sender, count(*) from toldonce.envelope where id > $1 and ($2::bigint is null or id <= $2) "
_WAITING = (
    "select feed, sender, count(*), extract(epoch from now() - min(received))::float8 from toldonce.envelope "
    "where state = 'received' group by feed, sender"
)
_QUARANTINED = "select feed, sender, count(*) from toldonce.envelope where state = 'quarantined' group by feed, sender"
_DEFECTS = (
    "select e.feed, e.sender, q.code, count(*) from toldonce.quarantine q "
    "join toldonce.envelope e on e.id = q.envelope where q.resolved is null group by 1, 2, 3"
)
_DUE = "select count(distinct source_patient) from toldonce.due"
_LEFT = "select transport, count(*) from toldonce.left_behind group by transport"
_REFUSED = "select feed, sender, code, count from toldonce.refused"
_UNSEALED = "select coalesce(extract(epoch from now() - min(recorded)), 0)::float8 from toldonce.audit_unsealed"
Key = tuple[str, str]


@dataclass
class Received:
    """How many envelopes each sender has sent: what is settled is counted once, the rest each time."""

    settled: int = 0
    counts: dict[Key, int] = field(default_factory=dict)

    async def count(self, connection: Connection) -> dict[Key, int]:
        until = await connection.fetchval(_SETTLED, self.settled)
        if until is not None:
            self.counts = _sum(self.counts, await connection.fetch(f"{_RECEIVED} group by 1, 2", self.settled, until))
            self.settled = until
        return _sum(self.counts, await connection.fetch(f"{_RECEIVED} group by 1, 2", self.settled, None))


def _sum(counts: dict[Key, int], rows: Iterable[asyncpg.Record]) -> dict[Key, int]:
    summed = dict(counts)
    for feed, sender, count in rows:
        summed[feed, sender] = summed.get((feed, sender), 0) + count
    return summed


async def measured(connection: Connection, received: Received) -> list[Metric]:
    """Everything that is measured, read in one transaction."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await act_as(connection, "toldonce_monitor")
        total = await received.count(connection)
        waiting = {(row[0], row[1]): (row[2], row[3]) for row in await connection.fetch(_WAITING)}
        aside = {(row[0], row[1]): row[2] for row in await connection.fetch(_QUARANTINED)}
        defects = await connection.fetch(_DEFECTS)
        due = await connection.fetchval(_DUE)
        left = await connection.fetch(_LEFT)
        refused = await connection.fetch(_REFUSED)
        unsealed = await connection.fetchval(_UNSEALED)
        told = await subscriptions_measured(connection)
    envelopes = CounterMetricFamily("toldonce_envelopes_received", "Files and messages received.", labels=_SENDER)
    outcomes = GaugeMetricFamily(
        "toldonce_envelopes", "Files and messages by what came of them.", labels=(*_SENDER, "outcome")
    )
    lag = GaugeMetricFamily("toldonce_feed_lag_seconds", "Age of the oldest that waits; 0: none does.", labels=_SENDER)
    for key in sorted(total):
        count, age = waiting.get(key, (0, 0.0))
        quarantined = aside.get(key, 0)
        envelopes.add_metric(key, total[key])
        outcomes.add_metric((*key, "waiting"), count)
        outcomes.add_metric((*key, "quarantined"), quarantined)
        outcomes.add_metric((*key, "processed"), total[key] - count - quarantined)
        lag.add_metric(key, age)
    wrong = GaugeMetricFamily("toldonce_quarantine_entries", "Open quarantine entries.", labels=(*_SENDER, "code"))
    for feed, sender, code, count in defects:
        wrong.add_metric((feed, sender, code), count)
    concerned = GaugeMetricFamily("toldonce_source_patients_due", "Source patients whose record is to be made.", due)
    unproven = GaugeMetricFamily(
        "toldonce_audit_unsealed_seconds",
        "Age of the oldest audit event that waits to be sealed; 0: none does.",
        unsealed,
    )
    behind = GaugeMetricFamily("toldonce_left_behind", "Files that a transport could not take.", labels=("transport",))
    for transport, count in left:
        behind.add_metric((transport,), count)
    outside = CounterMetricFamily(
        "toldonce_refused", "Messages that were refused and are stored nowhere.", labels=(*_SENDER, "code")
    )
    for feed, sender, code, count in refused:
        outside.add_metric((feed, sender, code), count)
    return [envelopes, outcomes, lag, wrong, concerned, behind, outside, unproven, *told]


def agreements_left(policy: Policy) -> Metric:
    """Until when each agreement that is in force now lasts, and by when it must be reviewed: alert well before."""
    last = GaugeMetricFamily(
        "toldonce_agreement_until_timestamp_seconds",
        "End of the last day of an agreement, and of the day by which it must be reviewed (Unix time).",
        labels=("agreement", "day"),
    )
    for one in policy.agreements.agreements:
        for name, day in (("review", one.review), ("end", one.ends)):
            if day is not None:
                over = datetime.combine(day + timedelta(days=1), time(), LONDON)
                last.add_metric((one.citation, name), over.timestamp())
    return last


class _Given(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def metrics_routes(pool: asyncpg.Pool, policy: Callable[[], Policy]) -> APIRouter:
    """The pool is the API's own; `policy` are the agreements in force."""
    router = APIRouter(include_in_schema=False)
    received = Received()

    async def metrics() -> Response:
        async with pool.acquire() as connection:
            found = await measured(connection, received)
        registry = CollectorRegistry()
        registry.register(_Given([*found, agreements_left(policy())]))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    router.add_api_route("/metrics", metrics, methods=["GET"], response_model=None)
    return router
