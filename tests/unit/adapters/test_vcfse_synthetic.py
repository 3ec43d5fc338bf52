"""The synthetic charities' files: reproducible, dirty as real ones, and true to the world they tell of."""

import hashlib
from collections import defaultdict
from datetime import date, datetime

import pytest

from adapters.records import FoldedEvent, SourcePatient
from adapters.synthetic.vcfse import feed_files
from adapters.synthetic.world import Address, LifeEvent, Person, Staff, World
from adapters.vcfse.parse import parse
from adapters.vcfse.state import fold

TODAY = date(2026, 9, 30)
OPENED, ENDED, MET = (
    datetime.fromisoformat(text) for text in ("2025-05-01T09:00", "2026-05-01T09:00", "2025-06-01T10:00")
)
"""Naive London wall time, as the world keeps it."""
HOME = Address(lines=("1 High Street",), postcode="CV1 2AB", since=date(2000, 1, 1))


def person(number: int, **changes: object) -> Person:
    facts: dict[str, object] = {
        "key": f"p{number}",
        "family": f"Family{number}",
        "given": "Margaret",
        "nickname": "Peggy",
        "sex": "female",
        "birth_date": date(1940, 1, 1 + number),
        "title": "Mrs",
        "nhs_number": "9990000018",
        "practice": "X90101",
        "addresses": (HOME,),
        "charity_consent": True,
        "phone": "02476000111",
        "tags": frozenset({"named"}),
    }
    return Person(**{**facts, **changes})  # type: ignore[arg-type] # facts by field name


PEOPLE = (
    person(1, care_coordinator="w-X9V01"),
    person(2, charity_consent=False),
    person(3, charity_consent=None),
    person(4, charity_consent_withdrawn=date(2026, 8, 1)),
    person(5, nhs_number=None, practice=None, addresses=(), nickname=None),
)


def events(charity: str) -> list[LifeEvent]:
    told = []
    for someone in PEOPLE:
        key, worker = f"{someone.key}-{charity}", f"w-{charity}"
        detail = {"reason": "Loneliness", "source": "GP", "action": "Lunch club", "worker": worker, "accepted": "yes"}
        told.append(
            LifeEvent(
                key,
                someone.key,
                "charity-referral",
                OPENED,
                charity,
                ENDED,
                worker,
                detail,
            )
        )
        session = {"referral": key, "channel": "visit", "summary": "Talked about her son’s debts"}
        told.append(LifeEvent(f"{key}-c", someone.key, "charity-contact", MET, charity, None, worker, session))
    return told


WORLD = World(
    seed=7,
    today=TODAY,
    people=PEOPLE,
    events=[*events("X9V01"), *events("X9V02")],
    staff=[Staff(f"w-{code}", "Nair", "Priya", "Ms", "Link worker", code) for code in ("X9V01", "X9V02")],
)


def states():
    gathered = defaultdict(list)
    for file in feed_files(WORLD):
        parsed = parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of)
        assert parsed.defects == []
        digest = hashlib.sha256(file.content).hexdigest()
        for event in parsed.events:
            told = FoldedEvent(at=event.at, sent=event.sent, digest=digest, name=file.name, record=event.record)
            gathered[event.patient].append(told)
    return {
        patient: fold(patient, sorted(told, key=lambda e: (e.at, e.digest)), []) for patient, told in gathered.items()
    }


def test_the_same_world_gives_the_same_bytes():
    assert [file.content for file in feed_files(WORLD)] == [file.content for file in feed_files(WORLD)]


def test_one_charity_sends_workbooks_and_the_other_two_csv_files_and_later_ones_repeat():
    names = [(file.sender, file.name.rsplit(".")[-1]) for file in feed_files(WORLD)]
    assert names == [("X9V01", "xlsx")] * 3 + [("X9V02", "csv")] * 6
    moments = [file.as_of for file in feed_files(WORLD) if file.sender == "X9V01"]
    assert moments == sorted(moments)
    assert moments[-1].date() == TODAY


@pytest.mark.parametrize("charity", ["X9V01", "X9V02"])
def test_the_record_tells_what_the_world_holds(charity):
    found = states()
    ids = {"X9V01": "CC-000{}", "X9V02": "{}"}[charity]
    given, refused, never, withdrawn, rough = (found[SourcePatient(charity, ids.format(n))] for n in range(1, 6))
    assert given.share.outcome == given.view.outcome == "given"
    assert [row.status for row in given.referrals] == ["Closed"]
    assert len(given.contacts) == 1
    assert refused.share.outcome == "refused"
    assert never.share is None
    assert (withdrawn.share.outcome, list(withdrawn.referrals), list(withdrawn.contacts)) == ("withdrawn", [], [])
    assert rough.client.location is None
    assert rough.client.birth_date == "1940-01-06"
    assert {patient.organisation for patient in found} == {"X9V01", "X9V02"}


def test_what_was_told_in_confidence_stays_in_the_file():
    assert any("debts".encode("cp1252") in file.content for file in feed_files(WORLD) if file.sender == "X9V02")
    assert "debts" not in repr(states())
