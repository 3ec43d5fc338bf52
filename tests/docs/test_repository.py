"""What holds for every file: links lead somewhere, named files exist, and nothing tells of a machine."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("adapters", "mappings", "integration", "tests", "docker", "docs", ".ci")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("docker/*.md")])
FORBIDDEN = {
    "path of a machine": r"(?<![\w./])/(?:work|farm|root|home/\w+|Users/\w+)/\w",
    "address of a package index": r"--(?:extra-)?index-url[ =]|--find-links[ =]",
    "download address in a package lock": r'"resolved":\s*"http',
    "private key": "-----BEGIN (?:EC |RSA |OPENSSH )?PRIVATE" + " KEY",
}


def sources() -> list[Path]:
    """Every file of ours that is text."""
    there = [path for path in ROOT.iterdir() if path.is_file() and path.name not in (".git", ".env")]
    there += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [
        path
        for path in there
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".env" and b"\0" not in path.read_bytes()
    ]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_folder_is_searched():
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()} | {".git"}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert {name for name in folders if name not in ignored and not name.endswith(".egg-info")} <= set(FOLDERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = [one for one in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:|mailto:", one)]
    broken = []
    for target in targets:
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_tests_that_a_page_names_exist(page):
    missing = []
    for name in re.findall(r"`((?:adapters|mappings|integration|tests|docker|docs)/[^`\s]*)`", page.read_text()):
        path, _, test = name.partition("::")
        pattern = re.sub(r"<\w+>", "*", path).rstrip("/")
        found = [one for one in ROOT.glob(pattern) if "__pycache__" not in one.parts]
        if not found or (test and test not in functions(found[0])):
            missing.append(name)
    assert missing == []


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if hasattr(node, "name")}


def test_every_folder_of_code_is_on_the_map():
    page = (ROOT / "docs" / "architecture.md").read_text()
    folders = {
        path.parent.relative_to(ROOT).as_posix()
        for package in ("adapters", "mappings", "integration")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py" or path.stat().st_size
    }
    assert [folder for folder in sorted(folders) if f"`{folder}/`" not in page] == []


def test_every_kind_of_test_is_explained():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert [folder for folder in sorted(folders) if f"`tests/{folder}/`" not in page] == []


def test_every_folder_of_tests_is_a_package():
    """Without it, a test folder named like one of ours hides ours (CONTRIBUTING, things that bite)."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
    assert not list((ROOT / "tests").rglob("integration"))
