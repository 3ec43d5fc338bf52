"""CYP101-103 -> ServiceRequest (what was asked), EpisodeOfCare (what the provider took on), CareTeam (who does it)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from adapters.community.records import Referral, ServiceType, StaffMember, State
from mappings import uk_core
from mappings.community import codes
from mappings.community.directory import practitioner_reference, role_concepts
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
from mappings.tables.moments import moment

_STATUS_REASON = "http://hl7.org/fhir/StructureDefinition/request-statusReason"  # R4 extension


def referrals(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """A ServiceRequest and an EpisodeOfCare per referral, and a CareTeam per team that did not reject it."""
    all_teams: defaultdict[tuple[str, str], list[ServiceType]] = defaultdict(list)
    for team in state.service_types:
        all_teams[team.provider, team.referral].append(team)
    met = _met(state)
    for referral in state.referrals:
        teams = all_teams[referral.provider, referral.referral]
        yield _service_request(referral, teams, state, ids)
        yield _episode(referral, teams, state, ids)
        for team in teams:
            if not team.rejected:
                yield _care_team(referral, team, _members(team, met, state), ids)


def _is_rejected(teams: Sequence[ServiceType]) -> bool:
    return bool(teams) and all(team.rejected for team in teams)


def _service_request(referral: Referral, teams: Sequence[ServiceType], state: State, ids: Ids) -> uk_core.Resource:
    status = "revoked" if _is_rejected(teams) else "completed" if referral.discharged else "active"
    priority = codes.target_only("CsdsPriorityType", referral.priority)
    requester = referral.referring_organisation
    return uk_core.resource(
        "ServiceRequest",
        ids.own("ServiceRequest", *referral.key()),
        extension=_request_extensions(referral, teams),
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


def _request_extensions(referral: Referral, teams: Sequence[ServiceType]) -> list[Json]:
    """Who referred, and why teams refused or closed the referral. None of these lists is public: codes as sent."""
    source = codes.unlisted("source-of-referral", referral.source)
    refused = [codes.unlisted("referral-rejection-reason", team.rejection_reason, "Rejected") for team in teams]
    closed = [codes.unlisted("referral-closure-reason", team.closure_reason, "Closed") for team in teams]
    return [
        *([{"url": f"{uk_core.EXTENSION}SourceOfServiceRequest", "valueCodeableConcept": source}] if source else []),
        *({"url": _STATUS_REASON, "valueCodeableConcept": one} for one in (*refused, *closed) if one),
    ]


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


def _care_team(referral: Referral, team: ServiceType, members: Iterable[StaffMember], ids: Ids) -> uk_core.Resource:
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
            *(_participant(member, ids) for member in members),
        ],
        managingOrganization=[provider],
    )


def _met(state: State) -> Mapping[tuple[str, str, str | None], set[str]]:
    """Professionals whom the person met, by (provider, referral, team of the contact)."""
    team_of = {(one.provider, one.referral, one.contact): one.team for one in state.contacts}
    met: defaultdict[tuple[str, str, str | None], set[str]] = defaultdict(set)
    for activity in state.activities:
        contact = (activity.provider, activity.referral, activity.contact)
        if activity.professional and contact in team_of:
            met[activity.provider, activity.referral, team_of[contact]].add(activity.professional)
    return met


def _members(team: ServiceType, met: Mapping[tuple[str, str, str | None], set[str]], state: State) -> list[StaffMember]:
    """The professionals whom the person met on this referral, at contacts of this team or of no named team."""
    known = {one for name in (None, team.team) for one in met.get((team.provider, team.referral, name), ())}
    return [member for member in state.staff if member.provider == team.provider and member.professional in known]


def _participant(member: StaffMember, ids: Ids) -> Json:
    return compact(
        role=role_concepts(member),
        member=practitioner_reference(member.provider, member.professional, ids),
        onBehalfOf=organisation_reference(ids, member.provider),
    )
