"""PV1-3, 6 and 42 -> UKCore-Location: hospital site, ward, room or bay, bed; each part of the one before it.

A stay in a bed names its ward and its bed, so that a ward's patients are found whatever their beds, and so that every
place that the two are part of is at most one step away.
"""

from collections.abc import Iterator

from adapters.acute.records import Place, State, Stay, VisitState
from mappings import datatypes, uk_core
from mappings.acute.directory import kept
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"  # R4
SITE, WARD, ROOM, BED = ("si", "Site"), ("wa", "Ward"), ("ro", "Room"), ("bd", "Bed")
_Level = tuple[tuple[str, str], tuple[str, ...]]
"""Physical type and natural key."""


def locations(visit: VisitState, organisation: str, ids: Ids) -> list[Json]:
    """Encounter.location: where the person was, is, and is to go."""
    found = [
        _location(level, stay, _status(stay, visit), ids)
        for stay in visit.stays
        for level in _named(stay.place, organisation)
    ]
    pending = visit.details.pending_place
    if pending and visit.status in ("in-progress", "onleave"):
        stay = Stay(pending, None)
        found += [_location(level, stay, "planned", ids) for level in _named(pending, organisation)]
    return found


def places(state: State, ids: Ids) -> list[Resource]:
    """A Location for each place that a visit names, and for those it is part of."""
    found = dict.fromkeys(
        level for place in _places(state) for level in zip(*_hierarchy(place, state.organisation), strict=True)
    )
    anybodys = ids.of_nobody()
    return [_resource(level, whole, state.organisation, anybodys) for level, whole in found]


def _places(state: State) -> Iterator[Place]:
    for visit in state.visits:
        yield from (stay.place for stay in visit.stays)
        if visit.details.pending_place:
            yield visit.details.pending_place


def _hierarchy(place: Place, organisation: str) -> tuple[list[_Level], list[_Level | None]]:
    """The levels of a place, widest first, and beside each what it is part of."""
    base = place.site or organisation
    levels: list[_Level] = [(SITE, (place.site,))] if place.site else []
    if place.ward:
        levels.append((WARD, (base, place.ward)))
        if place.room:
            levels.append((ROOM, (base, place.ward, "room", place.room)))
        if place.bed:
            levels.append((BED, (base, place.ward, "room", place.room, "bed", place.bed)))
    return levels, [None, *levels[:-1]] if levels else []


def _named(place: Place, organisation: str) -> list[_Level | None]:
    """What Encounter.location names: the ward, then the bed (or room); without a ward the site; else only words."""
    levels, _ = _hierarchy(place, organisation)
    wards = [level for level in levels if level[0] == WARD]
    inner = [level for level in levels if level[0] in (ROOM, BED)]
    return [*(wards or levels[:1]), *inner[-1:]] or ([None] if place != Place() else [])


def _status(stay: Stay, visit: VisitState) -> str:
    if visit.status == "planned":
        return "planned"
    if visit.status == "onleave":
        return "reserved" if stay is visit.stays[-1] else "completed"
    return "active" if stay is visit.stays[-1] and visit.status == "in-progress" else "completed"


def _location(level: _Level | None, stay: Stay, status: str, ids: Ids) -> Json:
    place = stay.place
    display = ", ".join(part for part in (place.ward, place.room, place.bed) if part) or place.site
    if level is None:
        return datatypes.compact(
            location={"display": display}, status=status, period=datatypes.period(stay.start, stay.end)
        )
    kind, key = level
    return datatypes.compact(
        location={"reference": _reference(key, ids), "display": place.ward if kind == WARD else display},
        status=status,
        physicalType=datatypes.concept(PHYSICAL_TYPE, *kind),
        period=datatypes.period(stay.start, stay.end),
    )


def _reference(key: tuple[str, ...], ids: Ids) -> str:
    return f"Location/{ids.directory('Location', *key)}"


@kept
def _resource(level: _Level, whole: _Level | None, organisation: str, ids: Ids) -> Resource:
    kind, key = level
    name = key[-1]
    if kind == SITE:
        identifier = {"system": uk_core.ODS_SITE, "value": name}
    else:
        path = "/".join(part for part in (key[1], *key[3::2]) if part)  # a bed number is one of many without its ward
        identifier = datatypes.local_identifier(organisation, kind[1].lower(), path)
    return uk_core.resource(
        "Location",
        ids.directory("Location", *key),
        identifier=[identifier],
        status="active",
        name=name,
        mode="instance",
        physicalType=datatypes.concept(PHYSICAL_TYPE, *kind),
        managingOrganization=datatypes.organisation_reference(ids, organisation),
        partOf={"reference": _reference(whole[1], ids)} if whole else None,
    )
