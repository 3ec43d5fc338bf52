"""Reasonable adjustments and choices, recorded, changed and ended through the API."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.database.recording import (
    adjustment,
    again_related,
    choice,
    everybody,
    existence,
    impairment,
    recipient,
    recorder,
    send,
    site,
)
from tests.database.serving import Site
from tests.spec.neighbourhood import resources

__all__ = ["everybody", "site"]


async def test_what_is_recorded_is_what_the_next_read_sees_and_everybody_who_may(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    made = await send(gp, "POST", "Flag", adjustment(her))
    assert made.status_code == 201, made.text
    flag = made.json()
    assert made.headers["ETag"] == 'W/"1"'
    assert made.headers["Location"].endswith(f"/Flag/{flag['id']}/_history/1")
    assert (await gp.get(f"Flag/{flag['id']}")).json() == flag
    council = await site.as_caller("council-system", "social worker")
    shown = {one["id"]: one for one in resources((await council.everything(her)).json())}
    assert shown[flag["id"]] == flag
    top = [one for one in shown.values() if one["resourceType"] == "Flag" and "category" not in one]
    assert len(top) == 1
    assert f"Flag/{flag['id']}" in str(top[0]["extension"])


async def test_a_choice_acts_at_once_and_can_be_looked_after(site: Site) -> None:
    her = await site.person()
    hospital = await site.as_caller("hospital-epr", "hospital doctor")
    before = len(resources((await hospital.everything(her)).json()))
    gp = await recorder(site)
    made = await send(gp, "POST", "Consent", choice(her))
    assert made.status_code == 201, made.text
    assert not made.content  # for care nobody sees choices
    id_ = made.headers["Location"].split("/")[-3]
    assert len(resources((await hospital.everything(her)).json())) < before
    office = await recorder(site, purpose="PATADMIN")
    consent = (await office.get(f"Consent/{id_}")).json()
    assert consent["provision"] == {"type": "deny"}
    assert consent["organization"][0]["identifier"]["value"] == "X90401"
    withdrawn = await send(office, "PUT", f"Consent/{id_}", {**consent, "status": "inactive"}, If_Match='W/"1"')
    assert withdrawn.status_code == 200, withdrawn.text
    assert len(resources((await hospital.everything(her)).json())) == before
    assert (await gp.ask("DELETE", f"Consent/{id_}")).status_code == 405
    history = (await office.get(f"Consent/{id_}/_history")).json()
    assert [one["resource"]["status"] for one in history["entry"]] == ["inactive", "active"]


async def test_the_national_conditional_delete_ends_all_that_the_organisation_recorded(site: Site) -> None:
    her = await site.person()
    gp, council = await recorder(site), await recorder(site, "council-system", "social worker")
    for body in (adjustment(her), impairment(her)):
        assert (await send(gp, "POST", body["resourceType"], body)).status_code == 201
    others = (await send(council, "POST", "Flag", adjustment(her, "1108161000000109"))).json()
    code = "code=national-reasonable-adjustment-flag"
    for path in ("Flag", "PatientFlag"):
        without = await gp.ask("DELETE", f"{path}?patient=9990000018&{code}")
        assert without.status_code == 400
    done = await gp.ask("DELETE", f"Flag?patient=9990000018&{code}&reason=DoesntApply")
    assert done.status_code == 200, done.text
    left = resources((await gp.get(f"Flag?patient={her}")).json())
    mine = [one for one in left if one["meta"]["source"] == "urn:toldonce:source:X90401:recorded"]
    assert mine == []
    assert others["id"] in {one["id"] for one in left}
    assert (await gp.get(f"Condition?patient={her}&category=national-reasonable-adjustment-flag")).status_code == 200


async def test_a_transaction_records_all_or_nothing(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    basis = choice(her, "share-adjustments-nationally", "permit")

    def bundle(*bodies: dict[str, Any]) -> dict[str, Any]:
        entries = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in bodies]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    broken = await send(gp, "POST", "PatientFlag", bundle(adjustment(her), {**impairment(her), "code": {"text": "x"}}))
    assert broken.status_code == 422, broken.text
    assert broken.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource.Condition.code"]
    assert not await site.owner.fetchval("select count(*) from toldonce.envelope where feed = 'recorded'")
    done = await send(gp, "POST", "PatientFlag", bundle(existence(her), adjustment(her), impairment(her), basis))
    assert done.status_code == 200, done.text
    assert [one["response"]["status"] for one in done.json()["entry"]] == ["201"] * 4
    assert await site.owner.fetchval("select count(*) from toldonce.envelope where feed = 'recorded'") == 1
    top = (await gp.get("Flag/" + done.json()["entry"][0]["response"]["location"].split("/")[-3])).json()
    led_to = {one["valueReference"]["reference"].split("/")[0] for one in top["extension"]}
    assert {"Flag", "Condition"} <= led_to
    assert "Consent" not in led_to  # that is for those who may see it
    kept = await site.owner.fetchval("select body from toldonce.resource where id = $1", UUID(top["id"]))
    assert b"Consent/" in kept


async def test_a_request_that_is_sent_again_is_recorded_once(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    again = str(uuid4())
    first = await send(gp, "POST", "Flag", adjustment(her), X_Request_ID=again)
    second = await send(gp, "POST", "Flag", adjustment(her), X_Request_ID=again)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    other = await send(gp, "POST", "Flag", adjustment(her, "1108161000000109"), X_Request_ID=again)
    assert other.status_code == 409
    tops = [await send(gp, "POST", "Flag", existence(her)) for _ in range(2)]
    assert {one.status_code for one in tops} == {200}  # there is one, made of what stands


async def test_nobody_changes_what_another_said(site: Site) -> None:
    her = await site.person()
    gp, council = await recorder(site), await recorder(site, "council-system", "social worker")
    flag = (await send(gp, "POST", "Flag", adjustment(her))).json()
    fed = next(
        one
        for one in resources((await council.get(f"Flag?patient={her}")).json())
        if not one["meta"]["source"].endswith(":recorded") and "category" in one and "X9L" not in one["meta"]["source"]
    )
    for theirs in (flag, fed):
        etag = f'W/"{theirs["meta"]["versionId"]}"'
        mine = {**adjustment(her), "id": theirs["id"]}
        for answer in (
            await send(council, "PUT", f"Flag/{theirs['id']}", mine, If_Match=etag),
            await council.ask("DELETE", f"Flag/{theirs['id']}?reason=created-in-error"),
        ):
            assert answer.status_code == 403, answer.text
        assert (await council.get(f"Flag/{theirs['id']}")).json() == theirs


@pytest.mark.parametrize(
    ("client", "role", "rest"),
    [
        ("hospital-epr", "emergency doctor", {}),  # the agreements do not let this role record
        ("gp-system", "receptionist", {}),  # records no impairments
        ("gp-system", "GP", {"user": ""}),  # whoever records is named
    ],
)
async def test_who_may_not_record_is_told_so_and_nothing_is_kept(
    site: Site, client: str, role: str, rest: dict[str, str]
) -> None:
    caller = await recorder(site, client, role, **rest)
    answer = await send(caller, "POST", "Condition", impairment(await site.person()))
    assert answer.status_code == 403, answer.text
    reading = await site.as_caller("gp-system", "GP")
    assert (await send(reading, "POST", "Flag", adjustment(await site.person()))).status_code == 403
    assert not await site.owner.fetchval("select count(*) from toldonce.envelope where feed = 'recorded'")


async def test_whoever_may_not_be_known_of_answers_as_nobody(site: Site) -> None:
    """The hospital's doctor may know of Mrs T; the charity that does not know her may not: and so it answers of her as
    of somebody whom nobody knows."""
    her, nobody = await site.person(), uuid4()
    caller = await recorder(site, "gp-system", "GP")
    stranger = await site.owner.fetchval("select id from toldonce.source_patient where person = $1 limit 1", her)
    await site.owner.execute("update toldonce.facts set evidence = '[]' where until = 'infinity'")
    try:
        for person in (her, nobody, stranger):
            for method, path, body in (
                ("POST", "Flag", adjustment(person)),
                ("POST", "Consent", choice(person)),
                ("DELETE", f"Flag?patient={person}&code=national-reasonable-adjustment-flag&reason=Error", None),
            ):
                answer = await send(caller, method, path, body)
                assert answer.status_code == 404, (path, answer.text)
                (event,) = await site.event(answer)
                assert event["outcome"] == "8"
    finally:
        await again_related(site)


async def test_every_write_has_its_audit_event_and_so_has_every_refusal(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    made = await send(gp, "POST", "Flag", adjustment(her))
    (event,) = await site.event(made)
    path = f"Flag/{made.json()['id']}"
    assert (event["action"], event["outcome"], event["subtype"][0]["code"]) == ("C", "0", "create")
    assert path in str(event["entity"])
    stale = await send(gp, "PUT", path, made.json(), If_Match='W/"7"')
    (event,) = await site.event(stale)
    assert (event["action"], event["outcome"]) == ("U", "4")
    assert "412" in event["outcomeDesc"]
    assert str(her) in str(event["entity"])
    removed = await gp.ask("DELETE", f"{path}?reason=created-in-error")
    events = await site.event(removed)
    assert {event["action"] for event in events} == {"D"}
    assert any("created-in-error" in str(event) for event in events)


async def test_nothing_is_recorded_that_cannot_be_audited(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    her = await site.person()
    gp = await recorder(site)
    log = site.app.state.services.audit

    async def full(_access: object) -> None:
        from integration.errors import AuditUnavailable

        raise AuditUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(log, "append", full)
        assert (await send(gp, "POST", "Flag", adjustment(her))).status_code == 503
    assert not await site.owner.fetchval("select count(*) from toldonce.envelope where feed = 'recorded'")


async def test_restricting_an_organisation_acts_on_that_one(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    provision = {"actor": [recipient("X9A")]}
    made = await send(gp, "POST", "Consent", choice(her, "restrict-organisation", provision=provision))
    assert made.status_code == 201, made.text
    hospital = await site.as_caller("hospital-epr", "hospital doctor")
    council = await site.as_caller("council-system", "social worker")
    assert resources((await hospital.everything(her)).json(), "match", "include") == []
    assert len(resources((await council.everything(her)).json())) > 1


async def test_nobody_sends_what_was_recorded_here_as_a_file(site: Site) -> None:
    caller = await site.as_caller("companions", "social prescriber", scope="system/Binary.c")
    answer = await site.http.post(
        "/ingest/recorded", headers={"Authorization": f"Bearer {caller.token}"}, content=b"{}"
    )
    assert answer.status_code == 404


async def test_a_process_that_makes_other_ids_records_nothing(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    id_ = await site.owner.fetchval("select issued_to from toldonce.person where id = $1", her)
    await site.owner.execute("update toldonce.source_patient set local_id = local_id || 'x' where id = $1", id_)
    try:
        assert (await send(gp, "POST", "Flag", adjustment(her))).status_code == 500
    finally:
        await site.owner.execute("update toldonce.source_patient set local_id = left(local_id, -1) where id = $1", id_)
    assert not await site.owner.fetchval("select count(*) from toldonce.envelope where feed = 'recorded'")


async def test_the_capability_statement_says_what_can_be_written(site: Site) -> None:
    stated = (await site.http.get(f"{site.settings.fhir_base}/metadata")).json()["rest"][0]
    by_type = {one["type"]: one for one in stated["resource"]}
    for type_, codes in (
        ("Flag", {"create", "update", "delete", "vread", "history-instance", "history-type"}),
        ("Condition", {"create", "update", "delete"}),
        ("Consent", {"create", "update", "vread"}),
        ("Task", {"create", "update", "delete", "history-type"}),
        ("CareTeam", {"create", "update", "delete"}),
    ):
        assert codes <= {one["code"] for one in by_type[type_]["interaction"]}
    assert by_type["Flag"]["conditionalDelete"] == "multiple"
    assert by_type["Flag"]["versioning"] == "versioned-update"
    assert {"code": "transaction"}.items() <= stated["interaction"][0].items()
    assert "create" not in {one["code"] for one in by_type["Encounter"]["interaction"]}
