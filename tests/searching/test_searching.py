"""Every search against a brute-force evaluator over what the same caller is served: `TOLDONCE_SEARCHES=50000` is the
long form."""

import os

import pytest

from integration.store.search_parameters import PARAMETERS
from tests.searching.compare import compare
from tests.searching.expressions import R4
from tests.spec.neighbourhood import Neighbourhood

SHORT = 200
LONG = int(os.environ.get("TOLDONCE_SEARCHES", "2000"))


def test_every_parameter_is_what_the_registry_says():
    declared = {type_: {one.name: one.kind for one in parameters} for type_, parameters in PARAMETERS.items()}

    assert declared == {type_: {name: kind for name, (kind, _) in found.items()} for type_, found in R4.items()}


async def test_searches_find_what_brute_force_finds(coventry: Neighbourhood):
    tally = await compare(coventry, seed=2026, queries=SHORT)

    assert tally.with_matches > SHORT / 4


@pytest.mark.slow
async def test_searches_find_what_brute_force_finds_at_length(coventry: Neighbourhood):
    for seed in range(max(1, LONG // 1000)):
        assert (await compare(coventry, seed=seed, queries=1000)).queries >= 1000
