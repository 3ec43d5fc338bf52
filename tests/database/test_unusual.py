"""What is unusual is found once, waits by reference, is signed off with a note, and does not come again."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import asyncpg
import pytest
import structlog

from adapters.records import LONDON
from integration.audit import look
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.audit.watched import Watched
from integration.background import running
from integration.commands import alerts, unusual
from integration.config import Settings
from integration.errors import NotPossible
from integration.sharing.request import Caller
from integration.store.database import Database
from tests.database.audit_world import access, emptied

DAY = date(2026, 11, 3)
NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
PATEL, JONES, FORMER = UUID(int=1), UUID(int=2), UUID(int=3)
NUMBERS = {PATEL: "9990000018", JONES: "9990000026"}


@pytest.fixture
async def settings(database: Database, owner: asyncpg.Connection, tmp_path) -> Settings:
    await emptied(owner)
    for table in ("alert_step", "alert", "looked", "user_day", "watch", "facts", "source_patient", "person"):
        await owner.execute(f"truncate toldonce.{table} cascade")
    for place, (person, number) in enumerate(NUMBERS.items()):
        family = ("patel", "jones")[place]
        await owner.execute(
            "insert into toldonce.source_patient (id, feed, organisation, local_id, person, nhs_number, demographics) "
            "values ($1, 'acute', 'X9A', $2, $3, $4, $5::text::jsonb)",
            UUID(int=100 + place), family, person, number,
            json.dumps({"families": [family], "postcodes": ["cv56gh"], "uprns": []}),
        )  # fmt: skip
    await owner.execute("insert into toldonce.person (id, issued_to) values ($1, $2)", FORMER, UUID(int=100))
    return Settings(database_url=database.owner_url, data_dir=tmp_path)


def by(user: str, person: UUID | None, at: datetime = NOON, **changes: object) -> object:
    return access(when=at, caller=Caller("epr", "X9A", "clinician", "TREAT", user), person=person, **changes)


async def did(database: Database, *accesses: object) -> None:
    async with database.pool("toldonce_api", size=2) as pool, AuditLog(pool) as audit:
        await audit.append_all(accesses)


async def waiting(settings: Settings) -> dict[str, str]:
    found = await alerts.listed(settings, "unusual", everything=False, limit=50)
    assert all(one["organisation"] == "X9A" for one in found)
    return {one["reason"]: str(one["event"]) for one in found}


async def looked(settings: Settings, day: date = DAY) -> int | None:
    return (await unusual.look(settings, day, day, "R. Okafor")).found[day]


async def test_a_namesake_a_colleague_and_whoever_is_known(database, settings) -> None:
    for kind, organisation in (("colleague", "X9A"), ("public figure", "")):
        one = Watched(
            kind=kind, nhs_number=NUMBERS[JONES], organisation=organisation, note="asked us to", made_by="R. O."
        )
        await unusual.watch(settings, one)
    await did(database, by("Dr A. Patel", FORMER), by("dr.smith", JONES), by("dr.smith", PATEL))
    assert await looked(settings) == 3
    assert set(await waiting(settings)) == {
        "the person and the user have the same surname",
        "the person is a colleague of the user",
        "the person is known to the public",
    }
    assert await looked(settings) is None


async def test_their_own_record_and_that_of_their_household(database, settings) -> None:
    one = Watched(
        kind="colleague", nhs_number=NUMBERS[JONES], organisation="X9A", user="sj", note="a nurse", made_by="R. O."
    )
    await unusual.watch(settings, one)
    await did(database, by("sj", JONES), by("sj", PATEL))
    await looked(settings)
    assert set(await waiting(settings)) == {
        "the user looked at their own record",
        "the person and the user have the same address or postcode",
    }


async def test_a_day_that_goes_on_is_left_for_later(settings) -> None:
    today = datetime.now(UTC).date() + timedelta(days=1)
    with pytest.raises(NotPossible, match="over"):
        await unusual.look(settings, DAY, today, "R. Okafor")


async def test_days_on_which_nothing_ran_are_looked_through_later(database, settings) -> None:
    async with database.pool("toldonce_api", size=1) as pool:

        async def due(days: int, hour: int = 4, minute: int = 0) -> list[date]:
            now = datetime.combine(DAY + timedelta(days=days), time(hour, minute), LONDON)
            return list(await look.days_due(pool, now))

        assert await due(1) == [DAY], "there is no first day"
        await looked(settings)
        assert await due(1) == []
        assert await due(2, 0, 9) == [], "what was begun yesterday may not be committed yet"
        assert await due(2, 0, 11) == [DAY + timedelta(days=1)]
        assert await due(4) == [DAY + timedelta(days=days) for days in (1, 2, 3)]
        assert len(await due(400)) == 29
        await looked(settings, DAY + timedelta(days=2))
        assert await due(4) == [DAY + timedelta(days=days) for days in (1, 3)], "whoever looks does so in any order"
        assert len(await due(400)) == 29


async def test_a_day_that_cannot_be_looked_through_stops_no_other(database, settings, owner) -> None:
    yesterday = datetime.now(LONDON).date() - timedelta(days=1)
    first, broken = yesterday - timedelta(days=3), yesterday - timedelta(days=2)
    await looked(settings, first)
    at = datetime.combine(broken, time(12), LONDON)
    await did(database, by("Dr Patel", PATEL, at), by("Dr Patel", PATEL, at + timedelta(days=1)))
    await owner.execute("update toldonce.audit_event set content = '{' where recorded = $1", at)

    async def through() -> list[date]:
        rows = await owner.fetch("select day from toldonce.looked where day <= $1 order by day", yesterday)
        return [row["day"] for row in rows]

    with structlog.testing.capture_logs() as logs:
        async with database.pool("toldonce_api", size=2) as pool, AuditLog(pool) as audit:
            async with running(look.keep_looking(pool, audit, every=0.01)), asyncio.timeout(60):
                while len(await through()) < 3 or len(logs) < 2:
                    await asyncio.sleep(0.01)
    assert await through() == [first, broken + timedelta(days=1), yesterday]
    assert {(one["log_level"], one["day"]) for one in logs} == {("error", str(broken))}, "it is tried again"
    assert list(await waiting(settings)) == ["the person and the user have the same surname"]


@pytest.mark.slow
async def test_the_command_goes_on_after_a_day_that_fails(database, settings, owner) -> None:
    await did(database, *(by("Dr Patel", PATEL, NOON + timedelta(days=days)) for days in range(3)))
    await owner.execute("update toldonce.audit_event set content = '{' where recorded = $1", NOON + timedelta(days=1))
    command = ("unusual", "look", "--user", "R. Okafor", "--start", "2026-11-03", "--end", "2026-11-05")
    used = {"TOLDONCE_DATABASE_URL": str(settings.database_url), "TOLDONCE_DATA_DIR": str(settings.data_dir)}
    typed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "integration", *command, env={**os.environ, **used}, stdout=PIPE, stderr=PIPE
    )
    told, wrong = await typed.communicate()
    assert typed.returncode == 1
    assert told.decode().splitlines()[-2:] == ["2026-11-03: 1 unusual", "2026-11-05: 1 unusual"]
    assert b"2026-11-04: not looked through (" in wrong
    assert await looked(settings, DAY) is None
    await owner.execute("delete from toldonce.audit_event where content = '{'")
    assert await looked(settings, DAY + timedelta(days=1)) == 0, "it can be tried again"


async def test_what_is_no_look_is_none(database, settings) -> None:
    no_look = [
        by("Dr Patel", PATEL, outcome=Outcome.SERIOUS_FAILURE),
        by("Dr Patel", PATEL, kind=Kind.AUDIT),
        by("Dr Patel", PATEL, NOON - timedelta(days=1)),
        by("Dr Patel", None),
        by("", PATEL),
        by("Dr Patel", UUID(int=99)),
    ]
    await did(database, *no_look)
    assert await looked(settings) == 0


@pytest.mark.parametrize(
    "name", ["Dr\0Patel", "x" * 50_000 + " Patel", "'; drop table toldonce.looked; --", "=Patel\n"]
)
async def test_no_user_s_name_keeps_the_day_from_being_looked_through(database, settings, name: str) -> None:
    await did(database, by(name, JONES), by("Dr Patel", PATEL))
    assert await looked(settings) == 1
    assert list(await waiting(settings)) == ["the person and the user have the same surname"]


async def test_a_day_out_of_pattern(database, settings) -> None:
    usual = [
        by("dr.smith", UUID(int=1000 + number), NOON - timedelta(days=days))
        for days in range(1, 11)
        for number in range(20)
    ]
    many = [by("dr.smith", UUID(int=2000 + number)) for number in range(70)]
    night = [by("dr.smith", UUID(int=2000), datetime(2026, 11, 3, 3, 30, tzinfo=UTC))]
    await did(database, *usual, *many, *night)
    first = DAY - timedelta(days=10)
    assert set((await unusual.look(settings, first, DAY - timedelta(days=1), "x")).found.values()) == {0}
    assert await looked(settings) == 2
    assert set(await waiting(settings)) == {
        "the user looked at 70 people on one day, and at 20 on a usual one",
        "the user worked at 03:00, when they hardly ever do",
    }


async def test_an_own_word_that_nobody_confirms(database, settings, owner) -> None:
    own = (SELF_CLAIMED,)
    await did(
        database,
        by("a", PATEL, details=own),
        by("b", JONES, details=own),
        by("c", UUID(int=50)),
    )
    evidence = [{"kind": "referral", "organisation": "X9A", "source": "X90401"}]
    for number, (person, said) in enumerate(((PATEL, []), (JONES, evidence))):
        await owner.execute(
            "insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted) "
            "values ($1, $2, '{}', $3::text::jsonb, '[]', false)",
            number, person, json.dumps(said),
        )  # fmt: skip
    assert await looked(settings) == 0
    assert await looked(settings, DAY + timedelta(days=look.SOON)) == 1
    ((reason, event),) = (await waiting(settings)).items()
    assert "nobody but the caller's own organisation" in reason
    assert await owner.fetchval("select person from toldonce.audit_event where id = $1", UUID(event)) == PATEL


async def were_one(owner: asyncpg.Connection, since: datetime, until: datetime) -> None:
    """Patel's record and Jones's were Patel's, and are two people's again."""
    keys = [row[0] for row in await owner.fetch("select key from toldonce.source_patient order by id")]
    for key, person, start, end in (
        (keys[0], PATEL, since - timedelta(days=9), None),
        (keys[1], JONES, since - timedelta(days=9), since),
        (keys[1], PATEL, since, until),
        (keys[1], JONES, until, None),
    ):
        await owner.execute(
            "insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted, recorded, "
            "until) values ($1, $2, '{}', '[]', '[]', false, $3, coalesce($4, 'infinity'::timestamptz))",
            key, person, start, end,
        )  # fmt: skip
    await owner.execute(
        "insert into toldonce.linkage (a, b, outcome, made_by, reason, strength, followed, recorded, until) "
        "values ($1, $2, 'SAME', 'an officer', 'taken for one', 0, true, $3, $4)",
        UUID(int=100), UUID(int=101), since, until,
    )  # fmt: skip


async def test_who_saw_two_people_as_one_is_told_once_they_are_parted(database, settings, owner) -> None:
    since, hour = NOON - timedelta(days=3), timedelta(hours=1)
    await were_one(owner, since, NOON)
    await did(
        database,
        by("Dr Before", PATEL, since - hour),
        by("Dr First", PATEL, since + hour),
        by("Dr Refused", PATEL, since + hour / 2, outcome=Outcome.SERIOUS_FAILURE),
        by("Dr Second", PATEL, NOON - hour),
        by("Dr Other", JONES, NOON - hour),
        by("Dr After", PATEL, NOON + hour),
    )
    assert await looked(settings, DAY - timedelta(days=1)) == 0
    assert await looked(settings) == 1
    (alert,) = await alerts.listed(settings, "wrong-link", everything=False, limit=9)
    assert alert["records"] == [UUID(int=100), UUID(int=101)]
    assert "2 callers were shown them so" in alert["reason"]
    first = await owner.fetchval("select content from toldonce.audit_event where id = $1", alert["event"])
    assert b"Dr First" in first
    await alerts.step(settings, alert["number"], "R. Okafor", "signed off", "both were told")
    assert await alerts.listed(settings, "wrong-link", everything=False, limit=9) == []


async def test_a_wrong_link_that_nobody_saw_is_nobody_s_work(database, settings, owner) -> None:
    await were_one(owner, NOON - timedelta(days=3), NOON)
    await did(database, by("Dr After", PATEL, NOON + timedelta(hours=1)), by("Dr Other", JONES))
    assert await looked(settings) == 0


async def test_who_is_still_one_person_by_something_else_was_not_parted(database, settings, owner) -> None:
    await were_one(owner, NOON - timedelta(days=3), NOON)
    await owner.execute("update toldonce.facts set person = $1 where until = 'infinity'", PATEL)
    await did(database, by("Dr First", PATEL, NOON - timedelta(hours=1)))
    assert await looked(settings) == 0


async def test_what_was_signed_off_does_not_come_again(database, settings) -> None:
    await did(database, by("Dr Patel", PATEL), by("Dr Patel", PATEL, NOON + timedelta(days=1)))
    await looked(settings)
    ((number,),) = [(one["number"],) for one in await alerts.listed(settings, "unusual", everything=False, limit=9)]
    await alerts.step(settings, number, "R. Okafor", "signed off", "no relation")
    assert await looked(settings, DAY + timedelta(days=1)) == 1
    assert await waiting(settings) == {}


@pytest.mark.slow
async def test_the_list_tells_no_number_and_ends(settings, owner) -> None:
    one = Watched(kind="public figure", nhs_number=NUMBERS[JONES], note="in the papers", made_by="R. Okafor")
    number = await unusual.watch(settings, one)
    (entry,) = await unusual.listed(settings)
    assert NUMBERS[JONES] not in json.dumps(entry, default=str)
    await unusual.unwatch(settings, number, "R. Okafor", "no longer")
    assert await unusual.listed(settings) == []
    with pytest.raises(NotPossible):
        await unusual.unwatch(settings, number, "R. Okafor", "again")
    events = await owner.fetch("select content from toldonce.audit_event where kind = 'audit'")
    assert len(events) == 4
    assert all(NUMBERS[JONES].encode() not in row[0] for row in events)


@pytest.mark.parametrize(
    "wrong", [{"kind": "friend"}, {"nhs_number": "1"}, {"note": ""}, {"made_by": ""}, {"kind": "colleague"}]
)
async def test_an_entry_is_accounted_for(settings, wrong: dict[str, str]) -> None:
    right = {"kind": "public figure", "nhs_number": NUMBERS[JONES], "note": "why", "made_by": "who"}
    with pytest.raises(NotPossible):
        await unusual.watch(settings, Watched(**{**right, **wrong}))


async def test_who_looks_learns_nobody_s_name(database: Database, settings) -> None:
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        for statement in (
            "select demographics from toldonce.source_patient",
            "select body from toldonce.resource",
            "update toldonce.alert set reason = ''",
            "delete from toldonce.looked",
        ):
            async with connection.transaction():
                await connection.execute("set local role toldonce_watcher")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with connection.transaction():
                        await connection.execute(statement)
