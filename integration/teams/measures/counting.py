"""Of one person: on which days something counts, and whether it holds at the end of a month. Pure.

Only a day that a source told is a day: what happened in "2026" belongs to no month. Of what lasts, "2026" is the last
day of that year for a beginning and the first for an end, so that it holds when it surely holds.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from integration.teams.measures.criteria import Criteria, Statement, classes, roles
from integration.teams.measures.definitions import Definition
from integration.teams.measures.person_time import ONE_DAY, Span, day_of, each_day
from mappings.social_care.plan import REVIEW

_ENDED = frozenset({"completed", "inactive", "revoked"})
"""Statuses of what is over: without an end nobody knows since when."""
_NOT_DONE = frozenset({"revoked", "entered-in-error", "completed"})
"""Statuses of a recall that asks for nothing."""
_DAY, _MONTH = len("2026-01-31"), len("2026-01")


def days(definition: Definition, statements: Sequence[Statement], within: Span) -> Iterator[date]:
    """The days of `within` on which an event began, or a night; a day comes as often as there were."""
    criteria = definition.numerator
    for statement in statements:
        if not criteria.meets(statement):
            continue
        if definition.counts == "nights":
            for span in _stays(criteria, statement):
                yield from each_day(span.within(within))
        elif (began := _began(criteria, statement)) is not None and began in within:
            yield began


def holds(criteria: Criteria, statements: Sequence[Statement], on: date) -> bool:
    """Whether it holds on a day of any of the person's resources."""
    return any(criteria.meets(one) and _holds(criteria, one, statements, on) for one in statements)


def _spans(criteria: Criteria, statement: Statement) -> Iterator[Mapping[str, Any]]:
    """Periods in which an Encounter was of a class that is asked for; where none is asked for, its whole Period."""
    wanted = criteria.wanted("class")
    if not wanted:
        yield statement.resource.get("period", {})
        return
    yield from (period for code, period in classes(statement.resource) if code in wanted)


def _began(criteria: Criteria, statement: Statement) -> date | None:
    """The first day on which it was what is counted."""
    began = [day for span in _spans(criteria, statement) if (day := _day(span.get("start"))) is not None]
    return min(began, default=None)


def _stays(criteria: Criteria, statement: Statement) -> Iterator[Span]:
    """Days from the first of a stay to the one before its last; without an end as far as may be asked. A stay of which
    the first day is not known, or that is over since nobody knows when, has none."""
    for span in _spans(criteria, statement):
        start, end = _day(span.get("start")), _day(span.get("end"))
        goes_on = "end" not in span and statement.resource["status"] != "finished"
        if start and (end or goes_on):
            yield Span(start, end or date.max)


def _holds(criteria: Criteria, statement: Statement, statements: Sequence[Statement], on: date) -> bool:
    resource = statement.resource
    if months := criteria.within.get("authored-within-months"):
        authored = _latest(resource.get("authoredOn"))
        return authored is not None and _earlier(on, months) < authored <= on
    if not _stands(resource, resource.get("period", {}), on):
        return False
    if months := criteria.within.get("reviewed-within-months"):
        return _in_date(resource, statements, on, months)
    if wanted := criteria.wanted("role"):
        return any(
            not wanted.isdisjoint(roles(one)) and _covers(one.get("period", {}), on)
            for one in resource.get("participant", ())
        )
    return True


def _stands(resource: Mapping[str, Any], period: Mapping[str, Any], on: date) -> bool:
    if resource.get("status") in _ENDED and "end" not in period:
        return False
    return _covers(period, on)


def _covers(period: Mapping[str, Any], on: date) -> bool:
    """Whether it surely lasted on that day."""
    start, end = _latest(period.get("start")), _earliest(period.get("end"))
    return ("start" not in period or (start is not None and start <= on)) and (end is None or on <= end)


def _in_date(plan: Mapping[str, Any], statements: Sequence[Statement], on: date, months: int) -> bool:
    """Whether a plan began or was reviewed in the months before that day, or has a recall after it."""
    since = _earlier(on, months)
    looked_at = [_latest(plan.get("period", {}).get("start")), *_reviews(plan)]
    if any(day is not None and since < day <= on for day in looked_at):
        return True
    by_id = {one.resource["id"]: one.resource for one in statements}
    named = [one.get("reference", {}).get("reference", "") for one in plan.get("activity", ())]
    recalls = [by_id[id_] for name in named if (id_ := name.rpartition("/")[2]) in by_id]
    return any(_waits(one, on) for one in recalls)


def _reviews(plan: Mapping[str, Any]) -> Iterator[date | None]:
    """The days on which a plan was reviewed: a completed activity that says so (social care)."""
    for activity in plan.get("activity", ()):
        detail = activity.get("detail", {})
        if detail.get("code", {}).get("text") == REVIEW and detail.get("status") == "completed":
            yield _latest(detail.get("scheduledPeriod", {}).get("end"))


def _waits(recall: Mapping[str, Any], on: date) -> bool:
    """Whether a recall had been written by that day and was for a later one."""
    due, written = _earliest(recall.get("occurrenceDateTime")), _latest(recall.get("authoredOn"))
    asks = recall.get("status") not in _NOT_DONE
    return asks and due is not None and due > on and (written is None or written <= on)


def _earlier(on: date, months: int) -> date:
    """The same day so many months before; the last of its month where there is no such day, or `on` is the last of
    its own."""
    total = on.year * 12 + on.month - 1 - months
    year, month = total // 12, total % 12 + 1
    last = monthrange(year, month)[1]
    at_the_end = (on + ONE_DAY).day == 1
    return date(year, month, last if at_the_end else min(on.day, last))


def _day(told: str | None) -> date | None:
    """The day of a FHIR date or dateTime in London; None for a month or a year."""
    if told is None or len(told) < _DAY:
        return None
    return date.fromisoformat(told) if len(told) == _DAY else day_of(datetime.fromisoformat(told))


def _earliest(told: str | None) -> date | None:
    if told is None or len(told) >= _DAY:
        return _day(told)
    return date.fromisoformat(f"{told}-01" if len(told) == _MONTH else f"{told}-01-01")


def _latest(told: str | None) -> date | None:
    if told is None or len(told) >= _DAY:
        return _day(told)
    year, month = int(told[:4]), int(told[5:7] or 12)
    return date(year, month, monthrange(year, month)[1])
