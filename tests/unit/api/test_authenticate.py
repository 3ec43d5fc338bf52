"""Access tokens: ours verify, everything else is refused."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt

from integration.api.authenticate import LIFETIME, Session, TokenAuthority, authenticate
from integration.api.keys import new_client_key, new_signing_key
from integration.errors import Unauthorized
from integration.sharing.request import BreakGlass, Caller, Client
from tests.unit.api.forge import hmac_signed, unsigned

NOW = datetime(2026, 11, 2, 9, 30, 15, 123456, tzinfo=UTC)
AUTHORITY = TokenAuthority(new_signing_key(), "http://127.0.0.1:8000/auth/token", "http://127.0.0.1:8000/fhir")
DOCTOR = Caller(client="epr", organisation="X9A", role="clinician", purpose="TREAT", user="dr.jones")
SESSION = Session(DOCTOR, None, ("system/Patient.rs", "system/CarePlan.r"), "token-1")
EPR = Client("epr", "Hospital record", "X9A", frozenset({"clinician"}), frozenset({"TREAT", "BTG"}))
CLIENTS = {"epr": EPR}


def ask(token: str, now: datetime = NOW, clients: dict[str, Client] = CLIENTS, authority: TokenAuthority = AUTHORITY):
    return authenticate(f"Bearer {token}", clients, authority, now)


@pytest.mark.parametrize(
    "session",
    [
        SESSION,
        SESSION._replace(caller=replace(DOCTOR, user="")),
        SESSION._replace(
            caller=replace(DOCTOR, purpose="BTG"), break_glass=BreakGlass("emergency", "unconscious", NOW)
        ),
    ],
)
def test_a_token_says_what_was_put_in(session):
    assert ask(AUTHORITY.issue(session, NOW)) == session


def test_the_scheme_is_case_insensitive():
    token = AUTHORITY.issue(SESSION, NOW)
    assert authenticate(f"bearer {token}", CLIENTS, AUTHORITY, NOW) == SESSION


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dXNlcg==", "token"])
def test_without_a_token_the_challenge_names_no_error(header):
    with pytest.raises(Unauthorized) as raised:
        authenticate(header, CLIENTS, AUTHORITY, NOW)
    assert raised.value.headers["WWW-Authenticate"] == 'Bearer realm="toldonce"'


def test_a_token_holds_for_five_minutes_and_is_then_refused_though_remembered():
    token = AUTHORITY.issue(SESSION, NOW)
    assert ask(token) == SESSION
    assert ask(token, NOW + LIFETIME - timedelta(seconds=1)) == SESSION
    for moment in (NOW + LIFETIME, NOW - timedelta(seconds=1)):
        with pytest.raises(Unauthorized) as raised:
            ask(token, moment)
        assert 'error="invalid_token"' in raised.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "clients",
    [
        {},
        {"epr": replace(EPR, active=False)},
        {"epr": replace(EPR, organisation="X9Z")},
        {"epr": replace(EPR, roles=frozenset({"administrator"}))},
        {"epr": replace(EPR, purposes=frozenset({"HRESCH"}))},
    ],
)
def test_a_client_that_lost_its_registration_is_refused_at_once(clients):
    token = AUTHORITY.issue(SESSION, NOW)
    assert ask(token) == SESSION
    with pytest.raises(Unauthorized):
        ask(token, clients=clients)


@pytest.mark.parametrize("other", [{"issuer": "http://elsewhere"}, {"audience": "http://elsewhere"}])
def test_a_token_for_another_server_is_refused(other):
    token = replace(AUTHORITY, **other).issue(SESSION, NOW)
    with pytest.raises(Unauthorized):
        ask(token)


def claims() -> dict[str, Any]:
    return dict(jwt.decode(AUTHORITY.issue(SESSION, NOW), AUTHORITY.key).claims)


FORGED = {
    "another key": lambda: replace(AUTHORITY, key=new_signing_key()).issue(SESSION, NOW),
    "none": lambda: unsigned({"typ": "at+jwt"}, claims()),
    "HS256 with our public key": lambda: hmac_signed({"typ": "at+jwt"}, claims(), AUTHORITY.key),
    "ES384": lambda: jwt.encode({"alg": "ES384", "typ": "at+jwt"}, claims(), new_client_key(), algorithms=["ES384"]),
    "our signature on another type of token": lambda: jwt.encode(
        {"alg": "ES256", "typ": "JWT"}, claims(), AUTHORITY.key
    ),
    "a changed payload": lambda: ".".join(
        [*AUTHORITY.issue(SESSION, NOW).split(".")[:1], "e30", AUTHORITY.issue(SESSION, NOW).split(".")[2]]
    ),
    "nonsense": lambda: "a.b.c",
    "five parts": lambda: "a.b.c.d.e",
    "not ASCII": lambda: "é.é.é",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forgeries_are_refused(forge):
    with pytest.raises(Unauthorized):
        ask(forge())


def test_a_known_token_is_verified_in_microseconds():
    """The hot path: the signature is checked once, time and registration at every call."""
    token = AUTHORITY.issue(SESSION, NOW)
    ask(token)
    start = time.process_time()
    for _ in range(1000):
        ask(token)
    assert time.process_time() - start < 0.2
