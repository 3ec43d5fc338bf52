"""Keys at a URL, from a real server over HTTP and HTTPS that rotates, lies, dawdles and sends us elsewhere."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from adapters.transport.asking import Asker, Certificates, Limits
from integration.api.client_keys import PublishedKeys, public_keys, require_key_url
from integration.api.keys import new_client_key, public_jwks
from integration.api.published import FETCH
from tests.database.publisher import Publisher, publishing
from tests.unit.adapters.transport.certificates import Authority

KEYS = [new_client_key() for _ in range(3)]
OLD, NEW, OTHER = KEYS
BOMB = gzip.compress(b" " * 10_000_000)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with publishing(public_jwks(OLD)) as publisher:
        yield publisher


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(clock: Clock) -> AsyncIterator[PublishedKeys]:
    asker = Asker(Limits(timeout=1.5, attempts=1, largest=FETCH.largest), Certificates())
    yield PublishedKeys(asker, clock)
    await asker.close()


async def test_keys_are_fetched_once_and_kept_as_long_as_is_said(publisher, keys, clock):
    publisher.headers["Cache-Control"] = "public, max-age=60"
    for _ in range(3):
        assert list(await keys.holding(publisher.url, OLD.kid)) == [OLD.kid]
    clock.now += 59
    assert list(await keys.holding(publisher.url, OLD.kid)) == [OLD.kid]
    assert len(publisher.asked) == 1
    clock.now += 2
    assert list(await keys.holding(publisher.url, OLD.kid)) == [OLD.kid]
    assert len(publisher.asked) == 2


@pytest.mark.parametrize(
    ("said", "kept"), [("", 300), ("no-store", 10), ("no-cache", 10), ("max-age=0", 10), ("max-age=999999", 3600)]
)
async def test_nothing_is_kept_for_ever_and_nobody_is_asked_all_the_time(publisher, keys, clock, said, kept):
    publisher.headers["Cache-Control"] = said
    await keys.holding(publisher.url, OLD.kid)
    publisher.keys = public_jwks(NEW)
    clock.now += kept - 1
    assert list(await keys.holding(publisher.url, OLD.kid)) == [OLD.kid]
    clock.now += 2
    assert list(await keys.holding(publisher.url, OLD.kid)) == [NEW.kid]


async def test_a_new_key_works_at_once_and_the_withdrawn_one_no_longer(publisher, keys, clock):
    await keys.holding(publisher.url, OLD.kid)
    publisher.keys = public_jwks(NEW)
    clock.now += 11
    assert list(await keys.holding(publisher.url, NEW.kid)) == [NEW.kid]


async def test_unknown_key_ids_do_not_make_us_knock_on_somebodys_door(publisher, keys, clock):
    for number in range(100):
        assert list(await keys.holding(publisher.url, f"made-up-{number}")) == [OLD.kid]
        clock.now += 0.1
    assert len(publisher.asked) == 1
    clock.now += 10
    await keys.holding(publisher.url, "made-up")
    assert len(publisher.asked) == 2


async def test_many_at_once_are_one_request(publisher, keys):
    publisher.delay = 0.05
    found = await asyncio.gather(*(keys.holding(publisher.url, OLD.kid) for _ in range(50)))
    assert all(list(one) == [OLD.kid] for one in found)
    assert len(publisher.asked) == 1


FAULTS: dict[str, Callable[[Publisher], Any]] = {
    "not found": lambda p: setattr(p, "status", 404),
    "failing": lambda p: setattr(p, "status", 500),
    "redirecting": lambda p: (setattr(p, "status", 302), p.headers.update(Location="http://127.0.0.1:1/")),
    "too slow": lambda p: setattr(p, "delay", 4.0),
    "too much": lambda p: setattr(p, "raw", b" " * (FETCH.largest + 1)),
    "a bomb": lambda p: (setattr(p, "raw", BOMB), p.headers.update({"Content-Encoding": "gzip"})),
    "not JSON": lambda p: setattr(p, "raw", b"<html>"),
    "no set": lambda p: setattr(p, "keys", {"keys": "none"}),
    "empty": lambda p: setattr(p, "keys", {"keys": []}),
    "a private key": lambda p: setattr(p, "keys", {"keys": [NEW.as_dict(private=True)]}),
    "a secret": lambda p: setattr(p, "keys", {"keys": [*public_jwks(NEW)["keys"], OctKey.generate_key(256).as_dict()]}),
    "two keys of one id": lambda p: setattr(
        p, "keys", {"keys": [{**NEW.as_dict(private=False), "kid": "a"}, {**OTHER.as_dict(private=False), "kid": "a"}]}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_without_sound_keys_there_are_none(publisher, keys, clock, fault):
    FAULTS[fault](publisher)
    assert await keys.holding(publisher.url, NEW.kid) == {}
    assert await keys.holding(publisher.url, NEW.kid) == {}
    assert len(publisher.asked) == 1, "it is left alone for a while"


async def test_what_was_fetched_before_counts_as_long_as_was_said_and_no_longer(publisher, keys, clock):
    publisher.headers["Cache-Control"] = "max-age=60"
    await keys.holding(publisher.url, OLD.kid)
    publisher.status = 503
    clock.now += 30
    assert list(await keys.holding(publisher.url, "new")) == [OLD.kid]
    clock.now += 31
    assert await keys.holding(publisher.url, OLD.kid) == {}


async def test_who_fails_again_and_again_is_asked_less_and_less_often_but_asked(publisher, keys, clock):
    publisher.status = 500
    for _ in range(600):
        await keys.holding(publisher.url, OLD.kid)
        clock.now += 1
    assert 5 <= len(publisher.asked) <= 9
    publisher.status = 200
    clock.now += 121
    assert list(await keys.holding(publisher.url, OLD.kid)) == [OLD.kid]


async def test_a_redirect_is_not_followed(publisher, keys):
    async with publishing(public_jwks(NEW)) as elsewhere:
        publisher.status, publisher.headers["Location"] = 307, elsewhere.url
        assert await keys.holding(publisher.url, NEW.kid) == {}
        assert elsewhere.asked == []


async def test_over_https_only_from_whom_a_trusted_authority_vouches_for(tmp_path: Path):
    trusted, stranger = Authority(tmp_path, "trusted"), Authority(tmp_path, "stranger")
    for authority, expected in ((trusted, [OLD.kid]), (stranger, [])):
        async with publishing(public_jwks(OLD), authority.signed(f"by-{authority.file.stem}")) as publisher:
            asker = Asker(FETCH, Certificates(authority=str(trusted.file)))
            assert publisher.url.startswith("https://")
            assert list(await PublishedKeys(asker).holding(publisher.url, OLD.kid)) == expected
            await asker.close()


async def test_nothing_of_ours_is_sent_along(publisher, keys):
    await keys.holding(publisher.url, OLD.kid)
    (request,) = publisher.asked
    assert "authorization" not in request.lower()
    assert "cookie" not in request.lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://epr.example/jwks.json",
        "ftp://epr.example/jwks.json",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@epr.example/jwks.json",
        "https://epr.example/jwks.json#part",
        "https://epr.example:port/jwks.json",
        "http://127.0.0.1.example/jwks.json",
        "http://localhost@epr.example/jwks.json",
        "https://epr.example/a b",
        "gopher://127.0.0.1/",
        "",
    ],
)
def test_keys_are_fetched_by_https_or_from_this_machine(url):
    with pytest.raises(ValueError):
        require_key_url(url)


def test_keys_that_nobody_signs_with_are_passed_over():
    other = [
        {"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "ed"},
        {**OTHER.as_dict(private=False), "use": "enc", "kid": "enc"},
    ]
    assert list(public_keys({"keys": [*other, *public_jwks(OLD)["keys"]]})) == [OLD.kid]


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "curve"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "point"},
        {"kty": "EC", "kid": "empty"},
        {"kty": "RSA", "kid": "empty"},
        {"kty": "RSA", "n": 5, "e": 5, "kid": "numbers"},
        {**OLD.as_dict(private=False), "kid": ""},
        {**OLD.as_dict(private=False), "kid": 7},
    ],
)
def test_a_weak_or_broken_key_is_not_taken(key):
    with pytest.raises(ValueError):
        public_keys({"keys": [key]})


def test_a_p_384_key_is_taken():
    assert isinstance(OLD, ECKey)
    assert list(public_keys(public_jwks(OLD))) == [OLD.kid]
