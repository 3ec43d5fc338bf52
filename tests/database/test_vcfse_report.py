"""The report of a charity's file that was received: from the inbox, and an event of the audit."""

import asyncpg
import pytest
from rich.console import Console

from integration.commands.vcfse import vcfse_report
from integration.config import Settings
from integration.errors import NotPossible
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.store.database import Database

CONTENT = b"Client ID,Referral date,Consent\n17,soon,Y\n"


@pytest.mark.parametrize("size", [0, inbox.PART + 1])
async def test_a_received_file_goes_back_with_what_to_fix(
    database: Database, owner: asyncpg.Connection, tmp_path, size: int
) -> None:
    content = CONTENT + b"18,05/01/2026,Y\n" + (b",," + b" " * 1000 + b"\n") * (size // 1003 + 1)
    await inbox.receive(owner, [Delivery("vcfse", "X9V01", f"log{size}.csv", content)])
    number = await owner.fetchval("select max(id) from toldonce.envelope")
    before = await owner.fetchval("select count(*) from toldonce.audit_event")
    settings, out = Settings(database_url=database.owner_url), tmp_path / "o.csv"
    await vcfse_report(settings, str(number), out, None, Console(quiet=True))
    lines = out.read_text().splitlines()
    assert lines[2:4] == [
        "Client ID,Referral date,Consent,What to fix",
        "17,soon,Y,Column B: This is no date that can be read. Write it as 03/07/2024.",
    ]
    assert await owner.fetchval("select count(*) from toldonce.audit_event") == before + 1


async def test_only_charities_files_are_reported(database: Database, owner: asyncpg.Connection, tmp_path) -> None:
    await inbox.receive(owner, [Delivery("acute", "X9A", "m1", b"MSH|")])
    number = await owner.fetchval("select max(id) from toldonce.envelope")
    with pytest.raises(NotPossible):
        await vcfse_report(
            Settings(database_url=database.owner_url), str(number), tmp_path / "o.csv", None, Console(quiet=True)
        )
