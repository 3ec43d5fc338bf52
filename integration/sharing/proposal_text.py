"""What a file of agreements would change, told in lines and rows. Pure; it names organisations and roles, never a
person."""

from collections.abc import Iterator, Mapping, Sequence

from integration.sharing.changes import Change
from integration.sharing.reasons import listed
from integration.sharing.tally import KNOWN, LOCATED, SEE, ByRole, Row


def told(changes: Sequence[Change], later: Sequence[str]) -> Iterator[str]:
    """What is said otherwise, thing by thing."""
    if not changes:
        yield "The file means what is in force: nothing changes."
    for change in changes:
        yield change.about
        yield from (f"  {sentence}" for sentence in change.sentences)
        yield ""
    if later:
        yield f"{listed(later)} begin or end on a later day: see the effect on that day with --on."


def rows_of(rows: Sequence[Row], names: Mapping[str, str], purposes: Mapping[str, str]) -> list[dict[str, str]]:
    """The effect as a table, with an example by role."""
    return [
        {
            "who": f"{names.get(row.organisation, row.organisation)}{' (in an emergency)' if row.emergency else ''}",
            "change": row.change,
            "what": row.what,
            "recorded by": names.get(row.source, row.source),
            "people": f"{row.people:,}",
            "resources": "" if row.what in (KNOWN, LOCATED) else f"{row.resources:,}",
            "for example": _example(row.by, purposes),
        }
        for row in rows
    ]


def summary(rows: Sequence[Row], concerned: int, people: int) -> str:
    """How many people there are of whom somebody would see something else."""
    if not rows:
        return f"Of the {people:,} people here, nobody's record would be seen differently."
    gains = len({row.organisation for row in rows if row.change == SEE})
    losses = len({row.organisation for row in rows if row.change != SEE})
    return (
        f"The records of {concerned:,} of {people:,} people would be seen differently; {_organisations(gains)} would "
        f"newly see something, {_organisations(losses)} would lose something."
    )


def _organisations(number: int) -> str:
    return f"{number} organisation{'' if number == 1 else 's'}"


def _example(by: Sequence[ByRole], purposes: Mapping[str, str]) -> str:
    first, *others = by
    also = {one.role for one in others} - {first.role}
    more = f"; also {listed(also)}" if also else ""
    number = f"{first.people:,} {'person' if first.people == 1 else 'people'}"
    return f"{first.role}, {purposes.get(first.purpose, first.purpose)}: {number}{more}"
