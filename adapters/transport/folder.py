"""A watched folder: DIR/<feed>/<sender>/file. A file is claimed by moving it, which the file system does once or not at
all, so that any number of watchers share a folder.

    DIR/<feed>/<sender>/file                        laid there by whoever delivers
    DIR/.claimed/<claim>/<feed>/<sender>/file       taken by a watcher, which holds a lock on DIR/.claimed/<claim>/lock
    DIR/.done/<claim>/<feed>/<sender>/file          received

A watcher that is killed loses its lock (`flock`), and the next one takes the claim over. What a claim means, and when
it is done, is the caller's. Everything is on one file system.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import BinaryIO

REPORT = ".problem.txt"
"""Ending of the text beside a file that could not be taken."""
_NOT_TAKEN = " was not taken: "
UNFINISHED = (".tmp", ".part", REPORT)
"""Endings of names that are left alone, as names that begin with a dot are."""
SETTLED = 5.0
"""Seconds without a change after which a file counts as written. One that is moved in is older than that, or waits as
long; writing under another name and renaming is safer."""
_BEING_MADE = "new-"
_LEFT = 3600.0
"""Seconds after which a claim that was never finished is taken for a killed watcher's."""
_DEPTH = 3
"""DIR/<feed>/<sender>/file."""


@dataclass(frozen=True)
class Place:
    """What a file's path says."""

    feed: str
    sender: str
    name: str

    @property
    def path(self) -> Path:
        return Path(self.feed, self.sender, self.name)


@dataclass
class Claim:
    """A file that this watcher alone has, until `done` or `release`."""

    place: Place
    _folder: Path
    _root: Path
    _lock: int

    def open(self) -> BinaryIO:
        return (self._folder / self.place.path).open("rb")

    def state(self) -> tuple[int, int]:
        """Size and time of change: another one later means that the file was still being written."""
        found = (self._folder / self.place.path).stat()
        return found.st_size, found.st_mtime_ns

    def done(self, *, keep: bool) -> None:
        """The file is received: keep it under .done, or delete it."""
        done = _made(self._root / ".done") / self._folder.name
        self._folder.rename(done)  # with its lock: nobody takes over what is no longer among the claims
        if keep:
            (done / "lock").unlink()
        else:
            shutil.rmtree(done)
        os.close(self._lock)

    def release(self) -> None:
        """Leave it to whoever looks next."""
        os.close(self._lock)


@dataclass
class Folder:
    """`problem` says of a feed's and a sender's folder names what is wrong with them, or nothing."""

    root: Path
    problem: Callable[[str, str], str]
    settled: float = SETTLED
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Size and time of change at the last look, of files that were not ready."""

    def abandoned(self) -> Iterator[Claim]:
        """Claims whose watcher is no more."""
        for folder in sorted(_made(self.root / ".claimed").iterdir()):
            if not folder.name.startswith(_BEING_MADE):
                claim = self._taken_over(folder)
                if claim:
                    yield claim
            elif _is_old(folder):
                _emptied(folder)

    def look(self) -> tuple[list[Path], dict[Path, str]]:
        """Files that are ready to be claimed, and what is wrong with those that never will be; by path below the
        root, in their order."""
        ready, problems, now = [], {}, time()
        seen, self._seen = self._seen, {}
        for path in _files(self.root):
            relative = path.relative_to(self.root)
            problem = self._problem(path, relative)
            if problem:
                problems[relative] = problem
                continue
            try:
                found = path.stat()
            except FileNotFoundError:  # another watcher was faster
                continue
            state = found.st_size, found.st_mtime_ns
            changed = max((at for at in (found.st_mtime, found.st_ctime) if at <= now), default=now)
            old = now - changed >= self.settled  # a time of change that is yet to come was set by whoever sent it
            if old and seen.get(path, state) == state:
                ready.append(relative)
            else:
                self._seen[path] = state
        return ready, problems

    def claim(self, relative: Path) -> Claim | None:
        """Take a file that is ready; None when another watcher did. Raises OSError when it cannot be moved."""
        place = Place(*relative.parts)
        folder, lock = self._made_claim(place)
        try:
            (self.root / relative).rename(folder / place.path)
        except OSError as error:
            _emptied(folder)
            os.close(lock)
            if error.errno == errno.ENOENT:
                return None
            raise
        return Claim(place, folder, self.root, lock)

    def report(self, problems: dict[Path, str]) -> None:
        """Say beside each of these files what is wrong, and beside no other."""
        for path in _every(self.root):
            about = path.relative_to(self.root).with_name(path.name.removesuffix(REPORT))
            if path.name.endswith(REPORT) and about not in problems and _is_ours(path, about):
                path.unlink(missing_ok=True)
        for relative, problem in problems.items():
            path = self.root / relative.with_name(relative.name + REPORT)
            text = f"{shown(relative.name)}{_NOT_TAKEN}{problem}.\n"
            with suppress(OSError):  # the folder may be read-only: then the log alone says it
                if path.is_symlink() or not path.exists() or path.read_bytes() != text.encode():
                    _put(path, text)

    def _made_claim(self, place: Place) -> tuple[Path, int]:
        """A claim's folder, which nobody sees before it is locked."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        claims = _made(self.root / ".claimed")
        made = claims / f"{_BEING_MADE}{name}"
        (made / place.path).parent.mkdir(parents=True)
        lock = _locked(made)
        assert lock is not None
        return made.rename(claims / name), lock

    def _problem(self, path: Path, relative: Path) -> str:
        if len(relative.parts) != _DEPTH:
            return "it does not lie in a folder <feed>/<sender>"
        if shown(relative) != str(relative):
            return "its name is not in UTF-8"
        feed, sender, _ = relative.parts
        if problem := self.problem(feed, sender):
            return problem
        if path.is_symlink() or not path.is_file():
            return "it is no file but a link, or something else"
        if not os.access(path, os.R_OK):
            return "it may not be read"
        if path.parent.stat().st_dev != self.root.stat().st_dev:
            return "its folder is on another file system"
        return ""

    def _taken_over(self, folder: Path) -> Claim | None:
        lock = _locked(folder)
        if lock is None:
            return None
        files = [path for path in folder.rglob("*") if path.is_file() and path != folder / "lock"]
        if not files:  # killed before it had moved the file, or after it was done
            _emptied(folder)
            os.close(lock)
            return None
        return Claim(Place(*files[0].relative_to(folder).parts), folder, self.root, lock)


def shown(path: Path | str) -> str:
    """A path as text that can be written down: of a name that is no UTF-8 its bytes are spelled out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _put(path: Path, text: str) -> None:
    """Write a file of ours in place of whatever has that name: a link that somebody laid there is not followed."""
    made = path.with_name(f".{secrets.token_hex(4)}{REPORT}")
    with made.open("x", encoding="utf-8") as file:
        file.write(text)
    made.replace(path)


def _locked(folder: Path) -> int | None:
    """The lock of a claim; None where another watcher holds it, or where the claim is gone."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if not _is_still(folder / "lock", lock):
        os.close(lock)
        return None
    return lock


def _emptied(folder: Path) -> None:
    """Remove a claim without a file. No file is ever removed here: another watcher may be moving one in."""
    with suppress(OSError):
        for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
            path.rmdir()
        (folder / "lock").unlink(missing_ok=True)
        folder.rmdir()


def _is_old(folder: Path) -> bool:
    try:
        return time() - folder.stat().st_mtime > _LEFT
    except FileNotFoundError:
        return False


def _is_ours(report: Path, about: Path) -> bool:
    try:
        return report.read_text(encoding="utf-8").startswith(f"{shown(about.name)}{_NOT_TAKEN}")
    except (OSError, UnicodeDecodeError):
        return False


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the open file is what the path names: not when its claim was done since it was opened."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _files(root: Path) -> Iterator[Path]:
    """Everything below the root but folders and what is left alone."""
    for path in _every(root):
        if not path.name.endswith(UNFINISHED):
            yield path


def _every(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder, name)


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder
