"""What waits for an officer's signature: every emergency, and a sample of the accesses on the caller's own word."""

import orjson
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from integration.audit import alerts
from integration.audit.entry import rendered
from integration.audit.told import told
from integration.console.desk import Desk
from integration.errors import BadRequest, NotFound

MOST = 200
_OUTCOMES = {"sign off": alerts.SIGNED_OFF, "escalate": alerts.ESCALATED}


def alert_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/alerts", response_model=None)
    async def queue(request: Request) -> Response:
        officer = await desk.officer(request)
        everything = request.query_params.get("all") == "yes"
        async with desk.acting("toldonce_officer") as connection:
            found = await alerts.alerts(connection, kind=None, everything=everything, limit=MOST)
        await desk.account(request, officer, counts={"alerts": len(found)})
        names = desk.policy().agreements.names
        return desk.page("alerts.html", officer, alerts=found, names=names, everything=everything, most=MOST)

    @router.get("/alerts/{number}", response_model=None)
    async def one(request: Request, number: int) -> Response:
        officer = await desk.officer(request)
        async with desk.acting("toldonce_officer") as connection:
            found = await alerts.alert(connection, number)
            steps = await alerts.steps(connection, number)
        if found is None:
            raise NotFound
        async with desk.acting("toldonce_audit_reader") as connection:
            content = await connection.fetchval(
                "select content from toldonce.audit_event where id = $1 and recorded = $2", found.event, found.raised
            )
        event = told(orjson.loads(rendered(content))) if content else None
        await desk.account(request, officer, details=[("alerts/alert", str(number))])
        return desk.page(
            "alert.html", officer, alert=found, steps=steps, event=event, names=desk.policy().agreements.names
        )

    @router.post("/alerts/{number}", response_model=None)
    async def step(request: Request, number: int) -> Response:
        officer = await desk.officer(request)
        form = await desk.form(request, officer)
        note, outcome = str(form.get("note", "")).strip(), _OUTCOMES.get(str(form.get("outcome", "")))
        if outcome is None or not note:
            raise BadRequest("Say what you found before you sign off or escalate.")
        async with desk.acting("toldonce_officer", readonly=False) as connection:
            if not await alerts.take_step(connection, number, officer.name, outcome, note):
                raise BadRequest("This alert is signed off already, or there is none of that number.")
            await desk.account(
                request,
                officer,
                details=[("alerts/alert", str(number)), ("alerts/outcome", outcome), ("alerts/note", note)],
            )
        return RedirectResponse("/console/alerts", 303)
