"""The GP Connect consumer against a real HTTP server that checks what the specification demands."""

import asyncio
import json
import logging
import ssl
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey
from msgspec.structs import replace

from adapters.errors import Unreadable
from adapters.gp.parse import parse
from adapters.gp.write import write_error
from adapters.synthetic.gp_connect_checks import asked_for, wrong_claim, wrong_headers
from adapters.synthetic.gp_connect_provider import Provider, asid_of
from adapters.synthetic.http_server import Fault
from adapters.synthetic.nhs_numbers import nhs_number
from adapters.transport.asking import Certificates, Failure, Reply
from adapters.transport.gp_connect import Answer, Practice, understood
from adapters.transport.gp_connect_request import claims, headers, parameters, token
from tests.database.gp_connect import QUICK, REQUESTER, at, consumer, practices

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "gp"
NOW = datetime(2026, 9, 30, 8, 0, tzinfo=UTC)
MRS_T, HER_PRACTICE = "9990000018", "X90401"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    async with practices() as running:
        yield running


async def ask(provider: Provider, number: str, *faults: Fault, limits: Any = QUICK) -> Answer | Failure:
    code = next((practice for practice, held in provider.answers if held == number), HER_PRACTICE)
    provider.faults[number] = list(faults)
    provider.asked.clear()
    async with consumer(limits) as gp_connect:
        return await gp_connect.pull(at(provider, code), number)


async def test_every_person_of_every_practice_is_answered_as_the_practice_would(provider):
    codes = set()
    async with consumer() as gp_connect:
        for (code, number), content in provider.answers.items():
            outcome = await gp_connect.pull(at(provider, code), number)
            assert isinstance(outcome, Answer)
            assert outcome.content == content
            parsed = parse(outcome.content, name=f"{number}.json", sender=code, as_of=outcome.received)
            assert [event.patient.local_id for event in parsed.events] == [number]
            codes.add(outcome.code)
    assert codes == {"answered", "NO_PATIENT_CONSENT", "PATIENT_NOT_FOUND"}


async def test_a_number_that_the_practice_does_not_know_is_not_found(provider):
    stranger = next(number for serial in range(900, 999) if (number := nhs_number(serial)))
    outcome = await ask(provider, stranger)
    assert isinstance(outcome, Answer)
    assert outcome.code == "PATIENT_NOT_FOUND"


async def test_a_practice_that_is_not_enabled_says_nothing_about_the_person(provider):
    async with consumer() as gp_connect:
        assert await gp_connect.pull(at(provider, "X90999"), MRS_T) == Failure(code="ACCESS_DENIED")
        wrong_address = Practice(ods="X90401", base=provider.base("X90401") + "/elsewhere", asid=asid_of("X90401"))
        assert await gp_connect.pull(wrong_address, MRS_T) == Failure(code="HTTP_404")


@pytest.mark.parametrize(
    "passing", [Fault(503), Fault(429, headers={"Retry-After": "0"}), Fault(500, b"{}"), Fault(502), Fault(504)]
)
async def test_what_may_pass_is_asked_again_and_answered(provider, passing):
    outcome = await ask(provider, MRS_T, passing, passing)
    assert outcome.code == "answered"
    assert provider.asked == [(HER_PRACTICE, MRS_T)] * 3


async def test_asking_again_ends(provider):
    outcome = await ask(provider, MRS_T, *[Fault(503, write_error("BAD_REQUEST"))] * 5)
    assert outcome == Failure(code="BAD_REQUEST", may_pass=True)
    assert len(provider.asked) == 3


async def test_a_provider_that_wants_to_be_left_alone_is(provider):
    outcome = await ask(provider, MRS_T, Fault(429, headers={"Retry-After": "3600"}))
    assert outcome == Failure(code="HTTP_429", may_pass=True, wait=3600.0)
    assert len(provider.asked) == 1


async def test_a_refusal_is_not_asked_again(provider):
    outcome = await ask(provider, MRS_T, Fault(403, write_error("NO_PATIENT_CONSENT")))
    assert outcome.code == "NO_PATIENT_CONSENT"
    assert len(provider.asked) == 1


async def test_a_server_error_is_no_refusal_whatever_it_says(provider):
    outcome = await ask(provider, MRS_T, *[Fault(500, write_error("NO_PATIENT_CONSENT"))] * 3)
    assert isinstance(outcome, Failure)


@pytest.mark.parametrize("slow", [Fault(delay=5.0), Fault(content=b" " * 10_000, drip=1)])
async def test_slow_answers_end_in_time(provider, slow):
    begun = monotonic()
    outcome = await ask(provider, MRS_T, slow, limits=replace(QUICK, timeout=0.4, attempts=1))
    assert outcome == Failure(code="TIMEOUT", may_pass=True)
    assert monotonic() - begun < 4.5


@pytest.mark.parametrize(
    "garbage", [b"<html>welcome to the hotel's network</html>", b"", b"[]", b'{"resourceType":"Bundle"}', b"{" * 9999]
)
async def test_garbage_is_kept_for_quarantine(provider, garbage):
    outcome = await ask(provider, MRS_T, Fault(content=garbage))
    assert isinstance(outcome, Answer)
    assert (outcome.code, outcome.content) == ("unusable", garbage)
    with pytest.raises(Unreadable):
        parse(outcome.content, name=f"{MRS_T}.json", sender=HER_PRACTICE, as_of=outcome.received)


async def test_a_record_of_somebody_else_is_not_kept(provider):
    other = next(content for (_, number), content in provider.answers.items() if number != MRS_T and len(content) > 999)
    for content in (other, b"\xef\xbb\xbf" + other, other.replace(b'"entry":[', b'"entry":["x",{},')):
        assert await ask(provider, MRS_T, Fault(content=content)) == Failure(code="OTHER_PERSON")


async def test_an_answer_without_end_is_not_read_to_its_end(provider):
    outcome = await ask(provider, MRS_T, Fault(content=b" " * 5000), limits=replace(QUICK, largest=1000))
    assert outcome == Failure(code="TOO_LARGE")


async def test_nobody_answers():
    async with consumer() as gp_connect:
        nobody = Practice(ods="X90401", base="http://127.0.0.1:1/x", asid=asid_of("X90401"))
        assert await gp_connect.pull(nobody, MRS_T) == Failure(code="NO_CONNECTION", may_pass=True)


async def test_a_connection_that_breaks_off():
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with consumer() as gp_connect:
            broken = Practice(ods="X90401", base=f"http://127.0.0.1:{port}", asid=asid_of("X90401"))
            assert await gp_connect.pull(broken, MRS_T) == Failure(code="BROKEN_ANSWER", may_pass=True)


async def test_a_redirect_is_not_followed_with_the_token(provider):
    outcome = await ask(provider, MRS_T, Fault(307, headers={"Location": provider.base(HER_PRACTICE)}))
    assert outcome == Failure(code="HTTP_307")


async def test_through_the_proxy_the_practice_follows_the_proxy_and_stays_the_audience(provider):
    asked: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request)

    async with consumer(proxy="http://127.0.0.1:1") as gp_connect:
        gp_connect._asker._client.event_hooks["request"] = [note]
        practice = Practice(ods="X90401", base="https://practice.example/STU3/1", asid=asid_of("X90401"))
        await gp_connect.pull(practice, MRS_T)
    url = "http://127.0.0.1:1/https://practice.example/STU3/1/Patient/$gpc.getstructuredrecord"
    assert str(asked[0].url) == url
    claimed = asked[0].headers["Authorization"].split(".")[1]
    assert json.loads(urlsafe_b64decode(claimed + "=="))["aud"] == "https://practice.example/STU3/1"


async def test_the_number_is_in_no_address_header_or_log(provider, caplog):
    caplog.set_level(logging.DEBUG)
    await ask(provider, MRS_T, Fault(503), Fault(content=b"<html>"))
    assert MRS_T not in caplog.text
    sent = headers(REQUESTER, asid="900000000001", base="https://practice.example", now=NOW)
    payload = sent["Authorization"].split(".")[1]
    assert MRS_T not in str(sent) + urlsafe_b64decode(payload + "==").decode()


async def test_each_request_has_a_trace_and_a_token_of_its_own():
    first, second = (headers(REQUESTER, asid="1", base="https://x.example", now=NOW) for _ in range(2))
    assert first["Ssp-TraceID"] != second["Ssp-TraceID"]


def test_the_token_says_who_asks_and_for_how_long():
    made = token(REQUESTER, base="https://practice.example", now=NOW)
    assert made.endswith(".")
    assert wrong_claim(f"Bearer {made}", base="https://practice.example", now=NOW.timestamp()) is None
    late = (NOW + timedelta(minutes=5)).timestamp()
    assert wrong_claim(f"Bearer {made}", base="https://practice.example", now=late) == "exp"
    assert wrong_claim(f"Bearer {made}", base="https://other.example", now=NOW.timestamp()) == "aud"


@pytest.mark.parametrize("name", sorted(claims(REQUESTER, base="https://x.example", now=NOW)))
def test_the_provider_misses_every_claim(name):
    payload = claims(REQUESTER, base="https://x.example", now=NOW)
    del payload[name]
    header = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    body = urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    found = wrong_claim(f"Bearer {header}.{body}.", base="https://x.example", now=NOW.timestamp())
    assert found == ("sub" if name == "sub" else name)


@pytest.mark.parametrize(
    "name", ["Accept", "Content-Type", "Authorization", "Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID"]
)
def test_the_provider_misses_every_header(name):
    sent = headers(REQUESTER, asid="900000000001", base="https://x.example", now=NOW)
    lower = {key.lower(): value for key, value in sent.items()}
    at_base = {"asid": "900000000001", "base": "https://x.example", "now": NOW.timestamp()}
    assert wrong_headers(lower, **at_base) is None
    del lower[name.lower()]
    assert wrong_headers(lower, **at_base)


def test_a_token_is_signed_where_there_is_a_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    made = token(replace(REQUESTER, signing_key=pem), base="https://x.example", now=NOW)
    read = jwt.decode(made, RSAKey.import_key(pem), algorithms=["RS512"])
    assert read.claims == claims(REQUESTER, base="https://x.example", now=NOW)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"resourceType": "Bundle"}, "INVALID_RESOURCE"),
        ({"parameter": {}}, "INVALID_RESOURCE"),
        ({"parameter": []}, "INVALID_PARAMETER"),
        ({"parameter": [{"name": "includeProblems"}]}, "INVALID_PARAMETER"),
        ({"parameter": [{"name": "includeAllergies"}]}, "INVALID_PARAMETER"),
    ],
)
def test_wrong_parameters_get_the_error_of_the_specification(change, code):
    asked = json.loads(parameters(MRS_T)) | change
    assert asked_for(json.dumps(asked).encode()).code == code


def test_a_wrong_number_gets_the_error_of_the_specification():
    assert asked_for(parameters(MRS_T)) == MRS_T
    assert asked_for(parameters("9990000019")).code == "INVALID_NHS_NUMBER"
    assert asked_for(b"nonsense").code == "INVALID_RESOURCE"


@given(status=st.integers(200, 599), content=st.binary(max_size=200))
def test_no_answer_makes_the_consumer_fail(status, content):
    assert isinstance(understood(Reply(status=status, headers={}, content=content), MRS_T, NOW), Answer | Failure)


@pytest.mark.parametrize("said", ["ACCESS DENIED", "ACCESS_DENIED"])
def test_the_code_that_the_specification_writes_in_two_ways(said):
    content = write_error("ACCESS_DENIED").replace(b"ACCESS_DENIED", said.encode())
    assert understood(Reply(status=403, headers={}, content=content), MRS_T, NOW) == Failure(code="ACCESS_DENIED")


async def test_mutual_tls(tmp_path):
    """A provider that asks for a client certificate is reached with one, and not without."""
    made = certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=made.authority)
    context.load_cert_chain(made.certificate, made.key)
    context.verify_mode = ssl.CERT_REQUIRED

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = write_error("NO_PATIENT_CONSENT")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        practice = Practice(ods="X90401", base=f"https://127.0.0.1:{port}", asid=asid_of("X90401"))
        async with consumer(certificates=made) as known:
            assert (await known.pull(practice, MRS_T)).code == "NO_PATIENT_CONSENT"
        for strangers in (Certificates(authority=made.authority), Certificates()):
            async with consumer(certificates=strangers) as unknown:
                assert isinstance(await unknown.pull(practice, MRS_T), Failure)


def certificates(folder: Path) -> Certificates:
    """A key and a self-signed certificate of 127.0.0.1, which is its own authority, and serves both ends."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    public = str(folder / "certificate.pem")
    return Certificates(certificate=public, key=str(folder / "key.pem"), authority=public)


@pytest.mark.samples
async def test_real_records_are_replayed_over_http():
    if not SAMPLES.is_dir():
        pytest.skip("the sample files (shared/samples/gp beside the repository) are missing")
    async with practices(SAMPLES) as provider, consumer(replace(QUICK, timeout=5.0)) as gp_connect:
        replayed = [(code, number) for code, number in provider.answers if number.startswith("9990009")]
        assert len(replayed) >= 12
        for code, number in replayed:
            outcome = await gp_connect.pull(at(provider, code), number)
            assert isinstance(outcome, Answer)
            assert outcome.code == "answered"
