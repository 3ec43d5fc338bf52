"""The first lock: SQL conditions that hold for exactly the rows that a Grant shows, and for what is asked of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from integration.record.as_sent import as_array
from integration.record.row_policy import moments
from integration.sharing.pseudonymised import NEVER
from integration.sharing.request import Grant


class Query(msgspec.Struct, frozen=True):
    """What of a person's record is asked for. Empty = everything; `after` continues behind that id."""

    types: Sequence[str] = ()
    ids: Sequence[UUID] = ()
    tokens: Sequence[str] = ()
    """Entries of the index, of which one must be there (`store.search_index`)."""
    start: datetime | None = None
    end: datetime | None = None
    since: datetime | None = None
    after: UUID | None = None
    limit: int | None = None


def permitted(grant: Grant) -> tuple[list[str], list[Any]]:
    """SQL conditions, and their values, that hold for exactly the rows of `toldonce.resource` that a Grant shows."""
    return conditions(Query(), grant.person, grant)


class Bound:
    """Values of a statement: each call takes one and gives its placeholder."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __call__(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def conditions(query: Query, person: UUID, grant: Grant | None) -> tuple[list[str], list[Any]]:
    """SQL conditions and their values: the Grant's first, then the query's."""
    bound = Bound()
    found = granted(bound, person, grant)
    if query.types:
        found.append(f"type = any({bound(list(query.types))})")
    if query.ids:
        found.append(f"id = any({bound(list(query.ids))})")
    if query.tokens:
        found.append(f"tokens && {bound(list(query.tokens))}")
    if query.start:
        found.append(f"(ends is null or ends >= {bound(query.start)})")
    if query.end:
        found.append(f"(starts is null or starts <= {bound(query.end)})")
    if query.since:
        found.append(f"recorded > {bound(query.since)}")
    if query.after:
        found.append(f"id > {bound(query.after)}")
    return found, bound.values


def granted(bound: Bound, person: UUID, grant: Grant | None) -> list[str]:
    """SQL conditions that hold for exactly the rows of `toldonce.resource` that a Grant shows; for None, no row."""
    found = [f"person = {bound(person)}", f"label = any({bound(as_array(grant.labels if grant else ()))}::text::int[])"]
    if grant and grant.withheld:
        found.append(f"id <> all({bound(list(grant.withheld))})")
    if grant and grant.pseudonymise:
        found.append(f"type <> all({bound(list(NEVER))})")
    for labels, since, until in moments(grant.windows) if grant else ():
        found.append(f"not {_within(bound, labels, since, until)}")
    return found


def _within(bound: Bound, labels: list[int], since: datetime | None, until: datetime | None) -> str:
    """SQL: the row belongs to a withheld window. A row without dates does: nothing says that it is not of that time."""
    parts = [f"label = any({bound(labels)})"]
    if since:
        parts.append(f"(ends is null or ends >= {bound(since)})")
    if until:
        parts.append(f"(starts is null or starts < {bound(until)})")
    return f"({' and '.join(parts)})"
