"""The rule of a caseload: as it is written, as it is said in English, and whom it finds."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration import demo
from integration.sharing.agreements import load as agreements
from integration.teams.caseloads.document import CaseloadError, load, schema
from integration.teams.caseloads.english import english
from integration.teams.caseloads.rule import Statement, found, months_before
from mappings import uk_core

TODAY = date(2026, 9, 30)
HEAD = "caseload: a\ntitle: A\nkind: INT\norganisation: X9N01\n"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def caseload(criteria: str) -> Any:
    return load(
        f"{HEAD}found by rule:\n  registered with: [X90101]\n  and one of:\n"
        f"    - finding: it\n      title: It\n      all of: {criteria}\n"
    )


def meets(criteria: str, *said: tuple[str, dict[str, Any]]) -> bool:
    return found(caseload(criteria).rule, [Statement(*one) for one in said], TODAY) is not None


def encounter(days_ago: int, code: str = "EMER", feed: str = "acute", **rest: Any) -> tuple[str, dict[str, Any]]:
    day = (TODAY - timedelta(days=days_ago)).isoformat()
    body = {"resourceType": "Encounter", "status": "finished", "class": {"code": code}, "period": {"start": day}}
    return feed, {**body, **rest}


def snomed(resource_type: str, code: str, **rest: Any) -> tuple[str, dict[str, Any]]:
    return "gp", {"resourceType": resource_type, "code": {"coding": [{"system": uk_core.SNOMED, "code": code}]}, **rest}


def condition(code: str, status: str = "active") -> tuple[str, dict[str, Any]]:
    return snomed("Condition", code, clinicalStatus={"coding": [{"system": CLINICAL, "code": status}]})


def flag(code: str, status: str = "active") -> tuple[str, dict[str, Any]]:
    return snomed("Flag", code, status=status)


def patient(**elements: Any) -> tuple[str, dict[str, Any]]:
    return "pds", {"resourceType": "Patient", **elements}


TWICE = "[A&E attendances: {at least: 2, within months: 12}]"


def test_attendances_are_counted_by_the_day_they_began() -> None:
    assert meets(TWICE, encounter(1), encounter(364))
    assert not meets(TWICE, encounter(1), encounter(366))
    assert not meets(TWICE, encounter(1), encounter(2, status="cancelled"))
    assert not meets(TWICE, encounter(1), encounter(-1)), "what is to come has not happened"
    assert not meets(TWICE, encounter(1), encounter(2, feed="gp"))
    assert not meets(TWICE, encounter(1), encounter(2, "AMB"))


def test_a_visit_that_became_an_admission_is_both() -> None:
    start, later = "2026-09-01", "2026-09-02"
    both = encounter(29, "IMP", classHistory=[
        {"class": {"code": "EMER"}, "period": {"start": start, "end": later}},
        {"class": {"code": "IMP"}, "period": {"start": later}},
    ])  # fmt: skip
    assert meets("[A&E attendances: {at least: 1, within months: 1}]", both)
    assert meets("[admissions: {at least: 1, within months: 1}]", both)
    assert not meets("[admissions: {at least: 2, within months: 1}]", both)


def test_conditions_are_counted_once_each_and_only_while_somebody_has_them() -> None:
    two = "[long-term conditions: {at least: 2}]"
    assert meets(two, condition("44054006"), condition("84114007"))
    assert not meets(two, condition("44054006"), condition("46635009")), "diabetes by two names is one"
    assert not meets(two, condition("44054006"), condition("84114007", "resolved"))
    assert not meets(two, condition("44054006"), condition("49727002")), "a cough is not a long-term condition"


def test_flags_say_frailty_the_end_of_life_and_a_care_home() -> None:
    assert meets("[frailty: [moderate, severe]]", flag("925831000000107"))
    assert not meets("[frailty: [severe]]", flag("925831000000107"))
    assert meets("[end of life: true]", flag("526631000000108"))
    assert not meets("[end of life: true]", flag("526631000000108", "inactive"))
    assert meets("[care home: true]", flag("160734000"))


def test_everything_of_a_finding_must_hold() -> None:
    both = "[end of life: true, age: {at least: 80}]"
    assert meets(both, flag("526631000000108"), patient(birthDate="1946-09-30"))
    assert not meets(both, flag("526631000000108"), patient(birthDate="1946-10-01"))
    assert not meets(both, patient(birthDate="1936-10-01"))


def test_nobody_who_has_died_is_found() -> None:
    assert not meets("[care home: true]", flag("160734000"), patient(deceasedDateTime="2026-09-01"))
    assert not meets("[care home: true]", flag("160734000"), patient(deceasedBoolean=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "line 1, column 1: nobody could ever come on it: give 'found by rule', 'reasons by hand', or both"),
        (HEAD.replace("kind: INT", "kind: team") + "reasons by hand: {a: b}", "line 3, column 1: 'team' is not one of"),
        (HEAD + "reasons by hands: {a: b}", "line 5, column 1: 'reasons by hands' is not known here; the nearest is"),
        (HEAD + "seen also by: [X9N01]\nreasons by hand: {a: b}", "its own organisation need not be named again"),
        (HEAD.replace("caseload: a", "caseload: A b") + "reasons by hand: {a: b}", "line 1, column 1: 'A b' is not"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(CaseloadError) as wrong:
        load(text)
    assert message in str(wrong.value)


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ("[frailty: [grave]]", "'grave' is not one of the words"),
        ("[age: {at least: 0}]", "0 is too small"),
        ("[admissions: {at least: 1}]", "'within months' is missing"),
        ("[{end of life: true, care home: true}]", "out of the range"),
        ("[end of life: no]", "not written as expected here: yes, or leave it out"),
    ],
)
def test_a_criterion_says_one_thing(criteria: str, message: str) -> None:
    with pytest.raises(CaseloadError) as wrong:
        caseload(criteria)
    assert message in str(wrong.value)
    assert "line " in str(wrong.value)


def test_the_demos_descriptions_are_sound_and_readable() -> None:
    names = agreements(demo.AGREEMENTS.read_text()).names
    every = [load(file.read_text()) for file in sorted(demo.CASELOADS.glob("*.yaml"))]
    assert [one.kind for one in every].count("INT") == 6
    for one in every:
        assert not {*one.organisations, *one.referrers} - names.keys()
        text = english(one, names)
        assert all(title in text for title in one.reasons.values())
    assert "4 or more long-term conditions and at least one admission to hospital in the last 12 months" in english(
        next(one for one in every if one.kind == "INT"), names
    )
    assert '"found by rule"' in schema()


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_months_are_whole(on: date, months: int) -> None:
    before = months_before(on, months)
    assert (on.year * 12 + on.month) - (before.year * 12 + before.month) == months
    assert before.day <= on.day
