"""python -m tests.bench [--quick] [--only PART] [--rows N] [--events N] [--json FILE]"""

import argparse
import signal
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
import uvloop
from rich.console import Console

from adapters.synthetic import acute
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.world import World
from tests.bench import adt, caseload, export, files, large, many, notify, parts, reads, report, verify, who_saw
from tests.bench.plan import QUICK, Figure, Plan
from tests.bench.servers import Cluster, cluster

NEIGHBOURHOOD = "neighbourhood"
PARTS = ("reads", "adt", "files", "notify", "large", "report", "export", "verify")


async def run(plan: Plan, only: str | None, console: Console) -> dict[str, Any]:
    """Everything that is asked for, on a PostgreSQL of its own; the figures and where they were measured."""
    result: dict[str, Any] = {"machine": report.machine(), "people": plan.people}
    figures: list[Figure] = []
    start = perf_counter()
    world = build(plan.people)
    console.print(f"{plan.people} synthetic people on {result['machine']}", highlight=False)
    with cluster() as server:
        filled = await _files(server, world)
        if only in (None, "files"):
            figures += filled
        if only in (None, "adt"):
            console.print(f"file feeds done after {perf_counter() - start:.0f} s; ADT next", highlight=False)
            figures += await adt.measure(server, NEIGHBOURHOOD, adt.generated(plan))
        if only in (None, "reads"):
            console.print(f"ADT done after {perf_counter() - start:.0f} s; reads next", highlight=False)
            settings = server.settings(NEIGHBOURHOOD)
            await files.alone(settings, list(acute.feed_files(world)))
            record, read = await reads.measure(server, NEIGHBOURHOOD, plan)
            console.print(f"the record that is read: {record}", highlight=False)
            result["record"] = reads.as_json(record)
            crowded = await many.measure(server, NEIGHBOURHOOD, record.person, record.client)
            shares = await parts.measure(server, NEIGHBOURHOOD, record, plan)
            figures = [*read, *shares, *crowded, *await caseload.measure(settings), *figures]
    console.print(report.table(figures))
    console.print(f"took {perf_counter() - start:.0f} s", highlight=False)
    return result | {"figures": report.as_json(figures)}


async def run_large(rows: int, console: Console) -> dict[str, Any]:
    """The very large file, which takes as long as everything else together."""
    with cluster() as server:
        figures = await large.measure(await server.create(NEIGHBOURHOOD), rows, console)
    console.print(report.table(figures))
    return {"machine": report.machine(), "rows": rows, "figures": report.as_json(figures)}


async def run_report(events: int, console: Console) -> dict[str, Any]:
    """A person's access report, whose log takes minutes to make."""
    with cluster() as server:
        figures = await who_saw.measure(await server.create(NEIGHBOURHOOD), events, console)
    console.print(report.table(figures))
    return {"machine": report.machine(), "events": events, "figures": report.as_json(figures)}


async def run_export(resources: int, console: Console) -> dict[str, Any]:
    """A large caseload exported, which takes minutes to make."""
    with cluster() as server:
        figures = await export.measure(await server.create(NEIGHBOURHOOD), resources, console)
    console.print(report.table(figures))
    return {"machine": report.machine(), "resources": resources, "figures": report.as_json(figures)}


async def run_verify(events: int, console: Console) -> dict[str, Any]:
    """An untouched log proven whole, which takes minutes to make."""
    with cluster() as server:
        figures = await verify.measure(server, NEIGHBOURHOOD, events, console)
    console.print(report.table(figures))
    return {"machine": report.machine(), "events": events, "figures": report.as_json(figures)}


async def run_notify(plan: Plan, console: Console) -> dict[str, Any]:
    """From a message to its notification, with nothing else going on."""
    with cluster() as server:
        figures = await notify.measure(server, plan)
    console.print(report.table(figures))
    return {"machine": report.machine(), "figures": report.as_json(figures)}


async def _files(server: Cluster, world: World) -> list[Figure]:
    """The neighbourhood without its hospital: what ADT messages arrive at, and after them what is read."""
    return await files.measure(await server.create(NEIGHBOURHOOD), world)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller neighbourhood, shorter rounds")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument(
        "--rows",
        type=int,
        default=1_000_000,
        help="of the large file, resources exported, or events of the log that is verified: each alone",
    )
    parser.add_argument("--events", type=int, default=who_saw.EVENTS, help="of the log that is reported from")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that whatever was started is stopped
    if arguments.only == "large":
        work = run_large(arguments.rows, Console())
    elif arguments.only == "report":
        work = run_report(arguments.events, Console())
    elif arguments.only == "export":
        work = run_export(arguments.rows, Console())
    elif arguments.only == "verify":
        work = run_verify(arguments.rows, Console())
    elif arguments.only == "notify":
        work = run_notify(QUICK if arguments.quick else Plan(), Console())
    else:
        work = run(QUICK if arguments.quick else Plan(), arguments.only, Console())
    result = uvloop.run(work)
    if arguments.json:
        arguments.json.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
