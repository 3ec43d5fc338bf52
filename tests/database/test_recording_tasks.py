"""Who does what next, and who coordinates: recorded, changed and ended through the API."""

from asyncio import create_task, sleep
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from integration.errors import FhirError, Forbidden, NotFound, PreconditionFailed, Unprocessable
from integration.feeds import EVERY
from integration.record.consult import Question, Records
from integration.record.coordinator import coordinating
from integration.record.reader import Query
from integration.recording.clerk import Clerk
from integration.recording.intent import Intended, Kept
from integration.recording.recorder import Recorder
from integration.sharing.request import Caller, Decision, Grant
from mappings import uk_core
from tests.database.ingesting import worker
from tests.database.recording import (
    adjustment,
    coordinator,
    everybody,
    organisation,
    recorder,
    send,
    site,
    subject,
    task,
)
from tests.database.serving import Site
from tests.spec.neighbourhood import NOW, Connected, resources

__all__ = ["everybody", "site"]

WHO_COORDINATES = {"participant-role": "http://snomed.info/sct|768820003", "status": "active", "_sort": "-date"}
TODAY = NOW.date()


async def made(caller: Connected, body: dict[str, Any]) -> dict[str, Any]:
    """It is recorded; as it is answered."""
    answer = await send(caller, "POST", body["resourceType"], body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def found(caller: Connected, type_: str, person: UUID, **criteria: str) -> list[dict[str, Any]]:
    answer = await caller.get(type_, {"patient": str(person), **criteria})
    assert answer.status_code == 200, answer.text
    return resources(answer.json(), "match")


async def test_a_task_goes_from_asked_for_to_done_and_everybody_who_may_sees_it(site: Site) -> None:
    her = await site.person()
    gp, council = await recorder(site), await site.as_caller("council-system", "social worker")
    asked = await made(gp, task(her, priority="urgent"))
    assert asked["code"]["coding"] == [uk_core.NEXT_STEP]
    assert asked["requester"]["identifier"]["value"] == "X90401"
    assert asked["contained"][0]["agent"][0]["who"]["identifier"]["value"] == "someone"
    for criteria in ({"status": "requested"}, {"due": "le2026-10-07"}, {"code": "next-step"}, {"priority": "urgent"},
                     {"owner:Organization.identifier": f"{uk_core.ODS_ORGANISATION}|X9L"}):  # fmt: skip
        assert [one["id"] for one in await found(council, "Task", her, **criteria)] == [asked["id"]], criteria
    assert await found(council, "Task", her, due="gt2026-10-08") == []
    assert asked["id"] in {one["id"] for one in resources((await council.everything(her)).json())}

    path = f"Task/{asked['id']}"
    done = {**asked, "status": "completed", "note": [{"text": "It hangs by the bed; she wears it now."}]}
    answer = await send(gp, "PUT", path, done, If_Match='W/"1"')
    assert answer.status_code == 200, answer.text
    assert answer.json()["authoredOn"] == asked["authoredOn"] < answer.json()["lastModified"]
    assert (await send(gp, "PUT", path, done, If_Match='W/"1"')).status_code == 412
    assert await found(council, "Task", her, status="requested,accepted") == []
    history = (await council.get(f"{path}/_history")).json()
    assert [one["resource"]["status"] for one in history["entry"]] == ["completed", "requested"]
    assert (await gp.ask("DELETE", f"{path}?reason=created-in-error")).status_code == 200
    assert (await council.get(path)).status_code == 404


async def test_whoever_is_asked_answers_with_a_task_that_is_part_of_it(site: Site) -> None:
    """An organisation changes what it said itself, and nothing else."""
    her = await site.person()
    gp, council = await recorder(site), await recorder(site, "council-system", "social worker")
    asked = await made(gp, task(her))
    accepted = {**asked, "status": "accepted"}
    assert (await send(council, "PUT", f"Task/{asked['id']}", accepted, If_Match='W/"1"')).status_code == 403
    part = {"reference": f"Task/{asked['id']}"}
    answered = await made(council, task(her, "The pendant alarm", status="accepted", partOf=[part]))
    assert [one["id"] for one in await found(gp, "Task", her, **{"part-of": part["reference"]})] == [answered["id"]]


async def test_a_next_step_is_part_of_the_plan_and_a_waiting_time_belongs_to_its_referral(site: Site) -> None:
    """So whoever sees plans and no referrals, as a doctor in A&E does, sees what was agreed on."""
    her = await site.person()
    await made(await recorder(site), task(her))
    doctor = await site.as_caller("hospital-epr", "emergency doctor")
    assert [one["code"]["coding"][0]["code"] for one in await found(doctor, "Task", her)] == ["next-step"]
    assert await found(doctor, "ServiceRequest", her) == []


async def test_who_coordinates_is_whoever_was_named_last_and_nobody_is_overwritten(site: Site) -> None:
    her = await site.person()
    gp, hospital = await recorder(site), await site.as_caller("hospital-epr", "hospital doctor")
    before = await found(hospital, "CareTeam", her, **WHO_COORDINATES)
    named = await made(gp, coordinator(her))
    shown = await found(hospital, "CareTeam", her, **WHO_COORDINATES)
    assert [one["id"] for one in shown] == [named["id"], *(one["id"] for one in before)]
    (first, *_) = coordinating(shown, TODAY)
    assert first.participant["member"]["display"] == "Priya Nair"
    assert first.participant["onBehalfOf"]["identifier"]["value"] == "X9H"

    over = {**named, "status": "inactive", "period": {"start": "2026-09-30", "end": "2026-09-30"}}
    assert (await send(gp, "PUT", f"CareTeam/{named['id']}", over, If_Match='W/"1"')).status_code == 200
    assert await found(hospital, "CareTeam", her, **WHO_COORDINATES) == before


async def test_whom_another_names_has_a_relationship_until_it_ends(site: Site) -> None:
    """The neighbourhood team does not know her, until her practice names one of it as her coordinator."""
    her = await site.person()
    gp, team = await recorder(site), await site.as_caller("int-south-west", "care coordinator")
    assert (await team.everything(her)).status_code == 404
    named = await made(gp, coordinator(her, code="X9N03"))
    assert (await team.everything(her)).status_code == 200
    removed = await gp.ask("DELETE", f"CareTeam/{named['id']}?reason=created-in-error")
    assert removed.status_code == 200, removed.text
    assert (await team.everything(her)).status_code == 404


class Heard:
    """A journal that remembers."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def kept(self, grant: Grant, intended: Sequence[Intended], kept: Sequence[Kept]) -> None:
        self.heard += [f"{one.interaction} {one.type}" for one in kept]

    async def refused(self, decision: Decision, error: FhirError) -> None:
        self.heard.append(type(error).__name__)


async def test_naming_oneself_is_a_claim_that_runs_out_as_any_word_of_ones_own(site: Site) -> None:
    """Nobody widens their own view: whoever has nothing but their own word is seen to have nothing else, loses it after
    its days, and can then not say it again."""
    her = await site.person()
    council = Caller("council-system", "X9L", "social worker", "TREAT", "someone")
    records: Records = site.app.state.services.records
    fed = await site.owner.fetch("select source_patient, evidence from toldonce.facts where until = 'infinity'")
    async with worker(site.database, feeds=EVERY) as pipeline:
        recorder_ = Recorder(pipeline.pool, pipeline.assembler)

        def clerk(days: int) -> Clerk:
            return Clerk(records, recorder_, Question(council, NOW + timedelta(days=days)), Heard())

        named = await clerk(0).create("CareTeam", coordinator(her, code="X9L"), "one")
        forgotten = "update toldonce.facts set evidence = '[]' where until = 'infinity' and source_patient = any($1)"
        await site.owner.execute(forgotten, [row["source_patient"] for row in fed])
        try:
            for days, claimed in ((0, True), (365, True), (366, False)):
                async with records.consult(Question(council, NOW + timedelta(days=days)), her) as consultation:
                    decision = consultation.decision
                assert (isinstance(decision, Grant) and decision.self_claimed) == claimed, days
                assert isinstance(decision, Grant) == claimed, days
            late = clerk(170)
            with pytest.raises(Forbidden, match="own word"):
                await late.create("CareTeam", coordinator(her, code="X9L", period={"start": "2027-03-01"}), "later")
            async with records.consult(late.question, her) as consultation:
                (row,) = await consultation.reader.rows(Query(types=("CareTeam",), ids=(named.id,)))
            later = {**row.resource(), "period": {"start": "2027-03-01"}}
            with pytest.raises(Forbidden, match="own word"):
                await late.update("CareTeam", named.id, later, named.version)
            over = {**row.resource(), "status": "inactive", "period": {"start": "2026-09-30", "end": "2027-03-01"}}
            assert (await late.update("CareTeam", named.id, over, named.version)).version == 2
            assert late.journal.heard == ["Forbidden", "Forbidden", "update CareTeam"]  # type: ignore[attr-defined]
            again = clerk(366)
            async with records.consult(again.question, her) as consultation:
                assert not isinstance(consultation.decision, Grant), "an end is no new sign"
            with pytest.raises(NotFound):
                await again.create("CareTeam", coordinator(her, code="X9L", period={"start": "2027-10-01"}), "two")
            assert again.journal.heard == ["NotFound"]  # type: ignore[attr-defined]
        finally:
            known = "update toldonce.facts set evidence = $2 where source_patient = $1 and until = 'infinity'"
            await site.owner.executemany(known, [(row["source_patient"], row["evidence"]) for row in fed])


async def test_who_names_themselves_while_another_takes_their_word_back_has_nothing_but_their_own(site: Site) -> None:
    """The practice takes back that it named the team; before that counts, the team names itself."""
    her = await site.person()
    team = Caller("int-south-west", "X9N03", "care coordinator", "TREAT", "someone")
    gp = await recorder(site)
    theirs = await made(gp, coordinator(her, code="X9N03"))
    records: Records = site.app.state.services.records
    async with worker(site.database, feeds=EVERY) as pipeline:
        recorder_ = Recorder(pipeline.pool, pipeline.assembler)

        class Naming(Heard):
            """Names the team, and does not let what was taken back count before that waits, or is done."""

            async def kept(self, grant: Grant, intended: Sequence[Intended], kept: Sequence[Kept]) -> None:
                clerk = Clerk(records, recorder_, Question(team, NOW), Heard())
                self.naming = create_task(clerk.create("CareTeam", coordinator(her, code="X9N03"), "mine"))
                while not (self.naming.done() or await site.owner.fetchval(WAITS)):
                    await sleep(0.01)

        journal = Naming()
        practice = Caller("gp-system", "X90401", "GP", "TREAT", "someone")
        removal = Intended("delete", "CareTeam", id=UUID(theirs["id"]), reason="created-in-error")
        clerk = Clerk(records, recorder_, Question(practice, NOW), journal)
        grant, _ = await clerk.seen("CareTeam", UUID(theirs["id"]))
        await clerk.record(grant, [removal])
        with pytest.raises(Forbidden, match="own word"):
            await journal.naming
    assert (await (await site.as_caller("int-south-west", "care coordinator")).everything(her)).status_code == 404


WAITS = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"


async def test_a_page_records_as_the_api_does(site: Site) -> None:
    """In one process, by the same steps: what is wrong is said, what is refused and what is kept is heard."""
    her = await site.person()
    nurse = Caller("console", "X9C", "community nurse", "TREAT", "Nurse Sample", user_authenticated=True)
    heard = Heard()
    async with worker(site.database, feeds=EVERY) as pipeline:
        recorder_ = Recorder(pipeline.pool, pipeline.assembler)
        clerk = Clerk(site.app.state.services.records, recorder_, Question(nurse, NOW), heard)
        with pytest.raises(Unprocessable) as wrong:
            await clerk.create("Task", task(her, owner={}), "one")
        assert [one.expression for one in wrong.value.issues] == ["Task.owner"]
        first = await clerk.create("Task", task(her), "one")
        gp = await site.as_caller("gp-system", "GP")
        shown = (await gp.get(f"Task/{first.id}")).json()
        assert shown["contained"][0]["agent"][0]["role"] == [{"text": "community nurse"}]
        second = await clerk.update("Task", first.id, {**shown, "status": "completed"}, first.version)
        assert (second.id, second.version) == (first.id, 2)
        with pytest.raises(PreconditionFailed):
            await clerk.update("Task", first.id, {**shown, "status": "cancelled"}, first.version)
        nobody = Clerk(clerk.records, recorder_, Question(replace(nurse, user=""), NOW), heard)
        with pytest.raises(Forbidden):
            await nobody.create("Task", task(her), "two")
    assert heard.heard == ["create Task", "update Task", "PreconditionFailed"]


@pytest.mark.parametrize(
    ("client", "role", "type_"),
    [
        ("hospital-epr", "hospital doctor", "CareTeam"),
        ("hospital-epr", "emergency doctor", "Task"),
        ("gp-system", "receptionist", "Task"),
        ("companions", "charity worker", "CareTeam"),
    ],
)
async def test_roles_record_what_the_agreements_say(site: Site, client: str, role: str, type_: str) -> None:
    her = await site.person()
    body = task(her) if type_ == "Task" else coordinator(her)
    answer = await send(await recorder(site, client, role), "POST", type_, body)
    assert answer.status_code == 403, answer.text


async def test_what_a_huddle_agreed_is_recorded_at_once_or_not_at_all(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)

    def bundle(*bodies: dict[str, Any]) -> dict[str, Any]:
        entries = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in bodies]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    agreed = (coordinator(her), task(her), task(her, "Review the tablets", owner=organisation("X90401")))
    wrong = await send(gp, "POST", "", bundle(*agreed, task(her, owner=subject(UUID(int=1)))))
    assert wrong.status_code == 422, wrong.text
    assert await found(gp, "Task", her, code="next-step") == []
    done = await send(gp, "POST", "", bundle(*agreed))
    assert done.status_code == 200, done.text
    assert len(await found(gp, "Task", her, code="next-step")) == 2


async def test_the_national_name_of_reading_flags_finds_them_by_number_with_what_they_lead_to(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    flag = await made(gp, adjustment(her))
    top = resources((await gp.get("PatientFlag?patient=9990000018")).json())
    assert [one["code"]["coding"][0]["code"] for one in top] == ["national-reasonable-adjustment-flag"]
    by_number = (await gp.get("PatientFlag?patient=9990000018&code=national-reasonable-adjustment-flag")).json()
    assert [one["id"] for one in resources(by_number, "match")] == [top[0]["id"]]
    assert flag["id"] in {one["id"] for one in resources(by_number, "include")}
    by_id = (await gp.get(f"PatientFlag?patient=Patient/{her}")).json()
    assert resources(by_id) == top
    for wrong in ("", "?patient=", "?patient=1234567890", "?patient=9990000018&patient=9990000026"):
        assert (await gp.get(f"PatientFlag{wrong}")).status_code == 400, wrong
    for nobody in ("9990000026", f"Patient/{uuid4()}", "unheard-of"):
        assert resources((await gp.get(f"PatientFlag?patient={nobody}")).json()) == []
