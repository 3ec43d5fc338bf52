"""GP Connect -> UK Core: whatever stands in a place of an answer, the resources stay sound."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.adapters.gp_answers import bundle, patient, state_of
from tests.unit.mappings.gp_resources import CODE, GP, LABELLED, PRACTICE, STRUCTURE, element
from tests.unit.mappings.gp_views import NOW, view_of

RICH = [
    patient(
        name=[{"use": "official", "family": "Tanner", "given": ["Edith"]}],
        address=[{"use": "home", "line": ["1 High Street"]}],
        generalPractitioner=[{"reference": "Practitioner/GP1"}],
        contact=[{"name": {"family": "Tanner"}, "telecom": [{"system": "phone", "value": "1"}]}],
        extension=[{"url": f"{STRUCTURE}NHSCommunication-1",
                    "extension": [{"url": "language", "valueCodeableConcept": {"coding": [{"code": "pl"}]}}]}],
    ),
    GP,
    PRACTICE,
    *LABELLED,
    element("Observation", id="O9", status="final", code=CODE, effectiveDateTime="2020-01-01", comment="c",
            valueQuantity={"value": 6.5, "unit": "kg"}, component=[{"code": CODE, "valueString": "x"}]),
]  # fmt: skip
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8),
    st.just("2021-02-30"), st.just("2021-01-01T10:00"), st.just([]), st.just({}), st.just([{}]),
    st.just({"value": "x"}),
    st.lists(st.text(max_size=3), max_size=2),
)  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in paths(item, (*path, key)))] if path else [
        found for key, item in inner for found in paths(item, (key,))
    ]  # fmt: skip


def replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], junk)
    return copy


def junked(path: tuple[Any, ...], junk: Any) -> bytes | None:
    """RICH with `junk` at `path`; None when the Patient then cannot be read, and so the answer cannot."""
    answer = bundle(*replaced(RICH, path, junk))
    return None if path in ((0,), (0, "id"), (0, "resourceType")) else answer


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(paths(RICH)), JUNK)
def test_whatever_stands_in_a_place_of_an_answer_the_resources_stay_sound(path, junk):
    answer = junked(path, junk)
    if answer is not None:
        view_of(state_of((NOW, answer)))
