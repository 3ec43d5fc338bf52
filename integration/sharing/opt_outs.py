"""Rule 9: who opted out of uses beyond their own care, nationally or at their practice.

*National data opt-out.* The national service is sent NHS numbers by MESH and answers with those that it lets through;
who opted out may not be kept. So only clearances are, and for as long as an answer may be relied on: whoever has none,
or has no NHS number to ask with, counts as having opted out.
https://digital.nhs.uk/services/national-data-opt-out/compliance-with-the-national-data-opt-out

*Type 1 objection.* A practice's coded statement, which the GP feed makes a Consent (`mappings.gp.objection`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from integration.errors import NotPossible
from integration.identity.demographics import is_nhs_number
from integration.sharing.choices import TYPE_1
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Choice, Facts
from integration.sharing.rules import BEYOND_CARE
from integration.store.connection import Connection

HOLDS = timedelta(days=21)
"""How long an answer of the national service may be relied on (operational policy guidance of the opt-out)."""
_CLEARED = """
select count(*) > 0 and bool_and(exists (
    select from toldonce.opt_out_clearance c
    where c.nhs_number = s.nhs_number and c.checked <= $2 and c.until > $2))
from (select distinct nhs_number from toldonce.source_patient where person = $1 and nhs_number is not null) s
"""
_ENDS = "update toldonce.opt_out_clearance set until = $1 where until > $1"
_NOT_NEWER = "select exists (select from toldonce.opt_out_clearance where checked >= $1)"
_CLEARS = "insert into toldonce.opt_out_clearance (nhs_number, checked, until) select unnest($1::text[]), $2, $3"
_NUMBERS = "select distinct nhs_number from toldonce.source_patient where nhs_number is not null order by nhs_number"


def split(choices: Iterable[Choice]) -> tuple[tuple[Choice, ...], bool]:
    """Choices about care, and whether a Type 1 objection is among the others."""
    listed = tuple(choices)
    about_care = tuple(one for one in listed if one.kind != TYPE_1)
    return about_care, any(one.active and not one.permits for one in listed if one.kind == TYPE_1)


def is_beyond_care(caller: Caller, policy: Policy) -> bool:
    """Whether the caller asks for a purpose beyond the person's own care."""
    purpose = policy.purposes.get(caller.purpose)
    return purpose is not None and purpose.kind == BEYOND_CARE


async def with_opt_out(connection: Connection, facts: Facts, caller: Caller, policy: Policy, moment: datetime) -> Facts:
    """The facts, with the national opt-out where the caller's purpose asks for it. The connection is in a transaction
    as `toldonce_facts`."""
    if not facts.known or not is_beyond_care(caller, policy):
        return facts
    return replace(facts, national_opt_out=not await connection.fetchval(_CLEARED, facts.person, moment))


async def numbers(connection: Connection) -> list[str]:
    """Every valid NHS number that a source states: what the national service is asked about."""
    rows = await connection.fetch(_NUMBERS)
    return [row["nhs_number"] for row in rows if is_nhs_number(row["nhs_number"])]


def question(asked: Iterable[str]) -> bytes:
    """The file that the service takes: a number on each line, with a comma behind it."""
    return "".join(f"{number},\n" for number in asked).encode()


def answer(content: bytes) -> list[str]:
    """The numbers that an answer of the service lets through: the same form as the question. Raises NotPossible
    for anything else; where one number of a question is wrong, the service answers with an error instead."""
    lines = content.decode("ascii", "replace").splitlines()
    found = [line.strip().removesuffix(",").strip() for line in lines if line.strip()]
    for place, number in enumerate(found, 1):
        if not is_nhs_number(number):
            raise NotPossible(
                f"line {place} is not an NHS number with a comma behind it: see whether the service answered with an "
                "error; nothing was taken"
            )
    return found


async def clear(connection: Connection, through: Sequence[str], checked: datetime) -> None:
    """Let these numbers be cleared from `checked` on, and no others: an answer is about everybody who was asked about,
    and everybody is asked about. As the owner of the database. Raises NotPossible for an answer that is not newer than
    the last one: who opted out between the two would be let through again."""
    async with connection.transaction():
        await connection.execute("lock table toldonce.opt_out_clearance in exclusive mode")
        if await connection.fetchval(_NOT_NEWER, checked):
            raise NotPossible("an answer that is as new, or newer, was taken already")
        await connection.execute(_ENDS, checked)
        await connection.execute(_CLEARS, sorted(set(through)), checked, checked + HOLDS)
