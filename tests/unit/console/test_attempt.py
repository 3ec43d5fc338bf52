"""One sign-in under way: what is derived from what a browser keeps, and which page it may lead to."""

from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.console.attempt import FIRST, Attempt, page_of_ours

SITE = "https://record.example/console/sign-in/done"
ISSUER = "https://am.cis2.example/oauth2"
OURS = (
    "/console/alerts/5",
    "/console/accesses?organisation=X9A&start=2026-09-01&user=Dr%20O%27Neil",
    "/console/team/caseloads/care-and-support-forum",
    "/console/identity/00000000-0000-0000-0000-000000000000/00000000-0000-0000-0000-000000000000",
)
pieces = st.sampled_from(
    ["/", "//", "\\", ".", "..", "console", "?", "#", "@", ":", "%2f", "%2e", "\t", "\n", "x", "é"]
)
hostile = st.one_of(
    st.text(), st.lists(pieces).map("".join), st.lists(pieces).map(lambda more: "/console" + "".join(more))
)


@pytest.mark.parametrize("page", OURS)
def test_a_page_of_the_console_stays(page: str) -> None:
    assert page_of_ours(page) == page
    assert page_of_ours("https://elsewhere.example" + page) == FIRST


@given(hostile)
def test_whatever_is_asked_for_leads_to_the_console(page: str) -> None:
    there = urlsplit(urljoin(SITE, page_of_ours(page)))
    assert (there.scheme, there.netloc, there.fragment) == ("https", "record.example", "")
    assert there.path == "/console" or there.path.startswith("/console/")
    assert not set("\\\r\n\t ") & set(page_of_ours(page))


@given(hostile)
def test_what_a_browser_keeps_comes_back_as_it_was_but_for_a_page_elsewhere(page: str) -> None:
    begun = Attempt.begin(ISSUER, page)
    assert Attempt.kept(begun.cookie()) == begun
    smuggled = Attempt.kept(Attempt(begun.secret, ISSUER, page).cookie()) if page.isprintable() else begun
    assert smuggled
    assert smuggled.page == page_of_ours(page)


def test_an_answer_is_to_one_attempt_only() -> None:
    begun = Attempt.begin(ISSUER, FIRST)
    assert begun.answers(begun.state)
    others = (
        Attempt.begin(ISSUER, FIRST),
        replace(begun, issuer="https://elsewhere.example"),
        replace(begun, page="/console/log"),
    )
    for other in others:
        assert not other.answers(begun.state)
        assert not {other.nonce, other.verifier, other.challenge} & {begun.nonce, begun.verifier, begun.challenge}
    for answer in ("", begun.state[:-1], begun.state + "x", begun.nonce, "é", "\ud800"):
        assert not begun.answers(answer)


def test_the_verifier_has_the_form_of_one() -> None:
    assert 43 <= len(Attempt.begin(ISSUER, FIRST).verifier) <= 128  # RFC 7636, 4.1


@given(st.text())
def test_what_no_browser_was_given_is_no_attempt(cookie: str) -> None:
    assert Attempt.kept(cookie) is None


@pytest.mark.parametrize("kept", ["W10", "bnVsbA", "WyIiLCIiLCIiXQ", "WzEsMiwzXQ", "e30"])
def test_an_attempt_without_a_secret_is_none(kept: str) -> None:
    assert Attempt.kept(kept) is None
