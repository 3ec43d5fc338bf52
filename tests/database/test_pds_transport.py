"""Asking PDS over HTTP: stopped, slow, refusing, talking rubbish, and well again. A real server on 127.0.0.1."""

import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from joserfc.jwk import RSAKey

from adapters.pds.write import write_outcome
from adapters.synthetic.http_server import Fault
from adapters.synthetic.pds_checks import wrong_assertion
from adapters.synthetic.pds_provider import Provider
from adapters.transport.asking import Asker, Certificates, Failure
from adapters.transport.breaker import Breaker
from adapters.transport.pds import CIRCUIT_OPEN, Pds, Question
from adapters.transport.pds_answers import Answer
from adapters.transport.pds_token import Tokens
from tests.database.pds import QUICK, client, national
from tests.unit.adapters.transport.test_breaker import Clock

MRS_T, IN_HIDING, REPLACED, GONE = "9990000018", "9990000085", "9990000182", "9990000220"
BY_MISTAKE = "9990000298"
"""Passes the check digit, and PDS does not know it."""


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with national() as running:
        yield running


async def ask(provider: Provider, *faults: Fault, **more: Any) -> Answer | Failure:
    provider.faults = list(faults)
    async with client(provider, **more) as pds:
        return await pds.by_number(MRS_T)


@pytest.mark.parametrize(
    ("number", "code", "held"),
    [
        (MRS_T, "answered", MRS_T),
        (REPLACED, "superseded", "9990000174"),
        (GONE, "INVALIDATED_RESOURCE", None),
        (BY_MISTAKE, "RESOURCE_NOT_FOUND", None),
    ],
)
async def test_what_is_said_of_a_number(provider, number, code, held):
    async with client(provider) as pds:
        answer = await pds.by_number(number)
    assert isinstance(answer, Answer)
    assert (answer.code, answer.number, answer.name) == (code, held, f"{number}.json")


async def test_a_restricted_persons_record_and_relatives_say_nothing_of_where_they_are(provider):
    async with client(provider) as pds:
        record, related = await pds.by_number(IN_HIDING), await pds.related(IN_HIDING)
    assert isinstance(record, Answer)
    assert isinstance(related, Answer)
    assert not {"address", "telecom", "generalPractitioner"} & json.loads(record.content).keys()
    assert json.loads(related.content).get("entry", []) == []


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Question(family="Wrobel", birth_date="1980-01-01", given="Tomasz"), "matched"),
        (Question(family="Wrobel", birth_date="1980-01-01", given="Tommy", postcode="CV1 1AA"), "unmatched"),
        (Question(family="Nobody", birth_date="1980-01-01", given="No"), "unmatched"),
        (Question(family="Hussain", birth_date="2002-06-01", given="Z*"), "TOO_MANY_MATCHES"),
    ],
)
async def test_a_search_tells_of_one_person_or_of_nobody(provider, question, code):
    twins = provider.register.patients["9990000115"].birth_date
    question = msgspec.structs.replace(question, birth_date=twins) if question.family == "Hussain" else question
    async with client(provider) as pds:
        answer = await pds.search(question)
    assert isinstance(answer, Answer)
    assert answer.code == code
    assert (answer.number is None) == (code != "matched")


def test_a_search_has_wildcards_of_ours_only():
    asked = Question(family="O*Hara*", birth_date="1980-01-01", given="*", postcode="CV1 1AA").query()
    assert asked == "family=OHara&birthdate=eq1980-01-01&address-postalcode=CV%2A&_history=true"


WELL_AGAIN = [
    [Fault(429, headers={"Retry-After": "1"})],
    [Fault(500)],
    [Fault(408, write_outcome("UNABLE_TO_CALL_SERVICE"))],
    [Fault(content=b'{"resourceType":"Patient","id"')],
    [Fault(content=b"<html>Sign in to the network</html>")],
    pytest.param([Fault(delay=1.7)], marks=pytest.mark.slow),
]


@pytest.mark.parametrize("faults", WELL_AGAIN)
async def test_what_may_pass_is_asked_again(provider, faults):
    answer = await ask(provider, *faults)
    assert isinstance(answer, Answer)
    assert answer.code == "answered"
    assert len(provider.asked) == 2


NOT_AGAIN = {
    "INVALID_VALUE": Fault(400, write_outcome("INVALID_VALUE")),
    "ACCESS_DENIED": Fault(403, write_outcome("ACCESS_DENIED")),
    "HTTP_404": Fault(404, b"<html>no such page"),
    "HTTP_302": Fault(302, headers={"Location": "https://elsewhere.example/"}),
    "TOO_LARGE": Fault(content=b" " * (QUICK.largest + 1)),
    "TOO_MANY_REQUESTS": Fault(429, write_outcome("TOO_MANY_REQUESTS"), headers={"Retry-After": "3600"}),
}


@pytest.mark.parametrize("code", NOT_AGAIN)
async def test_what_does_not_pass_is_not_asked_again(provider, code):
    outcome = await ask(provider, NOT_AGAIN[code])
    assert isinstance(outcome, Failure)
    assert outcome.code == code
    assert len(provider.asked) == 1


RUBBISH = {
    "an absence that a server error states": Fault(500, write_outcome("RESOURCE_NOT_FOUND")),
    "an absence beside 200": Fault(200, write_outcome("INVALIDATED_RESOURCE")),
    "a search": Fault(content=b'{"resourceType":"Bundle","type":"searchset","total":0}'),
    "a record without a number": Fault(content=b'{"resourceType":"Patient","id":"1"}'),
    "a record of two numbers": Fault(
        content=b'{"resourceType":"Patient","id":"9990000018","identifier":'
        b'[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000174"}]}'
    ),
    "nothing": Fault(content=b""),
    "deep nonsense": Fault(content=b"[" * 60_000),
}


@pytest.mark.parametrize("what", RUBBISH)
async def test_rubbish_says_nothing_of_anybody(provider, what):
    assert isinstance(await ask(provider, RUBBISH[what], RUBBISH[what]), Failure)


@pytest.mark.slow
async def test_an_answer_that_drips_is_given_up(provider):
    slow = Fault(content=b"x" * 4000, drip=100)
    assert await ask(provider, slow, slow) == Failure(code="TIMEOUT", may_pass=True)


async def test_nobody_answers_while_pds_is_stopped():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with national() as provider:
        credentials = msgspec.structs.replace(provider.credentials, token_url=f"http://127.0.0.1:{port}/oauth2/token")
        async with Pds(provider.base, credentials, limits=QUICK) as pds:
            assert await pds.by_number(MRS_T) == Failure(code="NO_CONNECTION", may_pass=True)


async def test_one_token_serves_many_questions_and_is_renewed_when_it_is_refused(provider):
    async with client(provider) as pds:
        for _ in range(3):
            assert isinstance(await pds.by_number(MRS_T), Answer)
        assert len(provider.tokens) == 1
        provider.tokens.clear()
        assert isinstance(await pds.by_number(MRS_T), Answer)
        assert len(provider.tokens) == 1


async def test_a_token_is_renewed_before_it_ends(provider):
    clock = Clock()
    clock.now = 1_800_000_000.0
    provider.now = clock
    asker = Asker(QUICK, Certificates())
    tokens = Tokens(provider.credentials, asker, clock)
    first = await tokens.bearer()
    assert await tokens.bearer() == first
    clock.now += 580
    assert await tokens.bearer() != first
    await asker.close()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(401, b'{"error":"invalid_client"}'), "TOKEN_REFUSED"),
        (Fault(200, b"<html>"), "TOKEN_UNUSABLE"),
        (Fault(200, b'{"access_token":"a b","expires_in":"1"}'), "TOKEN_UNUSABLE"),
        (Fault(200, b'{"access_token":"ab","expires_in":"soon"}'), "TOKEN_UNUSABLE"),
        (Fault(500, b""), "HTTP_500"),
    ],
)
async def test_without_a_token_nothing_is_asked_and_the_next_one_serves(provider, fault, code):
    provider.token_faults = [fault, fault]
    async with client(provider) as pds:
        outcome = await pds.by_number(MRS_T)
        assert isinstance(outcome, Failure)
        assert outcome.code == code
        assert provider.asked == []
        provider.token_faults = []
        assert isinstance(await pds.by_number(MRS_T), Answer)


async def test_another_applications_key_gets_no_token(provider):
    stranger = msgspec.structs.replace(
        provider.credentials, key=RSAKey.generate_key(2048).as_pem(private=True).decode()
    )
    async with Pds(provider.base, stranger, limits=QUICK) as pds:
        assert await pds.by_number(MRS_T) == Failure(code="TOKEN_REFUSED")


def test_the_stand_in_checks_the_assertion():
    from tests.database.pds import key, register

    registered = Provider(register(), key()).credentials
    assert wrong_assertion(b"grant_type=password", registered, set(), 0) == "grant_type"


async def test_many_failures_open_the_circuit_and_one_answer_closes_it(provider):
    clock = Clock()
    breaker = Breaker(failures=3, rest=30, clock=clock)
    provider.faults = [Fault(500)] * 4
    async with client(provider, breaker=breaker) as pds:
        codes = [(await pds.by_number(MRS_T)).code for _ in range(4)]
        assert codes == ["HTTP_500", "HTTP_500", CIRCUIT_OPEN, CIRCUIT_OPEN]
        assert len(provider.asked) == 3
        clock.now += 30
        assert (await pds.by_number(MRS_T)).code == "HTTP_500"
        assert breaker.phase == "open"
        clock.now += 60
        assert (await pds.by_number(MRS_T)).code == "answered"
        assert breaker.phase == "closed"


async def test_a_refused_question_does_not_open_the_circuit(provider):
    breaker = Breaker(failures=1)
    for fault in (Fault(400, write_outcome("INVALID_VALUE")), Fault(404, write_outcome("RESOURCE_NOT_FOUND"))):
        await ask(provider, fault, breaker=breaker)
        assert breaker.phase == "closed"
    await ask(provider, Fault(403, write_outcome("ACCESS_DENIED")), breaker=breaker)
    assert breaker.phase == "open"


async def test_no_log_names_whom_was_asked_about(provider, caplog):
    caplog.set_level(logging.DEBUG)
    provider.faults = [Fault(503), Fault(503)]
    async with client(provider) as pds:
        await pds.by_number(MRS_T)
        await pds.by_number(MRS_T)
        await pds.search(Question(family="Wrobel", birth_date="1980-01-01", given="Tomasz"))
    for secret in (MRS_T, "Wrobel", "1980"):
        assert secret not in caplog.text
