"""With very many people every statement that runs for each message or each read finds its rows by an index."""

import re
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from integration.audit import breach, corrections
from integration.identity import candidates, decisions, doubts, linking, moving, review
from integration.ingest import due, report, statements
from integration.record import reader
from integration.sharing import facts

PEOPLE = 20_000
FILL = f"""
set session_replication_role = replica;
insert into toldonce.source_patient (id, feed, organisation, local_id, person, nhs_number, birth_date)
select md5('s' || n)::uuid, 'acute', 'X' || n % 1000, n, md5('p' || n / 2)::uuid, n / 2,
    (date '1930-01-01' + n % 30000)::text from generate_series(1, {2 * PEOPLE}) n;
insert into toldonce.block select key / 2 * 5 + n, key from toldonce.source_patient, generate_series(1, 5) n;
insert into toldonce.person select distinct on (person) person, id from toldonce.source_patient order by person, id;
insert into toldonce.linkage (a, b, outcome, made_by, reason, strength, followed)
select least(a.id, b.id), greatest(a.id, b.id), 'SAME', 'rule', '', 0, true from toldonce.source_patient a
join toldonce.source_patient b on b.person = a.person and a.id < b.id;
insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted)
select key, person, '{{1}}', '[]', '[]', false from toldonce.source_patient;
insert into toldonce.resource (person, id, type, feed, source_patient, label, version, recorded, refs, entries, digest,
    body) select person, md5('r' || key)::uuid, 'Patient', feed, key, 1, 1, now(), '{{}}', '{{}}', '', ''
from toldonce.source_patient;
insert into toldonce.resource_history (person, id, version, type, source_patient, label, recorded)
select person, md5('r' || key)::uuid, 1, 'Patient', key, 1, now() from toldonce.source_patient;
insert into toldonce.envelope (feed, sender, name, digest, delivery, content, as_of, size, reading, state)
select 'acute', 'X' || n % 1000, n, n, n, convert_to(repeat('x', 900), 'utf8'), now(), 900, n, 'done'
from generate_series(1, {PEOPLE}) n;
insert into toldonce.statement select id, 0, id, '', '', '' from toldonce.envelope;
insert into toldonce.due (source_patient) select id from toldonce.envelope;
insert into toldonce.submission select id, feed, sender, '{{}}' from toldonce.envelope;
insert into toldonce.audit_event (id, recorded, organisation, client, kind, outcome, salt, content)
select md5('a' || n)::uuid, now() - n * interval '1 second', 'X' || n % 1000, '', '', '0', '', ''
from generate_series(1, {PEOPLE}) n;
analyze;
"""
BIG = (
    "source_patient", "block", "person", "linkage", "facts", "resource", "resource_history", "statement", "submission",
    "envelope", "audit_event", "due",
)  # fmt: skip
NUMBER = "'17'"
PERSON = "md5('p17')::uuid"

STATEMENTS: list[tuple[str, str, Sequence[str]]] = [
    ("facts", facts._FACTS, [PERSON, "null"]),
    ("facts then", facts._FACTS_AT, [PERSON, "now()"]),
    ("ids of a person", facts._IDS, [f"array[{PERSON}]"]),
    ("persons with a number", facts._WITH_NUMBER, [NUMBER]),
    ("persons with a number then", facts._WITH_NUMBER_AT, [NUMBER, "now()"]),
    ("connected", linking._CONNECTED, ["array[md5('s17')::uuid, md5('s99')::uuid]"]),
    (
        "candidates",
        candidates._CANDIDATES,
        ["array[17, 17]::bigint[]", "array[5, 7]::bigint[]", "array[101, null]::int[]"],
    ),
    ("keys", candidates._KEYS, ["array[md5('s17')::uuid]"]),
    ("blocks", candidates._MOVE, ["array[17]::bigint[]", "array[17, 17]::bigint[]", "array[5, 7]::bigint[]"]),
    ("crowded blocks", candidates._JOSTLED, ["array[5, 7]::bigint[]", "array[1, -1]::int[]", "100"]),
    ("automatic decisions", linking._STANDING, ["array[md5('s17')::uuid]", "array[md5('s99')::uuid]"]),
    *((f"move {place}", one, ["array[17, 18]::bigint[]", f"array[{PERSON}, {PERSON}]"])
      for place, one in enumerate((moving._MOVE, *moving._FOLLOW))),
    ("issue", moving._ISSUE, [f"array[{PERSON}]", "array[md5('s17')::uuid]"]),
    ("moving", moving._MOVING, ["array[md5('s17')::uuid, md5('s99')::uuid]", f"array[{PERSON}, {PERSON}]"]),
    ("decisions", linking._DECISIONS, ["array[md5('s17')::uuid, md5('s99')::uuid]"]),
    ("of authority", linking._OF_AUTHORITY, ["array[md5('s17')::uuid]", "array['pds']"]),
    ("doubted", doubts._DECIDED, ["array[md5('s17')::uuid, md5('s99')::uuid]"]),
    ("evidence between", decisions._BETWEEN, ["md5('s17')::uuid", "md5('s99')::uuid"]),
    ("history of a pair", decisions._HISTORY, ["md5('s17')::uuid", "md5('s99')::uuid"]),
    ("together", breach._TOGETHER, ["md5('s17')::uuid", "md5('s99')::uuid"]),
    ("whose", corrections._WHOSE, ["17", "now()", "now()"]),
    ("side by side", review._SIDES, ["array[md5('s17')::uuid, md5('s99')::uuid]"]),
    ("review queue", review._PAGE, ["null", "null", "null", "51"]),
    ("review counts", review._COUNTS, []),
    ("sources", statements._SOURCES, ["array[17, 18]::bigint[]"]),
    ("due of a sender", statements._SENDERS_DUE, ["array[17, 18]::bigint[]"]),
    ("due of a reading", statements._DUE, ["array[17, 18]::bigint[]"]),
    ("who is due", due._OLDEST, ["500"]),
    ("whether these are due", due._AMONG, ["500", "array[17, 18]::bigint[]"]),
    ("who was due", due._DONE, ["array[17, 18]::bigint[]"]),
    ("recorded", linking._RECORDED, ["array[md5('s17')::uuid, md5('s99')::uuid]"]),
    ("submissions", statements._SUBMISSIONS, ["array[17, 18]::bigint[]"]),
    (
        "last versions",
        "select id, max(version) from toldonce.resource_history where id = any($1::uuid[]) group by id",
        ["array[md5('r17')::uuid]"],
    ),
    ("feeds report, all", report._ENVELOPES, ["null", "null"]),
    ("feeds report, one sender", report._ENVELOPES, ["'acute'", "'X7'"]),
    (
        "audit of an organisation",
        "select content from toldonce.audit_event where organisation = $1 order by recorded desc, id desc limit 51",
        ["'X7'"],
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
async def filled(database: Any) -> None:
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(FILL)
    await owner.execute("vacuum toldonce.envelope")  # as it is by itself: what is counted is counted by an index alone
    await owner.close()


@pytest.mark.parametrize(("sql", "values"), [one[1:] for one in STATEMENTS], ids=[one[0] for one in STATEMENTS])
async def test_no_statement_reads_a_whole_table(
    filled: None, owner: asyncpg.Connection, sql: str, values: Sequence[str]
) -> None:
    """Planned without knowledge of the values, as a prepared statement is."""
    await owner.execute("set plan_cache_mode = force_generic_plan; set jit = off")
    await owner.execute(f"prepare asked as {sql}")
    given = f"({', '.join(values)})" if values else ""
    plan = "\n".join(row[0] for row in await owner.fetch(f"explain execute asked{given}"))
    await owner.execute("deallocate asked")
    scanned = set(re.findall(r"Seq Scan on (\w+)", plan)) & set(BIG)
    assert scanned == set(), plan


READ = {
    "a record": reader._ROWS.format("person = $1 and label = any($2) order by id"),
    "by the row policy alone": reader._ROWS.format("$1::uuid is not null and $2::int[] is not null order by id"),
    "a record and its directory": reader._ROWS_AND_DIRECTORY.format("person = $1 and label = any($2) order by id"),
}


@pytest.mark.parametrize("sql", READ.values(), ids=READ)
async def test_a_record_is_found_by_its_index_and_what_was_granted_looked_up_once(
    filled: None, owner: asyncpg.Connection, sql: str
) -> None:
    """The row policy's settings are InitPlans: no row is held against the text of a setting."""
    async with owner.transaction():
        await owner.execute("set local plan_cache_mode = force_generic_plan; set local jit = off")
        await owner.execute("set local role toldonce_reader")
        await owner.execute(f"prepare read as {sql}")
        plan = [row[0] for row in await owner.fetch(f"explain execute read({PERSON}, '{{1}}')")]
        await owner.execute("deallocate read")
    assert not [line for line in plan if "Seq Scan on resource" in line]
    assert not [line for line in plan if "current_setting" in line]
