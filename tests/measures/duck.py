"""The measures in DuckDB, over the columnar extract: another program and another language, from the same record.

`month` holds the months, `day` every day of somebody's membership, `span` what an encounter was and when; each measure
is then one question.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb

_TABLES = """
create macro latest(moment, precision) as case precision
    when 'year' then make_date(date_part('year', moment at time zone 'Europe/London')::int, 12, 31)
    when 'month' then last_day((moment at time zone 'Europe/London')::date)
    else (moment at time zone 'Europe/London')::date end;
create macro earliest(moment) as (moment at time zone 'Europe/London')::date;
create macro in_twelve_months(day, last) as day > last_day((last - interval 12 month)::date) and day <= last;
create table month as
    select first::date as first, (first + interval 1 month - interval 1 day)::date as last
    from generate_series('{first}'::timestamp, '{last}'::timestamp, interval 1 month) as series (first);
create table day as
    select distinct person, unnest(generate_series(
        greatest((since at time zone 'Europe/London')::date, '{first}'::date)::timestamp,
        least(coalesce((until at time zone 'Europe/London')::date - 1, '{last}'::date), '{last}'::date)::timestamp,
        interval 1 day))::date as day
    from membership;
create table span as
    select c.id, c.person, c.class, c.feed, e.status, e.arrival_mode, e.admission_method, c.start_precision,
        (c.start at time zone 'Europe/London')::date as began, (c."end" at time zone 'Europe/London')::date as ended
    from encounter_class c join encounter e using (id) where e.status in ('in-progress', 'onleave', 'finished');
"""
_EVENT = """
select person, min(began) as day from span where start_precision in ('second', 'day') and {} group by id, person
"""
_NIGHT = """
select person, unnest(generate_series(
    began::timestamp, least(coalesce(ended, '{last}'::date + 1), '{last}'::date + 1)::timestamp - interval 1 day,
    interval 1 day))::date as day
from span where feed = 'acute' and class = 'IMP' and (ended is not null or status <> 'finished')
"""
_EMERGENCY = "('21', '22', '23', '24', '25', '28', '2A', '2B', '2C', '2D')"
_AMBULANCE = (
    "('A', 'H', '1048021000000102', '1048031000000100', '1048041000000109', '1048051000000107', '1048081000000101')"
)
COUNTED: Mapping[str, str] = {
    "outpatient-appointments": _EVENT.format("feed = 'acute' and class = 'AMB'"),
    "emergency-admissions": _EVENT.format(
        f"feed = 'acute' and class in ('IMP', 'SS') and admission_method in {_EMERGENCY}"
    ),
    "inpatient-bed-days": _NIGHT,
    "ambulance-conveyances": _EVENT.format(f"feed = 'acute' and class = 'EMER' and arrival_mode in {_AMBULANCE}"),
    "ae-attendances": _EVENT.format("feed = 'acute' and class = 'EMER'"),
    "general-practice-appointments": _EVENT.format("feed = 'gp' and status <> 'onleave'"),
}
"""Of each rate: a row for each time that it counts, with whom and the day."""
_RATE = """
with event as ({}),
here as (
    select first, count(distinct person) as people, count(*) as days
    from month join day on day between first and last group by first),
counted as (
    select first, count(*) as events
    from month join event on event.day between first and last join day using (person, day) group by first)
select coalesce(people, 0), coalesce(days, 0), coalesce(events, 0), date_part('day', last)
from month left join here using (first) left join counted using (first) order by first
"""
_SURELY = """
(h.start is null or latest(h.start, h.start_precision) <= last) and (h."end" is null or earliest(h."end") >= last)
and ({} or h."end" is not null)
"""
_PLAN = "h.status in ('active', 'on-hold', 'completed', 'revoked') and " + _SURELY.format(
    "h.status in ('active', 'on-hold')"
)
_IN_DATE = """
(in_twelve_months(latest(h.start, h.start_precision), last) or exists (
    select 1 from care_plan_activity a where a.id = h.id and a.review and a.status = 'completed'
        and in_twelve_months(latest(a."end", a.end_precision), last)) or exists (
    select 1 from care_plan_activity a join service_request r on r.id = a.request where a.id = h.id
        and r.status not in ('revoked', 'entered-in-error', 'completed') and earliest(r.occurrence) > last
        and (r.authored is null or latest(r.authored, r.authored_precision) <= last)))
"""
_FLAG = "'national-reasonable-adjustment-flag'"
_ADJUSTMENT = f"(h.category_system like '%/England-FlagCategoryRA' or h.category = {_FLAG})"
_CHARITIES = "('X9V01', 'X9V02')"
HOLDS: Mapping[str, tuple[str, str, str]] = {
    "named-care-coordinator": (
        "care_team",
        "true",
        f"h.role = '768820003' and h.status in ('active', 'inactive') and {_SURELY.format('true')}",
    ),
    "care-plan": ("care_plan", "true", _PLAN),
    "care-plan-review-in-date": ("care_plan", _PLAN, f"{_PLAN} and {_IN_DATE}"),
    "adjustments-recorded": (
        "flag",
        "true",
        f"{_ADJUSTMENT} and h.code is distinct from {_FLAG} and h.status in ('active', 'inactive') and "
        + _SURELY.format("h.status = 'active'"),
    ),
    "social-prescribing-referral": (
        "service_request",
        "true",
        f"""h.status not in ('revoked', 'entered-in-error')
        and in_twelve_months(latest(h.authored, h.authored_precision), last)
        and exists (select 1 from service_request_performer p where p.id = h.id and p.organisation in {_CHARITIES})""",
    ),
}
"""Of each part: the table, of which rows on the last day of a month it may hold, and of which it does."""
_PART = """
select count(distinct day.person), count(distinct day.person) filter ({1}), count(distinct day.person) filter ({2})
from month left join day on day.day = last left join {0} h on h.person = day.person
group by first order by first
"""
Figures = tuple[int, int, int, str | None]


def opened(folder: Path, first: date, last: date) -> duckdb.DuckDBPyConnection:
    """The extract in a folder, with the tables above."""
    connection = duckdb.connect()
    for file in sorted(folder.glob("*.parquet")):
        connection.execute(f"create view {file.stem} as select * from read_parquet('{file}')")
    connection.execute(_TABLES.format(first=first, last=last))
    return connection


def rates(connection: duckdb.DuckDBPyConnection, measure: str, last: date) -> list[Figures]:
    """People, person-days, events and the rate of each month."""
    rows = connection.execute(_RATE.format(COUNTED[measure].format(last=last))).fetchall()
    return [(people, days, events, rounded(1000 * events * of_month, days)) for people, days, events, of_month in rows]


def parts(connection: duckdb.DuckDBPyConnection, measure: str) -> list[Figures]:
    """People, those it may hold of, those it holds of and the part of each month."""
    rows: Sequence[Any] = connection.execute(_PART.format(*HOLDS[measure])).fetchall()
    return [(people, may, held, rounded(100 * held, may)) for people, may, held in rows]


def rounded(over: int, under: int) -> str | None:
    """To two decimals, half up."""
    return str((Decimal(over) / Decimal(under)).quantize(Decimal("0.01"), ROUND_HALF_UP)) if under else None
