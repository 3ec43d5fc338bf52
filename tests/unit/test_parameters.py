"""Search parameters: what they mean; what is not understood is refused, naming the parameter but not its value."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.api import everything
from integration.api.criteria import Terms, alternatives
from integration.api.parameters import MOST, Asked, understand
from integration.errors import BadRequest
from integration.record.criteria import Begins, Chain, Entries, Ids, Is, When
from integration.store.search_parameters import PARAMETERS

PERSON = UUID("38480dad-a928-4599-a09e-0d447fd86d71")
TERMS = Terms("http://127.0.0.1:8000/fhir", datetime(2026, 6, 1, tzinfo=UTC))
NAMES = [
    "patient", "patient:identifier", "subject", "status", "class", "type:text", "date", "_id", "_count", "_sort",
    "_summary", "_elements", "_include", "_revinclude", "_total", "participant", "episode-of-care.status",
]  # fmt: skip


def asked(*parameters: tuple[str, str], of: str = "Encounter", lenient: bool = False) -> Asked:
    return understand(of, parameters, TERMS, lenient=lenient)


def criteria(*parameters: tuple[str, str], of: str = "Encounter"):
    return asked(*parameters, of=of).search.criteria


# ---- whom


@pytest.mark.parametrize("value", [f"Patient/{PERSON}", str(PERSON), f"{TERMS.base}/Patient/{PERSON}"])
@pytest.mark.parametrize("name", ["patient", "subject", "patient:Patient"])
def test_a_person_by_id(name: str, value: str):
    assert asked((name, value)).person == PERSON


def test_an_id_that_is_none_of_ours_is_nobodys():
    assert asked(("patient", "Patient/17")).person == UUID(int=0)
    assert asked(("_id", "17")).ids == (UUID(int=0),)


@pytest.mark.parametrize("value", ["https://fhir.nhs.uk/Id/nhs-number|9990000018", "9990000018", "|9990000018"])
def test_a_person_by_number(value: str):
    for name in ("patient:identifier", "patient.identifier", "subject:Patient.identifier"):
        assert asked((name, value)).number == "9990000018"
    assert asked(("identifier", value), of="Patient").number == "9990000018"


# ---- criteria


def test_of_a_token_a_bare_code_has_any_system_and_a_bar_says_which():
    assert criteria(("class", "http://x|IMP,AMB,|HH,http://x|")) == [
        Entries(
            [
                Is("class=http://x|imp"),
                Begins("class=", ends="|amb"),
                Is("class=|hh"),
                Begins("class=http://x|"),
            ]
        )
    ]


def test_modifiers():
    assert criteria(("status:not", "planned"))[0].negated
    assert criteria(("type:text", "Héart  FAILURE")) == [Entries([Begins("type~heart failure")])]
    assert criteria(("name", "O'B"), ("name:exact", "O'B"), ("name:contains", "b"), of="RelatedPerson") == [
        Entries([Begins("name~o'b")]),
        Entries([Is("name\"O'B")]),
        Entries([Begins("name~", holds="b")]),
    ]
    (missing,) = criteria(("class:missing", "true"))
    assert missing.negated
    assert Begins("class=") in missing.tests


def test_a_date_covers_what_it_says_at_its_precision():
    for text, first, after in (
        ("2026", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("ge2026-07-03", "2026-07-02T23:00:00", "2026-07-03T23:00:00"),  # summer time
        ("2026-03-29", "2026-03-29T00:00:00", "2026-03-29T23:00:00"),  # the day the clocks go forward
        ("lt2026-02-03T10:00Z", "2026-02-03T10:00:00", "2026-02-03T10:01:00"),
        ("sa2026-07-03T10:00:00 01:00", "2026-07-03T09:00:00", "2026-07-03T09:00:01"),  # an unescaped +
        ("eb9999-12-31", "9999-12-31T00:00:00", "later"),
    ):
        prefix = text[:2] if text[:2].isalpha() else "eq"
        assert criteria(("date", text)) == [Entries([When("date", prefix, first, after)])], text


def test_about_a_date_is_a_tenth_of_the_way_from_now():
    (entries,) = criteria(("date", "ap2026-05-22"))  # ten days ago, and a day each way
    assert (entries.tests[0].first[:10], entries.tests[0].after[:10]) == ("2026-05-21", "2026-05-23")


def test_references_are_relative_absolute_typed_or_logical():
    id_ = str(PERSON)
    for name, value in (
        ("location", f"Location/{id_}"),
        ("location", f"{TERMS.base}/Location/{id_}"),
        ("location:Location", id_),
    ):
        assert criteria((name, value)) == [Entries([Is(f"location>Location/{id_}")])]
    assert criteria(("location", id_)) == [Entries([Begins("location>", ends=f"/{id_}")])]
    assert criteria(("service-provider:identifier", "http://x|X9A")) == [Entries([Is("service-provider#http://x|x9a")])]


def test_a_chain_leads_to_criteria_of_another_type():
    search = asked(("episode-of-care.status", "active")).search
    assert search.criteria == [
        Chain("episode-of-care", {"EpisodeOfCare": Entries([Begins("status=", ends="|active")])})
    ]
    assert search.reached == ("EpisodeOfCare",)


def test_what_is_asked_for_by_id_is_one_of_these():
    found = asked(("_id", f"{PERSON},17"))
    assert found.ids == [PERSON]
    assert found.search.criteria == [Ids([PERSON])]


@pytest.mark.parametrize(
    ("value", "parts"),
    [("a", ["a"]), ("a,b", ["a", "b"]), (r"a\,b", [r"a\,b"]), (r"a\\,b", [r"a\\", "b"]), (r"\,", [r"\,"])],
)
def test_a_comma_that_is_escaped_divides_nothing(value: str, parts: list[str]):
    assert alternatives(value, "code") == parts


@given(st.integers(1, 10**9))
def test_a_page_has_a_greatest_size(count: int):
    assert asked(("_count", str(count))).limit == min(count, MOST)


# ---- what is refused

REFUSED = [
    ("patient", "Group/17"),
    ("patient", f"{PERSON},{PERSON}"),
    ("patient:missing", "true"),
    ("patient:identifier", "9990000019"),
    ("patient:identifier", "urn:another|9990000018"),
    ("patient:identifier", ""),
    ("_count", "-1"),
    ("_count", "1.5"),
    ("_count", "²"),
    ("class", ""),
    ("class", "a,,b"),
    ("class", "|"),
    ("class:above", "a"),
    ("class:missing", "yes"),
    ("type:text", "  "),
    ("date", ""),
    ("date", "ge"),
    ("date", "zz2026"),
    ("date:not", "2026"),
    ("date", "26-01-01"),
    ("date", "2026-1-1"),
    ("date", "2026-02-30"),
    ("date", "2026-01-01-01"),
    ("date", "2026-01-01T25:00:00Z"),
    ("date", "٢٠٢٦"),
    ("location", "Location/1/_history/2"),
    ("location:Unheard", "1"),
    ("participant.family", "Smith"),
    ("location.colour", "red"),
    ("_sort", "participant"),
    ("_sort", "colour"),
    ("_include", "Encounter"),
    ("_include", "Encounter:class"),
    ("_include", "Observation:encounter"),
    ("_revinclude", "Provenance:recorded"),
    ("_summary", "all"),
    ("_elements", "a.b"),
    ("_total", "some"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_is_not_understood_is_refused(name: str, value: str):
    with pytest.raises(BadRequest) as refused:
        asked((name, value))

    (issue,) = refused.value.issues
    assert issue.parameter
    assert len(value) < 4 or value not in issue.diagnostics


@pytest.mark.parametrize(
    "name", ["colour", "9990000018", "_has:Observation:patient:code", "identifier:of-type", "a:b:c"]
)
def test_a_name_that_is_none_of_ours_is_not_repeated(name: str):
    with pytest.raises(BadRequest) as refused:
        asked((name, "1"))

    assert name not in str(refused.value)


@pytest.mark.parametrize("name", ["patient", "_count", "_id", "_sort", "_total"])
def test_what_may_be_given_once_is_refused_twice(name: str):
    value = {"_count": "5", "_sort": "date", "_total": "none"}.get(name, str(PERSON))
    with pytest.raises(BadRequest):
        asked((name, value), (name, value))


@pytest.mark.parametrize("other", [("subject", str(PERSON)), ("patient:identifier", "9990000018")])
def test_a_person_may_be_named_in_one_way_only(other: tuple[str, str]):
    with pytest.raises(BadRequest):
        asked(("patient", str(PERSON)), other)


@given(st.sampled_from(NAMES), st.text(max_size=30), st.booleans())
def test_any_value_is_understood_or_refused(name: str, value: str, lenient: bool):
    try:
        asked((name, value), lenient=lenient)
    except BadRequest as refused:
        assert refused.diagnostics  # noqa: PT017  either is right; a crash is not


@given(st.sampled_from(sorted(PARAMETERS)), st.text(max_size=20))
def test_any_name_is_understood_or_refused(of: str, name: str):
    try:
        asked((name, "1"), of=of)
    except BadRequest as refused:
        assert refused.diagnostics  # noqa: PT017


def test_what_is_ignored_is_told_and_not_used():
    found = asked(("date", "yesterday"), ("status", "finished"), lenient=True)

    assert found.used == [("status", "finished")]
    assert [one.severity for one in found.ignored] == ["warning"]
    with pytest.raises(BadRequest):
        asked(("patient", "Group/1"), lenient=True)


# ---- $everything


def test_start_end_types_and_count_of_everything():
    given_ = [("start", "2026-02"), ("end", "2026-03"), ("_type", "Flag,CarePlan"), ("_count", "20")]
    found = everything.understand(given_).query

    assert (found.start, found.end) == (
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 3, 31, 22, 59, 59, 999999, tzinfo=UTC),
    )
    assert (found.types, found.limit) == (("Flag", "CarePlan"), 20)


@pytest.mark.parametrize(
    ("name", "value"), [("start", "ge2026"), ("_count", "0"), ("_type", ""), ("_since", "soon"), ("colour", "red")]
)
def test_everything_refuses_what_it_does_not_understand(name: str, value: str):
    with pytest.raises(BadRequest):
        everything.understand([(name, value)])
