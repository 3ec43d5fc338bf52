"""What is taken away is obeyed by the very next read, notification, page of a running export and frame of a stream.

Three things are taken away (a membership ends, the person objects, the agreements expire at midnight) in four ways of
being told: each of the twelve has its test. In each the neighbourhood team is first told of an arrival of hers at A&E,
then of nothing more.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from adapters.records import LONDON
from integration import demo
from integration.recording.kinds import RECORD_SCOPES
from integration.sharing import current
from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.database import Database
from integration.teams.caseloads import membership
from integration.teams.caseloads.document import load
from integration.teams.caseloads.membership import Place
from integration.teams.export import files, jobs
from integration.teams.export.exports import Exports
from integration.teams.export.files import Fetching
from integration.teams.export.jobs import exporter
from tests.database.exporting import asked
from tests.database.ingesting import SECRET
from tests.database.recording import choice, cleared, send
from tests.database.streams import connected, served
from tests.database.subscribing import Subscriber, Told, message, pid_of, subscription, telling, until
from tests.spec.neighbourhood import Connected

pytestmark = pytest.mark.slow
TEAM = Caller("int-south", "X9N04", "care coordinator", "TREAT", "someone")
WHOSE = {"client": TEAM.client, "role": TEAM.role}
MRS_T, MRS_B = ("mrs-t", "9990000018"), ("mrs-b", "9990000026")
CASELOAD = (demo.CASELOADS / "int-south.yaml").read_text()
DESCRIBED = load(CASELOAD)
EVENING = time(23, 57, tzinfo=LONDON)
BEFORE_MIDNIGHT = datetime.combine(datetime.now(LONDON).date() + timedelta(days=1), EVENING)
"""Minutes before the agreements expire: a token that is issued now still holds when they have."""
NEWEST = "select id from toldonce.resource where person = $1 and type = 'Encounter' order by recorded desc limit 1"
NUMBERED = "select count(*) from toldonce.notification where number is not null"


@dataclass(frozen=True)
class Site:
    """`her`: of the two on the team's caseload the one whose place in an export is the later."""

    told: Told
    her: UUID
    key: str

    async def arrives(self) -> UUID:
        """She arrives at A&E; the Encounter."""
        at = self.told.clock() - timedelta(minutes=5)
        await self.told.send(message("A01", at, uuid4().hex[:12], pid_of(self.key), f2="E"))
        found: UUID = await self.told.owner.fetchval(NEWEST, self.her)
        return found

    async def team(self) -> Connected:
        """The team's system, with a token of this moment."""
        return await self.told.as_caller(TEAM.client, TEAM.role, TEAM.purpose)

    async def work(self, do: Callable[[Connection], Awaitable[object]]) -> None:
        """In a transaction of those who keep memberships."""
        async with self.told.database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
            async with connection.transaction():
                await do(connection)


async def the_membership_ends(site: Site) -> None:
    why = ("Dr Daniels", "declined")
    await site.work(lambda one: membership.end(one, DESCRIBED, [site.her], why, site.told.clock()))


async def she_objects(site: Site) -> None:
    """At the hospital where she arrived."""
    scope = " ".join(("system/*.rs", *RECORD_SCOPES))
    doctor = await site.told.as_caller("hospital-epr", "hospital doctor", "TREAT", scope=scope)
    said = choice(site.her, dateTime=site.told.clock().isoformat(timespec="seconds"))
    answer = await send(doctor, "POST", "Consent", said)
    assert answer.status_code == 201, answer.text


async def the_agreements_expire(site: Site) -> None:
    site.told.clock.pass_by(minutes=4)
    assert site.told.clock().astimezone(LONDON).date() > BEFORE_MIDNIGHT.date()


TakenAway = Callable[[Site], Awaitable[None]]
every = pytest.mark.parametrize("taken_away", [the_membership_ends, she_objects, the_agreements_expire])


@pytest.fixture(scope="module")
async def everybody(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    owner = await asyncpg.connect(database.owner_url)
    async with telling(database, owner, tmp_path_factory.mktemp("told"), MRS_T[0], MRS_B[0]) as told:
        until = rf"\g<0>\n    in force until: {BEFORE_MIDNIGHT.date()}"
        await current.apply(owner, re.sub("in force from: .*", until, demo.AGREEMENTS.read_text()))
        await told.app.state.services.records.policy.refresh(told.app.state.services.records.pool)
        yield told
    await owner.close()


@pytest.fixture
async def site(everybody: Told) -> AsyncIterator[Site]:
    told = everybody
    both = {await told.person(number): key for key, number in (MRS_T, MRS_B)}
    her = max(both)
    made = Site(told, her, both[her])
    places = [Place(one, "X90401", next(iter(DESCRIBED.reasons)), False, "Dr Daniels") for one in both]

    async with told.owner.transaction():
        await membership.apply(told.owner, CASELOAD, "the tests", "to be told")
    await made.work(lambda one: membership.add(one, SECRET, DESCRIBED, places, told.clock() - timedelta(days=1)))
    told.clock.ahead = BEFORE_MIDNIGHT - datetime.now(UTC)
    yield made
    told.clock.ahead = timedelta()
    await told.owner.execute("delete from toldonce.subscription")
    await made.work(lambda one: membership.end(one, DESCRIBED, list(both), ("Dr Daniels", "declined"), told.clock()))
    await cleared(told.owner)


@every
async def test_the_next_read(site: Site, taken_away: TakenAway) -> None:
    arrival = await site.arrives()
    assert (await (await site.team()).get(f"Encounter/{arrival}")).status_code == 200
    await taken_away(site)
    assert (await (await site.team()).get(f"Encounter/{arrival}")).status_code == 404


@pytest.fixture
async def subscriber(site: Site) -> AsyncIterator[Subscriber]:
    one = Subscriber()
    await one.open()
    await site.told.endpoint(one.url, TEAM.client)
    yield one
    await one.close()


@every
async def test_the_next_notification(site: Site, subscriber: Subscriber, taken_away: TakenAway) -> None:
    """Of what had happened and was waiting for a subscriber that did not answer."""
    told = site.told
    await told.subscribed(subscription("emergency-attendance", subscriber.url), **WHOSE)
    await site.arrives()
    await told.rest()
    assert len(subscriber.events) == 1
    await subscriber.close()
    await site.arrives()
    await told.ring()
    await until(lambda: told.owner.fetchval("select attempts > 0 from toldonce.subscription"), True)
    await taken_away(site)
    told.clock.pass_by(seconds=20)
    await subscriber.open()
    await told.rest()
    assert len(subscriber.events) == await told.owner.fetchval(NUMBERED) == 1


@every
async def test_the_next_frame(site: Site, taken_away: TakenAway) -> None:
    told = site.told
    id_ = await told.subscribed(subscription("emergency-attendance", None), **WHOSE)
    async with served(told) as url, connected(told, url, id_, **WHOSE) as frames:
        await site.arrives()
        kind, number, _ = await frames.next() or ("", "", {})
        assert (kind, number) == ("event-notification", "1")
        await taken_away(site)
        await site.arrives()
        await told.rest()
        assert await told.owner.fetchval(NUMBERED) == 1
    async with served(told) as url, connected(told, url, id_, "0", **WHOSE) as frames:
        _, _, again = await frames.next() or ("", "", {})
        assert [set(one) for one in again["events"]] == [{"event-number"}], "what was told is not told again"


@every
async def test_the_next_page_of_a_running_export(
    site: Site, taken_away: TakenAway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a file is fetched, after the page before hers."""
    monkeypatch.setattr(files, "_TOGETHER", 1)
    await site.arrives()
    services = site.told.app.state.services
    exports = Exports(
        services.records.pool, services.records, services.audit, services.clients, services.pseudonym_secret,
        timedelta(hours=1), site.told.clock,
    )  # fmt: skip
    export = await asked(await site.team(), {"_type": "Encounter"}, name=DESCRIBED.id)
    manifest = await export.manifest()
    async with exporter(exports.pool) as connection:
        job = await jobs.find(connection, UUID(export.where.rpartition("/")[2]), TEAM, site.told.clock())
    assert job
    (file,) = job.output
    assert manifest["output"][0]["count"] == file.lines

    async def fetched(pages: AsyncIterator[bytes]) -> set[str]:
        lines = [json.loads(line) async for page in pages for line in page.splitlines()]
        return {one["subject"]["reference"] for one in lines}

    hers = f"Patient/{site.her}"
    assert hers in await fetched(Fetching(exports, job, file, "tests").pieces())
    running = Fetching(exports, job, file, "tests").pieces()
    first = await anext(running)
    assert hers.encode() not in first
    await taken_away(site)
    assert await fetched(running) == set()
