"""A record too long to be held: sent piece by piece, the same as if it were sent whole, with two audit events."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from integration.api import everything
from integration.audit import codes
from integration.record.consult import Records
from tests.spec.neighbourhood import SEVEN, Connected, Neighbourhood, resources

ANSWERED = [asker for asker in SEVEN if asker.name != "unrelated hospital"]


@pytest.fixture(scope="module")
async def mrs_t(coventry: Neighbourhood) -> UUID:
    return await coventry.person()


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a record long is its number of resources: here seven."""
    monkeypatch.setattr(everything, "PIECE", 7)


@pytest.fixture
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


def contents(answer: httpx.Response) -> dict[str, Any]:
    """Every entry once, by what it is the full URL of (or by mode)."""
    entries = answer.json()["entry"]
    found = {one.get("fullUrl", one["search"]["mode"]): one for one in entries}
    assert len(found) == len(entries)
    return found


def details(event: dict[str, Any]) -> dict[str, str]:
    return {
        one["type"].removeprefix(codes.DETAIL): one["valueString"]
        for entity in event["entity"]
        for one in entity.get("detail", ())
    }


async def streamed(caller: Connected, person: UUID) -> httpx.Response:
    answer = await caller.everything(person)
    assert answer.status_code == 200
    assert "content-length" not in answer.headers
    return answer


@pytest.mark.parametrize("asker", ANSWERED, ids=[one.name for one in ANSWERED])
async def test_a_long_answer_is_the_same_as_a_whole_one(coventry: Neighbourhood, mrs_t: UUID, asker, monkeypatch):
    caller = await coventry.asker(asker.name)
    whole = await caller.everything(mrs_t)
    assert "content-length" in whole.headers
    most = len(resources(whole.json(), "match"))
    monkeypatch.setattr(everything, "PIECE", max(1, most // 4))

    long = await streamed(caller, mrs_t)

    assert contents(long) == contents(whole)
    assert {**long.json(), "entry": None} == {**whole.json(), "entry": None}


async def test_it_has_an_event_before_its_first_byte_and_one_that_tells_what_was_sent(
    coventry: Neighbourhood, gp: Connected, mrs_t: UUID, in_pieces: None
):
    answer = await streamed(gp, mrs_t)

    begun, ended = sorted(map(details, await coventry.event(answer)), key=lambda one: one["answer"])
    assert begun["answer"] == "begun"
    assert begun["decision"] == ended["decision"] == "granted"
    assert not [name for name in begun if name.startswith("count/")]
    assert ended["answer"] == "whole"
    assert ended["digest"] == hashlib.sha256(answer.content).hexdigest()
    sent = Counter(one["resourceType"] for one in resources(answer.json(), "match"))
    assert {f"count/{name}": str(number) for name, number in sent.items()} == {
        name: number for name, number in ended.items() if name.startswith("count/")
    }


class Caller:
    """Takes the first piece of an answer, and then hangs up."""

    def __init__(self, coventry: Neighbourhood, token: str, person: UUID) -> None:
        self.request_id = str(uuid4())
        self.taken: list[bytes] = []
        headers = {"host": "127.0.0.1", "authorization": f"Bearer {token}", "x-request-id": self.request_id}
        self._app = coventry.app
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"/fhir/Patient/{person}/$everything",
            "raw_path": b"",
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }

    async def ask(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.disconnect" if self.taken else "http.request"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.taken.append(message["body"])


async def test_of_one_that_was_cut_short_the_audit_says_so(
    coventry: Neighbourhood, gp: Connected, mrs_t: UUID, in_pieces: None
):
    caller = Caller(coventry, gp.token, mrs_t)

    await caller.ask()

    (taken,) = caller.taken
    events = await coventry.events(caller.request_id)
    (ended,) = [one for one in map(details, events) if one["answer"] == "cut short"]
    assert len(events) == len(("begun", "cut short"))
    assert ended["digest"] == hashlib.sha256(taken).hexdigest()
    assert await idle(coventry)


async def idle(coventry: Neighbourhood) -> bool:
    """Whether every connection that records are read on is free again, and no transaction on them has begun to read.
    Who writes checkpoints to their second place is in a transaction for a moment; what was left behind would stay."""
    records: Records = coventry.app.state.services.records
    for _ in range(100):
        open_transactions = await coventry.owner.fetchval(
            "select count(*) from pg_stat_activity where state like 'idle in transaction%' and "
            "backend_xmin is not null and datname = current_database() and usename = 'toldonce_api'"
        )
        if open_transactions == 0 and not any(one and one.lent for one in (records.begun, records.ready)):
            return True
        await asyncio.sleep(0.1)
    return False


@pytest.fixture
async def unwritable(coventry: Neighbourhood) -> AsyncIterator[None]:
    """Of the events of an answer the second cannot be written."""
    await coventry.owner.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'full'; end $$; "
        "create trigger refuse before insert on toldonce.audit_event for each row "
        "when (position('whole'::bytea in new.content) > 0) execute function refuse()"
    )
    yield
    await coventry.owner.execute("drop trigger refuse on toldonce.audit_event; drop function refuse")


@pytest.mark.usefixtures("unwritable", "in_pieces")
async def test_without_its_second_event_an_answer_is_never_whole(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    with pytest.raises(Exception, match="cut short"):
        await gp.everything(mrs_t)

    assert await idle(coventry)


async def test_what_was_asked_for_in_pages_is_not_streamed(gp: Connected, mrs_t: UUID, in_pieces: None):
    answer = await gp.everything(mrs_t, {"_count": 20})

    assert "content-length" in answer.headers
    assert len(json.loads(answer.content)["entry"]) > 20


async def test_slow_readers_leave_connections_to_others(
    coventry: Neighbourhood, gp: Connected, mrs_t: UUID, in_pieces: None
):
    """Long answers that are under way take every place: another is refused, and audited, a page is not."""
    places = coventry.app.state.services.long_answers
    with ExitStack() as slow:
        for _ in range(places._free):
            slow.enter_context(places.place())

        refused = await gp.everything(mrs_t)
        page = await gp.get(f"Patient/{mrs_t}/$everything", {"_count": "5"})

    assert (refused.status_code, page.status_code) == (429, 200)
    assert int(refused.headers["Retry-After"]) > 0
    assert [one["outcome"] for one in await coventry.event(refused)] == ["4"]
    assert (await streamed(gp, mrs_t)).json()["entry"]  # a place is free again


async def test_an_answer_gives_its_place_back_also_when_nobody_takes_it(
    coventry: Neighbourhood, gp: Connected, mrs_t: UUID, in_pieces: None
):
    places = coventry.app.state.services.long_answers
    free = places._free

    await streamed(gp, mrs_t)
    await Caller(coventry, gp.token, mrs_t).ask()

    assert places._free == free
