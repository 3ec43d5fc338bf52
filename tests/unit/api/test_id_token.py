"""ID tokens of an identity provider, mostly as an attacker would hand them in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from integration.api.client_keys import public_keys
from integration.api.id_token import Vouched, claimed, verify_id_token
from integration.api.issuer_settings import Issuer, load
from integration.errors import NotPossible
from integration.oauth_errors import InvalidTokenRequest
from integration.sharing.request import Client
from tests.unit.api.forge import hmac_signed, unsigned

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ISS = "https://am.cis2.example/oauth2"
KEY = RSAKey.generate_key(2048, {"use": "sig"}, private=True, auto_kid=True)
KEYS = public_keys({"keys": [KEY.as_dict(private=False)]})
EPR = Client("epr", "Hospital record", "X9A", frozenset({"hospital doctor", "nurse"}), frozenset({"TREAT"}))
CIS2 = Issuer.model_validate(
    {
        "issuer": ISS,
        "jwks_url": "https://am.cis2.example/jwks",
        "clients": {"epr": "epr-at-cis2"},
        "user": "nhsid_useruid",
        "roles": {
            "claim": "nhsid_nrbac_roles",
            "code": "role_code",
            "organisation": "org_code",
            "map": {"S8000:G8000:R8000": "hospital doctor", "S8000:G8001:R8001": "nurse"},
        },
        "require": {"id_assurance_level": ["3"]},
    }
)
KEYCLOAK = Issuer.model_validate(
    {
        "issuer": "https://keycloak.example/realms/care",
        "jwks_url": "https://keycloak.example/realms/care/protocol/openid-connect/certs",
        "clients": {"epr": "epr-app"},
        "roles": {"claim": "realm_access.roles", "map": {"doctor": "hospital doctor"}},
    }
)
GOOD: dict[str, Any] = {
    "iss": ISS,
    "sub": "opaque",
    "aud": "epr-at-cis2",
    "iat": int(NOW.timestamp()) - 60,
    "exp": int((NOW + timedelta(hours=1)).timestamp()),
    "nhsid_useruid": "555021935107",
    "id_assurance_level": "3",
    "nhsid_nrbac_roles": [
        {"org_code": "X9A", "role_code": "S8000:G8000:R8000"},
        {"org_code": "X9Z", "role_code": "S8000:G8001:R8001"},
        {"org_code": "X9A", "role_code": "S0:G0:R0"},
    ],
}


def signed(key: Any = KEY, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
    head = {"alg": algorithm, "kid": KEY.kid, **(header or {})}
    return jwt.encode(head, claims, key, algorithms=["RS256", "ES256", "RS512"])


def vouched(token: str, issuer: Issuer = CIS2, client: Client = EPR, now: datetime = NOW) -> Vouched:
    return verify_id_token(token, issuer, KEYS, client, now)


def test_a_user_is_vouched_for_with_the_roles_held_in_the_clients_organisation():
    assert vouched(signed()) == Vouched(ISS, "555021935107", frozenset({"hospital doctor"}))
    assert claimed(signed()) == (ISS, KEY.kid)


def test_a_provider_of_another_shape_is_read_by_its_settings():
    token = signed(iss=KEYCLOAK.issuer, aud=["epr-app"], azp="epr-app", realm_access={"roles": ["doctor", "admin"]})
    assert vouched(token, KEYCLOAK) == Vouched(KEYCLOAK.issuer, "opaque", frozenset({"hospital doctor"}))


def test_a_provider_that_says_nothing_of_roles():
    assert vouched(signed(), CIS2.model_copy(update={"roles": None})).roles is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": ISS + "/"},
        {"aud": "another-app"},
        {"aud": ["another-app"]},
        {"aud": None},
        {"aud": ["epr-at-cis2", "another-app"]},
        {"aud": ["epr-at-cis2", "another-app"], "azp": "another-app"},
        {"azp": "another-app"},
        {"exp": int(NOW.timestamp()) - 60},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 1e300},
        {"iat": int(NOW.timestamp()) + 60},
        {"iat": None},
        {"nbf": int(NOW.timestamp()) + 60},
        {"nhsid_useruid": None},
        {"nhsid_useruid": ""},
        {"nhsid_useruid": ["a"]},
        {"nhsid_useruid": "x" * 256},
        {"id_assurance_level": "1"},
        {"id_assurance_level": None},
        {"id_assurance_level": ["3"]},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    ],
)
def test_claims_that_do_not_hold_are_refused(changes):
    with pytest.raises(InvalidTokenRequest):
        vouched(signed(**changes))


FORGED = {
    "alg none": lambda: unsigned({"kid": KEY.kid}, GOOD),
    "HS256 with the public key": lambda: hmac_signed({"kid": KEY.kid}, GOOD, KEY),
    "an algorithm that is not the provider's": lambda: signed(header={"alg": "RS512"}),
    "another key under the same kid": lambda: signed(RSAKey.generate_key(2048, auto_kid=True)),
    "another kind of key": lambda: signed(ECKey.generate_key("P-256", auto_kid=True)),
    "another kid": lambda: signed(header={"kid": "../../keys"}),
    "cut off": lambda: signed().rpartition(".")[0] + ".",
}


@pytest.mark.parametrize("forge", FORGED)
def test_forgeries_are_refused(forge):
    with pytest.raises(InvalidTokenRequest):
        vouched(FORGED[forge]())


def test_a_client_that_may_not_use_the_provider_is_refused():
    stranger = Client("stranger", "", "X9A", frozenset(), frozenset())
    with pytest.raises(InvalidTokenRequest):
        vouched(signed(), client=stranger)
    with pytest.raises(InvalidTokenRequest):
        vouched(signed(aud=None), client=stranger)


@pytest.mark.parametrize("listed", [None, "S8000:G8000:R8000", [], {}, [None], [["S8000:G8000:R8000"]], 7])
def test_roles_that_cannot_be_read_are_no_roles(listed):
    assert vouched(signed(nhsid_nrbac_roles=listed)).roles == frozenset()


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b", "\x00", "é.é.é", "e30.e30.e30"])
def test_nonsense_claims_nothing(text):
    with pytest.raises(InvalidTokenRequest):
        claimed(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"jwks_url": "http://am.cis2.example/jwks"},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"clients": None},
        {"audience": "x"},
        {"issuer": "cis2"},
    ],
)
def test_a_document_that_would_weaken_it_is_refused(tmp_path: Path, wrong: dict[str, Any]):
    document = {**CIS2.model_dump(mode="json"), **wrong}
    file = tmp_path / "issuers.yaml"
    file.write_text(yaml.safe_dump({"issuers": [document]}))
    with pytest.raises(NotPossible):
        load(file)


def test_without_a_document_nobody_vouches():
    assert load(None).named(ISS) is None
