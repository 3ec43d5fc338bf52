"""Every search against a brute-force evaluator over what the same caller is served: `TOLDONCE_SEARCHES=50000` is the
long form, which takes as many processors as `-n` says."""

import os

import pytest

from integration.store.search_parameters import PARAMETERS
from tests.searching.compare import compare
from tests.searching.expressions import R4
from tests.spec.neighbourhood import Neighbourhood

SHORT, THOUSAND = 200, 1000
LONG = int(os.environ.get("TOLDONCE_SEARCHES", "2000"))


def test_every_parameter_is_what_the_registry_says():
    declared = {type_: {one.name: one.kind for one in parameters} for type_, parameters in PARAMETERS.items()}

    assert declared == {type_: {name: kind for name, (kind, _) in found.items()} for type_, found in R4.items()}


async def test_searches_find_what_brute_force_finds(coventry: Neighbourhood):
    tally = await compare(coventry, seed=2026, queries=SHORT)

    assert tally.with_matches > SHORT / 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(max(1, LONG // THOUSAND)))
async def test_searches_find_what_brute_force_finds_at_length(coventry: Neighbourhood, seed: int):
    tally = await compare(coventry, seed=seed, queries=THOUSAND)

    assert tally.queries >= THOUSAND
    assert tally.with_matches > THOUSAND / 4
