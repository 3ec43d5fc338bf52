"""The processes that receive: listen, fetch, watch."""

from pathlib import Path
from typing import Annotated

import typer

from integration import commands
from integration.cli.output import out, run

app = typer.Typer()
listen_app = typer.Typer(no_args_is_help=True, help="Receive messages.")
mesh_app = typer.Typer(no_args_is_help=True, help="The MESH mailbox.")
app.add_typer(listen_app, name="listen")
app.add_typer(mesh_app, name="mesh")

Process = Annotated[bool, typer.Option(help="Process it too, in a process of its own.")]


@listen_app.command("mllp")
def listen_mllp(
    sender: Annotated[str, typer.Option(help="ODS code of the hospital, where a message does not name it.")],
    host: str = "127.0.0.1",
    process: Process = True,
) -> None:
    """Receive HL7 v2 messages over MLLP; each is acknowledged once it is durable."""
    run(lambda settings: commands.listening.listen_mllp(settings, host, sender, out, process=process))


@mesh_app.command("poll")
def mesh_poll(
    forever: Annotated[bool, typer.Option("--forever", help="Look again and again.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 60,
    process: Process = True,
) -> None:
    """Receive what lies in the MESH mailbox; each message is acknowledged to MESH once it is durable.

    Exit code 1 when something had to stay in the mailbox."""
    taken = run(
        lambda settings: commands.polling.mesh_poll(settings, out, every=every if forever else None, process=process)
    )
    if not taken:
        raise typer.Exit(1)


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, writable=True, help="With FEED/SENDER/file.")],
    once: Annotated[bool, typer.Option("--once", help="Take what is there, and end.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete received files; else they go to .done.")] = False,
    process: Process = True,
) -> None:
    """Receive files that are laid into a folder; each is moved away once it is durable.

    Exit code 1 when something had to stay in the folder."""
    if not run(
        lambda settings: commands.polling.watch(settings, folder, out, once=once, keep=not delete, process=process)
    ):
        raise typer.Exit(1)
