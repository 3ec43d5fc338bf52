"""Whatever is done to the log at or below the newest checkpoint kept elsewhere is found, and the first wrong event is
named."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.audit.verify.report import Report
from integration.audit.verify.source import Stray
from tests.properties.audit_forger import Log, event

LOG = Log.grown(1, 40, 1, 230, 20, later=5)
"""292 events vouched for, in 5 checkpoints, 5 more after them; one subtree is stored."""
places = st.integers(0, LOG.size - 1)
DEPTHS = st.sampled_from(["content", "leaf", "tree", "key"])
"""How far the forger goes: the event alone, its leaf too, every subtree too, and with the key every checkpoint too."""


def checked(log: Log, *, copy: bool) -> Report:
    if not copy:
        return asyncio.run(log.verify())
    with TemporaryDirectory() as folder:
        return asyncio.run(log.verify(Path(folder)))


def covered(log: Log, depth: str, *indexes: int) -> Log:
    for index in indexes:
        if depth != "content":
            log.placed[index].rehash()
    if depth in ("tree", "key"):
        log.rebuild(with_key=depth == "key")
    return log


def test_an_untouched_log_is_intact():
    for copy in (False, True):
        report = checked(LOG, copy=copy)
        assert report.intact, report
        assert (report.size, report.proven) == (297, 292)


@settings(max_examples=10)
@given(places, DEPTHS, st.booleans(), st.integers(0, 10**6), st.booleans())
def test_an_altered_event(index: int, depth: str, salt: bool, where: int, copy: bool):
    log = LOG.tampered()
    one = log.placed[index]
    data = bytearray(one.salt if salt else one.content)
    data[where % len(data)] ^= 1 + where % 255
    one.salt, one.content = (bytes(data), one.content) if salt else (one.salt, bytes(data))
    named(checked(covered(log, depth, index), copy=copy), index, exact=copy or depth == "content")


@settings(max_examples=10)
@given(places, DEPTHS, st.booleans(), st.booleans())
def test_a_deleted_event(index: int, depth: str, closed: bool, copy: bool):
    """The event alone, or with its leaf; the gap left, or closed."""
    log = LOG.tampered()
    if depth == "content":
        log.placed[index].row = log.placed[index].salt = log.placed[index].content = None
    else:
        del log.placed[index]
        if closed:
            log.close_gaps()
            if depth in ("tree", "key"):
                log.rebuild(with_key=depth == "key")
    gap = depth != "content" and not closed
    named(checked(log, copy=copy), index, exact=copy or gap or depth == "content")


@settings(max_examples=10)
@given(places, DEPTHS, st.booleans())
def test_an_inserted_event(index: int, depth: str, copy: bool):
    log = LOG.tampered()
    events = [one for _, one in sorted(log.placed.items())]
    log.placed = dict(enumerate([*events[:index], event(10_000), *events[index:]]))
    if depth in ("tree", "key"):
        log.rebuild(with_key=depth == "key")
    named(checked(log, copy=copy), index, exact=copy)


@settings(max_examples=10)
@given(places, places, DEPTHS, st.booleans())
def test_events_in_another_order(one: int, other: int, depth: str, copy: bool):
    log = LOG.tampered()
    a, b = log.placed[one], log.placed[other]
    if depth == "content":
        a.row, b.row, a.salt, b.salt, a.content, b.content = b.row, a.row, b.salt, a.salt, b.content, a.content
    else:
        log.placed[one], log.placed[other] = b, a
    report = checked(covered(log, depth), copy=copy)
    if one == other:
        assert report.intact or depth == "key"
        return
    named(report, min(one, other), exact=copy or depth == "content")
    if copy or depth == "content":
        assert {"reordered"} <= {finding.fault for finding in report.findings}


@settings(max_examples=10)
@given(places, DEPTHS, st.booleans())
def test_a_log_that_was_cut_off(size: int, depth: str, copy: bool):
    """With the key the forger lets it grow again, past the size that was kept."""
    log = LOG.tampered()
    log.placed = {index: one for index, one in log.placed.items() if index < size}
    if depth == "key":
        log.placed |= {index: event(10_000 + index) for index in range(size, 300)}
        log.checkpoints[300] = ""
    if depth != "content":
        log.rebuild(with_key=True)
    named(checked(log, copy=copy), size, exact=copy or depth != "key")


@settings(max_examples=8)
@given(st.sampled_from(sorted(LOG.nodes)), st.sampled_from(["changed", "deleted", "moved"]), st.booleans())
def test_a_subtree(place: tuple[int, int], attack: str, copy: bool):
    log = LOG.tampered()
    hash_ = log.nodes.pop(place)
    if attack == "changed":
        log.nodes[place] = hash_[::-1]
    if attack == "moved":
        log.nodes[place[0] + 8, place[1] + 7] = hash_
    report = checked(log, copy=copy)
    assert {finding.fault for finding in report.findings} == {"node"}
    assert report.first.index == place[1] << place[0]


@settings(max_examples=10)
@given(st.sampled_from([1, 41, 42, 272, 292]), st.sampled_from(["changed", "deleted", "moved", "another's", "added"]))
def test_a_stored_checkpoint(size: int, attack: str):
    log = LOG.tampered()
    note = log.checkpoints.pop(size) if attack != "added" else log.checkpoints[size]
    if attack == "changed":
        log.checkpoints[size] = note.replace("A", "B").replace("a", "c")
    if attack in ("moved", "added"):
        log.checkpoints[size + 3] = note
    if attack == "another's":
        log.checkpoints[size] = log.checkpoints[297]
    report = checked(log, copy=False)
    assert not report.intact
    assert report.first.fault == "checkpoint"


@settings(max_examples=8)
@given(places, st.sampled_from(["recorded", "person", "organisation", "client", "kind", "outcome"]))
def test_a_column_that_hides_an_event_from_searches(index: int, column: str):
    log = LOG.tampered()
    place = ("id", "recorded", "person", "organisation", "client", "kind", "outcome").index(column)
    row = list(log.placed[index].row)
    row[place] = None
    log.placed[index].row = tuple(row)
    report = checked(log, copy=False)
    assert [(finding.fault, finding.index) for finding in report.findings] == [("column", index)]


@pytest.mark.parametrize("kind", ["inserted", "missing", "altered", "waits"])
def test_events_without_a_place(kind: str):
    log, one = LOG.tampered(), event(700)
    stray = Stray(one.event, None, one.hash, one.salt, one.content)
    if kind == "inserted":
        stray = stray._replace(hash=None)
    if kind == "missing":
        stray = stray._replace(salt=None, content=None)
    if kind == "altered":
        stray = stray._replace(content=b"{}")
    log.strays = [stray]
    report = checked(log, copy=False)
    assert [finding.fault for finding in report.findings] == ([] if kind == "waits" else [kind])
    assert report.unsealed == (1 if kind in ("waits", "altered") else 0)


def named(report: Report, index: int, *, exact: bool) -> None:
    """The first wrong event is this one; or, where nothing but signed roots can tell, one of a batch that holds it."""
    assert not report.intact
    first = report.first
    assert first is not None
    assert first.index is not None
    if exact:
        assert first.index == index, report
    else:
        # of a batch, or of the 256 events that a stored subtree is about
        starts = [size for size in (0, 1, 41, 42, 256, 272) if size <= index]
        assert first.index in (index, *starts), report
