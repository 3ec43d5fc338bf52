"""What is weighed online is what splink would say: on the same pairs, with the same weights."""

from itertools import combinations
from pathlib import Path

import pytest

from integration.identity.compare import WEIGHTS
from integration.identity.score import NOT_STATED, score
from tests.linkage import splink_venv
from tests.linkage.county import county
from tests.linkage.quality import candidates, crowded
from tests.linkage.records import records
from tests.linkage.train import WEIGHTS as FILE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SEED = 7


@pytest.fixture(scope="module")
def splink() -> None:
    try:
        splink_venv.installed()
    except splink_venv.NoSplink as error:
        pytest.skip(f"splink could not be installed: {error}")


def test_our_score_is_what_splink_predicts(splink: None, tmp_path: Path) -> None:
    """Of each pair that shares a block; and few levels are never met."""
    listed = records(county(4_000, SEED), SEED)
    said = [(one.truth, one.says) for one in listed]
    (tmp_path / "weights.json").write_bytes(FILE.read_bytes())
    splink_venv.write(tmp_path / "records.json", said, WEIGHTS, crowded(listed))
    predicted = splink_venv.run("score", tmp_path)["result"]
    assert {tuple(sorted(row[:2])) for row in predicted} == candidates(listed)
    met = set()
    for a, b, weight, probability in predicted:
        ours = score(listed[a].says, listed[b].says, WEIGHTS)
        assert ours.weight == pytest.approx(weight, abs=1e-6), ours.reasons
        assert ours.probability == pytest.approx(probability, abs=1e-6)
        met |= {(one.field, one.level) for one in ours.reasons}
    known = {(field, level) for field, levels in WEIGHTS.fields.items() for level in levels}
    assert len(known - met) <= 3, known - met


def test_and_of_pairs_that_share_nothing(splink: None, tmp_path: Path) -> None:
    """Two of a hundred strangers each: what is different is where SQL and Python might disagree unseen."""
    listed = records(county(100, SEED), SEED)[::2]
    everybody_alike = 1
    (tmp_path / "weights.json").write_bytes(FILE.read_bytes())
    path = tmp_path / "records.json"
    splink_venv.write(path, [(one.truth, one.says) for one in listed], WEIGHTS, frozenset())
    path.write_bytes(b"".join(splink_venv.in_block(line, everybody_alike) for line in path.read_bytes().splitlines()))
    predicted = splink_venv.run("score", tmp_path)["result"]
    assert len(predicted) == len(list(combinations(listed, 2)))
    for a, b, weight, _ in predicted:
        ours = score(listed[a].says, listed[b].says, WEIGHTS)
        assert ours.weight == pytest.approx(weight, abs=1e-6), [one for one in ours.reasons if one.level != NOT_STATED]
