"""Watched folders: a file is taken once, whole, and by one watcher."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.transport.folder import REPORT, Claim, Folder


def only_gp(feed: str, _sender: str) -> str:
    return "" if feed == "gp" else "no such feed"


def watcher(root: Path, settled: float = 0) -> Folder:
    return Folder(root, only_gp, settled)


def laid(root: Path, path: str, content: bytes = b"x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def claimed(folder: Folder) -> list[Claim]:
    ready, _ = folder.look()
    return [claim for claim in map(folder.claim, ready) if claim]


def names(root: Path, below: str) -> list[str]:
    return sorted(path.name for path in (root / below).rglob("*") if path.is_file() and path.name != "lock")


def read(claim: Claim) -> bytes:
    with claim.open() as file:
        return file.read()


def test_a_claimed_file_is_gone_from_its_place_and_kept_when_it_is_done(tmp_path: Path) -> None:
    laid(tmp_path, "gp/X9A/a.json", b"one")
    (claim,) = claimed(watcher(tmp_path))
    assert (claim.place.feed, claim.place.sender, claim.place.name) == ("gp", "X9A", "a.json")
    assert read(claim) == b"one"
    assert names(tmp_path, "gp") == []
    claim.done(keep=True)
    assert names(tmp_path, ".done") == ["a.json"]
    assert list((tmp_path / ".claimed").iterdir()) == []


def test_a_done_file_is_deleted_where_that_is_wanted(tmp_path: Path) -> None:
    laid(tmp_path, "gp/X9A/a.json")
    (claim,) = claimed(watcher(tmp_path))
    claim.done(keep=False)
    assert names(tmp_path, ".") == []


def test_files_of_one_name_do_not_displace_each_other(tmp_path: Path) -> None:
    laid(tmp_path, "gp/X9A/a.json", b"one")
    first = claimed(watcher(tmp_path))
    laid(tmp_path, "gp/X9A/a.json", b"two")
    second = claimed(watcher(tmp_path))
    assert [read(claim) for claim in first + second] == [b"one", b"two"]
    for claim in first + second:
        claim.done(keep=True)
    assert names(tmp_path, ".done") == ["a.json", "a.json"]


def test_what_is_being_written_is_left(tmp_path: Path) -> None:
    for name in ("gp/X9A/.a.json", "gp/X9A/a.json.tmp", "gp/X9A/a.json.part", ".git/X9A/a.json"):
        laid(tmp_path, name)
    growing = laid(tmp_path, "gp/X9A/growing.csv")
    folder = watcher(tmp_path, settled=0.3)
    for _ in range(3):
        with growing.open("ab") as file:
            file.write(b"more")
        assert folder.look() == ([], {})
        time.sleep(0.15)
    time.sleep(0.3)
    assert folder.look() == ([Path("gp/X9A/growing.csv")], {})


def test_a_file_that_goes_on_being_written_after_it_was_claimed_shows_it(tmp_path: Path) -> None:
    with laid(tmp_path, "gp/X9A/a.csv").open("ab") as file:
        (claim,) = claimed(watcher(tmp_path))
        before = claim.state()
        file.write(b"late")
    assert claim.state() != before


@pytest.mark.parametrize("path", ["a.json", "gp/a.json", "gp/X9A/b/a.json", "xx/X9A/a.json"])
def test_what_is_in_no_feeds_folder_is_said_beside_it_once(tmp_path: Path, path: str) -> None:
    file, folder = laid(tmp_path, path), watcher(tmp_path)
    for _ in range(2):
        ready, problems = folder.look()
        assert (ready, list(problems)) == ([], [Path(path)])
        folder.report(problems)
    report = file.with_name(file.name + REPORT)
    assert "was not taken" in report.read_text()
    file.unlink()
    folder.report(folder.look()[1])
    assert not report.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = laid(tmp_path, ".elsewhere/secret")
    (tmp_path / "gp" / "X9A").mkdir(parents=True)
    (tmp_path / "gp" / "X9A" / "a.json").symlink_to(secret)
    ready, problems = watcher(tmp_path).look()
    assert (ready, list(problems)) == ([], [Path("gp/X9A/a.json")])


def test_a_file_of_somebody_else_that_is_named_like_a_report_is_left(tmp_path: Path) -> None:
    theirs = laid(tmp_path, f"gp/X9A/a{REPORT}", b"mine")
    watcher(tmp_path).report({})
    assert theirs.read_bytes() == b"mine"


def test_a_name_that_is_no_utf_8_is_said_beside_it_and_holds_nobody_up(tmp_path: Path) -> None:
    laid(tmp_path, "gp/X9A/z.json")
    Path(os.fsdecode(os.fsencode(tmp_path / "gp" / "X9A") + b"/a-caf\xe9.json")).write_bytes(b"x")
    folder = watcher(tmp_path)
    ready, problems = folder.look()
    assert (ready, list(problems.values())) == ([Path("gp/X9A/z.json")], ["its name is not in UTF-8"])
    for _ in range(2):
        folder.report(problems)
    (report,) = (tmp_path / "gp" / "X9A").glob(f"*{REPORT}")
    assert report.read_text(encoding="utf-8").startswith("a-caf\\xe9.json was not taken")
    folder.report({})
    assert not report.exists()


def test_a_report_takes_the_place_of_a_link_and_leaves_what_that_points_to(tmp_path: Path) -> None:
    theirs, wrong = laid(tmp_path, "gp/X9B/real.json", b"theirs"), laid(tmp_path, "nofeed/X9A/a.json")
    report = wrong.with_name(wrong.name + REPORT)
    report.symlink_to(theirs)
    folder = watcher(tmp_path)
    folder.report(folder.look()[1])
    assert theirs.read_bytes() == b"theirs"
    assert "was not taken" in report.read_text()
    assert not report.is_symlink()


def test_a_file_from_the_future_is_taken(tmp_path: Path) -> None:
    file = laid(tmp_path, "gp/X9A/a.json")
    os.utime(file, (time.time() + 1e7, time.time() + 1e7))
    assert watcher(tmp_path).look()[0] == [Path("gp/X9A/a.json")]


def test_a_claim_is_taken_over_only_when_its_watcher_is_gone(tmp_path: Path) -> None:
    laid(tmp_path, "gp/X9A/a.json", b"one")
    (claim,) = claimed(watcher(tmp_path))
    assert list(watcher(tmp_path).abandoned()) == []
    claim.release()
    (taken,) = watcher(tmp_path).abandoned()
    assert read(taken) == b"one"
    taken.done(keep=True)
    assert list(watcher(tmp_path).abandoned()) == []


def _claim_and_die(root: Path) -> None:
    claimed(watcher(root))
    os._exit(9)


def _claim_all(root: Path, taken: "multiprocessing.Queue[str]") -> None:
    folder, last = watcher(root), False
    while not last:
        last = (root / ".over").exists()
        for claim in [*folder.abandoned(), *claimed(folder)]:
            taken.put(read(claim).decode())
            claim.done(keep=True)
    taken.put("")


@pytest.fixture
def process() -> Iterator[Callable[..., multiprocessing.process.BaseProcess]]:
    context, started = multiprocessing.get_context("forkserver"), []

    def start(function: Callable[..., None], *arguments: object) -> multiprocessing.process.BaseProcess:
        started.append(context.Process(target=function, args=arguments))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.join()


def test_the_claim_of_a_killed_watcher_is_taken_over(
    tmp_path: Path, process: Callable[..., multiprocessing.process.BaseProcess]
) -> None:
    laid(tmp_path, "gp/X9A/a.json", b"one")
    process(_claim_and_die, tmp_path).join()
    assert names(tmp_path, "gp") == []
    (claim,) = watcher(tmp_path).abandoned()
    assert read(claim) == b"one"


def test_watchers_side_by_side_take_every_file_once(
    tmp_path: Path, process: Callable[..., multiprocessing.process.BaseProcess]
) -> None:
    taken = multiprocessing.get_context("forkserver").Queue()
    for _ in range(3):
        process(_claim_all, tmp_path, taken)
    for number in range(400):
        laid(tmp_path, f"gp/X9A/.{number}", b"%d" % number).rename(tmp_path / "gp" / "X9A" / f"{number}")
    (tmp_path / ".over").touch()
    found, ended = [], 0
    while ended < 3:
        one = taken.get(timeout=60)
        found.append(one)
        ended += not one
    found = list(filter(None, found))
    assert sorted(found, key=int) == [str(number) for number in range(400)]
    assert len(names(tmp_path, ".done")) == 400
