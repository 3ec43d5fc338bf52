"""Every access becomes a valid AuditEvent that says who, what, under which rules, and with what result."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from fhir.resources.R4B.auditevent import AuditEvent
from hypothesis import given
from hypothesis import strategies as st

from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.entry import event_id, rendered, to_row
from integration.audit.event import audit_event
from integration.sharing.request import BreakGlass, Caller, Category, Denial, Grant, Reason, Request

NOW = datetime(2026, 11, 2, 9, 30, 15, 123456, tzinfo=UTC)
PERSON = UUID("00000000-0000-4000-8000-000000000001")
EVENT = UUID("00000000-0000-4000-8000-00000000000a")
BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
DOCTOR = Caller(client="epr", organisation="X9A", role="clinician", purpose="TREAT", user="dr.jones")
SYSTEM = replace(DOCTOR, user="")
REASONS = (
    Reason("agreement", True, "Agreement A covers this.", Category.ENCOUNTERS, "X9C", "coventry-care version 3"),
    Reason("choice", False, "The person objected to sharing.", Category.CLINICAL, "X90101"),
)
READ = Access(
    when=NOW,
    kind=Kind.READ,
    interaction="read",
    route="GET /fhir/CarePlan/{id}",
    outcome=Outcome.SUCCESS,
    caller=DOCTOR,
    person=PERSON,
    target="CarePlan/1",
    request_id="60e0b220-8136-4ca5-ae46-1d97ef59d068",
    correlation_id="trace 7",
    address="192.0.2.7",
    token="token-1",
    decision=Account(True, REASONS, withheld=(Category.CLINICAL,), location_hidden=True),
    counts={"CarePlan": 1},
)
QUERY = replace(
    READ,
    kind=Kind.QUERY,
    interaction="search-type",
    route="GET /fhir/Patient",
    query="/fhir/Patient?identifier=9990000018",
    target="",
)


def built(access: Access) -> dict:
    event = audit_event(access, EVENT, server_url="http://127.0.0.1:8000/fhir")
    AuditEvent.model_validate(event)
    return event


def agent(event: dict, code: str) -> dict:
    return next(found for found in event["agent"] if found["type"]["coding"][0]["code"] == code)


def entity(event: dict, role: str) -> dict:
    return next(found for found in event["entity"] if found.get("role", {}).get("code") == role)


def details(event: dict) -> list[tuple[str, str]]:
    found = entity(event, "13")["detail"]
    return [
        (detail["type"].removeprefix("https://toldonce.example/audit-detail/"), detail["valueString"])
        for detail in found
    ]


def test_a_read_follows_balp_patient_read():
    event = built(READ)
    assert event["meta"]["profile"] == [f"{BALP}PatientRead"]
    assert (event["action"], event["outcome"]) == ("R", "0")
    assert event["recorded"] == "2026-11-02T09:30:15.123456Z"
    assert event["subtype"][0] == {"system": "http://hl7.org/fhir/restful-interaction", "code": "read"}
    client, server = agent(event, "110152"), agent(event, "110153")
    assert client["who"]["identifier"]["value"] == "epr"
    assert client["network"] == {"address": "192.0.2.7", "type": "2"}
    assert server["who"] == event["source"]["observer"]
    assert entity(event, "4")["what"] == {"reference": "CarePlan/1"}
    assert entity(event, "1")["what"] == {"reference": f"Patient/{PERSON}"}


def test_a_search_follows_balp_patient_query_and_keeps_the_query_in_base64():
    event = built(QUERY)
    assert event["meta"]["profile"] == [f"{BALP}PatientQuery"]
    assert event["action"] == "E"
    assert agent(event, "110153")["who"]["identifier"]["value"] == "epr"
    query = entity(event, "24")
    assert "what" not in query
    assert base64.b64decode(query["query"]).decode() == "GET /fhir/Patient\n/fhir/Patient?identifier=9990000018"
    assert "9990000018" not in json.dumps(event)


def test_a_search_that_finds_nobody_is_no_patient_event():
    event = built(replace(QUERY, person=None, decision=None))
    assert event["meta"]["profile"] == [f"{BALP}Query"]
    assert not [found for found in event["entity"] if found.get("role", {}).get("code") == "1"]


def test_the_user_is_the_requestor_and_marked_as_asserted_or_authenticated():
    for authenticated, mark in ((False, "asserted"), (True, "authenticated")):
        event = built(replace(READ, caller=replace(DOCTOR, user_authenticated=authenticated)))
        user = agent(event, "IRCP")
        assert user["requestor"] is True
        assert user["who"]["identifier"]["value"] == "dr.jones"
        assert user["role"] == [{"text": "clinician"}]
        assert user["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"
        assert user["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == mark
        assert agent(event, "110152")["requestor"] is False
        assert agent(event, "PROV")["who"]["identifier"]["value"] == "X9A"


def test_without_a_user_the_client_itself_is_the_requestor():
    event = built(replace(READ, caller=SYSTEM))
    client = agent(event, "110152")
    assert client["requestor"] is True
    assert client["role"] == [{"text": "clinician"}]
    assert len([found for found in event["agent"] if found["requestor"]]) == 1


def test_the_decision_is_kept_with_agreements_rules_counts_and_what_was_withheld():
    event = built(READ)
    assert agent(event, "IRCP")["policy"] == [
        "https://toldonce.example/agreement/coventry-care%20version%203",
        "urn:ietf:params:oauth:jti:token-1",
    ]
    kept = details(event)
    assert ("count/CarePlan", "1") in kept
    assert ("decision", "granted") in kept
    assert ("agreement", "coventry-care version 3") in kept
    assert ("allow/agreement", "Agreement A covers this.") in kept
    assert ("deny/choice", "The person objected to sharing.") in kept
    assert ("withheld", "clinical record") in kept
    assert ("location-hidden", "true") in kept


def test_a_refusal_has_outcome_8_its_reasons_and_no_balp_profile():
    refused = replace(READ, outcome=Outcome.SERIOUS_FAILURE, decision=Account(False, REASONS), counts={})
    event = built(replace(refused, failure="403 ACCESS_DENIED"))
    assert event["outcome"] == "8"
    assert event["outcomeDesc"] == "403 ACCESS_DENIED The person objected to sharing."
    assert "profile" not in event["meta"]
    assert ("decision", "denied") in details(event)


def test_a_caller_who_could_not_be_authenticated_is_unknown():
    access = replace(READ, caller=None, person=None, decision=None, outcome=Outcome.SERIOUS_FAILURE, failure="401")
    event = built(access)
    assert agent(event, "110152")["who"]["identifier"]["value"] == "unknown"
    row = to_row(access, EVENT, b"s" * 16, server_url="http://127.0.0.1:8000/fhir")
    assert (row.client, row.organisation, row.person) == ("unknown", "unknown", None)


def test_break_glass_is_an_alert_with_its_reason():
    access = replace(READ, break_glass=BreakGlass("emergency", "unconscious"), caller=replace(DOCTOR, purpose="ETREAT"))
    event = built(access)
    assert {"system": "https://fhir.nhs.uk/CodeSystem/SCR-AlertType", "code": "2", "display": "Access Alert"} in event[
        "subtype"
    ]
    assert ("break-glass/reason", "emergency") in details(event)
    assert ("break-glass/note", "unconscious") in details(event)
    assert [found["coding"][0]["code"] for found in event["purposeOfEvent"]] == ["ETREAT", "BTG"]
    assert to_row(access, EVENT, b"s" * 16, server_url="x").kind == "break-glass"


def test_token_issue_everything_and_audit_search_have_their_own_kind():
    token = built(replace(READ, kind=Kind.TOKEN, interaction="operation", person=None, target=""))
    assert token["type"]["code"] == "110114"
    everything = built(replace(READ, kind=Kind.EVERYTHING, interaction="operation"))
    assert [found["code"] for found in everything["subtype"]] == ["operation", "everything"]
    searched = built(replace(QUERY, kind=Kind.AUDIT, route="GET /fhir/AuditEvent"))
    assert searched["meta"]["tag"][0]["code"] == "audit"


def test_the_row_repeats_the_content_in_its_columns_and_hashes_it_with_the_salt():
    row = to_row(READ, EVENT, b"s" * 16, server_url="http://127.0.0.1:8000/fhir")
    assert (row.id, row.recorded, row.person) == (EVENT, NOW, PERSON)
    assert (row.organisation, row.client, row.kind, row.outcome) == ("X9A", "epr", "read", "0")
    assert row.leaf_hash == hashlib.sha256(b"\x00" + row.salt + row.content).digest()
    assert json.loads(rendered(row.content)) == audit_event(READ, EVENT, server_url="http://127.0.0.1:8000/fhir")


def test_what_was_stored_by_this_form_can_always_be_read():
    """Never change these bytes: events of years ago are like them."""
    stored = (
        b'{"id":"00000000-0000-4000-8000-00000000000a","recorded":"2026-11-02T09:30:15.123456Z","kind":"break-glass",'
        b'"asked":"read","outcome":"0","interaction":"read","route":"GET /fhir/CarePlan/{id}",'
        b'"caller":["epr","X9A","clinician","TREAT","dr.jones",false],"person":"00000000-0000-4000-8000-000000000001",'
        b'"target":"CarePlan/1","request":"60e0b220-8136-4ca5-ae46-1d97ef59d068","correlation":"trace 7",'
        b'"address":"192.0.2.7","token":"token-1","granted":true,"reasons":[["agreement",true,'
        b'"Agreement A covers this.","contacts and stays","X9C","coventry-care version 3"],'
        b'["choice",false,"The person objected to sharing."'
        b',"clinical record","X90101",null]],"withheld":["clinical record"],"location_hidden":true,'
        b'"counts":{"CarePlan":1},"break_glass":{"reason":"emergency"},"details":[["self-claimed","true"]],"server":"x","test":true}'
    )
    access = replace(READ, break_glass=BreakGlass("emergency"), details=[("self-claimed", "true")])
    assert to_row(access, EVENT, b"s" * 16, server_url="x").content == stored
    assert json.loads(rendered(stored)) == audit_event(access, EVENT, server_url="x")


def test_an_event_that_was_stored_as_fhir_is_rendered_as_it_is():
    before = b'{"resourceType":"AuditEvent","id":"00000000-0000-4000-8000-00000000000a"}'
    assert rendered(before) == before


def test_ids_of_events_are_version_7_and_in_order_of_time():
    ids = [event_id(bytes(10)), event_id(b"\xff" * 10)]
    assert [id_.version for id_ in ids] == [7, 7]
    assert {str(id_)[19] for id_ in ids} == {"8", "b"}
    assert ids[0].int >> 80 <= ids[1].int >> 80


def test_an_account_keeps_what_grants_and_denials_say():
    request = Request(DOCTOR, PERSON, NOW)
    grant = Grant(request, PERSON, (1, 2), hide_location=True, announced=(Category.CLINICAL,), reasons=REASONS)
    assert Account.of(grant) == Account(True, REASONS, (Category.CLINICAL,), location_hidden=True)
    assert Account.of(Denial(request, True, "", REASONS)) == Account(False, REASONS)


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=30).filter(
    str.strip
)

purposes = st.sampled_from(["TREAT", "BTG", "HCOMPL", ""])


@given(
    kind=st.sampled_from(Kind),
    interaction=st.sampled_from(["read", "vread", "search-type", "operation", "create", "update", "history-instance"]),
    outcome=st.sampled_from(Outcome),
    caller=st.one_of(st.none(), st.builds(Caller, texts, texts, texts, purposes, st.just("") | texts, st.booleans())),
    person=st.one_of(st.none(), st.uuids()),
    target=st.sampled_from(["", "CarePlan/1"]),
    query=st.text(max_size=40),
    decision=st.one_of(st.none(), st.just(Account(True, REASONS)), st.just(Account(False, ()))),
    break_glass=st.one_of(st.none(), st.builds(BreakGlass, texts, st.just("") | texts)),
    counts=st.dictionaries(st.sampled_from(["Flag", "CarePlan"]), st.integers(0, 9)),
)
def test_whatever_happened_the_event_is_valid_fhir(**said):
    said["query"] = said["query"].encode(errors="replace").decode()
    access = Access(when=NOW, route="GET /fhir/X", **said)
    event = built(access)
    content = to_row(access, EVENT, b"", server_url="http://127.0.0.1:8000/fhir").content
    assert json.loads(rendered(content)) == event
