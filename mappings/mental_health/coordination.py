"""MHS006 -> CareTeam: who coordinates the person's care. MHS008, MHS009 -> CarePlan."""

from collections.abc import Iterator

from adapters.mental_health.records import CareCoordinator, CarePlan, State
from mappings import uk_core
from mappings.coordinator import COORDINATOR
from mappings.datatypes import Json, compact, local_identifier, organisation_reference, period, snomed, subject
from mappings.ids import Ids
from mappings.mental_health import codes
from mappings.mental_health.directory import professional_reference
from mappings.tables.moments import moment


def care_coordination(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """One CareTeam for all coordinators that the provider ever assigned, each with their period."""
    assigned = sorted(state.coordinators, key=lambda one: (one.start, one.professional))
    if not assigned:
        return
    running = any(one.end is None for one in assigned)
    provider = organisation_reference(ids, state.person.organisation)
    yield uk_core.resource(
        "CareTeam",
        ids.own("CareTeam", "care-coordination"),
        status="active" if running else "inactive",
        name="Mental health care coordination",
        subject=subject(),
        period=period(assigned[0].start, None if running else max(one.end or "" for one in assigned)),
        participant=[_participant(one, state, ids) for one in assigned],
        managingOrganization=[provider],
    )


def _participant(one: CareCoordinator, state: State, ids: Ids) -> Json:
    team = codes.mapped("MhsdsTeamType", one.team_type)
    return compact(
        role=[COORDINATOR, *([team] if team else [])],
        member=professional_reference(one.provider, one.professional, state, ids),
        onBehalfOf=organisation_reference(ids, one.provider),
        period=period(one.start, one.end),
    )


def care_plans(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """A CarePlan per plan. MHSDS states no end of a plan: it stands until the person dies."""
    died = state.person.death_date
    for plan in state.care_plans:
        kind = codes.mapped("MhsdsCarePlanType", plan.type)
        author = organisation_reference(ids, plan.provider)
        yield uk_core.resource(
            "CarePlan",
            ids.own("CarePlan", *plan.key()),
            identifier=[local_identifier(plan.provider, "mental-health-care-plan", plan.plan)],
            status="completed" if died else "active",
            intent="plan",
            title=kind["text"] if kind else None,
            category=[snomed("734163000", "Care plan"), *([kind] if kind else [])],
            subject=subject(),
            period=period(plan.implemented or plan.created, died),
            created=moment(plan.created, plan.created_time),
            author=author,
            contributor=[author],
            note=list(_notes(plan, state)),
        )


def _notes(plan: CarePlan, state: State) -> Iterator[Json]:
    """FHIR R4 has no element for a plan's agreement, nor for its last update."""
    for one in state.agreements:
        if (one.provider, one.plan) == (plan.provider, plan.plan):
            text = f"Content agreed (by code {one.agreed_by} of CARE PLAN CONTENT AGREED BY)"
            yield compact(time=moment(one.agreed, one.agreed_time), text=text)
    if plan.updated:
        yield {"time": moment(plan.updated, plan.updated_time), "text": "Last updated"}
