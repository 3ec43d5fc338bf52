"""Values of one row that contradict one another or the calendar: what is dropped, what is only reported."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.tables.dataset import Doubt, Table


def doubts(table: Table, values: Mapping[str, Any], made: str) -> Iterator[Doubt]:
    """Every doubt about a row's values (ISO dates by field). `made`: the ISO date on which the data set was created."""
    for start, end in table.spans:
        first, last = values.get(start), values.get(end)
        if first and last and last < first:
            yield Doubt(end, "negative-period", "ends before it starts; the row is used without the end", True)
    for field in table.told:
        if (day := values.get(field)) and day > made:
            yield _future(table, field)
    for rule in table.rules:
        yield from rule(values, made)


def _future(table: Table, field: str) -> Doubt:
    key = any(column.field == field and column.need == "key" for column in table.columns)
    cost = "the row is used as sent" if key else "the row is used without it"
    return Doubt(field, "future-date", f"after the data set was created; {cost}", not key)
