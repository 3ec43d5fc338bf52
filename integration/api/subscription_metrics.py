"""What `/metrics` tells of subscriptions: how far behind the telling is, and what could not be told. Counts and ages,
no labels but a status: neither whom anything is about, nor who is told."""

from prometheus_client.core import GaugeMetricFamily, Metric

from integration.store.connection import Connection

_STATUSES = "select status, count(*) from toldonce.subscription group by status order by status"
_UNDISPATCHED = """
select coalesce(extract(epoch from now() - min(due)), 0)::float8 from toldonce.event
where dispatched is null and withdrawn is null and due <= now()
"""
_WAITING = """
select count(*), coalesce(extract(epoch from now() - min(n.created)), 0)::float8 from toldonce.notification n
join toldonce.subscription s on s.id = n.subscription where n.state = 'waiting' and s.status = 'active'
"""
_DEAD = "select count(*) from toldonce.notification where state = 'dead'"


async def subscriptions_measured(connection: Connection) -> list[Metric]:
    """In a transaction as `toldonce_monitor`."""
    ((waiting, lag),) = await connection.fetch(_WAITING)
    by_status = GaugeMetricFamily("toldonce_subscriptions", "Subscriptions by status.", labels=("status",))
    for status, count in await connection.fetch(_STATUSES):
        by_status.add_metric((status,), count)
    return [
        by_status,
        GaugeMetricFamily(
            "toldonce_events_undispatched_seconds",
            "Age of the oldest event that nobody handed out yet; 0: there is none.",
            await connection.fetchval(_UNDISPATCHED),
        ),
        GaugeMetricFamily("toldonce_notifications_waiting", "Notifications that active subscribers wait for.", waiting),
        GaugeMetricFamily(
            "toldonce_notification_lag_seconds", "Age of the oldest that waits for an active subscriber.", lag
        ),
        GaugeMetricFamily(
            "toldonce_notifications_dead",
            "Dead letters: their subscriber did not answer for three days.",
            await connection.fetchval(_DEAD),
        ),
    ]
