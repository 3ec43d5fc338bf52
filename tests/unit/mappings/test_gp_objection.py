"""A Type 1 objection in a practice's record becomes a Consent that rule 9 reads, and a later withdrawal ends it."""

import pytest

from integration.sharing.choices import TYPE_1, choices_of
from integration.sharing.opt_outs import split
from mappings.gp.objection import OBJECTS, WITHDRAWS
from tests.unit.mappings.gp_views import assert_valid, of, only, view
from tests.unit.mappings.test_gp_promotion import said


@pytest.mark.parametrize(
    ("entries", "objects"),
    [
        ([(OBJECTS, "2021-06-01")], True),
        ([(OBJECTS, None)], True),
        ([(OBJECTS, "2021-06-01"), (WITHDRAWS, "2022-01-01")], False),
        ([(OBJECTS, None), (WITHDRAWS, "2022-01-01")], False),
        ([(OBJECTS, "2021-06-01"), (WITHDRAWS, "2021-06-01")], True),
        ([(OBJECTS, "2021-06-01"), (WITHDRAWS, None)], True),
        ([(OBJECTS, "2021-06-01"), (WITHDRAWS, "2022-01-01"), (OBJECTS, "2023-01-01")], True),
        ([(WITHDRAWS, "2022-01-01"), (OBJECTS, "2021-06-01")], False),
    ],
)
def test_the_latest_word_counts(entries, objects):
    made = view(*(said(code, on) for code, on in entries))
    consent = only(made, "Consent")
    assert_valid(consent)
    (choice,) = choices_of(consent, "X90101")
    assert choice.kind == TYPE_1
    about_care, objecting = split([choice])
    assert (about_care, objecting) == ((), objects)


def test_nobody_objects_who_did_not():
    assert of(view(said(WITHDRAWS, "2022-01-01")), "Consent") == []
