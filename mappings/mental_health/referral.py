"""MHS101, MHS102, MHS902 -> ServiceRequest (what was asked), EpisodeOfCare (what was taken on), CareTeam (by whom)."""

from collections.abc import Iterator, Sequence

from adapters.mental_health.records import Referral, ServiceType, State, Team
from mappings import uk_core
from mappings.datatypes import (
    Json,
    compact,
    local_identifier,
    organisation_reference,
    own_reference,
    period,
    security_label,
    snomed,
    subject,
)
from mappings.ids import Ids
from mappings.mental_health import codes
from mappings.tables.moments import moment


def referrals(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """A ServiceRequest and an EpisodeOfCare per referral, and a CareTeam per team that took it on."""
    for referral in state.referrals:
        teams = _teams(referral, state)
        yield _marked(referral, _service_request(referral, teams, state, ids))
        yield _episode(referral, teams, state, ids)
        for team in teams:
            if not team.rejected:
                yield _care_team(referral, team, state, ids)


def team_type(provider: str, team: str | None, state: State) -> Json | None:
    """What kind of team it is: MHS902 says so since version 6, the referral's own row before."""
    rows: list[Team | ServiceType] = [*state.teams, *state.service_types]
    said = [one.type for one in rows if (one.provider, one.team) == (provider, team) and one.type]
    return codes.mapped("MhsdsTeamType", said[0]) if said else None


def rejected_on(referral: Referral, teams: Sequence[ServiceType]) -> str | None:
    """The day on which the referral, or the last of its teams, was rejected; None while anybody may take it on."""
    if referral.rejected or not teams:
        return referral.rejected
    days = [team.rejected for team in teams]
    return max(day for day in days if day) if all(days) else None


def _teams(referral: Referral, state: State) -> list[ServiceType]:
    """The referral's own team first, in the shape of those that it went to besides."""
    further = [
        one for one in state.service_types if (one.provider, one.referral) == (referral.provider, referral.referral)
    ]
    if referral.team is None or any(one.team == referral.team for one in further):
        return further
    own = ServiceType(
        provider=referral.provider, referral=referral.referral, team=referral.team, rejected=referral.rejected
    )
    return [own, *further]


def _marked(referral: Referral, request: uk_core.Resource) -> uk_core.Resource:
    """Some reasons are sensitive in themselves; the label says so to whoever decides on sharing."""
    label = codes.target_only("MhsdsReasonSensitivity", referral.reason)
    if not label:
        return request
    return {**request, "meta": {**request["meta"], "security": [security_label(label["system"], label["code"])]}}


def _service_request(referral: Referral, teams: Sequence[ServiceType], state: State, ids: Ids) -> uk_core.Resource:
    status = "revoked" if rejected_on(referral, teams) else "completed" if referral.discharged else "active"
    source = codes.unlisted("source-of-referral", referral.source)
    requester = referral.referring_organisation
    return uk_core.resource(
        "ServiceRequest",
        ids.own("ServiceRequest", *referral.key()),
        extension=[{"url": f"{uk_core.EXTENSION}SourceOfServiceRequest", "valueCodeableConcept": source}]
        if source
        else None,
        identifier=[local_identifier(referral.provider, "mental-health-service-request", referral.referral)],
        status=status,
        intent="order",
        category=[snomed("3457005", "Patient referral")],
        priority=(codes.target_only("CsdsPriorityType", referral.priority) or {}).get("code"),
        code=team_type(teams[0].provider, teams[0].team, state) if teams else None,
        subject=subject(),
        authoredOn=moment(referral.received, referral.received_time),
        requester=organisation_reference(ids, requester) if requester else None,
        performer=[organisation_reference(ids, referral.provider)],
        reasonCode=[reason] if (reason := codes.mapped("MhsdsReferralReason", referral.reason)) else None,
    )


def _episode(referral: Referral, teams: Sequence[ServiceType], state: State, ids: Ids) -> uk_core.Resource:
    rejected = rejected_on(referral, teams)
    return uk_core.resource(
        "EpisodeOfCare",
        ids.own("EpisodeOfCare", *referral.key()),
        status="cancelled" if rejected else "finished" if referral.discharged else "active",
        type=[kind for one in teams if (kind := team_type(one.provider, one.team, state))],
        patient=subject(),
        managingOrganization=organisation_reference(ids, referral.provider),
        period=period(referral.received, referral.discharged or rejected),
        referralRequest=[own_reference(ids, "ServiceRequest", *referral.key())],
        team=[own_reference(ids, "CareTeam", *one.key()) for one in teams if not one.rejected],
    )


def _care_team(referral: Referral, team: ServiceType, state: State, ids: Ids) -> uk_core.Resource:
    """Active until the team closed the referral or the provider discharged the person."""
    end = team.closed or referral.discharged
    kind = team_type(team.provider, team.team, state)
    provider = organisation_reference(ids, team.provider)
    return uk_core.resource(
        "CareTeam",
        ids.own("CareTeam", *team.key()),
        identifier=[local_identifier(team.provider, "care-professional-team", team.team)],
        status="inactive" if end else "active",
        category=[kind] if kind else None,
        name=kind["text"] if kind else None,
        subject=subject(),
        period=period(referral.received, end),
        participant=[compact(role=[kind] if kind else None, member=provider)],
        managingOrganization=[provider],
    )
