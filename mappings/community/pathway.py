"""CYP104, CYP105 -> Task (a waiting time that is measured), ServiceRequest (the provider's referral onward)."""

from collections.abc import Iterator

from adapters.community.records import OnwardReferral, State, WaitingTime
from mappings import uk_core
from mappings.community import codes
from mappings.datatypes import Json, organisation_reference, own_reference, period, snomed, subject, text_concept
from mappings.ids import Ids
from mappings.tables.moments import moment


def pathways(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """What follows from the referrals: waiting times and onward referrals."""
    held = {(referral.provider, referral.referral) for referral in state.referrals}
    for waiting in state.waiting_times:
        yield _waiting_time(waiting, _request(waiting, held, ids), ids)
    for onward in state.onward_referrals:
        yield _onward(onward, _request(onward, held, ids), ids)


def _request(row: WaitingTime | OnwardReferral, held: set[tuple[str, str]], ids: Ids) -> Json | None:
    """The ServiceRequest that the row belongs to, where it is held."""
    if (row.provider, row.referral) not in held:
        return None
    return own_reference(ids, "ServiceRequest", row.provider, "CYP101", row.referral)


def _waiting_time(waiting: WaitingTime, request: Json | None, ids: Ids) -> uk_core.Resource:
    """FHIR has no resource for a waiting time; a Task is what can be tracked until it ends. The lists of measurements
    and statuses were not obtained: their codes stay as sent."""
    return uk_core.resource(
        "Task",
        ids.own("Task", *waiting.key()),
        basedOn=[request] if request else None,
        status="completed" if waiting.end else "in-progress",
        businessStatus=codes.unlisted("referral-to-treatment-status", waiting.status),
        intent="order",
        code=codes.unlisted("waiting-time-type", waiting.type, "Waiting time") or text_concept("Waiting time"),
        focus=request,
        for_=subject(),
        executionPeriod=period(moment(waiting.start, waiting.start_time), moment(waiting.end, waiting.end_time)),
        owner=organisation_reference(ids, waiting.provider),
    )


def _onward(onward: OnwardReferral, request: Json | None, ids: Ids) -> uk_core.Resource:
    """CSDS says that the person was referred on, and never what became of it: the status is unknown."""
    reason = codes.unlisted("onward-referral-reason", onward.reason)
    return uk_core.resource(
        "ServiceRequest",
        ids.own("ServiceRequest", *onward.key()),
        basedOn=[request] if request else None,
        status="unknown",
        intent="order",
        category=[snomed("3457005", "Patient referral")],
        code=text_concept("Onward referral"),
        subject=subject(),
        authoredOn=onward.on,
        requester=organisation_reference(ids, onward.provider),
        performer=[organisation_reference(ids, onward.receiver)] if onward.receiver else None,
        reasonCode=[reason] if reason else None,
    )
