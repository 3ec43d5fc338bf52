"""Tables of the extract: what is planned for a person, by whom, what was asked of others, and what to mind."""

from integration.teams.export.column import Column, Item
from integration.teams.export.usual_columns import (
    OF_ENCOUNTER,
    STATUS,
    code_of,
    moment_of,
    period_of,
    reference_of,
    table,
    text_of,
)
from integration.teams.export.values import ods_code, text
from mappings.social_care.plan import REVIEW


def _is_review(item: Item) -> bool | None:
    words = text(item.element, "detail.code.text")
    return None if words is None else words == REVIEW


CARE = (
    table(
        "flag",
        "alerts and reasonable adjustments; one top flag for each person",
        "Flag",
        STATUS,
        *code_of("code", "what it says"),
        *code_of("category", "which kind"),
        *period_of(),
    ),
    table(
        "care_plan",
        "plans of care",
        "CarePlan",
        STATUS,
        text_of("intent", "plan, proposal, order"),
        *code_of("category", "which kind"),
        *period_of(),
        *moment_of("created", "when it was made", "created"),
    ),
    table(
        "care_plan_activity",
        "what plans hold, reviews too; a row for each activity",
        "CarePlan",
        text_of("status", "in FHIR's words", "detail.status"),
        *code_of("code", "what is done", "detail.code"),
        *period_of("detail.scheduledPeriod"),
        Column(
            "review",
            "boolean",
            "whether it is a review of the plan, by the words of its code; null: there are none",
            _is_review,
        ),
        reference_of("request", "the service request or task that it is", "reference"),
        reference_of("outcome", "the contact at which it was done", "outcomeReference"),
        rows=lambda plan: iter(plan.get("activity", ())),
    ),
    table(
        "care_team",
        "who looks after the person; a row for each participant",
        "CareTeam",
        Column("status", "text", "of the team", lambda item: text(item.resource, "status")),
        *code_of("role", "SNOMED CT 768820003: care coordinator", "role"),
        reference_of("member", "the participant", "member"),
        Column(
            "organisation",
            "text",
            "ODS code of the participant or of whom they act for",
            lambda item: ods_code(item.element, "onBehalfOf") or ods_code(item.element, "member"),
        ),
        *period_of(),
        rows=lambda team: iter(team.get("participant", ())),
    ),
    table(
        "service_request",
        "referrals and requests for services",
        "ServiceRequest",
        STATUS,
        text_of("intent", "order, plan, proposal"),
        text_of("priority", "routine, urgent, asap, stat"),
        *code_of("code", "what is asked for"),
        *code_of("category", "which kind"),
        *moment_of("authored", "when it was made", "authoredOn"),
        *moment_of("occurrence", "for when", "occurrenceDateTime", "occurrencePeriod.start"),
        OF_ENCOUNTER,
    ),
    table(
        "service_request_performer",
        "of whom it is asked; a row for each",
        "ServiceRequest",
        Column("organisation", "text", "ODS code", lambda item: ods_code(item.element)),
        rows=lambda request: iter(request.get("performer", ())),
    ),
    table(
        "task",
        "who does what next",
        "Task",
        STATUS,
        text_of("intent", "order, plan"),
        text_of("priority", "routine, urgent, asap, stat"),
        *code_of("code", "what is to be done"),
        *moment_of("authored", "when it was made", "authoredOn"),
        *moment_of("due", "by when", "restriction.period.end", "executionPeriod.end"),
    ),
)
