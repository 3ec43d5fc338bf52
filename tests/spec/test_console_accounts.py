"""Signing in to the console with an identity provider, mostly as somebody would who must not get in. The provider is a
real server; what it signs can be told to be dishonest. In a browser: tests/browser."""

import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.synthetic.http_server import Fault
from integration.audit.entry import rendered
from integration.console import accounts
from integration.console.desk import COOKIE
from tests.spec.accounts import DONE, OKAFOR, VISITOR, WITH, Place, console_with_accounts, parameters
from tests.spec.neighbourhood import NOW, Neighbourhood
from tests.spec.test_console import check, code
from tests.unit.api.forge import hmac_signed, unsigned

STRANGER = RSAKey.generate_key(2048, auto_kid=True)


@pytest.fixture(scope="module")
async def place(coventry: Neighbourhood, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with console_with_accounts(coventry, tmp_path_factory.mktemp("issuers")) as found:
        yield found


@pytest.fixture
async def browser(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.browser() as one:
        yield one


async def refused(place: Place, browser: httpx.AsyncClient, answer: httpx.Response, status: int = 403) -> None:
    """Nobody is signed in, the page says so, and the log does."""
    assert answer.status_code == status, answer.text
    assert "You are not signed in" in answer.text
    assert COOKIE not in browser.cookies
    assert (await browser.get("/console")).status_code == 303
    kind, outcome, _ = await place.newest()
    assert (kind, outcome) == ("token", "12" if status == 503 else "8")


async def test_an_officer_signs_in_and_gets_the_page_they_asked_for(place: Place, browser: httpx.AsyncClient) -> None:
    asked = await browser.get("/console/accesses?organisation=X9A&start=2026-09-01")
    assert asked.status_code == 303
    page = await browser.get(asked.headers["location"])
    assert "Sign in with Demo Identity" in page.text
    wanted = parameters(asked.headers["location"])["page"]
    answer = await place.signed_in(browser, page=wanted)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/accesses?organisation=X9A&start=2026-09-01"
    kind, outcome, content = await place.newest()
    assert (kind, outcome) == ("token", "0")
    event = rendered(content).decode()
    assert place.provider.issuer in event
    assert OKAFOR in event
    assert "R. Okafor" in event
    assert "R. Okafor" in (await browser.get("/console")).text
    assert (await browser.get("/console/team")).status_code == 403  # the provider gives no roles


async def test_whoever_signs_out_here_is_led_to_sign_out_there(place: Place, browser: httpx.AsyncClient) -> None:
    await place.signed_in(browser)
    page = await browser.post("/console/sign-out", data={"check": await check(browser)})
    assert page.status_code == 200
    assert "You are signed out here" in page.text
    assert COOKIE not in browser.cookies
    assert (await browser.get("/console")).status_code == 303
    (there,) = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert f'href="{there}"' in page.text
    assert "id_token_hint" not in there, "no ID token is kept"
    asked = await place.outside.get(unescape(there))
    assert "Do you want to sign out?" in asked.text
    back = (await place.outside.post(f"{place.provider.issuer}/logout")).headers["location"]
    assert back == f"{place.base}/console/sign-in"
    assert (await browser.get(back)).status_code == 200


async def test_whoever_came_with_a_code_is_led_to_no_provider(place: Place, browser: httpx.AsyncClient) -> None:
    await browser.post("/console/sign-in", data={"code": await code(place.coventry)})
    left = await browser.post("/console/sign-out", data={"check": await check(browser)})
    assert (left.status_code, left.headers["location"]) == (303, "/console/sign-in")


async def test_without_a_wish_one_gets_the_first_page(place: Place, browser: httpx.AsyncClient) -> None:
    assert (await place.signed_in(browser)).headers["location"] == "/console"


async def test_what_the_browser_keeps_is_for_it_alone(place: Place, browser: httpx.AsyncClient) -> None:
    answer = await browser.get(WITH, params={"issuer": place.provider.issuer})
    (kept,) = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "SameSite=lax", "Max-Age=600"} <= set(kept.split("; "))
    asked = parameters(answer.headers["location"])
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert not [value for value in asked.values() if value in kept]
    assert answer.headers["cache-control"] == "no-store"
    again = parameters(await place.begun(browser))
    assert not {again[one] for one in ("state", "nonce", "code_challenge")} & set(asked.values())


async def test_an_account_that_is_nobodys_gets_in_nowhere(place: Place, browser: httpx.AsyncClient) -> None:
    answer = await place.signed_in(browser, VISITOR)
    assert answer.status_code == 403
    assert "Your account is not known here" in answer.text
    assert VISITOR in answer.text
    assert COOKIE not in browser.cookies
    kind, outcome, content = await place.newest()
    assert (kind, outcome) == ("token", "8")
    assert VISITOR in rendered(content).decode()


async def test_an_account_that_is_removed_ends_its_sessions(place: Place, browser: httpx.AsyncClient) -> None:
    await place.signed_in(browser)
    async with place.browser() as other:
        await other.post("/console/sign-in", data={"code": await code(place.coventry)})
        await accounts.remove(place.coventry.owner, place.account)
        try:
            assert (await browser.get("/console")).status_code == 303
            assert (await other.get("/console")).status_code == 200
            assert (await place.signed_in(browser)).status_code == 403
        finally:
            await accounts.register(place.coventry.owner, place.account)


async def test_an_answer_to_no_sign_in_of_this_browser_is_refused(place: Place, browser: httpx.AsyncClient) -> None:
    async with place.browser() as attacker:
        theirs = await place.chosen(await place.begun(attacker))
        await refused(place, browser, await browser.get(theirs))  # it has begun none
        await place.begun(browser)
        await refused(place, browser, await browser.get(theirs))  # it has begun another
    back = await place.chosen(await place.begun(browser))
    await refused(place, browser, await browser.get(back.replace("state=", "state=x")))
    await refused(place, browser, await browser.get(back))  # whatever came first has used it up


async def test_a_stolen_code_is_of_no_use(place: Place, browser: httpx.AsyncClient) -> None:
    """PKCE: the provider gives the token to the browser that asked only."""
    async with place.browser() as victim:
        stolen = parameters(await place.chosen(await place.begun(victim)))["code"]
    mine = {"code": stolen, "state": parameters(await place.begun(browser))["state"], "iss": place.provider.issuer}
    await refused(place, browser, await browser.get(DONE, params=mine))


async def test_a_code_works_once(place: Place, browser: httpx.AsyncClient) -> None:
    back = await place.chosen(await place.begun(browser))
    async with place.browser() as copy:
        copy.cookies.update(browser.cookies)
        assert (await browser.get(back)).status_code == 303
        await refused(place, copy, await copy.get(back))


def wrong(**changes: Any) -> Callable[[Place], Callable[[dict[str, Any]], str]]:
    """Signs what is not so; None leaves a claim out."""

    def with_changes(place: Place) -> Callable[[dict[str, Any]], str]:
        return lambda claims: place.provider.id_token(
            {name: value for name, value in (claims | changes).items() if value is not None}
        )

    return with_changes


_SECONDS = int(NOW.timestamp())
DISHONEST: dict[str, Callable[[Place], Callable[[dict[str, Any]], str]]] = {
    "another nonce": wrong(nonce="x" * 43),
    "no nonce": wrong(nonce=None),
    "another audience": wrong(aud="another-application"),
    "an audience beside us": wrong(aud=["toldonce-console", "another-application"]),
    "for another party": wrong(azp="another-application"),
    "another issuer": wrong(iss="https://elsewhere.example"),
    "expired": wrong(iat=_SECONDS - 900, exp=_SECONDS - 600),
    "of tomorrow": wrong(iat=_SECONDS + 86_400, exp=_SECONDS + 90_000),
    "without an end": wrong(exp=None),
    "of nobody": wrong(sub=None),
    "of several": wrong(sub=[OKAFOR]),
    "of no name": wrong(sub="r.okafor\n"),
    "a logout": wrong(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
    "alg none": lambda place: lambda claims: unsigned({"kid": place.provider.key.kid}, claims),
    "HS256 with the public key": lambda place: (
        lambda claims: hmac_signed({"kid": place.provider.key.kid}, claims, place.provider.key)
    ),
    "another's key": lambda place: (
        lambda claims: jwt.encode({"alg": "RS256", "kid": place.provider.key.kid}, claims, STRANGER)
    ),
    "a key that is not published": lambda _: (
        lambda claims: jwt.encode({"alg": "RS256", "kid": STRANGER.kid}, claims, STRANGER)
    ),
    "no token": lambda _: lambda _: "none",
}


@pytest.mark.parametrize("how", DISHONEST)
async def test_an_id_token_that_does_not_hold_signs_nobody_in(
    place: Place, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    back = await place.chosen(await place.begun(browser))
    monkeypatch.setattr(place.provider, "sign", DISHONEST[how](place))
    await refused(place, browser, await browser.get(back))
    assert "the ID token" in rendered((await place.newest())["content"]).decode()


EMPTY = {
    "declined": {"error": "access_denied", "error_description": "<b>look</b>"},
    "a code that was never given": {"code": "made up"},
    "no code": {"code": ""},
}


@pytest.mark.parametrize("how", EMPTY)
async def test_an_answer_that_signs_nobody_in(place: Place, browser: httpx.AsyncClient, how: str) -> None:
    state = parameters(await place.begun(browser))["state"]
    told = await browser.get(DONE, params={"state": state, "iss": place.provider.issuer, **EMPTY[how]})
    await refused(place, browser, told)
    assert "look" not in told.text
    content = rendered((await place.newest())["content"]).decode()
    assert "look" not in content
    assert "made up" not in content


@pytest.mark.parametrize("iss", ["", "&iss=https%3A%2F%2Felsewhere.example"], ids=["of nobody", "of another"])
async def test_an_answer_of_another_provider_is_refused(place: Place, browser: httpx.AsyncClient, iss: str) -> None:
    back, _, _ = (await place.chosen(await place.begun(browser))).partition("&iss=")
    await refused(place, browser, await browser.get(back + iss))


async def test_an_answer_that_says_two_things_is_refused(place: Place, browser: httpx.AsyncClient) -> None:
    back = await place.chosen(await place.begun(browser))
    await refused(place, browser, await browser.get(back.replace("?code=", "?code=another&code=")))


@pytest.mark.parametrize("page", ["https://elsewhere.example", "//elsewhere.example", "/console/..//elsewhere.example"])
async def test_nobody_is_sent_elsewhere(place: Place, browser: httpx.AsyncClient, page: str) -> None:
    """What else may be tried: tests/unit/console/test_attempt.py."""
    assert (await place.signed_in(browser, page=page)).headers["location"] == "/console"
    async with place.browser() as other:
        form = {"code": await code(place.coventry), "page": page}
        assert (await other.post("/console/sign-in", data=form)).headers["location"] == "/console"


async def test_a_page_of_ours_is_had_with_a_code_too(place: Place, browser: httpx.AsyncClient) -> None:
    shown = await browser.get("/console/sign-in", params={"page": "/console/alerts?all=yes"})
    assert 'name="page" value="/console/alerts?all=yes"' in shown.text
    form = {"code": await code(place.coventry), "page": "/console/alerts?all=yes"}
    assert (await browser.post("/console/sign-in", data=form)).headers["location"] == "/console/alerts?all=yes"


async def test_another_site_cannot_sign_anybody_in(place: Place, browser: httpx.AsyncClient) -> None:
    given = await code(place.coventry)
    for site in ("cross-site", "same-site"):
        answer = await browser.post("/console/sign-in", data={"code": given}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403, site
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/console/sign-in", data={"code": given}, headers=headers)).status_code == 303


async def test_a_provider_that_nobody_named_is_not_asked(place: Place, browser: httpx.AsyncClient) -> None:
    for issuer in ("", "https://elsewhere.example", f"{place.provider.issuer}/"):
        await refused(place, browser, await browser.get(WITH, params={"issuer": issuer}))


async def test_without_audit_nobody_gets_in(place: Place, browser: httpx.AsyncClient) -> None:
    back = await place.chosen(await place.begun(browser))
    await place.coventry.owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
    try:
        answer = await browser.get(back)
    finally:
        await place.coventry.owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")
    assert answer.status_code == 503
    assert COOKIE not in browser.cookies


@pytest.mark.slow
async def test_while_the_provider_is_away_a_code_gets_in(
    coventry: Neighbourhood, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with console_with_accounts(coventry, tmp_path_factory.mktemp("away")) as place:
        place.provider.faults.append(Fault(503))
        async with place.browser() as browser:
            await refused(place, browser, await browser.get(WITH, params={"issuer": place.provider.issuer}), 503)
            answer = await browser.post("/console/sign-in", data={"code": await code(coventry)})
            assert answer.headers["location"] == "/console"


@pytest.mark.slow
async def test_over_https_no_neighbour_can_set_what_the_browser_keeps(
    coventry: Neighbourhood, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changes = {"base_url": "https://127.0.0.1:8443/fhir"}
    async with console_with_accounts(coventry, tmp_path_factory.mktemp("https"), **changes) as place:
        async with place.browser() as browser:
            answer = await browser.get(WITH, params={"issuer": place.provider.issuer})
            (kept,) = answer.headers.get_list("set-cookie")
            assert kept.startswith("__Host-")
            assert {"Secure", "Path=/"} <= set(kept.split("; "))
            back = await place.chosen(answer.headers["location"])
            assert back.startswith("https://127.0.0.1:8443/console/sign-in/done?")
            assert (await browser.get(back)).headers["location"] == "/console"


async def test_the_log_keeps_no_credential(place: Place, browser: httpx.AsyncClient) -> None:
    back = await place.chosen(await place.begun(browser))
    await browser.get(back)
    events = await place.coventry.owner.fetch("select content from toldonce.audit_event where client = 'console'")
    said = json.dumps([rendered(one["content"]).decode() for one in events])
    for secret in (*parameters(back).values(), browser.cookies[COOKIE]):
        assert secret == place.provider.issuer or secret not in said


async def test_a_session_of_an_account_lasts_no_longer_than_others(place: Place, browser: httpx.AsyncClient) -> None:
    await place.signed_in(browser)
    row = await place.coventry.owner.fetchrow(
        "select expires, ends from toldonce.officer_session where account is not null order by ends desc limit 1"
    )
    assert (row["expires"], row["ends"]) == (NOW + timedelta(minutes=30), NOW + timedelta(hours=8))
