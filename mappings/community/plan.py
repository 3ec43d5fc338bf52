"""CYP004, CYP005 -> CarePlan."""

from collections.abc import Iterator

from adapters.community.records import CarePlan, State
from mappings import uk_core
from mappings.community import codes
from mappings.datatypes import Json, compact, local_identifier, organisation_reference, period, snomed, subject
from mappings.ids import Ids
from mappings.tables.moments import moment


def care_plans(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """A CarePlan per plan. CSDS states no end of a plan: it stands until the person dies."""
    for plan in state.care_plans:
        provider = organisation_reference(ids, plan.provider)
        yield uk_core.resource(
            "CarePlan",
            ids.own("CarePlan", *plan.key()),
            identifier=[local_identifier(plan.provider, "care-plan", plan.plan)],
            status="completed" if state.person.death_date else "active",
            intent="plan",
            category=_categories(plan),
            subject=subject(),
            period=period(plan.implemented or plan.created, state.person.death_date),
            created=moment(plan.created, plan.created_time),
            author=provider,
            contributor=[provider],
            note=_notes(plan, state),
        )


def _categories(plan: CarePlan) -> list[Json]:
    """The list of care plan types is not public: the code stays as sent, beside the concept of any care plan."""
    kind = codes.unlisted("care-plan-type", plan.type)
    return [snomed("734163000", "Care plan"), *([kind] if kind else [])]


def _notes(plan: CarePlan, state: State) -> list[Json]:
    """When the plan was last updated, and by whom its content was agreed: FHIR R4 has no elements for either."""
    notes = [
        compact(
            time=moment(agreement.agreed, agreement.agreed_time),
            text=f"Care plan content agreed (agreed by, code {agreement.agreed_by})",
        )
        for agreement in state.agreements
        if (agreement.provider, agreement.plan) == (plan.provider, plan.plan)
    ]
    if plan.updated:
        notes.append({"time": moment(plan.updated, plan.updated_time), "text": "Care plan last updated"})
    return notes
