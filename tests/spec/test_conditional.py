"""Conditional reads: whoever holds what there is to be seen is told so, and nothing else is told by that.

Promise 2: neither a tag nor a 304 tells what may not be seen. Promise 3: a 304 is audited before it is answered. That a
person who may not be known of answers as nobody, whatever the condition, stands in `test_unknown_person`.
"""

import random
from collections import defaultdict
from dataclasses import replace
from uuid import UUID

import pytest

from integration.api.conditional import HELD, tag_for
from integration.audit.codes import DETAIL
from integration.record.conditions import Query
from integration.record.consult import Consultation, Question
from integration.record.reader import Reader
from integration.record.single import find
from integration.sharing.request import Grant
from integration.store.database import act_as
from tests.spec.neighbourhood import NOW, SEVEN, Connected, Neighbourhood, caller_of

PER_TYPE = """
select distinct on (type) type, id from toldonce.resource
where person = $1 and type not in ('Consent', 'Flag', 'Provenance') order by type, id
"""
VIEWERS = (
    ("gp-system", "GP"),
    ("hospital-epr", "emergency doctor"),
    ("council-system", "social worker"),
    ("ambulance", "paramedic"),
    ("companions", "social prescriber"),
)
SECRET = bytes(32)


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


async def paths(coventry: Neighbourhood) -> list[str]:
    """The golden Patient, and a statement of each type."""
    her = await coventry.person()
    return [f"Patient/{her}", *(f"{row['type']}/{row['id']}" for row in await coventry.owner.fetch(PER_TYPE, her))]


async def test_what_is_held_already_is_not_sent_again(coventry: Neighbourhood, gp: Connected) -> None:
    for path in await paths(coventry):
        first = await gp.get(path)
        tag = first.headers["ETag"]
        versions = f"{path}/_history/{first.json()['meta']['versionId']}"
        for asked, condition in ((path, tag), (path, f'"other", {tag}'), (path, tag[2:]), (path, "*"), (versions, tag)):
            again = await gp.get(asked, If_None_Match=condition)
            assert (again.status_code, again.content) == (304, b""), (path, condition)
            assert again.headers["ETag"] == tag
            assert again.headers["Cache-Control"] == "private, no-cache"
        for condition in ('W/"0"', tag[:-3] + '0"' if tag[-3] != "0" else tag[:-3] + '1"', "nonsense", ""):
            anew = await gp.get(path, If_None_Match=condition)
            assert (anew.status_code, anew.content) == (200, first.content), (path, condition)


async def test_that_it_was_not_sent_is_in_the_audit(coventry: Neighbourhood, gp: Connected) -> None:
    """Who asked about whom, under which agreement, as of any read; and that nothing was sent anew."""
    path = f"Patient/{await coventry.person()}"
    whole = await gp.get(path)
    told = await gp.get(path, If_None_Match=whole.headers["ETag"])
    ((read,), (held,)) = (await coventry.event(whole), await coventry.event(told))
    assert told.status_code == 304
    said = [
        [(one["type"], one["valueString"]) for entity in event["entity"] for one in entity.get("detail", ())]
        for event in (read, held)
    ]
    assert [one for one in said[1] if one not in said[0] and HELD[1] in one] == [(f"{DETAIL}{HELD[0]}", HELD[1])]
    assert [one for one in said[0] if HELD[1] in one] == []
    assert (f"{DETAIL}count/Patient", "1") in said[1]
    assert held["agent"] == read["agent"]
    assert [path in str(event["entity"]) for event in (read, held)] == [True, True]


async def test_nothing_is_told_that_cannot_be_audited(
    coventry: Neighbourhood, gp: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"Patient/{await coventry.person()}"
    tag = (await gp.get(path)).headers["ETag"]

    async def full(_access: object) -> None:
        raise OSError

    monkeypatch.setattr(coventry.app.state.services.audit, "append", full)
    answer = await gp.get(path, If_None_Match=tag)
    assert answer.status_code == 500
    assert "ETag" not in answer.headers


async def test_who_sees_another_view_has_another_tag(coventry: Neighbourhood) -> None:
    """A tag of the one is a condition to the other, and never answered as if they saw the same."""
    person = await coventry.person()
    rows = await coventry.owner.fetch("select type, id from toldonce.resource where person = $1 order by id", person)
    views: dict[str, dict[str, bytes]] = defaultdict(dict)
    for client, role in VIEWERS:
        caller = await coventry.as_caller(client, role)
        for path in (f"Patient/{person}", *(f"{row['type']}/{row['id']}" for row in rows[::20])):
            answer = await caller.get(path)
            if answer.status_code != 200:
                continue
            for tag, body in views[path].items():
                other = await caller.get(path, If_None_Match=tag)
                assert other.status_code == 200 or body == answer.content, (client, path)
            views[path][answer.headers["ETag"]] = answer.content
    assert any(len(set(each.values())) > 1 for each in views.values())


async def test_two_grants_have_one_tag_where_they_show_the_same_and_only_there(coventry: Neighbourhood) -> None:
    """Any two Grants, drawn: fewer labels, single resources withheld, location removed."""
    drawn = random.Random(0)
    shown: dict[tuple[str, UUID], set[tuple[str, bytes]]] = defaultdict(set)
    records = coventry.app.state.services.records
    person = await coventry.person()
    async with records.consult(Question(caller_of(SEVEN[0]), NOW), person) as consultation:
        grant = consultation.decision
        rows = await consultation.reader.rows(Query())
    assert isinstance(grant, Grant)
    asked = [(one.type, one.id) for one in drawn.sample(rows, 20)] + [("Patient", person)]
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        for _ in range(15):
            one = _drawn(drawn, grant, [row.id for row in rows])
            async with connection.transaction(readonly=True):
                await act_as(connection, "toldonce_reader")
                for type_, id_ in asked:
                    by_person = (type_, id_) == ("Patient", person)
                    view = Consultation(one, Reader(connection, one), by_person=by_person)
                    if body := await find(view, type_, id_):
                        shown[(type_, id_)].add((tag_for(SECRET, "X1", body), body))
    assert all(len({tag for tag, _ in views}) == len({body for _, body in views}) for views in shown.values())
    assert sum(len(views) > 1 for views in shown.values()) > 5
    assert all(tag.count(".") == 1 for views in shown.values() for tag, _ in views)  # masked or not, of one form


def _drawn(drawn: random.Random, grant: Grant, ids: list[UUID]) -> Grant:
    return replace(
        grant,
        labels=tuple(one for one in grant.labels if drawn.random() < 0.8),
        withheld=tuple(drawn.sample(ids, drawn.randrange(len(ids) // 2))),
        hide_location=drawn.random() < 0.3,
        location_withheld=drawn.random() < 0.3,
    )


async def test_organisations_cannot_compare_tags(coventry: Neighbourhood) -> None:
    body = b'{"resourceType":"Encounter","id":"1","meta":{"versionId":"3"}}'
    tags = {tag_for(secret, name, body) for secret in (SECRET, b"1" * 32) for name in ("X1", "X2")}
    assert len(tags) == 4
    assert all(tag.startswith('W/"3.') for tag in tags)


async def test_a_date_is_heard_of_the_directory_only(coventry: Neighbourhood, gp: Connected) -> None:
    """What is shown of a person changes without a date that may be told."""
    later = "Sat, 01 Jan 2028 00:00:00 GMT"
    id_ = await coventry.owner.fetchval(
        "select id from toldonce.directory_resource where type = 'Organization' limit 1"
    )
    entry = await gp.get(f"Organization/{id_}")
    modified = entry.headers["Last-Modified"]
    for since in (modified, later):
        assert (await gp.get(f"Organization/{id_}", If_Modified_Since=since)).status_code == 304
    for since in ("Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 99999999999999999999 00:00:00 GMT", "yesterday"):
        assert (await gp.get(f"Organization/{id_}", If_Modified_Since=since)).status_code == 200
    both = await gp.get(f"Organization/{id_}", If_Modified_Since=later, If_None_Match='"another"')
    assert both.status_code == 200  # the tag outranks the date
    for path in await paths(coventry):
        answer = await gp.get(path, If_Modified_Since=later)
        assert (answer.status_code, "Last-Modified" in answer.headers) == (200, False), path


async def test_what_is_seen_by_breaking_the_glass_is_sent_each_time(coventry: Neighbourhood) -> None:
    medic = await coventry.asker("paramedic, glass broken")
    path = f"Patient/{await coventry.person()}"
    for condition in ("*", 'W/"1"'):
        answer = await medic.get(path, If_None_Match=condition)
        assert answer.status_code == 200
        assert "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"


async def test_the_conditions_of_a_batch_are_heard(coventry: Neighbourhood, gp: Connected) -> None:
    first, second = (await paths(coventry))[:2]
    tag = (await gp.get(first)).headers["ETag"]
    entries = [{"request": {"method": "GET", "url": path, "ifNoneMatch": tag}} for path in (first, second)]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    held, sent = (await gp.ask("POST", "", json=bundle)).json()["entry"]
    assert held == {"response": {"status": "304 Not Modified", "etag": tag}}
    assert sent["response"]["status"] == "200 OK"


async def test_the_history_has_the_tags_of_what_it_shows(coventry: Neighbourhood, gp: Connected) -> None:
    for path in await paths(coventry):
        tag = (await gp.get(path)).headers["ETag"]
        newest = (await gp.get(f"{path}/_history")).json()["entry"][0]
        assert newest["response"]["etag"] == tag, path


async def test_metadata_says_so(coventry: Neighbourhood) -> None:
    (rest,) = (await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")).json()["rest"]
    said = {one["type"]: one.get("conditionalRead") for one in rest["resource"]}
    assert (said["Encounter"], said["Patient"], said["Organization"]) == ("not-match", "not-match", "full-support")
    assert said["CodeSystem"] is None
