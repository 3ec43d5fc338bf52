"""Of whom something held at a month's end, from the life events of the synthetic neighbourhood alone: plain loops, with
nothing of the product in them.

As in `truth`, a sector cannot be asked for what it does not write down. When a practice coded a finding, whether it
wrote down the year alone, and whether a dementia plan was agreed, is drawn by the synthetic practice: the same draws
are made here. Of whom a sector's record was found to be is given: measures do not link.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from adapters.synthetic.chance import chance
from adapters.synthetic.social_care_people import local_id
from adapters.synthetic.world import LifeEvent, Person, World
from tests.measures.truth import shown_by_practice

PARTS = (
    "named-care-coordinator",
    "care-plan",
    "care-plan-review-in-date",
    "adjustments-recorded",
    "social-prescribing-referral",
)
_COORDINATOR, _COMPLETED, _DEMENTIA_PLAN, _END_OF_LIFE_PLAN = (
    "768820003",
    "523051000000100",
    "956841000000106",
    "736373009",
)
_DEMENTIA = "52448006"
_CHARITIES = ("X9V01", "X9V02")
_RECALL_OPENED, _RECALL_DUE = timedelta(days=30), timedelta(days=60)


@dataclass(frozen=True)
class Lasting:
    """Something that held from a day on to another; a plan with the days of its reviews and its recall, if any."""

    start: date
    end: date = date.max
    reviews: Sequence[date] = ()
    recall: tuple[date, date] | None = None
    """Written on the one, due on the other."""

    def stands(self, on: date) -> bool:
        return self.start <= on <= self.end

    def in_date(self, on: date) -> bool:
        """Begun or reviewed in the twelve months to the last day of a month, or with a recall after it."""
        looked_at = any(lately(day, on) for day in (self.start, *self.reviews))
        return looked_at or (self.recall is not None and self.recall[0] <= on < self.recall[1])


def lately(day: date, on: date) -> bool:
    """Whether a day is in the twelve months to the last day of a month."""
    months = 12 * (on.year - day.year) + on.month - day.month
    return 0 <= months < 12


@dataclass(frozen=True)
class Truth:
    """What was so of one person, as the sectors whose records were found to be theirs wrote it down."""

    coordinators: Sequence[Lasting]
    plans: Sequence[Lasting]
    adjustments: Sequence[Lasting]
    prescribed: Sequence[date]

    def held(self, measure: str, on: date) -> bool:
        """Whether it held on the last day of a month."""
        match measure:
            case "named-care-coordinator":
                return any(one.stands(on) for one in self.coordinators)
            case "care-plan":
                return any(one.stands(on) for one in self.plans)
            case "care-plan-review-in-date":
                return any(one.stands(on) and one.in_date(on) for one in self.plans)
            case "adjustments-recorded":
                return any(one.stands(on) for one in self.adjustments)
        return any(lately(day, on) for day in self.prescribed)


def local_ids(world: World) -> Mapping[str, Sequence[tuple[str, str]]]:
    """By person: the organisations and ids under which sectors know them, where they do. A spreadsheet drops zeros."""
    found = {
        person.key: [
            ("community", f"C{100001 + place}"),
            ("mental_health", f"M{200001 + place}"),
            ("social_care", local_id(world.seed, person.key)),
        ]
        for place, person in enumerate(world.people)
    }
    for code in _CHARITIES:
        known = [one.person for one in world.events if (one.organisation, one.kind) == (code, "charity-referral")]
        for number, key in enumerate(dict.fromkeys(known), 1):
            found[key].append((code, f"CC-{number:04}" if code == _CHARITIES[0] else f"{number}"))
    return found


def truth(world: World, person: Person, events: Sequence[LifeEvent], known_to: Collection[str]) -> Truth:
    """What was so of a person whose practice knows them; `known_to`: the others whose record was found to be theirs,
    charities by their code."""
    by_kind = {kind: [one for one in events if one.kind == kind] for kind in {one.kind for one in events}}
    consented = bool(person.charity_consent) and person.charity_consent_withdrawn is None
    referrals = [one for one in by_kind.get("charity-referral", ()) if consented and one.organisation in known_to]
    accepted = [one for one in referrals if one.detail.get("accepted", "yes") == "yes"]
    coordinators, plans, adjustments = list[Lasting](), list[Lasting](), list[Lasting]()
    prescribed = [one.at.date() for one in accepted]
    if shown_by_practice(world, person):
        prescribed += [one.at.date() for one in by_kind.get("charity-referral", ()) if one.detail["source"] == "GP"]
        if person.care_coordinator:
            coordinators.append(Lasting(_coded(world, person, _COORDINATOR)))
        plans += _plans_of_practice(world, person)
        adjustments += [Lasting(_coded(world, person, one.code)) for one in person.adjustments]
    if "community" in known_to:
        plans += [_until_death(person, one) for one in by_kind.get("community-care-plan", ())]
    if "mental_health" in known_to:
        plans += [_until_death(person, one) for one in by_kind.get("mental-health-care-plan", ())]
        coordinators += [_lasting(one) for one in by_kind.get("mental-health-referral", ())]
    if "social_care" in known_to:
        plans += _care_and_support(by_kind)
    plans += [_lasting(one, person.died) for one in accepted]
    coordinators += [_lasting(one, person.died) for one in accepted if one.detail["worker"] == person.care_coordinator]
    if referrals:
        adjustments += [Lasting(date.min) for _ in person.adjustments]
    return Truth(coordinators, plans, adjustments, prescribed)


def _coded(world: World, person: Person, code: str) -> date:
    """From which day on the practice's code surely holds."""
    rng = chance(world.seed, "gp", person.key, f"finding {code}")
    on = max(world.today - timedelta(days=rng.randint(20, 700)), person.birth_date)
    return date(on.year, 12, 31) if rng.random() < 0.1 else on


def _plans_of_practice(world: World, person: Person) -> Iterator[Lasting]:
    agreed = chance(world.seed, "gp", person.key, "dementia plan").random() < 0.8
    if agreed and any(one.code == _DEMENTIA for one in person.conditions):
        yield Lasting(_coded(world, person, _DEMENTIA_PLAN))
    if person.end_of_life:
        opened = world.today - _RECALL_OPENED
        begun = max(_coded(world, person, _END_OF_LIFE_PLAN), opened)
        yield Lasting(begun, recall=(opened, world.today + _RECALL_DUE))
    elif person.care_coordinator or person.frailty in ("moderate", "severe"):
        yield Lasting(_coded(world, person, _COMPLETED))


def _until_death(person: Person, plan: LifeEvent) -> Lasting:
    """No end of a plan is sent: it stands until the person dies."""
    return Lasting(plan.at.date(), person.died or date.max)


def _lasting(event: LifeEvent, died: date | None = None) -> Lasting:
    ends = [day for day in (event.end.date() if event.end else None, died) if day]
    return Lasting(event.at.date(), min(ends, default=date.max))


def _care_and_support(by_kind: Mapping[str, Sequence[LifeEvent]]) -> Iterator[Lasting]:
    """One plan for all services, with the reviews."""
    services = by_kind.get("care-service", ())
    if services:
        ends = [one.end.date() if one.end else date.max for one in services]
        reviews = [one.at.date() for one in by_kind.get("care-review", ())]
        yield Lasting(min(one.at.date() for one in services), max(ends), reviews=reviews)
