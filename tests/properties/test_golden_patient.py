"""For any statements: every element of a golden Patient is, word for word, what its source says; and what is withheld
adds nothing: no value, no link and no place appears that the statements still permitted do not state."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.record.patient import Golden, golden
from integration.record.reader import Row
from integration.record.sources import provenances, twin
from integration.record.survivorship import MADE_HERE, RULES, TRUST
from mappings import uk_core
from tests.unit.record.fhirpath import elements, valued
from tests.unit.record.patients import grant, number, said

NUMBERS = ("9990000018", "9990000026", "9990000034")
DAYS = st.sampled_from(["2020", "2025-03", "2026-11-19", "2026-11-20", "2027-01-01"])
PERIODS = st.fixed_dictionaries({}, optional={"period": st.fixed_dictionaries({}, optional={"end": DAYS})})
USES = st.fixed_dictionaries({}, optional={"use": st.sampled_from(["official", "usual", "old", "maiden", "home"])})


def with_use(**parts: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(USES, PERIODS, st.fixed_dictionaries(parts)).map(lambda each: each[0] | each[1] | each[2])


def some(one: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, min_size=1, max_size=3)


EXTENSIONS = st.sampled_from(
    [
        {"url": f"{uk_core.EXTENSION}EthnicCategory", "valueCodeableConcept": {"text": "A"}},
        {"url": f"{uk_core.EXTENSION}EthnicCategory", "valueCodeableConcept": {"text": "Z"}},
        {"url": f"{uk_core.EXTENSION}ContactPreference", "extension": [{"url": "PreferredContactMethod"}]},
        {"url": f"{uk_core.EXTENSION}NHSNumberUnavailableReason", "valueCodeableConcept": {"text": "not known"}},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": True},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": False},
    ]
)
IDENTIFIERS = st.builds(number, st.sampled_from(NUMBERS), st.sampled_from(["01", "02"])) | st.fixed_dictionaries(
    {"system": st.sampled_from(["urn:a", "urn:b"]), "value": st.sampled_from("12")}
)
DEATHS = st.sampled_from(
    [{}, {}, {"deceasedBoolean": False}, {"deceasedBoolean": True}, {"deceasedDateTime": "2026-02-01"}]
)
OPTIONAL: dict[str, Any] = {
    "active": st.booleans(),
    "extension": some(EXTENSIONS),
    "identifier": some(IDENTIFIERS),
    "name": some(with_use(family=st.sampled_from(["Tanner", "Harris"]))),
    "telecom": some(with_use(system=st.just("phone"), value=st.sampled_from(["07700 900128", "+447700900128", "1"]))),
    "gender": st.sampled_from(["female", "male", "unknown"]),
    "birthDate": st.sampled_from(["1942-03-14", "1942"]),
    "address": some(with_use(postalCode=st.sampled_from(["CV1 1AA", "CV5 6ZB"]))),
    "multipleBirthInteger": st.integers(1, 3),
    "contact": some(st.fixed_dictionaries({"gender": st.sampled_from(["male", "female"])})),
    "communication": some(
        st.sampled_from(["en", "pl"]).map(lambda code: {"language": {"coding": [{"code": code}]}, "preferred": True})
    ),
    "generalPractitioner": some(st.fixed_dictionaries({"display": st.sampled_from(["A", "B"])})),
    "managingOrganization": st.fixed_dictionaries({"display": st.sampled_from(["A", "B"])}),
}
STATEMENT = st.tuples(st.sampled_from((*TRUST, "another")), DEATHS, st.fixed_dictionaries({}, optional=OPTIONAL))
HOW = st.fixed_dictionaries({}, optional={"hide_location": st.booleans(), "location_withheld": st.booleans()})
LOCATING = {rule.element for rule in RULES if rule.locates}


@st.composite
def statements(draw: st.DrawFn) -> list[Row]:
    drawn = draw(st.lists(STATEMENT, max_size=6))
    return [said(feed, serial, **death, **parts) for serial, (feed, death, parts) in enumerate(drawn)]


@given(statements(), HOW)
@settings(max_examples=60)
def test_every_element_is_what_its_source_says(rows: Sequence[Row], how: dict[str, bool]):
    for found in shown(rows, how):
        assert sorted(path for path, _ in found.sources) == sorted(elements(found.resource, MADE_HERE))
        assert all(row in rows for _, row in found.sources)
        for path, row in found.sources:
            assert states(row, path, valued(found.resource, path)), path


@given(statements(), HOW)
@settings(max_examples=30)
def test_the_provenances_say_just_that(rows: Sequence[Row], how: dict[str, bool]):
    for found in shown(rows, how):
        told = []
        for one in provenances(grant(**how), found):
            (entity,), (target,) = one["entity"], one["target"]
            (source,) = [row for row in rows if entity["what"]["reference"] == f"Patient/{row.id}"]
            assert (one["id"], twin(twin(source.id))) == (str(twin(source.id)), source.id)
            told += [(path["valueString"], source) for path in target["extension"]]
        key = lambda pair: (pair[0], pair[1].id)  # noqa: E731  two orders of the same
        assert sorted(told, key=key) == sorted(found.sources, key=key)


@given(statements(), HOW, st.data())
@settings(max_examples=60)
def test_what_is_withheld_adds_nothing(rows: Sequence[Row], how: dict[str, bool], data: st.DataObject):
    fewer = [row for row in rows if data.draw(st.booleans())]
    for found in shown(fewer, how):
        (whole,) = shown(rows, {})
        assert {one["other"]["reference"] for one in found.resource["link"]} <= {
            one["other"]["reference"] for one in whole.resource["link"]
        }
        for path in elements(found.resource, MADE_HERE):
            assert any(states(row, path, valued(found.resource, path)) for row in fewer)
        if any(how.values()):
            assert not LOCATING & found.resource.keys()


@given(statements(), st.randoms())
@settings(max_examples=30)
def test_the_order_of_reading_does_not_matter(rows: list[Row], random: Any):
    shuffled = random.sample(rows, len(rows))
    assert [one.resource for one in shown(rows, {})] == [one.resource for one in shown(shuffled, {})]


@given(statements())
@settings(max_examples=40)
def test_there_is_one_number_and_nobody_dead_is_shown_alive(rows: Sequence[Row]):
    for found in shown(rows, {}):
        identifiers = found.resource.get("identifier", ())
        assert sum(one["system"] == uk_core.NHS_NUMBER for one in identifiers) <= 1
        current = [row.resource() for row in rows if row.resource().get("active", True)] or [
            row.resource() for row in rows
        ]
        dead = any(one.get("deceasedBoolean") or one.get("deceasedDateTime") for one in current)
        assert dead == bool(found.resource.get("deceasedBoolean") or found.resource.get("deceasedDateTime"))


def shown(rows: Sequence[Row], how: dict[str, bool]) -> list[Golden]:
    found = golden(grant(**how), rows)
    return [found] if found else []


def states(row: Row, path: str, value: Any) -> bool:
    """Whether a statement has this very value in the element of the path."""
    patient = row.resource()
    name = path.removeprefix("Patient.").partition("[")[0]
    if "[" in path:
        return value in patient.get(name, ())
    return valued(patient, path) == value
