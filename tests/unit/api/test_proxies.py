"""Who is believed, and what: certificates in headers, and the proxies that hand them on."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from integration.api.certificates import shown, thumbprint
from integration.api.proxies import BehindProxies
from integration.config import Settings
from tests.unit.adapters.transport.certificates import Authority


@pytest.fixture(scope="module")
def der(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    signed = Authority(tmp_path_factory.mktemp("certificates"), "authority").signed("client")
    return x509.load_pem_x509_certificate(signed.read_bytes()).public_bytes(Encoding.DER)


def in_header(der: bytes) -> bytes:
    return b":" + b64encode(der) + b":"


def expected(der: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def test_the_thumbprint_is_of_the_certificate_however_it_is_handed_on(der):
    assert thumbprint(in_header(der)) == expected(der)
    pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()
    assert thumbprint(quote(pem, safe="").encode()) == expected(der)  # nginx
    assert thumbprint(quote(pem, safe="+=/").encode()) == expected(der)


RUBBISH = [b"", b":", b"::", b"(null)", b"-", b"::::", b":YQ==:", b":not base64:", b"-----BEGIN", b"%2D", b"\xff"]


@pytest.mark.parametrize("sent", RUBBISH, ids=repr)
def test_what_holds_no_certificate_is_none(sent):
    """Some proxies send `::` or `(null)` for everybody who shows none: they are not one and the same."""
    assert thumbprint(sent) == ""


def test_a_certificate_without_its_colons_is_none(der):
    assert thumbprint(b64encode(der)) == ""
    assert thumbprint(in_header(der[:-1])) == ""


async def seen(proxies: str, address: Any, *sent: bytes, certificates: bool = True, **scope: Any) -> str:
    """The thumbprint that a request from there is taken to have come with."""
    found: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append(shown(scope))

    layer = BehindProxies(app, Settings(proxies=proxies).proxy_networks, certificates=certificates)
    headers = [(b"host", b"record.example"), *((b"client-cert", one) for one in sent)]
    unused: Any = None
    await layer({"type": "http", "client": address, "headers": headers, **scope}, unused, unused)
    return found[0]


@pytest.mark.parametrize(
    ("address", "believed"),
    [
        (("10.0.0.5", 1), True),
        (("10.1.2.3", 1), True),
        (("::ffff:10.0.0.5", 1), True),
        (("fd00::1", 1), True),
        (("10.0.0.6", 1), False),
        (("fd01::1", 1), False),
        (None, False),
    ],
)
async def test_only_the_proxies_of_the_settings_are_believed(der, address, believed):
    assert await seen("10.0.0.5 10.1.0.0/16 fd00::/64", address, in_header(der)) == (expected(der) if believed else "")


async def test_two_certificates_are_none(der):
    assert await seen("10.0.0.5", ("10.0.0.5", 1), in_header(der), in_header(der)) == ""


async def test_a_proxy_that_hands_on_none_is_not_believed_to(der):
    assert await seen("10.0.0.5", ("10.0.0.5", 1), in_header(der), certificates=False) == ""


@pytest.mark.parametrize(
    "settings",
    [
        {"proxies": "proxy.example"},
        {"proxies": "*"},
        {"proxies": "10.0.0.5/8"},
        {"proxies": "10.0.0.5 0.0.0.0/0"},
        {"proxies": "::/0"},
        {"client_certificates": True},
    ],
    ids=str,
)
def test_proxies_that_are_not_named_rightly_do_not_start(settings):
    with pytest.raises(ValidationError):
        Settings(**settings)
