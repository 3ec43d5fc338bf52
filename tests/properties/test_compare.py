"""What no weight may ever do: link twins, parent and child of one name, two numbers; and both ways round alike."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from integration.identity.compare import compare
from integration.identity.demographics import Demographics

NAMES = [
    "edith",
    "edie",
    "eidth",
    "enid",
    "edita",
    "amandeep",
    "ramandeep",
    "tanner",
    "smith",
    "tannerssmith",
    "e",
    "x",
]
DATES = [None, "1942", "1942-03-04", "1942-04-03", "1942-01-01", "1943-03-04", "1972-03-04", "1951-09-22"]


def some(*values: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


WHO = st.builds(
    Demographics,
    nhs_number=st.sampled_from([None, None, "9990000018", "9990000026"]),
    verified=st.booleans(),
    families=some(*NAMES),
    given=some(*NAMES),
    birth_date=st.sampled_from(DATES),
    gender=st.sampled_from([None, "female", "male"]),
    postcodes=some("cv56aa", "cv56ab", "cv58bb", "m11aa"),
    phones=some("07700900123", "07700900132"),
    uprns=some("1007"),
    practices=some("x90101"),
    ids=some("urn:mrn|a1234", "urn:case|9999"),
    conflicting_numbers=st.sampled_from([frozenset[str]()] * 4 + [frozenset({"9990000018", "9990000026"})]),
).map(
    lambda who: replace(
        who,
        nhs_number=None if who.conflicting_numbers else who.nhs_number,
        verified=who.verified and who.nhs_number is not None and not who.conflicting_numbers,
    )
)


@given(WHO, WHO)
@settings(max_examples=300, deadline=None)
def test_a_comparison_is_the_same_either_way_round(a: Demographics, b: Demographics) -> None:
    assert compare(a, b) == compare(b, a)


@given(WHO, WHO)
@settings(max_examples=300, deadline=None)
def test_two_verified_numbers_and_conflicting_ones_never_link(a: Demographics, b: Demographics) -> None:
    found = compare(a, b)
    if a.verified and b.verified and a.nhs_number != b.nhs_number:
        assert found is None
    if (
        a.conflicting_numbers
        or b.conflicting_numbers
        or (a.nhs_number and b.nhs_number and a.nhs_number != b.nhs_number)
    ):
        assert found is None or found.outcome == "POSSIBLE"


@given(WHO, st.sampled_from([("edith", "enid"), ("edith", "edita"), ("amandeep", "ramandeep"), ("edith", "e")]))
@settings(max_examples=300, deadline=None)
def test_twins_are_never_linked_whatever_they_share(who: Demographics, first_names: tuple[str, str]) -> None:
    """Address, telephone, practice, a household's identifier, a family name, one's unverified number on the other."""
    a, b = (replace(who, given=frozenset({one})) for one in first_names)
    for one, other in ((a, b), (a, replace(b, nhs_number=None, verified=False)), (a, replace(b, verified=False))):
        if not (one.verified and other.verified):
            found = compare(one, other)
            assert found is None or found.outcome == "POSSIBLE"


@given(WHO, st.sampled_from(["1951-09-22", "1972-03-04", "1942", None]))
@settings(max_examples=300, deadline=None)
def test_mother_and_daughter_of_one_name_are_never_linked(who: Demographics, born: str | None) -> None:
    mother, daughter = replace(who, birth_date="1942-03-04"), replace(who, birth_date=born)
    for one, other in ((mother, replace(daughter, verified=False)), (replace(mother, nhs_number=None), daughter)):
        if not (one.verified and other.verified and one.nhs_number):
            found = compare(one, other)
            assert found is None or found.outcome == "POSSIBLE"
