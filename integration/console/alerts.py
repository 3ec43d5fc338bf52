"""What waits for an officer's signature: every emergency, and a sample of the accesses on the caller's own word."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from adapters.records import LONDON
from integration.api.outcome import route_template
from integration.audit import alerts
from integration.audit.alert_desk import AlertDesk
from integration.audit.glance import glance_of_fhir
from integration.audit.sights import Seen
from integration.audit.told import told
from integration.audit.who_saw import sentences
from integration.console.desk import Desk, caller
from integration.console.events import stated
from integration.console.sessions import Officer
from integration.errors import BadRequest

MOST = 200
_OUTCOMES = {"sign off": alerts.SIGNED_OFF, "escalate": alerts.ESCALATED}


def alert_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them. Every step is audited by the alert desk itself."""

    @router.get("/alerts", response_model=None)
    async def queue(request: Request) -> Response:
        officer = await desk.officer(request)
        everything = request.query_params.get("all") == "yes"
        found = await _alerts(desk, request, officer).listed(None, everything=everything, limit=MOST)
        names = desk.policy().agreements.names
        return desk.page("alerts.html", officer, alerts=found, names=names, everything=everything, most=MOST)

    @router.get("/alerts/{number}", response_model=None)
    async def one(request: Request, number: int) -> Response:
        officer = await desk.officer(request)
        alert, steps, event, correction = await _alerts(desk, request, officer).shown(number)
        policy = desk.policy()
        names = policy.agreements.names
        seen = correction.seen if correction else ()
        return desk.page(
            "alert.html",
            officer,
            alert=alert,
            steps=steps,
            event=told(glance_of_fhir(event)) if event else None,
            stated=stated(event) if event else "",
            names=names,
            correction=correction,
            kind=correction.kind if correction else "",
            seen=seen,
            sentences=sentences(seen, names, policy.purpose_names),
            links=[_accesses(one) for one in seen],
        )

    @router.post("/alerts/{number}", response_model=None)
    async def step(request: Request, number: int) -> Response:
        officer = await desk.officer(request)
        form = await desk.form(request, officer)
        note, outcome = str(form.get("note", "")).strip(), _OUTCOMES.get(str(form.get("outcome", "")))
        if outcome is None or not note:
            raise BadRequest("Say what you found before you sign off or escalate.")
        await _alerts(desk, request, officer).step(number, outcome, note)
        return RedirectResponse("/console/alerts", 303)


def _accesses(one: Seen) -> str:
    """Where the accesses of a caller are, on the days that are told of; it names nobody whose record it was."""
    days = {name: f"{at.astimezone(LONDON):%Y-%m-%d}" for name, at in (("start", one.first), ("end", one.last))}
    user = {"user": one.user} if one.user else {}
    return f"/console/accesses?{urlencode({'organisation': one.organisation, **user, **days})}"


def _alerts(desk: Desk, request: Request, officer: Officer) -> AlertDesk:
    return AlertDesk(desk.pool, desk.log, caller(officer), f"{request.method} {route_template(request.scope)}")
