"""Client assertions, mostly as an attacker would send them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from integration.api.assertion import Assertion, claimed_caller, claimed_client, sign_assertion, verify_assertion
from integration.api.keys import new_client_key, new_signing_key, public_jwks
from integration.oauth_errors import InvalidClient, InvalidTokenRequest, UnauthorizedClient
from integration.sharing.request import BreakGlass, Client
from tests.unit.api.forge import hmac_signed, unsigned

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
URL = "http://127.0.0.1:8000/auth/token"
KEY = new_client_key()
EPR = Client(
    id="epr",
    name="Hospital record",
    organisation="X9A",
    roles=frozenset({"clinician"}),
    purposes=frozenset({"TREAT", "BTG"}),
    jwks=public_jwks(KEY),
)
GOOD = {
    "iss": "epr",
    "sub": "epr",
    "aud": URL,
    "exp": int((NOW + timedelta(minutes=4)).timestamp()),
    "jti": "one",
    "extensions": {"hl7-b2b": {"version": "1", "subject_role": "clinician", "purpose_of_use": ["TREAT"]}},
}


def signed(key: ECKey = KEY, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode({"alg": "ES384", "kid": KEY.kid, **(header or {})}, claims, key, algorithms=["ES384", "ES256"])


def check(assertion: str, client: Client | None = EPR, now: datetime = NOW) -> Assertion:
    return verify_assertion(assertion, client, URL, now)


def own(**changes: Any) -> str:
    details = {"role": "clinician", "purpose": "TREAT", "user": "dr.jones", "break_glass": None, **changes}
    return sign_assertion(KEY.as_dict(private=True), "epr", URL, now=NOW, **details)


def test_what_we_sign_is_accepted():
    assertion = check(own(organisation="X9A"))
    caller, break_glass = claimed_caller(assertion, None)
    assert (caller.client, caller.organisation, caller.role) == ("epr", "X9A", "clinician")
    assert (caller.purpose, caller.user, caller.user_authenticated) == ("TREAT", "dr.jones", False)
    assert break_glass is None
    assert claimed_client(own()) == "epr"


def test_rs384_is_accepted_too():
    key = RSAKey.generate_key(2048, {"use": "sig"}, private=True, auto_kid=True)
    signed_ = sign_assertion(key.as_dict(private=True), "epr", URL, "clinician", "TREAT", "", None, NOW)
    assert check(signed_, replace(EPR, jwks=public_jwks(key))).jti


def test_every_assertion_has_its_own_jti():
    assert check(own()).jti != check(own()).jti


FORGED = {
    "alg none": lambda: unsigned({"kid": KEY.kid}, GOOD),
    "HS256 with the public key": lambda: hmac_signed({"kid": KEY.kid}, GOOD, KEY),
    "another key under the same kid": lambda: signed(new_client_key()),
    "ES256": lambda: jwt.encode({"alg": "ES256", "kid": KEY.kid}, GOOD, new_signing_key(), algorithms=["ES256"]),
    "unknown kid": lambda: signed(header={"kid": "other"}),
    "not a token": lambda: "a.b.c",
    "nothing": lambda: "",
    "signature cut off": lambda: signed().rpartition(".")[0] + ".",
    "unknown critical header": lambda: signed().replace(
        signed().split(".")[0], "eyJhbGciOiJFUzM4NCIsImNyaXQiOlsieCJdfQ"
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forgeries_are_refused_all_in_the_same_words(forge):
    with pytest.raises(InvalidClient, match=r"^the client assertion was not accepted$"):
        check(forge())


def test_a_kid_is_required():
    key = ECKey.import_key({**KEY.as_dict(private=True)})
    unnamed = jwt.encode({"alg": "ES384"}, GOOD, key, algorithms=["ES384"])
    if "kid" in unnamed:
        pytest.fail("the library added a kid")
    with pytest.raises(InvalidClient):
        check(unnamed)


@pytest.mark.parametrize(
    "client", [None, replace(EPR, active=False), replace(EPR, jwks={}), replace(EPR, jwks={"keys": []})]
)
def test_unknown_inactive_and_keyless_clients_are_refused_in_the_same_words(client):
    with pytest.raises(InvalidClient, match=r"^the client assertion was not accepted$"):
        check(signed(), client)


def seconds(**ahead: int) -> int:
    return int((NOW + timedelta(**ahead)).timestamp())


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"sub": "other"},
        {"sub": None},
        {"aud": "http://127.0.0.1:8000/fhir"},
        {"aud": None},
        {"aud": []},
        {"exp": None},
        {"exp": "2026-11-02"},
        {"exp": True},
        {"exp": 1e300},
        {"exp": seconds(seconds=-11)},
        {"exp": seconds(minutes=6)},
        {"nbf": seconds(minutes=1)},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 300},
    ],
)
def test_claims_that_do_not_hold_are_refused(changes):
    with pytest.raises(InvalidClient):
        check(signed(**changes))


def test_the_audience_may_be_a_list_and_clocks_may_differ_a_little():
    assert check(signed(aud=["x", URL])).client == EPR
    assert check(signed(exp=seconds(seconds=-5)))
    assert check(signed(exp=seconds(minutes=5, seconds=5)))


@pytest.mark.parametrize("text", ["", "a.b", "!!.??.!!", "e30.bnVsbA.", "e30.W10.x", "e30.e30.x"])
def test_a_client_cannot_be_claimed_by_nonsense(text):
    with pytest.raises(InvalidClient):
        claimed_client(text)


def b2b(**changes: Any) -> Assertion:
    claims = {"version": "1", "subject_role": "clinician", "purpose_of_use": ["TREAT"], **changes}
    extensions = {"hl7-b2b": {name: value for name, value in claims.items() if value is not None}}
    return Assertion(EPR, "one", NOW, extensions)


@pytest.mark.parametrize(
    "changes",
    [{"subject_role": "ig officer"}, {"purpose_of_use": ["HRESCH"]}, {"organization_id": "X9Z"}],
)
def test_more_than_the_registration_is_refused(changes):
    with pytest.raises(UnauthorizedClient):
        claimed_caller(b2b(**changes), None)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "2"},
        {"version": None},
        {"subject_role": None},
        {"subject_role": ["clinician"]},
        {"subject_id": 7},
        {"purpose_of_use": None},
        {"purpose_of_use": []},
        {"purpose_of_use": ["TREAT", "HRESCH"]},
        {"purpose_of_use": "TREAT"},
        {"purpose_of_use": ["treat; drop"]},
        {"purpose_of_use": ["BTG"]},
    ],
)
def test_malformed_claims_are_refused(changes):
    with pytest.raises(InvalidTokenRequest):
        claimed_caller(b2b(**changes), None)


def test_without_the_extension_nobody_is_named():
    with pytest.raises(InvalidTokenRequest):
        claimed_caller(Assertion(EPR, "one", NOW, {}), None)


@pytest.mark.parametrize(
    "purpose",
    [
        "TREAT",
        "http://terminology.hl7.org/CodeSystem/v3-ActReason|TREAT",
        "http://terminology.hl7.org/CodeSystem/v3-ActReason#TREAT",
        "urn:oid:2.16.840.1.113883.5.8#TREAT",
    ],
)
def test_a_purpose_may_be_written_in_each_usual_way(purpose):
    assert claimed_caller(b2b(purpose_of_use=[purpose]), None)[0].purpose == "TREAT"


def test_break_glass_needs_a_reason_that_is_taken():
    declared = check(own(purpose="BTG", break_glass=BreakGlass("emergency", "unconscious")))
    assert claimed_caller(declared, {"emergency"})[1] == BreakGlass("emergency", "unconscious")
    with pytest.raises(InvalidTokenRequest):
        claimed_caller(declared, {"court-order"})
    assert claimed_caller(check(own(purpose="TREAT", break_glass=BreakGlass("emergency"))), None)[1]
    with pytest.raises(InvalidTokenRequest):
        claimed_caller(check(own(purpose="BTG")), None)
