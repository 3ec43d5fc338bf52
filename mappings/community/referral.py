"""CYP101-103 -> ServiceRequest (what was asked), EpisodeOfCare (what the provider took on), CareTeam (who does it)."""

from collections.abc import Iterator, Sequence

from adapters.community.records import Referral, ServiceType, StaffMember, State
from mappings import uk_core
from mappings.community import codes
from mappings.community.directory import practitioner_reference, role_concepts
from mappings.community.moments import moment
from mappings.datatypes import (
    Json,
    compact,
    local_identifier,
    organisation_reference,
    own_reference,
    period,
    snomed,
    subject,
)
from mappings.ids import Ids


def referrals(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """A ServiceRequest and an EpisodeOfCare per referral, and a CareTeam per team that did not reject it."""
    for referral in state.referrals:
        teams = [team for team in state.service_types if _is_of(team, referral)]
        yield _service_request(referral, teams, state, ids)
        yield _episode(referral, teams, state, ids)
        for team in teams:
            if not team.rejected:
                yield _care_team(referral, team, state, ids)


def _is_of(team: ServiceType, referral: Referral) -> bool:
    return (team.provider, team.referral) == (referral.provider, referral.referral)


def _is_rejected(teams: Sequence[ServiceType]) -> bool:
    return bool(teams) and all(team.rejected for team in teams)


def _service_request(referral: Referral, teams: Sequence[ServiceType], state: State, ids: Ids) -> uk_core.Resource:
    source = codes.unlisted("source-of-referral", referral.source)
    status = "revoked" if _is_rejected(teams) else "completed" if referral.discharged else "active"
    priority = codes.target_only("CsdsPriorityType", referral.priority)
    requester = referral.referring_organisation
    return uk_core.resource(
        "ServiceRequest",
        ids.own("ServiceRequest", *referral.key()),
        extension=[{"url": f"{uk_core.EXTENSION}SourceOfServiceRequest", "valueCodeableConcept": source}]
        if source
        else None,
        identifier=[local_identifier(referral.provider, "service-request", referral.referral)],
        status=status,
        intent="order",
        category=[snomed("3457005", "Patient referral")],
        priority=priority["code"] if priority else None,
        code=codes.mapped("CsdsTeamType", teams[0].type) if teams else None,
        subject=subject(),
        authoredOn=moment(referral.received, referral.received_time),
        requester=organisation_reference(ids, requester) if requester else None,
        performer=[organisation_reference(ids, referral.provider)],
        reasonCode=_reasons(referral, state),
    )


def _reasons(referral: Referral, state: State) -> list[Json]:
    """The primary reason first. The list of reasons is not public: the codes stay as sent."""
    primary = codes.unlisted("referral-reason", referral.reason)
    others = [
        codes.unlisted("referral-reason", other.reason)
        for other in state.other_reasons
        if (other.provider, other.referral) == (referral.provider, referral.referral)
    ]
    return [reason for reason in (primary, *others) if reason]


def _episode(referral: Referral, teams: Sequence[ServiceType], state: State, ids: Ids) -> uk_core.Resource:
    status = "cancelled" if _is_rejected(teams) else "finished" if referral.discharged else "active"
    end = referral.discharged or (max(team.rejected or "" for team in teams) if _is_rejected(teams) else None)
    diagnoses = [
        {"condition": own_reference(ids, "Condition", *diagnosis.key())}
        for diagnosis in state.diagnoses
        if (diagnosis.provider, diagnosis.referral) == (referral.provider, referral.referral)
    ]
    return uk_core.resource(
        "EpisodeOfCare",
        ids.own("EpisodeOfCare", *referral.key()),
        identifier=[local_identifier(referral.provider, "service-request", referral.referral)],
        status=status,
        type=[kind for team in teams if (kind := codes.mapped("CsdsTeamType", team.type))],
        diagnosis=diagnoses,
        patient=subject(),
        managingOrganization=organisation_reference(ids, referral.provider),
        period=period(referral.received, end),
        referralRequest=[own_reference(ids, "ServiceRequest", *referral.key())],
        team=[own_reference(ids, "CareTeam", *team.key()) for team in teams if not team.rejected],
    )


def _care_team(referral: Referral, team: ServiceType, state: State, ids: Ids) -> uk_core.Resource:
    """Active until the team closed the referral or the provider discharged the person."""
    end = team.closed or referral.discharged
    kind = codes.mapped("CsdsTeamType", team.type)
    provider = organisation_reference(ids, referral.provider)
    return uk_core.resource(
        "CareTeam",
        ids.own("CareTeam", *team.key()),
        identifier=[local_identifier(team.provider, "care-professional-team", team.team)] if team.team else None,
        status="inactive" if end else "active",
        category=[kind] if kind else None,
        name=kind["text"] if kind else None,
        subject=subject(),
        period=period(referral.received, end),
        participant=[
            compact(role=[kind] if kind else None, member=provider),
            *(_participant(member, ids) for member in _members(referral, team, state)),
        ],
        managingOrganization=[provider],
    )


def _members(referral: Referral, team: ServiceType, state: State) -> list[StaffMember]:
    """The professionals whom the person met on this referral, at contacts of this team or of no named team."""
    contacts = {
        contact.contact
        for contact in state.contacts
        if (contact.provider, contact.referral) == (referral.provider, referral.referral)
        and contact.team in (None, team.team)
    }
    met = {
        activity.professional
        for activity in state.activities
        if (activity.provider, activity.referral) == (referral.provider, referral.referral)
        and activity.contact in contacts
    }
    return [member for member in state.staff if member.provider == referral.provider and member.professional in met]


def _participant(member: StaffMember, ids: Ids) -> Json:
    return compact(
        role=role_concepts(member),
        member=practitioner_reference(member.provider, member.professional, ids),
        onBehalfOf=organisation_reference(ids, member.provider),
    )
