"""Which resources show a relationship, and which evidence an agreement accepts."""

from datetime import date

import pytest

from integration.sharing.relationship import EvidenceRule, evidence_of, relationship
from integration.sharing.request import Evidence
from mappings import uk_core

DAY = date(2026, 6, 15)


def organisation(code: str) -> dict:
    return {"reference": f"Organization/{code}", "identifier": {"system": uk_core.ODS_ORGANISATION, "value": code}}


ENCOUNTER = {
    "resourceType": "Encounter",
    "status": "finished",
    "period": {"start": "2026-05-01T10:00:00+01:00", "end": "2026-05-03T09:00:00+01:00"},
    "serviceProvider": organisation("HOS"),
}
EPISODE = {
    "resourceType": "EpisodeOfCare",
    "status": "active",
    "period": {"start": "2026-05-01"},
    "managingOrganization": organisation("COM"),
}
REFERRAL = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "authoredOn": "2026-05-01",
    "performer": [organisation("CH1")],
    "requester": organisation("GP1"),
}
TEAM = {
    "resourceType": "CareTeam",
    "status": "active",
    "period": {"start": "2026-05-01"},
    "managingOrganization": [organisation("HUB")],
    "participant": [
        {"member": {"reference": "Practitioner/1"}, "onBehalfOf": organisation("CH1"), "period": {"end": "2026-06-01"}}
    ],
}
PLAN = {
    "resourceType": "CarePlan",
    "status": "active",
    "created": "2026-05-01",
    "contributor": [organisation("LA1")],
    "activity": [{"detail": {"performer": [organisation("HOME")]}}],
}


def member(start: str | None, end: str | None) -> dict:
    """A participant of a care team, of the first charity."""
    return {"onBehalfOf": organisation("CH1"), "period": {"start": start, "end": end}}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (
            {"resourceType": "Patient", "generalPractitioner": [organisation("GP1"), {"reference": "Practitioner/1"}]},
            [Evidence("registration", "GP1", "SRC")],
        ),
        (ENCOUNTER, [Evidence("encounter", "HOS", "SRC", date(2026, 5, 1), date(2026, 5, 3))]),
        (
            {**ENCOUNTER, "status": "in-progress", "period": {"start": "2026-05-01"}},
            [Evidence("encounter", "HOS", "SRC", date(2026, 5, 1))],
        ),
        (
            {**ENCOUNTER, "period": {"start": "2026-05-01"}},
            [Evidence("encounter", "HOS", "SRC", date(2026, 5, 1), date(2026, 5, 1))],
        ),
        (EPISODE, [Evidence("service", "COM", "SRC", date(2026, 5, 1))]),
        (
            {**EPISODE, "status": "finished", "period": {"start": "2026-05-01", "end": "2026-05"}},
            [Evidence("service", "COM", "SRC", date(2026, 5, 1), date(2026, 5, 31))],
        ),
        (
            REFERRAL,
            [
                Evidence("referral", "CH1", "SRC", date(2026, 5, 1), date(2026, 5, 1)),
                Evidence("referral", "GP1", "SRC", date(2026, 5, 1), date(2026, 5, 1)),
            ],
        ),
        (
            {**REFERRAL, "occurrencePeriod": {"start": "2026-05-10"}, "requester": None},
            [Evidence("referral", "CH1", "SRC", date(2026, 5, 1))],
        ),
        (
            TEAM,
            [
                Evidence("care-team", "CH1", "SRC", date(2026, 5, 1), date(2026, 6, 1)),
                Evidence("care-team", "HUB", "SRC", date(2026, 5, 1)),
            ],
        ),
        (
            PLAN,
            [
                Evidence("service", "HOME", "SRC", date(2026, 5, 1)),
                Evidence("service", "LA1", "SRC", date(2026, 5, 1)),
            ],
        ),
        ({"resourceType": "Observation", "performer": [organisation("HOS")]}, []),
        (
            {**EPISODE, "status": "finished"},
            [Evidence("service", "COM", "SRC", date(2026, 5, 1), date(2026, 5, 1))],
        ),
        (
            {**EPISODE, "status": "finished", "period": {"start": "2026-05-01", "end": "2026-05-04"}},
            [Evidence("service", "COM", "SRC", date(2026, 5, 1), date(2026, 5, 4))],
        ),
        (
            {**REFERRAL, "occurrencePeriod": {"start": "2026-05-10", "end": "2026-05-20"}, "requester": None},
            [Evidence("referral", "CH1", "SRC", date(2026, 5, 1), date(2026, 5, 20))],
        ),
        (
            {**REFERRAL, "status": "completed", "occurrencePeriod": {"start": "2026-05-10"}, "requester": None},
            [Evidence("referral", "CH1", "SRC", date(2026, 5, 1), date(2026, 5, 10))],
        ),
        (
            {**REFERRAL, "occurrenceDateTime": "2026-04-30", "requester": None},
            [Evidence("referral", "CH1", "SRC", date(2026, 4, 30), date(2026, 5, 1))],
        ),
        (
            {**TEAM, "status": "inactive", "period": {"start": "2026-05-01", "end": "2026-05-31"}, "participant": []},
            [Evidence("care-team", "HUB", "SRC", date(2026, 5, 1), date(2026, 5, 31))],
        ),
        (
            {**TEAM, "managingOrganization": [], "participant": [member("2026-05-07", "2026-05-09")]},
            [Evidence("care-team", "CH1", "SRC", date(2026, 5, 7), date(2026, 5, 9))],
        ),
        (
            {
                **TEAM,
                "period": {"start": "2026-05-01", "end": "2026-05-08"},
                "managingOrganization": [],
                "participant": [member("2026-05-07", "2026-05-09"), member(None, None)],
            },
            [
                Evidence("care-team", "CH1", "SRC", date(2026, 5, 1), date(2026, 5, 8)),
                Evidence("care-team", "CH1", "SRC", date(2026, 5, 7), date(2026, 5, 8)),
            ],
        ),
        (
            {**TEAM, "period": None, "managingOrganization": [], "participant": [member(None, None)]},
            [Evidence("care-team", "CH1", "SRC")],
        ),
        (
            {**TEAM, "managingOrganization": [organisation("CH1")], "participant": [member(None, "2026-06-01")]},
            [
                Evidence("care-team", "CH1", "SRC", date(2026, 5, 1), date(2026, 6, 1)),
                Evidence("care-team", "CH1", "SRC", date(2026, 5, 1)),
            ],
        ),
        (
            {
                **PLAN,
                "period": {"start": "2026-05-05"},
                "contributor": [],
                "author": organisation("LA1"),
                "activity": [],
            },
            [Evidence("service", "LA1", "SRC", date(2026, 5, 5))],
        ),
        (
            {**PLAN, "status": "completed", "contributor": [], "activity": [], "author": organisation("LA1")},
            [Evidence("service", "LA1", "SRC", date(2026, 5, 1), date(2026, 5, 1))],
        ),
    ],
)
def test_evidence_of(resource: dict, expected: list[Evidence]):
    assert evidence_of(resource, "SRC") == expected


@pytest.mark.parametrize(
    "resource",
    [
        {**ENCOUNTER, "status": "cancelled"},
        {**ENCOUNTER, "status": "entered-in-error"},
        {**ENCOUNTER, "period": None},
        {**EPISODE, "status": "cancelled"},
        {**REFERRAL, "status": "revoked"},
        {**REFERRAL, "status": "draft"},
        {**REFERRAL, "authoredOn": None},
        {**TEAM, "status": "proposed"},
        {**TEAM, "status": "inactive"},
        {**PLAN, "status": "entered-in-error"},
        {**PLAN, "created": None},
        {"resourceType": "Patient", "active": False, "generalPractitioner": [organisation("GP1")]},
        {**ENCOUNTER, "status": "unknown"},
        {**ENCOUNTER, "serviceProvider": {"reference": "Organization/1"}},
        {**ENCOUNTER, "serviceProvider": {"identifier": {"system": "https://example.org/codes", "value": "HOS"}}},
        {**ENCOUNTER, "serviceProvider": {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": ["HOS"]}}},
        {**ENCOUNTER, "serviceProvider": {"identifier": {"system": uk_core.ODS_ORGANISATION}}},
        {**EPISODE, "status": "entered-in-error"},
        {**EPISODE, "period": None},
        {**EPISODE, "period": {"end": "2026-05-04"}},
        {**TEAM, "status": "entered-in-error"},
    ],
)
def test_what_was_undone_or_cannot_be_placed_shows_nothing(resource: dict):
    assert evidence_of(resource, "SRC") == []


RULES = {
    "encounter": EvidenceRule(days=30, own_word=True, own_days=10),
    "registration": EvidenceRule(days=0, own_word=True, own_days=None),
    "referral": EvidenceRule(days=30),
}


@pytest.mark.parametrize(
    ("evidence", "accepted"),
    [
        (Evidence("encounter", "HOS", "GP1", date(2026, 1, 1)), True),
        (Evidence("encounter", "HOS", "GP1", date(2026, 6, 16)), False),
        (Evidence("encounter", "HOS", "GP1", None, date(2026, 5, 16)), True),
        (Evidence("encounter", "HOS", "GP1", None, date(2026, 5, 15)), False),
        (Evidence("encounter", "FAR", "GP1", date(2026, 6, 1)), False),
        (Evidence("service", "HOS", "GP1", date(2026, 6, 1)), False),
        (Evidence("encounter", "HOS", "HOS", date(2026, 6, 5)), True),
        (Evidence("encounter", "HOS", "HOS", date(2026, 6, 4)), False),
        (Evidence("encounter", "HOS", "HOS", date(2026, 1, 1), date(2026, 6, 5)), True),
        (Evidence("encounter", "HOS", "HOS", date(2026, 6, 1), date(2026, 12, 31)), False),
        (Evidence("encounter", "HOS", "HOS", None, date(2026, 12, 31)), False),
        (Evidence("encounter", "HOS", "HOS"), False),
        (Evidence("referral", "HOS", "HOS", date(2026, 6, 15)), False),
        (Evidence("registration", "HOS", "HOS"), True),
        (Evidence("registration", "HOS", "HOS", None, date(2026, 6, 15)), True),
        (Evidence("registration", "HOS", "HOS", None, date(2026, 6, 14)), False),
    ],
)
def test_what_counts(evidence: Evidence, accepted: bool):
    assert relationship([evidence], RULES, "HOS", DAY) == (evidence if accepted else None)


def test_the_word_of_others_comes_before_ones_own():
    own = Evidence("registration", "HOS", "HOS")
    others = Evidence("encounter", "HOS", "GP1", date(2026, 5, 1), date(2026, 6, 1))

    assert relationship([own, others], RULES, "HOS", DAY) == others
    assert relationship([others, own], RULES, "HOS", DAY) == others


def test_the_latest_to_end_is_the_best_and_then_the_latest_to_begin():
    ended, lasting, begun_before = (
        Evidence("encounter", "HOS", "GP1", date(2026, 5, start), end)
        for start, end in ((3, date(2026, 6, 1)), (2, None), (1, None))
    )

    assert relationship([ended, lasting, begun_before], RULES, "HOS", DAY) == lasting
    assert relationship([begun_before, ended, lasting], RULES, "HOS", DAY) == lasting


def test_what_has_no_first_day_comes_behind_what_has_one():
    dated, undated = Evidence("encounter", "HOS", "GP1", date(2026, 5, 1)), Evidence("encounter", "HOS", "GP1")

    assert relationship([dated, undated], RULES, "HOS", DAY) == dated
    assert relationship([undated, dated], RULES, "HOS", DAY) == dated
