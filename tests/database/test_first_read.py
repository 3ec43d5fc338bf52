"""A record that is read for the first time, while nothing of the person's practice is held: the practice is asked once,
and the answer waits for it a while and no longer."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import yaml
from rich.console import Console

from adapters.synthetic.gp_connect_provider import Provider
from adapters.synthetic.http_server import Fault
from integration import background
from integration.commands import gp
from integration.record.first_read import Practices
from tests.database.gp_connect import document, practices
from tests.spec.neighbourhood import Connected, Neighbourhood, running
from tests.spec.test_unknown_person import NOBODY, OBJECTOR, Question, ask, plain, queries

LONG, SHORT = timedelta(seconds=60), timedelta(seconds=0.3)
REGISTERED = """
select distinct s.person, s.nhs_number, sign ->> 'organisation' as practice
from toldonce.source_patient s
join toldonce.facts f on f.person = s.person and f.until = 'infinity'
cross join lateral jsonb_array_elements(f.evidence) as sign
where sign ->> 'kind' = 'registration' and (s.demographics ->> 'verified')::boolean and not f.restricted
order by s.nhs_number
"""
LONG_AGO = """
update toldonce.resource set recorded = recorded - interval '1 year' where feed = 'acute' and type = 'Encounter'
"""
"""Nobody is asked about for having come to hospital."""
MAY_ASK = """
select rolname from pg_roles where rolname like 'toldonce%'
and has_function_privilege(oid, 'toldonce.ask_practices(uuid,text[],interval)', 'execute')
"""
PULLS = "select * from toldonce.gp_pull order by practice, nhs_number"


@dataclass(frozen=True)
class Patient:
    """Somebody of whom nothing of their practice is held, and whom the caller may know of."""

    person: UUID
    nhs_number: str
    practice: str


@dataclass
class Site:
    """A neighbourhood without what practices say, and the practices to ask."""

    served: Neighbourhood
    provider: Provider
    doctor: Connected
    fresh: Iterator[Patient]
    heard: list[str] = field(default_factory=list)
    """Statements that were run to ask."""

    @property
    def looks(self) -> list[str]:
        """How often it was asked for, or whether it has come."""
        return [one for one in self.heard if "ask_practices" in one]

    def wait(self, patience: timedelta) -> None:
        """Readers wait so long from now on."""
        records = self.served.app.state.services.records
        records.practices = replace(records.practices, patience=patience)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """While `toldonce gp pull --due --every` runs, of which no second round comes."""

        async def pull() -> None:
            await gp.pull(self.served.settings, [], every=3600, console=Console(quiet=True))

        async with background.running(pull()):
            await self.until(lambda: self._listened_for(True))
            yield
        await self.until(lambda: self._listened_for(False))

    async def _listened_for(self, listening: bool) -> bool:
        last = "select exists (select from pg_stat_activity where query like 'LISTEN %gp_wanted%')"
        return bool(await self.served.owner.fetchval(last)) == listening

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not await holds():
                await asyncio.sleep(0.02)

    async def pulls(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.served.owner.fetch(PULLS)]

    async def pull_of(self, patient: Patient) -> dict[str, Any]:
        return next(one for one in await self.pulls() if one["nhs_number"] == patient.nhs_number)

    async def holds(self, patient: Patient) -> bool:
        said = "select exists (select from toldonce.resource where person = $1 and feed = 'gp')"
        return bool(await self.served.owner.fetchval(said, patient.person))


@pytest.fixture(scope="module")
async def site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("first-read")
    async with practices() as provider:
        written = folder / "practices.yaml"
        written.write_text(
            yaml.safe_dump(json.loads(document(provider, attempts=1).model_dump_json(exclude={"folder"})))
        )
        async with running(server_url, folder / "data", without="gp", gp_connect=written) as served:
            await served.owner.execute(LONG_AGO)
            doctor = await served.as_caller("hospital-epr", "emergency doctor")
            site = Site(served, provider, doctor, iter(()))
            site.fresh = iter(await _patients(site))
            async with _heard(site):
                yield site


async def _patients(site: Site) -> list[Patient]:
    """Those whom a read without any practice to ask finds."""
    records, found = site.served.app.state.services.records, []
    configured, records.practices = records.practices, None
    for row in await site.served.owner.fetch(REGISTERED):
        patient = Patient(row["person"], row["nhs_number"], row["practice"])
        known = (await site.doctor.everything(patient.person)).status_code == 200
        if known and row["nhs_number"] != OBJECTOR and (patient.practice, patient.nhs_number) in site.provider.answers:
            found.append(patient)
    records.practices = configured
    return found


@asynccontextmanager
async def _heard(site: Site) -> AsyncIterator[None]:
    """With what asks on connections of its own, so that their statements are heard."""

    async def init(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(lambda record: site.heard.append(record.query))

    url, records = site.served.database.url("toldonce_api"), site.served.app.state.services.records
    async with asyncpg.create_pool(url, min_size=1, max_size=4, init=init) as pool:
        records.practices = Practices(pool, records.practices.codes, LONG)
        yield


@pytest.fixture
async def patient(site: Site) -> Patient:
    await site.served.owner.execute("delete from toldonce.gp_pull")
    site.heard.clear()
    site.provider.asked.clear()
    return next(site.fresh)


def outcomes(answer: httpx.Response) -> list[str]:
    """Issue codes that the Bundle tells of."""
    assert answer.status_code == 200, answer.text
    told = [one["resource"] for one in answer.json()["entry"] if one["search"]["mode"] == "outcome"]
    return [issue["code"] for one in told for issue in one["issue"]]


async def test_the_first_read_shows_what_the_practice_answers_and_the_next_asks_nobody(site, patient):
    site.wait(LONG)
    async with site.asking():
        first = await site.doctor.everything(patient.person)
        assert "incomplete" not in outcomes(first)
        assert await site.holds(patient)
        site.heard.clear()
        again = await site.doctor.everything(patient.person)
    assert again.content == first.content
    assert site.heard == []
    assert site.provider.asked == [(patient.practice, patient.nhs_number)]
    assert (await site.pull_of(patient))["outcome"] == "answered"


async def test_where_the_practice_is_slow_the_answer_does_not_wait_for_it_and_says_so(site, patient):
    site.wait(SHORT)
    key = (patient.practice, patient.nhs_number)
    site.provider.faults[patient.nhs_number] = [Fault(content=site.provider.answers[key], delay=4)]
    async with site.asking():
        first = await site.doctor.everything(patient.person)
        assert outcomes(first) == ["incomplete"]
        assert not await site.holds(patient)
        assert (await site.pull_of(patient))["last_answered"] is None
        (event,) = await site.served.event(first)
        assert "without the general practice" in json.dumps(event)
        await site.until(lambda: site.holds(patient))
    then = await site.doctor.everything(patient.person)
    assert "incomplete" not in outcomes(then)
    (event,) = await site.served.event(then)
    assert "without the general practice" not in json.dumps(event)
    assert len(then.json()["entry"]) > len(first.json()["entry"])
    assert site.provider.asked == [key]


async def test_many_who_read_at_once_ask_once_and_are_all_shown_the_record(site, patient):
    site.wait(LONG)
    nurse = await site.served.as_caller("hospital-epr", "hospital doctor")
    async with site.asking():
        answers = await asyncio.gather(*(one.everything(patient.person) for one in [site.doctor, nurse] * 3))
    assert [outcomes(one) for one in answers if "incomplete" in outcomes(one)] == []
    assert site.provider.asked == [(patient.practice, patient.nhs_number)]


async def test_where_nobody_asks_practices_the_first_read_waits_and_later_ones_do_not(site, patient):
    site.wait(SHORT)
    assert outcomes(await site.doctor.everything(patient.person)) == ["incomplete"]
    waited = await site.pull_of(patient)
    assert len(site.looks) > 1
    site.heard.clear()
    assert outcomes(await site.doctor.everything(patient.person)) == ["incomplete"]
    assert await site.pull_of(patient) == waited
    assert len(site.looks) == 1


@pytest.mark.parametrize(
    ("answers", "outcome"), [(Provider.refuse, "NO_PATIENT_CONSENT"), (Provider.lose, "PATIENT_NOT_FOUND")]
)
async def test_a_refusal_and_not_found_look_like_a_record_that_has_not_come(site, patient, answers, outcome):
    """What the caller is told is the same as where nobody has answered."""
    site.wait(LONG)
    answers(site.provider, patient.practice, patient.nhs_number)
    async with site.asking():
        first = await site.doctor.everything(patient.person)
        then = await site.doctor.everything(patient.person)
    assert outcomes(first) == outcomes(then) == ["incomplete"]
    assert site.provider.asked == [(patient.practice, patient.nhs_number)]
    assert (await site.pull_of(patient))["outcome"] == outcome


async def test_a_practice_that_fails_is_asked_again_later_and_not_by_the_next_read(site, patient):
    site.wait(LONG)
    site.provider.faults[patient.nhs_number] = [Fault(503)]
    async with site.asking():
        assert outcomes(await site.doctor.everything(patient.person)) == ["incomplete"]
        assert outcomes(await site.doctor.everything(patient.person)) == ["incomplete"]
    assert len(site.provider.asked) == 1
    assert (await site.pull_of(patient))["attempts"] == 1


async def test_somebody_who_may_not_be_known_of_is_answered_as_nobody_and_asked_about_nowhere(site, patient):
    site.wait(LONG)
    before = await site.pulls()
    stranger = await site.served.as_caller("distant-hospital")
    async with queries(site.served) as heard:
        about = await ask(_everything(patient.person), stranger, heard)
        nobody = await ask(_everything(NOBODY), stranger, heard)
    assert plain(about.answer) == plain(nobody.answer)
    assert about.answer.content == nobody.answer.content
    assert about.answer.status_code == 404
    assert about.queries == nobody.queries
    assert site.heard == []
    assert await site.pulls() == before


async def test_no_number_is_asked_about_that_nobody_verified(site, patient):
    site.wait(LONG)
    await site.served.owner.execute(
        "update toldonce.source_patient set demographics = demographics || '{\"verified\": false}' where person = $1",
        patient.person,
    )
    assert outcomes(await site.doctor.everything(patient.person)) == ["incomplete"]
    assert patient.nhs_number not in {one["nhs_number"] for one in await site.pulls()}


async def test_a_page_that_follows_asks_nobody(site, patient):
    records = site.served.app.state.services.records
    configured, records.practices = records.practices, None
    first = await site.doctor.everything(patient.person, {"_count": "1"})
    records.practices = configured
    (following,) = [one["url"] for one in first.json()["link"] if one["relation"] == "next"]
    assert outcomes(await site.doctor.get(following)) == []
    assert site.heard == []


async def test_whoever_asks_may_do_nothing_else(site):
    """The role of those who ask touches no table."""
    touches = await site.served.owner.fetchval(
        "select count(*) from information_schema.role_table_grants where grantee = 'toldonce_asker'"
    )
    assert touches == 0
    may = await site.served.owner.fetch(MAY_ASK)
    assert [row["rolname"] for row in may] == ["toldonce_asker"]


def _everything(person: UUID) -> Question:
    return Question("$everything", "GET", f"Patient/{person}/$everything")
