"""What one set of agreements changes against another, in plain sentences. Pure.

It compares what the two say in plain English (`english.py`), which says all that they mean: nothing changes unseen.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from integration.sharing.agreements import Agreements
from integration.sharing.english import Line, Section, text_of
from integration.sharing.sentences import listed


class Change(Struct, frozen=True):
    """What changes about one thing: an agreement, a role, a purpose, a group or the neighbourhood."""

    about: str
    sentences: tuple[str, ...]


def changes(before: Agreements, after: Agreements) -> list[Change]:
    """What `after` changes, agreements first. Nothing where both mean the same."""
    old, new = text_of(before), text_of(after)
    found = [
        *_agreements(before, after),
        *_sections("The role", old.roles, new.roles),
        *_sections("The purpose", old.purposes, new.purposes),
        *_sections("The group", old.groups, new.groups),
    ]
    if str(old.title) != str(new.title):
        found.append(Change("The neighbourhood", (_instead(old.title, new.title),)))
    return found


def _agreements(before: Agreements, after: Agreements) -> Iterator[Change]:
    """By id: a new version of an agreement is the same agreement, changed."""
    old, new = _by_id(before), _by_id(after)
    for id_ in sorted(old.keys() | new.keys()):
        yield from _section(f"Agreement {id_}", old.get(id_), new.get(id_))


def _by_id(agreements: Agreements) -> dict[str, Section]:
    """Where an id is there twice, which no file may have, its versions together."""
    found: dict[str, Section] = {}
    for section in text_of(agreements).agreements.values():
        found[section.heading.values["id"]] = section
    return found


def _sections(kind: str, before: Mapping[str, Section], after: Mapping[str, Section]) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        yield from _section(f"{kind} {name}", before.get(name), after.get(name))


def _section(about: str, before: Section | None, after: Section | None) -> Iterator[Change]:
    if after is None and before is not None:
        yield Change(about, (f"It is no longer there. It was: {before.heading}",))
    elif before is None and after is not None:
        yield Change(about, ("It is new.", str(after.heading), *map(str, after.lines.values())))
    elif before is not None and after is not None and (sentences := tuple(_differences(before, after))):
        yield Change(about, sentences)


def _differences(before: Section, after: Section) -> Iterator[str]:
    if str(before.heading) != str(after.heading):
        yield _instead(before.heading, after.heading)
    for name in dict.fromkeys([*before.lines, *after.lines]):
        old, new = before.lines.get(name), after.lines.get(name)
        if old is None or new is None:
            yield f"No longer: {old}" if old else f"Now also: {new}"
        elif str(old) != str(new):
            yield from _difference(old, new)


def _difference(old: Line, new: Line) -> Iterator[str]:
    """Of a list, what comes and goes; of anything else, what was and what is."""
    was, now = old.sentence.names_in(old.values), new.sentence.names_in(new.values)
    rest = {**old.values, was[0]: ()} if was else {}
    if old.sentence != new.sentence or not was or not now or rest != {**new.values, now[0]: ()}:
        yield _instead(old, new)
        return
    comes = [word for word in now[1] if word not in was[1]]
    goes = [word for word in was[1] if word not in now[1]]
    subject = str(Line(old.sentence, {**old.values, was[0]: ("…",)}))
    yield f"{subject.replace('“…”', '…')} " + " ".join(
        [*([f"Added: {listed(comes)}."] if comes else []), *([f"Removed: {listed(goes)}."] if goes else [])]
    )


def _instead(old: Line, new: Line) -> str:
    return f"Was: {old} Now: {new}"
