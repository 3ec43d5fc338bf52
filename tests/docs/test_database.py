"""docs/database.md: every table and what it is for, every role and what a migrated database lets it touch."""

import re
from pathlib import Path

from integration.store.tables import PARTS, Table

PAGE = Path(__file__).parents[2] / "docs" / "database.md"

PRIVILEGES = """
select role.rolname as role, class.relname as table, lower(privilege.privilege_type) as verb,
    (select string_agg(attname, ', ' order by attnum) from pg_attribute
     where attrelid = class.oid and attnum = any(privilege.columns)) as columns
from pg_class class
join pg_namespace namespace on namespace.oid = class.relnamespace and namespace.nspname = 'toldonce'
cross join lateral (
    select grantee, privilege_type, null::smallint[] as columns from aclexplode(class.relacl)
    union all
    select acl.grantee, acl.privilege_type, array_agg(attnum) from pg_attribute
    cross join lateral aclexplode(attacl) acl where attrelid = class.oid group by 1, 2) privilege
join pg_roles role on role.oid = privilege.grantee and role.rolname like 'toldonce%'
where class.relkind in ('r', 'p') order by 1, 3, 2
"""
ROLES = "select rolname, rolcanlogin from pg_roles where rolname like 'toldonce%' order by rolname"
MEMBERS = """
select member.rolname as login, task.rolname as task from pg_auth_members
join pg_roles member on member.oid = member join pg_roles task on task.oid = roleid
where member.rolname like 'toldonce%' order by 1, 2
"""
POLICIES = "select tablename, policyname, roles::text[] from pg_policies where schemaname = 'toldonce' order by 1, 2"


def purpose(table: type[Table]) -> str:
    """First paragraph of the table's docstring, on one line."""
    return " ".join((table.__doc__ or "").strip().split("\n\n")[0].split())


def test_every_table_is_documented(documented):
    tables = [one for part in PARTS for one in vars(part).values() if one in Table.__subclasses__()]
    assert set(tables) == set(Table.__subclasses__())
    assert all(purpose(table) for table in tables)
    rows = [f"| `{table.__tablename__}` | {purpose(table)} |" for table in tables]
    documented("docs/database.md", "tables", "\n".join(["| table | what it holds |", "|---|---|", *rows]))


async def test_every_privilege_is_documented(documented, owner):
    may: dict[str, dict[str, list[str]]] = {}
    for row in await owner.fetch(PRIVILEGES):
        table = f"`{row['table']}`" + (f" ({row['columns']})" if row["columns"] else "")
        may.setdefault(row["role"], {}).setdefault(row["verb"], []).append(table)
    rows = [f"| `{role}` | {verb} | {', '.join(may[role][verb])} |" for role in may for verb in may[role]]
    documented("docs/database.md", "privileges", "\n".join(["| role | may | on |", "|---|---|---|", *rows]))


async def test_every_role_is_described(database, owner):
    described = dict(re.findall(r"^\| `(toldonce_\w+)` \| (login|task) \|", PAGE.read_text(), re.MULTILINE))
    roles = {row["rolname"]: "login" if row["rolcanlogin"] else "task" for row in await owner.fetch(ROLES)}
    assert described == roles


async def test_who_may_step_into_what_is_described(database, owner):
    page = PAGE.read_text()
    for row in await owner.fetch(MEMBERS):
        (line,) = re.findall(rf"^\| `{row['login']}` \| login \|.*$", page, re.MULTILINE)
        assert f"`{row['task']}`" in line or "every other task role" in line


async def test_every_row_policy_is_described(database, owner):
    page = PAGE.read_text()
    policies = await owner.fetch(POLICIES)
    assert policies
    for row in policies:
        (role,) = row["roles"]
        assert f"| `{row['tablename']}` | `{row['policyname']}` | `{role}` |" in page
