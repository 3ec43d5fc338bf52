"""docs/cli.md is what the commands say of themselves."""

import re
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from integration.cli import app

ROOT = Path(__file__).parents[2]


def commands(group, *path: str) -> set[str]:
    """Every command by its full name, such as `audit search`."""
    found = set()
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= commands(command, *path, name)
        else:
            found.add(" ".join((*path, name)))
    return found


def test_every_command_is_documented(documented):
    command = typer.main.get_command(app)
    context = command.make_context("toldonce", ["--help"], resilient_parsing=True)
    text = get_docs_for_click(obj=command, ctx=context, name="toldonce", title="The commands")
    for dull in (r"\* `--help`: .*\n", r"\*\*Options\*\*:\n\n(?!\*)", r"\*\*Commands\*\*:\n\n(\* .*\n)+\n"):
        text = re.sub(dull, "", text)
    documented("docs/cli.md", "commands", re.sub(r"\n{3,}", "\n\n", re.sub(r"^#", "##", text, flags=re.MULTILINE)))


def test_every_command_that_a_page_shows_exists():
    known = commands(typer.main.get_command(app))
    first = {command.split()[0] for command in known if " " not in command}
    pages = [*ROOT.glob("*.md"), *(page for page in ROOT.glob("docs/*.md") if page.name != "cli.md")]
    shown = [
        (page.name, words)
        for page in pages
        for words in re.findall(r"(?:^|[`/ ])toldonce ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", page.read_text(), re.MULTILINE)
    ]
    assert shown
    known |= {group for command in known if (group := command.rpartition(" ")[0]).count(" ") == 1}
    assert [(page, words) for page, words in shown if words not in known and words.split()[0] not in first] == []
