"""A failing decision made small: whatever can be left out so that oracle and product still differ, is."""

from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from tests.sharing.facts import Person, World

Fails = Callable[[World], Awaitable[bool]]
OPTIONAL = (
    "in force until",
    "sensitive information",
    "explicit consent",
    "breaking the glass",
    "roles that need to know where restricted people are",
)


async def shrunk(world: World, fails: Fails) -> World:
    """A smallest world, as far as leaving out one thing at a time goes, for which `fails` still holds."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(world):
            if await fails(candidate):
                world, smaller = candidate, True
                break
    return world


def _smaller(world: World) -> Iterator[World]:
    (question,) = world.questions
    if question.glass:
        yield replace(world, questions=(replace(question, glass=None),))
    for document in _documents(world.document):
        yield replace(world, document=document)
    for person in world.people:
        for less in _persons(person):
            yield replace(world, people=(less,))


def _documents(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    agreements = document["agreements"]
    for index, agreement in enumerate(agreements):
        if len(agreements) > 1:
            yield {**document, "agreements": agreements[:index] + agreements[index + 1 :]}
        for name in OPTIONAL:
            if name in agreement:
                less = {key: value for key, value in agreement.items() if key != name}
                yield {**document, "agreements": [*agreements[:index], less, *agreements[index + 1 :]]}


def _persons(person: Person) -> Iterator[Person]:
    if person.past:
        yield replace(person, past=())
    for index, source in enumerate(person.sources):
        rest = person.sources[:index], person.sources[index + 1 :]
        if len(person.sources) > 1:
            yield replace(person, sources=(*rest[0], *rest[1]))
        changed = [replace(source, restricted=False)] if source.restricted else []
        for name in ("rows", "evidence", "consents"):
            things = getattr(source, name)
            changed += [replace(source, **{name: things[:at] + things[at + 1 :]}) for at in range(len(things))]
        changed += [
            replace(source, consents=(*source.consents[:at], less, *source.consents[at + 1 :]))
            for at, consent in enumerate(source.consents)
            for less in _consents(consent)
        ]
        changed += [
            replace(source, rows=(*source.rows[:at], less, *source.rows[at + 1 :]))
            for at, row in enumerate(source.rows)
            for less in (
                *([replace(row, sensitivities=())] if row.sensitivities else []),
                *([replace(row, refers=())] if row.refers else []),
                *([replace(row, starts=None, ends=None)] if row.starts else []),
            )
        ]
        yield from (replace(person, sources=(*rest[0], less, *rest[1])) for less in changed)


def _consents(consent: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("period", "actor", "purpose", "class", "data", "dataPeriod", "provision"):
        if name in consent["provision"]:
            less = deepcopy(consent)
            del less["provision"][name]
            yield less
    if "sourceAttachment" in consent:
        yield {key: value for key, value in consent.items() if key != "sourceAttachment"}
