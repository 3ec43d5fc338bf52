"""The benchmark of linkage in short, and what must never happen whatever the numbers."""

import subprocess
import sys

import pytest

from integration.identity.compare import compare
from integration.identity.demographics import Demographics
from tests.linkage import quality, splink_venv, train
from tests.linkage.__main__ import SEED
from tests.linkage.county import county
from tests.linkage.quality import Share
from tests.linkage.records import Record, records


def test_intervals_are_wilsons() -> None:
    assert Share(10, 100).interval() == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert Share(0, 10).interval() == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert Share(0, 0).interval() == (0.0, 1.0)


def test_what_is_measured_is_right_on_an_example() -> None:
    """Two of Ann, two of Bea, one of them without anything to link by, and a question that would find it."""
    ann, bea = (Demographics(nhs_number=number, verified=True) for number in ("9990000018", "9990000026"))
    listed = [Record(0, "gp", ann), Record(0, "acute", ann), Record(1, "gp", bea), Record(1, "vcfse", Demographics())]
    found = quality.weighed_up(listed, {0: 0, 1: 0, 2: 0, 3: 3}, {(2, 3)})
    assert found.quality().precision == Share(1, 3)
    assert found.quality().recall == Share(1, 2)
    assert found.quality().with_review == Share(2, 2)
    assert found.quality({3}).recall == Share(0, 1)
    assert (found.queue, found.questions) == (Share(1, 4), 1)


def test_training_and_evaluation_have_different_people() -> None:
    assert SEED != train.SEED
    ours, theirs = (
        {(one.given, one.family, one.birth_date) for one in county(500, seed)} for seed in (SEED, train.SEED)
    )
    assert not ours & theirs


def test_nobody_is_linked_wrongly_in_a_small_county() -> None:
    """And most are linked, with few questions. It is neither the county of training nor the one of the benchmark."""
    listed = records(county(3_000, 11), 11)
    found = quality.measured(listed, quality.decided(listed, quality.candidates(listed), compare))
    unsure = {place for place, one in enumerate(listed) if not one.says.verified}
    assert found.linked <= found.same
    assert found.quality().with_review.value > 0.97
    assert found.quality(unsure).with_review.value > 0.95
    assert found.questions / len(listed) < 0.012


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_benchmark_runs() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.linkage", "--people", "1000"],
        cwd=splink_venv.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for said in ("ToldOnce", "exact rules alone", "namesake", "p99", "1,000 people"):
        assert said in run.stdout
