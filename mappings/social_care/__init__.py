"""Adult social care (CLD) -> UK Core: a council's present view of one person.

Patient, ServiceRequest (requests), Encounter (assessments and reviews), CarePlan (services), CareTeam, RelatedPerson
(unpaid carers), Condition (support reason, impairments), Observation (circumstances), Flag; and the organisations.
"""

from adapters.social_care.records import Assessment, Request, Review, Row, State
from mappings import datatypes
from mappings.ids import Ids
from mappings.social_care import events, flags, plan, providers
from mappings.social_care.patient import patient
from mappings.uk_core import Resource

__all__ = ["to_resources"]


def to_resources(state: State, ids: Ids) -> list[Resource]:
    """The resources of a council's view of one person, the Patient first, the organisations they refer to last."""
    singles = (plan.care_plan(state, ids), plan.support_reason(state, ids), plan.care_team(state, ids))
    return [
        patient(state.person, ids),
        *(resource for row in state.rows if (resource := _event(row, ids))),
        *(resource for resource in singles if resource),
        *plan.related_people(state, ids),
        *flags.flags(state, ids),
        *flags.conditions(state.person, ids),
        *flags.circumstances(state, ids),
        *_organisations(state, ids),
    ]


def _event(row: Row, ids: Ids) -> Resource | None:
    """The row's own resource. Services live in the care plan, an association in the related people."""
    match row.detail:
        case Request() as request:
            return events.service_request(row, ids, request)
        case Assessment() | Review() as contact:
            return events.encounter(row, ids, contact)
        case _:
            return None


def _organisations(state: State, ids: Ids) -> list[Resource]:
    organisations = [datatypes.organisation(ids, state.patient.organisation, None), *providers.directory(state, ids)]
    if state.person.practice_code:
        organisations.append(datatypes.organisation(ids, state.person.practice_code, state.person.practice_name))
    return organisations
