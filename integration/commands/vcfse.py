"""`toldonce vcfse`: what a charity needs to send its spreadsheet, and what goes back to it."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from adapters.errors import Unreadable
from adapters.records import Defect
from adapters.vcfse import wording
from adapters.vcfse.embed import embed
from adapters.vcfse.parse import parse
from adapters.vcfse.report import report
from adapters.vcfse.template import template
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.commands.audit import by_command
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.ingest import inbox


def vcfse_template(out: Path, console: Console) -> None:
    """Write the workbook that a charity can start from."""
    _write(out, template(), ".xlsx")
    console.print(f"{out} written")


def mapping_start() -> str:
    """A mapping file to fill in: every name that it may speak of, with no words yet."""
    about = "# Our name: [your words]. Lines without words say nothing. docs/charities.md explains it."
    return "\n".join([about, *(f"{name}: []" for name in wording.names())]) + "\n"


def mapping_check(file: Path) -> list[wording.Line]:
    """The lines of a mapping file. Raises NotPossible with every problem and its line."""
    try:
        lines = wording.from_yaml(file.read_text("utf-8-sig"))
        wording.guide(lines)
    except UnicodeDecodeError:
        raise NotPossible(f"{file.name} is not UTF-8 text") from None
    except wording.WordingError as error:
        raise NotPossible(f"{file.name} cannot be used\n{error}") from None
    return lines


def mapping_into(file: Path, sheet: Path, out: Path, console: Console) -> None:
    """Write `sheet` with the mapping of `file` inside."""
    try:
        content = embed(sheet.read_bytes(), mapping_check(file))
    except Unreadable as refused:
        raise NotPossible(f"{sheet.name}: {refused.defect.reason}. {refused.defect.remedy}") from None
    except UnicodeEncodeError:
        raise NotPossible(f"{sheet.name} is in an encoding that lacks a letter of the mapping") from None
    _write(out, content, sheet.suffix)
    console.print(f"{out} written")


async def vcfse_report(settings: Settings, source: str, out: Path, as_of: datetime | None, console: Console) -> None:
    """Write the file `source` (a path, or the number of an envelope) with what is to be fixed in it. The report holds
    what the file holds: of an envelope, writing it is an event of the audit."""
    path = Path(source)
    if path.is_file():
        content, moment = path.read_bytes(), as_of or datetime.now(UTC)
    elif source.isdecimal():
        content, moment = await _received(settings, int(source))
    else:
        raise NotPossible(f"{source} is neither a file nor the number of an envelope")
    defects = _defects(content, moment)
    written = report(content, defects)
    _write(out, written.content, written.suffix)
    console.print(f"{out} written: {len(defects)} things to fix")


def _defects(content: bytes, as_of: datetime) -> list[Defect]:
    try:
        return [*parse(content, name="", sender="", as_of=as_of).defects]
    except Unreadable as refused:
        return [refused.defect]


async def _received(settings: Settings, number: int) -> tuple[bytes, datetime]:
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        async with pool.acquire() as connection, connection.transaction():
            envelope = await inbox.kept(connection, number, "vcfse")
            if envelope is None:
                raise NotPossible(f"there is no envelope {number} of a charity")
            with await inbox.opened(connection, envelope) as file:
                content = file.read()
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            await log.append(by_command(f"toldonce vcfse report {number}", Kind.OPERATION, None))
    return content, envelope.as_of


def _write(out: Path, content: bytes, suffix: str) -> None:
    if out.suffix.lower() != suffix.lower():
        raise NotPossible(f"this is a {suffix} file: give --out a name that ends so")
    try:
        out.write_bytes(content)
    except OSError as error:
        raise NotPossible(f"{out} cannot be written ({error.strerror})") from None
