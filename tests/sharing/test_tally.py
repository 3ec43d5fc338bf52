"""A run that was ended goes on with what it has not judged, and only if it judges the same code."""

import json
from pathlib import Path

import pytest

from tests.sharing import tally
from tests.sharing.oracle import RULES
from tests.sharing.tally import Kept, Tally, digest, pairs


def test_a_run_is_kept_whole(tmp_path: Path):
    seen = Tally(worlds=1, decisions=3, failing=[[7, 2]], told=["words"])
    seen.pairs.update(pairs(["1", "6a", "9"]))
    kept = Kept(1, 10, 3, digest(), seconds=1.5, done={7, 2}, tally=seen)

    kept.write(tmp_path / "run.json")
    read = Kept.read(tmp_path / "run.json")
    assert read == kept
    read.tally.add(seen)
    assert (read.tally.decisions, read.tally.pairs["1 and 9"], len(read.tally.failing)) == (6, 2, 2)
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]


def test_a_run_of_other_code_does_not_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Kept(1, 10, 3, digest()).write(tmp_path / "run.json")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/oracle.py").write_text("another = True\n")
    monkeypatch.setattr(tally, "ROOT", tmp_path)
    monkeypatch.setattr(tally, "JUDGED", ("tests",))

    with pytest.raises(ValueError, match="other code"):
        Kept.read(tmp_path / "run.json")


def test_what_was_not_tried_enough_is_told():
    lacking = Tally(decisions=1000, shown=299).shortcomings()

    assert "less than 30% of decisions show something" in lacking
    assert "rule 6a decided less than 1%" in lacking
    assert "rules 1 and 2 never met" in lacking
    assert not Tally(
        decisions=1000,
        shown=300,
        decided=dict.fromkeys(RULES, 10),  # type: ignore[arg-type]
        pairs=dict.fromkeys(pairs(RULES), 1),  # type: ignore[arg-type]
    ).shortcomings()


def test_the_file_is_plain(tmp_path: Path):
    Kept(1, 2, 3, digest(), done={1}).write(tmp_path / "run.json")

    assert json.loads((tmp_path / "run.json").read_text())["done"] == [1]
