"""Random worlds from a seed: an agreement file, people with what is recorded of them, and questions. Organisation
codes are few and the same in all worlds, so that the label table stays small; people are each world's own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tests.sharing.choosing import consents, objection
from tests.sharing.evidence import relationship
from tests.sharing.facts import (
    FLAG,
    GLASS_REASONS,
    IMPAIRMENTS,
    LEGAL,
    LONDON,
    SENSITIVE,
    Clearance,
    Evidence,
    Glass,
    Person,
    Question,
    Row,
    Source,
    World,
)

TODAY = date(2026, 7, 15)
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "practices": ("general practice", ("X10", "X11")),
    "hospital": ("statutory", ("X20",)),
    "council": ("statutory", ("X30",)),
    "charities": ("voluntary sector", ("X40", "X41")),
    "care homes": ("independent", ("X50",)),
}
CODES = tuple(code for _, codes in GROUPS.values() for code in codes)
CATEGORIES = (
    "who the person is",
    "family and carers",
    "care team",
    "care plans",
    "contacts and stays",
    "referrals and services",
    "clinical record",
    "alerts",
    "safeguarding",
    "sharing choices",
    "access log",
)
TYPES = {
    "who the person is": "Patient",
    "family and carers": "RelatedPerson",
    "care team": "CareTeam",
    "care plans": "CarePlan",
    "contacts and stays": "Encounter",
    "referrals and services": "ServiceRequest",
    "clinical record": "Observation",
    "alerts": "Flag",
    "safeguarding": "Flag",
    "sharing choices": "Consent",
    "access log": "AuditEvent",
    FLAG: "Flag",
    IMPAIRMENTS: "Condition",
}
PURPOSES = {
    "direct care": ("TREAT", "care"),
    "coordination": ("COC", "care"),
    "audit": ("HCOMPL", "audit"),
    "research": ("HRESCH", "beyond care"),
    "onward flag": ("PATADMIN", "national flag"),
}
ROLES = ("doctor", "nurse", "clerk", "link worker", "analyst")
KINDS = ("registration", "referral", "encounter", "care-team", "caseload", "service")
QUESTIONS = 100


def world(seed: int, questions: int = QUESTIONS) -> World:
    """The world of this seed; asked that many questions."""
    chance = Random(seed)
    document = _document(chance)
    people = tuple(_person(chance, document) for _ in range(chance.randint(3, 5)))
    asked = tuple(_mostly_related(chance, document, people) for _ in range(questions))
    beyond = Random(f"{seed}, beyond care")
    return World(seed, document, tuple(_opted(beyond, person) for person in people), asked)


def _mostly_related(chance: Random, document: dict[str, Any], people: Sequence[Person]) -> Question:
    """Callers who have nothing to do with the person are the many; ask mostly for the others."""
    question = _question(chance, document, people)
    for _ in range(4):
        about = next((one for one in people if one.id == question.person), None)
        if about is None or chance.random() < 0.25:
            break
        if any(any(relationship(agreement, question, about)) for agreement in document["agreements"]):
            break
        question = _question(chance, document, people)
    return question


def some(chance: Random, things: Sequence[Any], least: int, most: int) -> list[Any]:
    """Between `least` and `most` of these, in their order."""
    chosen = chance.sample(range(len(things)), min(len(things), chance.randint(least, most)))
    return [things[index] for index in sorted(chosen)]


def _document(chance: Random) -> dict[str, Any]:
    roles = {}
    for name in ROLES:
        seen = some(chance, CATEGORIES, 7, 11)
        roles[name] = {"clinical or care role": chance.random() < 0.6, "may see": seen}
        rest = [one for one in CATEGORIES if one not in seen]
        if rest and chance.random() < 0.6:
            roles[name]["may see of the own organisation only"] = some(chance, rest, 1, 2)
    return {
        "neighbourhood": "Somewhere",
        "organisations": {
            name: {"kind": kind, "members": {code: f"Organisation {code}" for code in codes}}
            for name, (kind, codes) in GROUPS.items()
        },
        "purposes": {name: {"code": code, "kind": kind} for name, (code, kind) in PURPOSES.items()},
        "roles": roles,
        "agreements": [_agreement(chance, number) for number in range(chance.randint(2, 5))],
    }


def _parties(chance: Random) -> list[str]:
    parties = some(chance, list(GROUPS), 1, 4)
    if chance.random() < 0.4:
        inside = [code for party in parties for code in GROUPS[party][1]]
        parties += some(chance, [code for code in CODES if code not in inside], 1, 2)
    return parties


def _agreement(chance: Random, number: int) -> dict[str, Any]:
    starts = TODAY - timedelta(days=chance.choice([0, 0, 1, 30, 400, 400, 400, 400, 400]))
    roles = some(chance, ROLES, 3, 5)
    purposes, kinds = _scope(chance)
    agreement: dict[str, Any] = {
        "id": f"DSA-{number + 10}",
        "version": chance.randint(1, 9),
        "title": f"Agreement {number}",
        "whose information": _parties(chance) if chance.random() < 0.5 else list(GROUPS),
        "who may see it": _parties(chance) if chance.random() < 0.5 else list(GROUPS),
        "in which roles": roles,
        "for which purposes": purposes,
        "kinds of information": kinds,
        "relationship": _relationship(chance, purposes[0]),
        "tell the viewer that something is withheld": chance.random() < 0.5,
        "lawful basis": {
            "UK GDPR Article 6": "6(1)(e)",
            "UK GDPR Article 9": "9(2)(h)",
            "common law duty of confidentiality": "implied consent",
        },
        "in force from": starts.isoformat(),
        "review by": (starts + timedelta(days=chance.choice([0, 200, 700]))).isoformat(),
    }
    if chance.random() < 0.35:
        ends = max(starts, TODAY + timedelta(days=chance.choice([-1, 0, 1, 100])))
        agreement["in force until"] = ends.isoformat()
        agreement["review by"] = min(agreement["review by"], agreement["in force until"])
    if chance.random() < 0.6:
        agreement["sensitive information"] = {mark: some(chance, roles, 1, 3) for mark in some(chance, SENSITIVE, 1, 4)}
    if chance.random() < 0.7:
        agreement["explicit consent"] = _explicit(chance)
    if purposes[0] in ("direct care", "coordination") and chance.random() < 0.5:
        agreement["breaking the glass"] = {"roles": some(chance, roles, 1, 3), "minutes": chance.choice([15, 60, 240])}
    if chance.random() < 0.3:
        agreement["roles that need to know where restricted people are"] = some(chance, roles, 1, 2)
    return agreement


def _scope(chance: Random) -> tuple[list[str], list[str]]:
    """Purposes and kinds of information. An agreement for audit or for the national flag is for nothing else."""
    share = chance.random()
    if share < 0.06:
        return ["audit"], ["sharing choices", "access log"]
    if share < 0.14:
        return ["onward flag"], [FLAG, IMPAIRMENTS]
    if share < 0.18:
        return ["research"], some(chance, (*CATEGORIES, FLAG, IMPAIRMENTS), 7, 13)
    return some(chance, ["direct care", "coordination"], 1, 2), some(chance, (*CATEGORIES, FLAG, IMPAIRMENTS), 8, 13)


def _relationship(chance: Random, purpose: str) -> dict[str, Any]:
    if purpose in ("audit", "research") and chance.random() < 0.6:
        return {"needed": False, "because": "everybody's duty"}
    listed: dict[str, Any] = {}
    for kind in some(chance, KINDS, 4, 6):
        listed[kind] = {"days after it ends": chance.choice([0, 1, 30, 365])}
        if chance.random() < 0.5:
            lasting = kind == "registration" and chance.random() < 0.5
            listed[kind]["own word counts for days"] = "as long as it lasts" if lasting else chance.choice([1, 30, 90])
    return {"needed": True, "evidence that counts": listed}


def _explicit(chance: Random) -> dict[str, Any]:
    publish, view = chance.random() < 0.5, chance.random() < 0.5
    terms: dict[str, Any] = {
        "needed to share what a charity recorded": publish,
        "needed for a charity to see what others recorded": view,
    }
    if not (publish and view):
        terms["other basis"] = "a contract of the council"
    if chance.random() < 0.6:
        terms["recorded by the viewing charity itself counts for days"] = chance.choice([1, 30, 365])
        terms["and must say how it was taken"] = True
    return terms


def _person(chance: Random, document: dict[str, Any]) -> Person:
    id_ = UUID(int=chance.getrandbits(128))
    codes = some(chance, CODES, 1, 4)
    rows = {code: _rows(chance) for code in codes}
    ids = [row.id for found in rows.values() for row in found]
    sources = tuple(_source(chance, code, _referring(chance, rows[code], ids), ids) for code in codes)
    past = ()
    if chance.random() < 0.3:
        past = tuple(_source(chance, code, (), ids) for code in some(chance, codes, 1, 1))
    return Person(id_, sources, past)


def _opted(chance: Random, person: Person) -> Person:
    """The same person with NHS numbers, what the national opt-out service answered about them, and what practices
    recorded of an objection."""
    known = [f"{(person.id.int + place) % 10**10:010}" for place in (0, 0, 0, 0, 1)]
    sources = []
    for source in person.sources:
        said = source.consents
        if source.organisation in GROUPS["practices"][1] and chance.random() < 0.35:
            said = (*said, objection(chance, source.organisation, TODAY))
        number = chance.choice(known) if chance.random() < 0.85 else None
        sources.append(replace(source, consents=said, number=number))
    return replace(person, sources=tuple(sources), clearances=tuple(_clearances(chance, sorted(set(known)))))


def _clearances(chance: Random, numbers: Sequence[str]) -> Iterator[Clearance]:
    for number in numbers:
        if chance.random() < 0.85:
            checked = _moment(chance, TODAY - timedelta(days=chance.choice([0, 2, 5, 10, 20, 21, 22])))
            yield Clearance(number, checked, checked + timedelta(days=chance.choice([21, 21, 21, 3])))


def _source(chance: Random, code: str, rows: tuple[Row, ...], ids: Sequence[UUID]) -> Source:
    evidence = tuple(_evidence(chance, code) for _ in range(chance.randint(1, 6)))
    restricted = chance.random() < 0.06
    return Source(code, rows, evidence, tuple(consents(chance, code, ids, TODAY)), restricted)


def _rows(chance: Random) -> tuple[Row, ...]:
    return tuple(_row(chance) for _ in range(chance.randint(1, 4)))


def _row(chance: Random) -> Row:
    category = chance.choice((*CATEGORIES, "who the person is", "clinical record", FLAG, IMPAIRMENTS))
    marks: list[str] = []
    if chance.random() < 0.15:
        marks += some(chance, SENSITIVE, 1, 2)
    if chance.random() < 0.06:
        marks += some(chance, LEGAL, 1, 1)
    starts = ends = None
    if chance.random() < 0.7:
        starts = _moment(chance, TODAY - timedelta(days=chance.randint(0, 60)))
        ends = starts + timedelta(days=chance.choice([0, 0, 1, 10])) if chance.random() < 0.8 else None
    id_ = UUID(int=chance.getrandbits(128))
    return Row(id_, TYPES[category], category, tuple(sorted(marks)), starts, ends)


def _referring(chance: Random, rows: tuple[Row, ...], ids: Sequence[UUID]) -> tuple[Row, ...]:
    def referred(row: Row) -> Row:
        refers = tuple(id_ for id_ in some(chance, ids, 0, 2) if id_ != row.id) if chance.random() < 0.3 else ()
        return Row(row.id, row.type, row.category, row.sensitivities, row.starts, row.ends, refers)

    return tuple(referred(row) for row in rows)


def _moment(chance: Random, day: date) -> datetime:
    """Often a minute from midnight in London, where a day begins and ends."""
    moment = datetime.combine(day, chance.choice([time(0), time(23, 59), time(10, 30), time(15, 7)]), LONDON)
    return moment.astimezone(UTC)


def _evidence(chance: Random, source: str) -> Evidence:
    organisation = source if chance.random() < 0.4 else chance.choice(CODES)
    start = TODAY - timedelta(days=chance.choice([-1, 0, 1, 2, 29, 30, 31, 90, 91, 500]))
    end = max(start, TODAY - timedelta(days=chance.choice([-5, 0, 1, 2, 30, 31, 365, 366])))
    dates = (start if chance.random() < 0.9 else None, end if chance.random() < 0.45 else None)
    return Evidence(chance.choice(KINDS), organisation, *dates)


def _question(chance: Random, document: dict[str, Any], people: Sequence[Person]) -> Question:
    """Mostly one that some agreement may answer, about somebody whom the caller may have to do with."""
    agreement = chance.choice(document["agreements"])
    person = chance.choice(people)
    recipients = [
        code for word in agreement["who may see it"] for code in (GROUPS[word][1] if word in GROUPS else (word,))
    ]
    concerned = [
        one.organisation for source in person.sources for one in source.evidence if one.organisation in recipients
    ]
    organisation = chance.choice(concerned or recipients) if chance.random() < 0.8 else chance.choice(recipients)
    role = chance.choice(agreement["in which roles"])
    purpose = PURPOSES[chance.choice(agreement["for which purposes"])][0]
    id_ = person.id
    stray = chance.random()
    if stray < 0.05:
        organisation = chance.choice(CODES)
    elif stray < 0.10:
        role = chance.choice(ROLES)
    elif stray < 0.14:
        purpose = chance.choice(list(PURPOSES.values()))[0]
    elif stray < 0.16:
        id_ = UUID(int=chance.getrandbits(128))
    elif stray < 0.18:
        organisation = "X99"
    elif stray < 0.20:
        role = "stranger"
    elif stray < 0.21:
        purpose = "HMARKT"
    at = _moment(chance, TODAY + timedelta(days=chance.choice([0, 0, 0, 0, 0, 0, -1, 1, 30])))
    glass = _glass(chance, at) if chance.random() < 0.12 else None
    return Question(organisation, role, purpose, id_, at, glass)


def _glass(chance: Random, at: datetime) -> Glass:
    reason = chance.choice(GLASS_REASONS) if chance.random() < 0.93 else "curiosity"
    minutes = chance.choice([None, 0, 14, 15, 16, 60, 61, 240, 300])
    return Glass(reason, None if minutes is None else at - timedelta(minutes=minutes))
