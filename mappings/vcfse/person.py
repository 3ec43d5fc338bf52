"""Who the person is, as the charity says, and what they chose."""

from datetime import datetime
from typing import Literal

from adapters.records import local_moment
from adapters.vcfse.records import Choice, Client, State
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource, resource
from mappings.vcfse.notes import THIRD_PARTY
from mappings.vcfse.words import code

UNVERIFIED = ("02", "Number present but not traced")
"""A charity traces nothing: UKCore-NHSNumberVerificationStatusEngland."""

CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
Kind = Literal["share-charity-data", "view-by-charity", "share-charity-notes"]
"""`share-charity-notes` opens nothing by itself: without it there are no notes, and with it an agreement must still
name the mark that they carry."""
POLICY = "https://toldonce.example/policy/"


def patient(state: State, ids: Ids) -> Resource:
    """The charity's statement of who this is: UK Core Patient."""
    client = state.client
    return resource(
        "Patient",
        ids.own("Patient"),
        identifier=_identifiers(state),
        active=True,
        name=_names(client),
        telecom=_telecoms(client),
        gender=code("VcfseGender", client.gender),
        birthDate=client.birth_date,
        address=_addresses(client),
        generalPractitioner=[{"display": client.practice}] if client.practice else None,
        managingOrganization=datatypes.organisation_reference(ids, state.charity),
    )


def _identifiers(state: State) -> list[Json]:
    client, identifiers = state.client, list[Json]()
    if client.nhs_number:
        identifiers.append(datatypes.nhs_number(client.nhs_number, *UNVERIFIED))
    if client.client_id:
        identifiers.append(datatypes.local_identifier(state.charity, "client", client.client_id))
    return identifiers


def _names(client: Client) -> list[Json]:
    name = client.name
    if name is None:
        return []
    usual = datatypes.human_name(name.family, name.given, name.prefix, use="usual")
    nickname = datatypes.human_name(name.family, [name.nickname], use="nickname") if name.nickname else None
    if usual and name.text:
        usual["text"] = name.text
    return [said for said in (usual, nickname) if said]


def _telecoms(client: Client) -> list[Json]:
    said = (
        datatypes.telecom("phone", client.phone),
        datatypes.telecom("phone", client.mobile, "mobile"),
        datatypes.telecom("email", client.email),
    )
    return [telecom for telecom in said if telecom]


def _addresses(client: Client) -> list[Json]:
    if client.location is None:
        return []
    address = datatypes.address(client.location.lines, None, client.location.postcode)
    return [address] if address else []


def consents(state: State, ids: Ids) -> list[Resource]:
    """The person's choices, each where one is recorded: that the charity's data is shared, that the charity sees what
    others hold, and that its notes are shared too."""
    found = []
    if state.share:
        found.append(_consent(state, "share-charity-data", state.share, ids))
    if state.view:
        found.append(_consent(state, "view-by-charity", state.view, ids))
    if state.notes:
        found.append(_consent(state, "share-charity-notes", state.notes, ids))
    return found


def _consent(state: State, kind: Kind, choice: Choice, ids: Ids) -> Resource:
    return resource(
        "Consent",
        ids.own("Consent", kind),
        status={"given": "active", "withdrawn": "inactive", "refused": "rejected"}[choice.outcome],
        scope=datatypes.concept(CONSENT_SCOPE, "patient-privacy", "Privacy Consent"),
        category=[datatypes.concept(uk_core.ACT_CODE, "INFA", "information access")],
        patient=datatypes.subject(),
        dateTime=choice.on or _moment(choice.recorded),
        performer=[datatypes.subject()],
        organization=[datatypes.organisation_reference(ids, state.charity)],
        sourceAttachment={"title": _evidence(choice), "creation": choice.on or _moment(choice.recorded)},
        policy=[{"uri": POLICY + kind}],
        provision=_provision(state, kind, choice, ids),
    )


def _provision(state: State, kind: Kind, choice: Choice, ids: Ids) -> Json:
    actor = {
        "role": datatypes.concept(uk_core.PARTICIPATION, "IRCP", "information recipient"),
        "reference": datatypes.organisation_reference(ids, state.charity),
    }
    authored = {"meaning": "authoredby", "reference": datatypes.organisation_reference(ids, state.charity)}
    return datatypes.compact(
        type="deny" if choice.outcome == "refused" else "permit",
        period=datatypes.period(choice.on, choice.until),
        actor=[actor] if kind == "view-by-charity" else None,
        securityLabel=[THIRD_PARTY] if kind == "share-charity-notes" else None,
        data=[authored] if kind == "share-charity-notes" else None,
    )


def _evidence(choice: Choice) -> str:
    """Who took the consent and how: a consent asserted by the party that benefits from it needs both."""
    parts = ["Consent column of the charity's sheet"]
    parts += [f"taken by {choice.taken_by}"] if choice.taken_by else []
    parts += [f"how: {choice.method}"] if choice.method else []
    return ", ".join(parts)


def _moment(recorded: str) -> str:
    return local_moment(datetime.fromisoformat(recorded))
