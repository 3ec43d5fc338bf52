"""Every search against a brute-force evaluator over what the same caller is served: every parameter in every form on
purpose, and queries of any kind at random; `TOLDONCE_SEARCHES=50000` is the long form, which takes as many processors
as `-n` says."""

import os
from collections.abc import AsyncIterator

import pytest

from integration.store.search_parameters import PARAMETERS
from tests.searching.compare import Comparison
from tests.searching.expressions import DATE, R4
from tests.searching.filled import fill
from tests.searching.forms import FORMS, SHAPES, Aim, aims, declared
from tests.spec.neighbourhood import Neighbourhood, running

SHORT, THOUSAND = 200, 1000
LONG = int(os.environ.get("TOLDONCE_SEARCHES", "300"))
EACH = min(LONG, THOUSAND)
"""Searches of one seed."""
FILLED = 4
"""Persons whose records say something under every parameter."""


@pytest.fixture(scope="module")
async def filled(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbourhood]:
    """A neighbourhood of its own, for things are put into it."""
    async with running(server_url, tmp_path_factory.mktemp("searching")) as neighbourhood:
        await fill(neighbourhood, (await neighbourhood.persons())[:FILLED], seed=2026)
        yield neighbourhood


def test_every_parameter_is_what_the_registry_says():
    declared = {type_: {one.name: one.kind for one in parameters} for type_, parameters in PARAMETERS.items()}

    assert declared == {type_: {name: kind for name, (kind, _) in found.items()} for type_, found in R4.items()}


async def test_every_modifier_and_prefix_that_is_declared_is_among_the_forms(coventry: Neighbourhood):
    listed = declared((await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")).json())
    asked = set(aims())

    assert len(listed) == sum(map(len, R4.values()))
    assert sum(map(len, listed.values())) > len(listed)
    assert [one for one, forms in listed.items() for form in forms if one._replace(form=form) not in asked] == []


async def test_searches_find_what_brute_force_finds(coventry: Neighbourhood):
    tally = await Comparison(coventry, seed=2026).at_random(SHORT)

    assert tally.with_matches > SHORT / 4


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_form_of_every_parameter_finds_what_brute_force_finds(filled: Neighbourhood):
    wanted = list(aims())
    persons = (await filled.persons())[:FILLED]
    tally = await Comparison(filled, seed=1).on_purpose(wanted, persons)

    assert sorted(map(str, set(wanted) - tally.aims.keys())) == [], "every form of every parameter is compared"
    by = {Aim(one.type, one.name) for one in tally.finding if one.can_find}
    assert sorted(map(str, {Aim(one.type, one.name) for one in wanted} - by)) == [], "something is found by each"
    compared = {(kind_of(aim), aim.form, shape) for aim, shapes in tally.aims.items() for shape in shapes}
    every = {(kind, form, shape) for kind in FORMS for form in FORMS[kind] for shape in SHAPES[kind]}
    assert sorted(every - compared) == [], "every form is compared about every kind of value"


def kind_of(aim: Aim) -> str:
    return R4[aim.type].get(aim.name, (DATE, ""))[0]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(max(1, LONG // THOUSAND)))
async def test_searches_find_what_brute_force_finds_at_length(filled: Neighbourhood, seed: int):
    tally = await Comparison(filled, seed).at_random(EACH)

    assert tally.queries >= EACH
    assert tally.with_matches > EACH / 4
