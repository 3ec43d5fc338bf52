"""What a hostile review tried and no other test does (docs/review-of-the-audit.md)."""

import asyncio
import socket
from typing import Any

import httpx
import pytest

from integration import main
from integration.console.desk import Desk
from tests.spec.neighbourhood import NOW, Neighbourhood
from tests.spec.test_console import officer

__all__ = ["officer"]
ELSEWHERE = {"Origin": "https://elsewhere.example"}
ROUTES = ("/console", "/console/accesses", "/fhir/AuditEvent", "/fhir/metadata", "/audit/checkpoint", "/fhir/token")


def desk(coventry: Neighbourhood, *, secure: bool) -> Desk:
    unused: Any = None
    policy = coventry.app.state.services.records.policy
    return Desk(
        pool=unused,
        log=unused,
        policy=policy,
        clock=lambda: NOW,
        secure=secure,
        synthetic=True,
        records=unused,
        providers=unused,
    )


async def test_over_https_it_stays_there(coventry: Neighbourhood) -> None:
    page = desk(coventry, secure=True).problem(400, "")
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    plain = desk(coventry, secure=False).problem(400, "")
    assert "strict-transport-security" not in plain.headers


async def test_no_answer_tells_what_serves_it(coventry: Neighbourhood) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    server = main.web_server(coventry.app, coventry.settings)
    server.config.lifespan = "off"
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as http:
        answer = await http.get("/console/sign-in")
    server.should_exit = True
    await serving
    assert answer.status_code == 200
    assert not {"server", "x-powered-by"} & set(answer.headers)


@pytest.mark.parametrize("route", ROUTES)
async def test_no_other_site_may_read_answers(officer: httpx.AsyncClient, route: str) -> None:
    asked = {**ELSEWHERE, "Access-Control-Request-Method": "GET"}
    for method, headers in (("GET", ELSEWHERE), ("OPTIONS", asked)):
        answer = await officer.request(method, route, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")], (method, route)


async def test_the_cookie_is_out_of_reach(officer: httpx.AsyncClient, coventry: Neighbourhood) -> None:
    (cookie,) = officer.cookies.jar
    assert cookie.path == "/console"
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
