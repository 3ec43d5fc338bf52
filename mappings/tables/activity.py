"""What a care activity recorded -> Procedure, Condition and Observation, alike for every table data set."""

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.tables.records import CareContact
from mappings import uk_core
from mappings.datatypes import Json, own_reference, subject
from mappings.ids import Ids
from mappings.tables.attendance import status_of
from mappings.tables.finding import condition, measured, observation
from mappings.tables.moments import moment


@dataclass(frozen=True)
class Recorded:
    """An activity's natural key, and CodeableConcepts of what it recorded: which terminology a code is of, each data
    set says in its own way. `value` of the observation as sent, `unit` UCUM."""

    key: tuple[str, ...]
    procedure: Json | None
    finding: Json | None
    observation: Json | None
    value: str | None
    unit: str | None


def recorded(activity: Recorded, contact: CareContact, ids: Ids) -> Iterator[uk_core.Resource]:
    """The resources of one activity at `contact`, which is their encounter and tells when."""
    encounter = own_reference(ids, "Encounter", *contact.key())
    at = moment(contact.on, contact.time)
    if activity.procedure:
        yield uk_core.resource(
            "Procedure",
            ids.own("Procedure", *activity.key),
            status="completed" if status_of(contact) == "finished" else "unknown",
            code=activity.procedure,
            subject=subject(),
            encounter=encounter,
            performedDateTime=at,
        )
    if activity.finding:
        yield condition((*activity.key, "finding"), ids, code=activity.finding, recorded=at, encounter=encounter)
    if activity.observation:
        yield observation(
            (*activity.key, "observation"),
            ids,
            code=activity.observation,
            category="exam",
            effective=at,
            encounter=encounter,
            **measured(activity.value, activity.unit),
        )
