"""python -m tests.conformance [--people N] [--write]: the official validator over a whole neighbourhood."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from rich.console import Console

from integration.store.database import embedded_server
from tests.conformance import corpus, report
from tests.conformance.validator import NoValidator, validate
from tests.spec.neighbourhood import running


async def _specimens(people: int) -> list[corpus.Specimen]:
    with tempfile.TemporaryDirectory() as folder:
        server = embedded_server(Path(folder, "postgres"))
        try:
            async with running(server.get_uri(), Path(folder, "data"), people) as neighbourhood:
                return await corpus.everything(neighbourhood)
        finally:
            server.cleanup()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--people", type=int, default=500, help="of the synthetic neighbourhood")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/conformance.md")
    arguments, console, start = parser.parse_args(), Console(highlight=False), perf_counter()
    specimens = asyncio.run(_specimens(arguments.people))
    console.print(f"{len(specimens):,} resources and documents after {perf_counter() - start:.0f} s; validating")
    try:
        found = report.report(specimens, validate([one.body for one in specimens]))
    except NoValidator as missing:
        console.print(f"skipped: {missing}")
        return 0
    console.print(report.tables(found), markup=False, soft_wrap=True)
    for wrong, times in found.wrong.most_common(40):
        console.print(f"{times} x {wrong}", markup=False, soft_wrap=True)
    console.print(f"{found.resources:,} validated, {found.wrong.total()} errors or unexplained warnings, "
                  f"{found.warnings.total():,} explained warnings, {perf_counter() - start:.0f} s")  # fmt: skip
    if arguments.write:
        report.write(found)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
