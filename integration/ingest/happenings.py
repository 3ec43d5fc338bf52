"""What happened, read from one source patient's present view: arrivals, admissions, discharges, a death, new flags,
coordinators, reviews that come to be due. Pure: no database, no clock.

It is a function of what is said now, not of how that changed. Each happening has a key that never changes, so a record
that is assembled again, in whatever order its messages came, says the same happenings again, and each is kept once
(`store.events`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from adapters.records import LONDON
from integration.sharing.categories import category_of, is_safeguarding_flag
from integration.sharing.request import Category
from integration.store.events import Happening, Topic
from integration.store.extract import bounds
from mappings import uk_core
from mappings.datatypes import Json
from mappings.uk_core import Resource

INPATIENT = frozenset({"IMP", "ACUTE", "NONAC", "SS"})
EMERGENCY = frozenset({"EMER"})
"""v3-ActCode (http://hl7.org/fhir/R4/v3/ActEncounterCode/vs.html)."""
_ARRIVED = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
_COORDINATOR = (uk_core.SNOMED, "768820003")
_OPEN_REQUEST = frozenset({"draft", "active", "on-hold"})


def happenings(resources: Sequence[Resource]) -> list[Happening]:
    """Every happening that these resources, all of one source patient, say."""
    by_type = {one["resourceType"] for one in resources} & _READERS.keys()
    if not by_type:
        return []
    found = [one for each in resources if (read := _READERS.get(each["resourceType"])) for one in read(each)]
    return [*found, *_reviews(resources)] if "CarePlan" in by_type else found


def _encounter(encounter: Resource) -> Iterator[Happening]:
    """An attendance and the admission that follows it are often one visit, whose class changes."""
    if encounter.get("status") not in _ARRIVED:
        return
    spans = [(one["class"], one.get("period")) for one in encounter.get("classHistory", ())]
    spans = spans or [(encounter.get("class", {}), encounter.get("period"))]
    for topic, classes in ((Topic.ATTENDANCE, EMERGENCY), (Topic.ADMISSION, INPATIENT)):
        starts = [start for kind, period in spans if kind.get("code") in classes and (start := _start(period))]
        if starts:
            yield _happening(topic, encounter, min(starts))
    left = _end(encounter.get("period"))
    if encounter["status"] == "finished" and spans[-1][0].get("code") in INPATIENT and left:
        yield _happening(Topic.DISCHARGE, encounter, left)


def _patient(patient: Resource) -> Iterator[Happening]:
    died = patient.get("deceasedDateTime")
    if died or patient.get("deceasedBoolean"):
        yield _happening(Topic.DEATH, patient, _moment(died))


def _flag(flag: Resource) -> Iterator[Happening]:
    """The flag that says that adjustments exist counts only where it leads to none: else each of them does."""
    if flag.get("status") != "active":
        return
    when = _start(flag.get("period")) or _recorded(flag)
    if is_safeguarding_flag(flag):
        yield _happening(Topic.SAFEGUARDING, flag, when)
    elif category_of(flag) is Category.ADJUSTMENTS and not _leads_on(flag):
        yield _happening(Topic.ADJUSTMENT, flag, when)


def _care_team(team: Resource) -> Iterator[Happening]:
    """Whoever coordinates now; where nobody does any more, that the last one stopped."""
    named = [one for one in team.get("participant", ()) if _coordinates(one)]
    standing = [one for one in named if not one.get("period", {}).get("end")]
    if team.get("status") == "active":
        for one in standing:
            start = one.get("period", {}).get("start", "")
            yield _happening(Topic.COORDINATOR, team, _moment(start) or _recorded(team), _member(one), start)
    ends = [(one["period"]["end"], _member(one)) for one in named if one.get("period", {}).get("end")]
    if ends and not standing:
        end, member = max(ends)
        yield _happening(Topic.COORDINATOR, team, _moment(end), member, "until", end)


def _reviews(resources: Sequence[Resource]) -> Iterator[Happening]:
    """An active care plan with a request of which it says when it is due: told on that day, and not before."""
    requests = {f"ServiceRequest/{one['id']}": one for one in resources if one["resourceType"] == "ServiceRequest"}
    for plan in resources:
        if plan["resourceType"] != "CarePlan" or plan.get("status") != "active":
            continue
        for activity in plan.get("activity", ()):
            request = requests.get(activity.get("reference", {}).get("reference", ""), {})
            day = request.get("occurrenceDateTime", "")
            if request.get("status") in _OPEN_REQUEST and (when := _moment(day)):
                yield _happening(Topic.REVIEW, plan, when, day, on_time=True)


_READERS: Mapping[str, Callable[[Resource], Iterable[Happening]]] = {
    "Encounter": _encounter,
    "Patient": _patient,
    "Flag": _flag,
    "CareTeam": _care_team,
    "CarePlan": lambda _: (),
}


def _happening(topic: Topic, resource: Resource, when: datetime | None, *rest: str, on_time: bool = False) -> Happening:
    return Happening.of(topic, resource["resourceType"], resource["id"], when, rest, on_time=on_time)


def _leads_on(flag: Resource) -> bool:
    return any(one.get("url") == uk_core.FLAG_DETAIL for one in flag.get("extension", ()))


def _coordinates(participant: Json) -> bool:
    codings = (coding for role in participant.get("role", ()) for coding in role.get("coding", ()))
    return any((one.get("system"), one.get("code")) == _COORDINATOR for one in codings)


def _member(participant: Json) -> str:
    member = participant.get("member", {})
    identifier = member.get("identifier", {}).get("value", "")
    return str(member.get("reference") or identifier or member.get("display", ""))


def _recorded(resource: Resource) -> datetime | None:
    """When it was recorded here, of what carries its own Provenance (`mappings.recorded.provenance`)."""
    made = (one.get("recorded") for one in resource.get("contained", ()) if one["resourceType"] == "Provenance")
    return _moment(next(made, None))


def _start(period: Json | None) -> datetime | None:
    return _moment((period or {}).get("start"))


def _end(period: Json | None) -> datetime | None:
    return _moment((period or {}).get("end"))


def _moment(text: str | None) -> datetime | None:
    """The first moment of a FHIR dateTime; None for what is none."""
    try:
        first, _ = bounds(text)
    except ValueError:
        return None
    return first.astimezone(LONDON) if first else None
