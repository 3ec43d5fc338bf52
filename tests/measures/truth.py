"""What the measures must come to, from the life events of the synthetic neighbourhood alone: plain loops, with nothing
of the product in them.

A sector cannot be asked for what it does not write down. So the truth leaves out a consultation of which the practice
sent no date, records that it shows no more, what is marked sensitive, and people who object to sharing. How somebody
came to A&E is no life event: the synthetic hospital draws it, and the same draw is made here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random

from adapters.synthetic.chance import chance
from adapters.synthetic.world import LifeEvent, Person, World

EMERGENCY_METHODS = {"21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D"}
Days = list[date]


def events_of(world: World) -> Mapping[str, list[LifeEvent]]:
    """Each person's life events."""
    found: dict[str, list[LifeEvent]] = defaultdict(list)
    for event in world.events:
        found[event.person].append(event)
    return found


def counted_days(world: World, person: Person, events: Sequence[LifeEvent]) -> dict[str, Days]:
    """Of each of the six measures the days on which something counts, as often as it does."""
    cancelled = {event.detail["admission"] for event in events if event.kind == "admission-cancelled"}
    stays = [event for event in events if event.kind == "admission" and event.key not in cancelled]
    attendances = [event for event in events if event.kind == "attendance"]
    by_ambulance = ambulance_arrivals(world, person, events)
    return {
        "outpatient-appointments": [
            event.at.date() for event in events if event.kind == "outpatient" and event.detail["outcome"] != "dna"
        ],
        "emergency-admissions": [event.at.date() for event in stays if event.detail["method"] in EMERGENCY_METHODS],
        "inpatient-bed-days": [night for event in stays for night in nights(event, world.today)],
        "ambulance-conveyances": [event.at.date() for event in attendances if event.key in by_ambulance],
        "ae-attendances": [event.at.date() for event in attendances],
        "general-practice-appointments": [
            event.at.date()
            for event in events
            if event.kind == "gp-consultation" and shown_by_practice(world, person) and written(world, event)
        ],
    }


def nights(stay: LifeEvent, today: date) -> Iterator[date]:
    """The days in whose night the person was in the bed."""
    day = stay.at.date()
    last = stay.end.date() if stay.end else today + timedelta(days=1)
    while day < last:
        yield day
        day += timedelta(days=1)


def shown_by_practice(world: World, person: Person) -> bool:
    """Whether the practice shows a record: not of somebody whose whereabouts are secret, nor long after a death."""
    gone = person.died is not None and person.died + timedelta(days=14) < world.today
    return not (person.restricted or gone)


def written(world: World, consultation: LifeEvent) -> bool:
    """Whether the practice wrote down when it was, and that everybody may read it."""
    dated = chance(world.seed, "gp", consultation.person, consultation.key).random() > 0.04
    return dated and "sensitive" not in consultation.detail


def ambulance_arrivals(world: World, person: Person, events: Sequence[LifeEvent]) -> set[str]:
    """Attendances of which the hospital wrote that they came by ambulance: of the named people it says nothing."""
    if person.name:
        return set()
    draw, found = Random(f"{world.seed}:acute coding:{person.key}"), set()
    for event in events:
        if event.kind == "attendance" and draw.choice("ACFP") == "A":
            found.add(event.key)
        if event.kind == "outpatient" and event.detail["outcome"] != "dna":
            draw.random()
    return found
