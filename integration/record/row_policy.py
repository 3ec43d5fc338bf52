"""The second lock: what was granted, as settings of the row policy (migrations 0002, 0017), told to PostgreSQL in the
statement that is the first to read under it, so that telling it takes no message of its own.

The statement is evaluated for the one row that the settings come as (LATERAL), so they are made before any of its rows
is looked at; `offset 0` keeps the planner from making one query of the two. If that ever failed, the policy would find
nothing granted, or another person, and show nothing: it fails shut.
https://www.postgresql.org/docs/18/queries-table-expressions.html#QUERIES-LATERAL
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any

import orjson

from adapters.records import LONDON
from integration.record.as_sent import as_array
from integration.record.kept_facts import Kept
from integration.sharing.request import DataWindow, Decision, Grant

CHANGED = "TO001"
"""The SQLSTATE of a statement that was told of facts which are not the present ones (`still`, migration `0034`)."""
_TOLD = """
select asked.* from (
    select set_config('toldonce.person', {person}, true) as person, set_config('toldonce.labels', ${1}, true),
        set_config('toldonce.withheld', ${2}, true), set_config('toldonce.windows', ${3}, true)) as told,
lateral (select * from ({statement}) as asked where told.person is not null offset 0) as asked
"""
_STILL = """toldonce.still(
    ${0}::text::uuid, ${4}::text::bigint[], ${5}, ${6}::text::uuid[], ${7}::text::integer[], ${8})::text"""
_NOTHING = ("", "{}", "{}", "[]")


@lru_cache(maxsize=512)
def telling(statement: str, values: int, told: int) -> str:
    """A statement of so many values that tells the row policy what it may show, and then is asked. What is told
    (`told`) comes behind its own values."""
    places = range(values + 1, values + told + 1)
    person = (_STILL if told > len(_NOTHING) else "${0}").format(*places)
    return _TOLD.format(*places, person=person, statement=statement)


def told(decision: Decision, decided_from: Kept | None = None) -> tuple[Any, ...]:
    """What the row policy is told of a decision: the person, labels, withheld resources and windows; and, of a Grant
    from facts that were not read in this transaction, from which rows, with the directory entries that are kept. If
    others say now what is known of the person, or an entry is another one now, the statement fails as `CHANGED` does,
    and nothing was told."""
    if not isinstance(decision, Grant):
        return _NOTHING
    said = str(decision.person), as_array(decision.labels), as_array(decision.withheld), _windows(decision.windows)
    return (*said, *decided_from.still) if decided_from else said


def moments(windows: Sequence[DataWindow]) -> Iterator[tuple[list[int], datetime | None, datetime | None]]:
    """Windows as moments: from the first day's start to the last day's end, exclusive, in London."""
    for window in windows:
        since = datetime.combine(window.start, time(), LONDON) if window.start else None
        until = datetime.combine(window.end + timedelta(days=1), time(), LONDON) if window.end else None
        yield list(window.labels), since, until


def _windows(windows: Sequence[DataWindow]) -> str:
    if not windows:
        return "[]"
    return orjson.dumps(
        [{"labels": labels, "since": since, "until": until} for labels, since, until in moments(windows)]
    ).decode()
