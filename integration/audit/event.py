"""A FHIR R4 AuditEvent from the plain account of one access. Pure: the id is handed in.

Successful reads and searches follow IHE BALP (PatientRead, PatientQuery, ...). BALP has no profile for refusals,
$everything, tokens, break-glass and searches of the audit itself: they keep its shape and claim no profile.
"""

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from adapters.records import instant
from integration.audit import codes
from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome, coding
from integration.sharing.request import Reason
from mappings.uk_core import ACT_REASON, HEALTH_TEST_DATA, ODS_ORGANISATION, Resource

UNKNOWN = "unknown"
"""Organisation and client of a caller who could not be authenticated."""
CLIENT_ID = "https://toldonce.example/Id/client"
USER_ID = "https://toldonce.example/Id/user/"
REQUEST_ID = "https://fhir.nhs.uk/Id/transaction"  # NHS Patient Audit Record Service
CORRELATION_ID = "https://toldonce.example/Id/correlation"
DEVICE_ID = "https://toldonce.example/Id/product"
AGREEMENT = "https://toldonce.example/agreement/"
SERVER = {"display": "ToldOnce", "identifier": {"system": DEVICE_ID, "value": "toldonce"}}


def audit_event(access: Access, event_id: UUID, *, server_url: str, test_data: bool = True) -> Resource:
    """The AuditEvent of one access (http://hl7.org/fhir/R4/auditevent.html)."""
    event: Resource = {
        "resourceType": "AuditEvent",
        "id": str(event_id),
        "meta": _meta(access, test_data=test_data),
        "type": _TYPES.get(access.kind, codes.REST),
        "subtype": _subtypes(access),
        "action": codes.action(access.kind),
        "recorded": instant(access.when),
        "outcome": str(access.outcome),
        "agent": _agents(access, server_url),
        "source": {"observer": SERVER, "type": [codes.APPLICATION_SERVER]},
        "entity": _entities(access),
    }
    if description := _outcome_description(access):
        event["outcomeDesc"] = description
    if purposes := _purposes(access):
        event["purposeOfEvent"] = purposes
    return event


_TYPES = {Kind.TOKEN: codes.USER_AUTHENTICATION, Kind.INGEST: codes.IMPORT}


def _purposes(access: Access) -> list[Resource]:
    """The purpose of use, and `break the glass` beside it where an emergency was declared."""
    purpose = access.caller.purpose if access.caller else ""
    used = dict.fromkeys([purpose, codes.BREAK_GLASS_PURPOSE if access.break_glass else ""])
    return [{"coding": [coding(ACT_REASON, code)]} for code in used if code]


def kind_of(access: Access) -> str:
    """The word of the column `kind`: whatever was done with broken glass is `break-glass`."""
    return Kind.BREAK_GLASS if access.break_glass and access.kind is not Kind.TOKEN else access.kind


def _meta(access: Access, *, test_data: bool) -> Resource:
    meta: Resource = {"tag": [coding(codes.KIND_TAG, kind_of(access)), *([HEALTH_TEST_DATA] if test_data else [])]}
    profile = codes.balp_profile(access.kind, access.interaction, about_person=access.person is not None)
    complete = access.target or access.kind in (Kind.QUERY, Kind.AUDIT)  # BALP: what was read or written is named
    if profile and complete and access.outcome is Outcome.SUCCESS:
        meta["profile"] = [profile]
    return meta


def _subtypes(access: Access) -> list[Resource]:
    if access.kind is Kind.TOKEN:
        return [codes.LOGIN]
    subtypes = [coding(codes.RESTFUL, access.interaction)]
    if access.kind not in (Kind.READ, Kind.QUERY):
        subtypes.append(coding(codes.KIND_TAG, access.kind))
    if access.break_glass:
        subtypes.append(codes.ACCESS_ALERT)
    return subtypes


def _outcome_description(access: Access) -> str:
    """Why an access failed, in the words of the rules that refused it; of a success, that it was broken glass."""
    if access.outcome is Outcome.SUCCESS:
        return "Emergency access: to be reviewed." if access.break_glass else ""
    refusals = [reason.text for reason in access.decision.reasons if not reason.allowed] if access.decision else []
    return " ".join(dict.fromkeys([*([access.failure] if access.failure else []), *refusals]))


def _agents(access: Access, server_url: str) -> list[Resource]:
    to_client = codes.data_flows_to_client(access.kind)
    client_role = codes.DESTINATION_ROLE if to_client else codes.SOURCE_ROLE
    server_role = codes.SOURCE_ROLE if to_client else codes.DESTINATION_ROLE
    if access.kind is Kind.TOKEN:
        client_role = server_role = codes.APPLICATION
    server = {
        "type": {"coding": [server_role]},
        "who": SERVER,
        "requestor": False,
        "network": {"address": server_url, "type": codes.URI},
    }
    return [_client_agent(access, client_role), server, *_people(access)]


def _client_agent(access: Access, role: Resource) -> Resource:
    caller = access.caller
    client = caller.client if caller else UNKNOWN
    by_itself = not (caller and caller.user)
    agent: Resource = {
        "type": {"coding": [role]},
        "who": {"identifier": {"system": CLIENT_ID, "value": client}},
        "requestor": by_itself,
        "network": {
            "address": access.address or client,
            "type": codes.IP_ADDRESS if access.address else codes.MACHINE_NAME,
        },
    }
    if by_itself:
        agent |= _authority(access)
    return agent


def _people(access: Access) -> list[Resource]:
    """The user, where one is named, and the organisation for which they act."""
    caller = access.caller
    if caller is None:
        return []
    organisation = {
        "type": {"coding": [codes.USER_ORGANISATION]},
        "who": {"identifier": {"system": ODS_ORGANISATION, "value": caller.organisation}},
        "requestor": False,
    }
    if not caller.user:
        return [organisation]
    assurance = "authenticated" if caller.user_authenticated else "asserted"
    user = {
        "extension": [
            {
                "url": codes.ASSURANCE,
                "valueCodeableConcept": {"coding": [coding(codes.USER_ASSURANCE, assurance)]},
            }
        ],
        "type": {"coding": [codes.USER]},
        "who": {"identifier": {"system": USER_ID + quote(caller.client, safe=""), "value": caller.user}},
        "requestor": True,
        **_authority(access),
    }
    return [user, organisation]


def _authority(access: Access) -> Resource:
    """What the requestor acted under: role, purpose, agreements, token."""
    caller = access.caller
    policies = [AGREEMENT + quote(name, safe="") for name in access.decision.agreements] if access.decision else []
    if access.token:
        policies.append(f"urn:ietf:params:oauth:jti:{access.token}")  # BALP OAUTHaccessTokenUse
    authority: Resource = {"policy": policies} if policies else {}
    if caller and caller.role:
        authority["role"] = [{"text": caller.role}]
    if caller and caller.purpose:
        authority["purposeOfUse"] = _purposes(access)
    return authority


def _entities(access: Access) -> list[Resource]:
    entities = []
    if access.request_id:
        entities.append(_transaction(REQUEST_ID, access.request_id))
    if access.correlation_id:
        entities.append({**_transaction(CORRELATION_ID, access.correlation_id), "type": codes.OTHER})
    if access.target:
        data = {"type": codes.SYSTEM_OBJECT, "role": codes.DOMAIN_RESOURCE_ROLE, "what": {"reference": access.target}}
        entities.append(data)
    entities.append(_query(access))
    if access.person is not None:
        patient = {"reference": f"Patient/{access.person}"}
        entities.append({"type": codes.PERSON, "role": codes.PATIENT_ROLE, "what": patient})
    if details := _details(access):
        decision = {"type": codes.OTHER, "role": codes.SECURITY_RESOURCE_ROLE, "name": "decision"}
        entities.append({**decision, "detail": details})
    return entities


def _transaction(system: str, value: str) -> Resource:
    return {"type": codes.TRANSACTION, "what": {"identifier": {"system": system, "value": value}}}


def _query(access: Access) -> Resource:
    """BALP keeps the raw request in base64, so that it is preserved exactly, and is not read in passing; the
    description names the route only."""
    raw = f"{access.route}\n{access.query}" if access.query else access.route
    return {
        "type": codes.OTHER if access.target else codes.SYSTEM_OBJECT,
        "role": codes.QUERY_ROLE,
        "description": access.route,
        "query": base64.b64encode(raw.encode()).decode(),
    }


def _details(access: Access) -> list[Resource]:
    details = [_detail(f"count/{kind}", str(count)) for kind, count in sorted(access.counts.items())]
    details += [_detail(name, value) for name, value in access.details]
    if access.break_glass:
        details.append(_detail("break-glass/reason", access.break_glass.reason))
    if access.break_glass and access.break_glass.note:
        details.append(_detail("break-glass/note", access.break_glass.note))
    return details + (_decision_details(access.decision) if access.decision else [])


def _decision_details(decision: Account) -> list[Resource]:
    details = [_detail("decision", "granted" if decision.allowed else "denied")]
    details += [_detail("agreement", name) for name in decision.agreements]
    details += [_reason(reason) for reason in decision.reasons]
    details += [_detail("withheld", category) for category in decision.withheld]
    marks: Sequence[tuple[str, bool]] = (
        ("location-hidden", decision.location_hidden),
        ("pseudonymised", decision.pseudonymised),
    )
    return details + [_detail(name, "true") for name, holds in marks if holds]


def _reason(reason: Reason) -> Resource:
    return _detail(f"{'allow' if reason.allowed else 'deny'}/{reason.rule}", reason.text)


def _detail(name: str, value: str) -> Resource:
    detail: dict[str, Any] = {"type": codes.DETAIL + name, "valueString": value}
    return detail
