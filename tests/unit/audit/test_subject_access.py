"""What of an entry goes out to the person unreviewed, and what somebody must look at first."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from integration.audit.subject_access import Copy, Held, files
from integration.sharing.request import Category, Label

NAME = {"family": "Tanner", "given": ["Edith"]}
SON = {"name": {"family": "Otherman"}, "telecom": [{"system": "phone", "value": "07700900123"}]}
PATIENT = {"resourceType": "Patient", "id": "1", "name": [NAME]}
ROLE = [{"text": "Informal carer"}]
CARER = {"role": ROLE, "member": {"reference": "RelatedPerson/2"}}
NURSE = {"member": {"reference": "Practitioner/3", "display": "Nurse Jackson"}}
TEAM = {"resourceType": "CareTeam", "id": "4", "participant": [CARER, NURSE]}
NAMED = {**TEAM, "participant": [{**CARER, "member": {**CARER["member"], "display": "Sam Otherman"}}, NURSE]}
MARKED = Label(1, "X9A", Category.CARE_TEAM, frozenset({"local"}))


def made(held: Held) -> Mapping[str, bytes]:
    at = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
    return files(
        Copy(made=at, reviewer="Dr Patel", held=[held], replaced=[], withheld=[], seen=None, names={}, purposes={})
    )


def entries(files: Mapping[str, bytes], name: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(files[name]).get("entry", ())]


@pytest.mark.parametrize(
    ("held", "given", "reviewed"),
    [
        (Held(PATIENT), [PATIENT], []),
        (Held({**PATIENT, "contact": [SON]}), [PATIENT], [{**PATIENT, "contact": [SON]}]),
        (Held(TEAM), [TEAM], []),
        (Held(NAMED), [TEAM], [NAMED]),
        (Held(NAMED, MARKED), [], [NAMED]),
        (Held(TEAM, MARKED), [], [TEAM]),
    ],
    ids=["nobody else", "next of kin", "a carer without a name", "a carer", "a carer and marked", "marked"],
)
def test_next_of_kin_are_reviewed_first(held: Held, given: list[object], reviewed: list[object]) -> None:
    copy = made(held)
    assert entries(copy, "for-the-person/record.json") == given
    assert entries(copy, "for-review/others-and-sensitive.json") == reviewed
    out = [content for name, content in copy.items() if name.startswith("for-the-person/")]
    assert all(said not in content for content in out for said in (b"Otherman", b"07700900123"))
    assert ("Otherman" in copy["for-review/others-and-sensitive.html"].decode()) is ("Otherman" in str(reviewed))
