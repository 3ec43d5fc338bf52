"""The whole synthetic neighbourhood: the named people of the docs, then as many others as are wanted."""

from datetime import date

from adapters.synthetic.lives import life_of
from adapters.synthetic.named import named_people
from adapters.synthetic.population import generated_people
from adapters.synthetic.staff import workforce
from adapters.synthetic.world import LifeEvent, World

LAST_DAY = date(2026, 9, 30)
"""The default last day of the two years that are told."""


def build(people: int, seed: int = 7, today: date = LAST_DAY) -> World:
    """A world of `people` people, the named ones included and always all there, even when `people` is smaller.

    The same `people`, `seed` and `today` give the same world; the named people depend on `today` only; more people
    leave the earlier ones as they were. Raises `ValueError` beyond about 908,000 people (NHS test numbers end).
    """
    named = named_people(today)
    everybody = [story.person for story in named]
    events: list[LifeEvent] = [event for story in named for event in story.events]
    for person in generated_people(max(0, people - len(named)), seed, today):
        everybody.append(person)
        events.extend(life_of(person, seed, today))
    events.sort(key=lambda event: (event.at, event.key))
    return World(seed, today, tuple(everybody), tuple(events), workforce())
