"""Versions of what is recorded: which one a change is based on, and what the history of them tells, to whom."""

from asyncio import gather
from collections import Counter
from uuid import UUID

import asyncpg

from tests.database.recording import (
    adjustment,
    again_related,
    ended,
    everybody,
    organisation,
    recorder,
    send,
    site,
    task,
)
from tests.database.serving import Site
from tests.spec.neighbourhood import resources

__all__ = ["everybody", "site"]


async def test_a_flag_is_changed_and_ended_by_the_version_that_was_read(site: Site, owner: asyncpg.Connection) -> None:
    her = await site.person()
    gp = await recorder(site)
    flag = (await send(gp, "POST", "Flag", adjustment(her))).json()
    path = f"Flag/{flag['id']}"
    changed = {**flag, "period": {"start": "2026-09-01"}}
    answer = await send(gp, "PUT", path, changed, If_Match='W/"1"')
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == 'W/"2"'
    assert answer.json()["period"] == {"start": "2026-09-01"}
    assert answer.json()["contained"][0]["activity"]["coding"][0]["code"] == "UPDATE"
    for etag in ("1", 'W/"1"', 'W/"2-1"', "", None):
        stale = await send(gp, "PUT", path, changed, **({} if etag is None else {"If_Match": etag}))
        assert stale.status_code == 412, etag
        assert stale.json()["issue"][0]["details"]["coding"][0]["code"] == "PRECONDITION_FAILED"
    over = {**changed, "status": "inactive", "extension": ended()}
    assert (await send(gp, "PUT", path, over, If_Match='W/"2"')).status_code == 200
    top = [one for one in resources((await gp.get(f"Flag?patient={her}")).json()) if "category" not in one]
    assert all(path not in str(one) for one in top)  # what has ended is led to no more
    removed = await gp.ask("DELETE", f"{path}?reason=created-in-error")
    assert removed.status_code == 200, removed.text
    assert (await gp.get(path)).status_code == 404
    assert (await gp.get(f"{path}/_history/4")).status_code == 410
    history = (await gp.get(f"{path}/_history")).json()
    assert [one["request"]["method"] for one in history["entry"]] == ["DELETE", "PUT", "PUT", "POST"]
    assert [one.get("resource", {}).get("status") for one in history["entry"]] == [None, "inactive", "active", "active"]
    assert (await gp.get(f"{path}/_history/1")).json() == flag
    assert await owner.fetchval("select count(*) from toldonce.envelope where feed = 'recorded'") == 4


async def test_of_many_who_change_the_same_version_at_once_exactly_one_wins(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    flag = (await send(gp, "POST", "Flag", adjustment(her))).json()
    for version in range(1, 4):
        changes = [{**flag, "period": {"start": f"2026-09-0{day}"}} for day in range(1, 9)]
        etag = f'W/"{version}"'
        answers = await gather(*(send(gp, "PUT", f"Flag/{flag['id']}", one, If_Match=etag) for one in changes))
        assert Counter(one.status_code for one in answers) == {200: 1, 412: 7}
        (won,) = (one.json() for one in answers if one.status_code == 200)
        assert (await gp.get(f"Flag/{flag['id']}")).json() == won
    creations = await gather(*(send(gp, "POST", "Flag", adjustment(her)) for _ in range(6)))
    assert {one.status_code for one in creations} == {201}
    assert len({one.json()["id"] for one in creations}) == 6


async def test_what_is_seen_masked_is_not_changed_by_its_tag_or_its_version(site: Site) -> None:
    """Whoever sees it whole changes it by the tag of a read."""
    her = await site.person()
    gp = await recorder(site)
    asked = (await send(gp, "POST", "Task", task(her, owner=organisation("X90401", "The surgery")))).json()
    path = f"Task/{asked['id']}"
    whole = await gp.get(path)
    changed = {**whole.json(), "status": "in-progress"}
    assert (await send(gp, "PUT", path, changed, If_Match=whole.headers["ETag"])).status_code == 200
    whole = await gp.get(path)
    await site.owner.execute("update toldonce.facts set restricted = true where until = 'infinity'")
    masked = await gp.get(path)
    assert masked.json()["meta"]["versionId"] == whole.json()["meta"]["versionId"] == "2"
    assert masked.json()["owner"] == {"display": "withheld"}
    assert (await gp.get(path, If_None_Match=whole.headers["ETag"])).status_code == 200
    assert (await gp.get(path, If_None_Match=masked.headers["ETag"])).status_code == 304
    for etag in (whole.headers["ETag"], masked.headers["ETag"], 'W/"2"'):
        refused = await send(gp, "PUT", path, {**whole.json(), "status": "completed"}, If_Match=etag)
        assert refused.status_code == 403, refused.text
        assert "withheld" in refused.json()["issue"][0]["diagnostics"]
    await site.owner.execute("update toldonce.facts set restricted = false where until = 'infinity'")
    assert (await gp.get(path)).content == whole.content


async def test_history_shows_nothing_of_what_has_become_sensitive(site: Site) -> None:
    """A later mark acts on every earlier version, however it is asked for."""
    her = await site.person()
    gp = await recorder(site)
    flag = (await send(gp, "POST", "Flag", adjustment(her))).json()
    await send(gp, "PUT", f"Flag/{flag['id']}", {**flag, "period": {"start": "2026-09-01"}}, If_Match='W/"1"')
    label = await site.owner.fetchval(
        "insert into toldonce.label (organisation, category, sensitivities) "
        "values ('X90401', 'reasonable adjustments', '{safeguarding}') on conflict (organisation, category, "
        "sensitivities) do update set category = excluded.category returning id"
    )
    council = await site.as_caller("council-system", "approved mental health professional")
    prescriber = await site.as_caller("hospital-epr", "hospital doctor")
    assert (await prescriber.get(f"Flag/{flag['id']}/_history/1")).status_code == 200
    await site.owner.execute("update toldonce.resource set label = $1 where id = $2", label, UUID(flag["id"]))
    await site.owner.execute("update toldonce.facts set labels = labels || $1::int where until = 'infinity'", label)
    assert (await council.get(f"Flag/{flag['id']}/_history/1")).status_code == 200
    for path in (f"Flag/{flag['id']}/_history/1", f"Flag/{flag['id']}/_history", f"Flag/{flag['id']}"):
        assert (await prescriber.get(path)).status_code == 404, path
    whole = (await prescriber.get(f"Flag/_history?patient={her}")).json()
    assert flag["id"] not in str(whole)
    assert flag["id"] in str((await council.get(f"Flag/_history?patient={her}")).json())
    await again_related(site)


async def test_a_history_is_paged_from_the_newest_to_the_oldest(site: Site) -> None:
    her = await site.person()
    gp = await recorder(site)
    flag = (await send(gp, "POST", "Flag", adjustment(her))).json()
    for version in range(1, 5):
        day = {"start": f"2026-09-0{version}"}
        await send(gp, "PUT", f"Flag/{flag['id']}", {**flag, "period": day}, If_Match=f'W/"{version}"')
    pages, path = [], f"Flag/{flag['id']}/_history?_count=2"
    while path:
        page = (await gp.get(path)).json()
        pages.append([one["response"]["etag"].partition(".")[0] for one in page["entry"]])
        path = next((one["url"] for one in page["link"] if one["relation"] == "next"), "")
    assert pages == [['W/"5', 'W/"4'], ['W/"3', 'W/"2'], ['W/"1']]
    assert (await gp.get(f"Flag/{flag['id']}/_history?_count=0")).status_code == 400
    assert (await gp.get(f"Flag/{flag['id']}/_history?nonsense=1")).status_code == 400
    assert (await gp.get("Flag/_history")).status_code == 400
    person = (await gp.get(f"Patient/{her}/_history")).json()
    assert [one["resource"]["id"] for one in person["entry"]] == [str(her)]
