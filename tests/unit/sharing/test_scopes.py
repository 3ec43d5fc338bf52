"""SMART scopes: nothing beyond the registration, nothing half understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import Forbidden
from integration.oauth_errors import InvalidScope
from integration.sharing.scopes import granted_scopes, parse_scope, require_scope

REGISTERED = ("system/*.rs", "system/CarePlan.cruds")


@pytest.mark.parametrize(
    "requested",
    ["system/*.rs", "system/Patient.r", "system/Patient.s system/CarePlan.cud", "system/CarePlan.*", "system/*.read"],
)
def test_what_is_within_the_registration_is_granted_as_asked(requested):
    assert granted_scopes(requested, REGISTERED) == tuple(requested.split())


@pytest.mark.parametrize(
    "requested",
    [
        "",
        "system/Patient.u",
        "system/Patient.write",
        "user/*.rs",
        "patient/*.rs",
        "openid",
        "system/Patient.rs?category=x",
        "system/Patient.sr",
        "system/Patient.",
        "system/patient.rs",
        "system/Patient.rs system/Patient.d",
    ],
)
def test_what_is_not_is_refused(requested):
    with pytest.raises(InvalidScope):
        granted_scopes(requested, REGISTERED)


@pytest.mark.parametrize(
    ("registered", "requested", "granted"),
    [
        (REGISTERED, "system/*.cruds", REGISTERED),
        (REGISTERED, "system/*.*", REGISTERED),
        (("system/Encounter.rs", "system/Patient.r"), "system/*.rs", ("system/Encounter.rs", "system/Patient.r")),
        (("system/Encounter.rs", "system/Flag.cud"), "system/*.r", ("system/Encounter.r",)),
        (("system/Flag.cud", "system/Condition.c"), "system/*.c", ("system/Flag.c", "system/Condition.c")),
    ],
)
def test_a_star_stands_for_the_types_of_the_registration(registered, requested, granted):
    assert granted_scopes(requested, registered) == granted


def test_a_star_does_not_make_up_a_letter_that_is_not_registered():
    with pytest.raises(InvalidScope):
        granted_scopes("system/*.rd", ("system/Encounter.rs", "system/Flag.cu"))


def test_scopes_are_granted_once():
    assert granted_scopes("system/Flag.r system/Flag.r", REGISTERED) == ("system/Flag.r",)


def test_an_interaction_needs_its_letter():
    require_scope(("system/Flag.r", "system/*.s"), "Flag", "r")
    require_scope(("system/Flag.r", "system/*.s"), "Patient", "s")
    for resource_type, access in (("Flag", "u"), ("Patient", "r")):
        with pytest.raises(Forbidden):
            require_scope(("system/Flag.r", "system/*.s"), resource_type, access)
    with pytest.raises(Forbidden):
        require_scope((), "Flag", "r")


letters = st.sets(st.sampled_from("cruds"), min_size=1).map(lambda chosen: "".join(c for c in "cruds" if c in chosen))
scopes = st.builds("system/{}.{}".format, st.sampled_from(["*", "Patient", "Flag"]), letters)


@given(st.lists(scopes, min_size=1, max_size=3), st.lists(scopes, min_size=1, max_size=3))
def test_granted_never_exceeds_registered(requested, registered):
    def permits(texts, resource_type, access):
        return any(parse_scope(t).type in ("*", resource_type) and access in parse_scope(t).access for t in texts)

    try:
        granted = granted_scopes(" ".join(requested), registered)
    except InvalidScope:
        return
    for resource_type in ("Patient", "Flag", "Goal"):
        for access in "cruds":
            assert not permits(granted, resource_type, access) or permits(registered, resource_type, access)
