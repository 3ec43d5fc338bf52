"""The bounded forms of `make fuzz`: no exception but Unreadable, nothing dropped in silence, nothing for longer than a
second. Synthetic files only, so that it is the same everywhere."""

import json
from dataclasses import replace

import pytest

from adapters.records import Parsed
from integration.feeds import FEEDS
from integration.ingest.inbox import Delivery
from tests.fuzz.mutants import Mutant, mutant
from tests.fuzz.run import Run, Tally, judged, keep, kept
from tests.fuzz.seeds import AS_OF, seeds
from tests.fuzz.verdict import LONGEST, verdict
from tests.properties import folding

SEED = 20260930


def report(tally: Tally) -> str:
    return "\n".join(f"inputs {numbers[:5]}: {failure}" for failure, numbers in tally.failures.items())


@pytest.mark.parametrize(
    ("first", "count"),
    [
        pytest.param(0, 150, id="150"),
        pytest.param(150, 350, id="350 more", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
@pytest.mark.parametrize("feed", FEEDS)
def test_whatever_arrives_is_read_or_refused_with_a_reason_and_soon(feed: str, first: int, count: int) -> None:
    tally = judged(Run(feed, SEED, first, count, samples=False))
    assert not tally.failures, report(tally)
    assert tally.slowest[0] < LONGEST
    assert tally.outcomes["refused"] < 0.8 * count, "the mutations reach too little"
    assert tally.outcomes["read"] + tally.outcomes["read in part"] + tally.outcomes["refused"] == count
    assert tally.mapped > 0.7 * count


GIANT = b"9" * 30
SCORED = b"Client ID,Name,DOB,Referral ID,Referral date,Consent,WEMWBS start\n17,Ann Hill,01/02/1940,R1,05/01/2026,Y,"


def test_numbers_that_no_machine_word_holds_do_not_stop_a_persons_record() -> None:
    """Found by the long form, in a prescription's quantity and in a wellbeing score."""
    sheet = Delivery("vcfse", "X9V01", "referrals.csv", SCORED + GIANT + b"\n", AS_OF)
    prescriptions = [one for one in seeds("gp", samples=False) if b"MedicationRequest" in one.content]
    records = [replace(one, content=_dispensing(one.content, int(GIANT))) for one in prescriptions]
    assert len(records) > 3
    for one in (sheet, *records):
        given = verdict(Mutant(one, None))
        assert given.failure is None
        assert given.mapped > 0


def _dispensing(content: bytes, quantity: int) -> bytes:
    """The record with this quantity in each prescription."""
    bundle = json.loads(content)
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "MedicationRequest":
            entry["resource"]["dispenseRequest"] = {"quantity": {"value": quantity}}
    return json.dumps(bundle).encode()


def test_an_input_is_the_same_each_time_and_others_are_others() -> None:
    made = [mutant("acute", SEED, number, samples=False) for number in (1, 2, 1)]
    assert made[0] == made[2] != made[1]
    assert mutant("acute", SEED + 1, 1, samples=False) != made[0]


def test_a_failing_input_is_kept_so_that_it_can_be_judged_again(tmp_path) -> None:
    made = mutant("community", SEED, 5, samples=False)
    keep(made, tmp_path / "new" / "community-1-5")
    assert kept(tmp_path / "new" / "community-1-5.json") == made
    assert (tmp_path / "new" / "community-1-5.input").read_bytes() == made.delivery.content


class Broken:
    """A feed that fails in the ways that are looked for."""

    def __init__(self, how: str) -> None:
        self.how = how

    def __call__(self, delivery: Delivery) -> Parsed:
        if self.how == "exception":
            raise KeyError("a field")
        while self.how == "slow":
            pass
        return Parsed()


@pytest.mark.parametrize("how", ["exception", "nothing", "slow"])
def test_what_must_not_happen_is_noticed(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(folding, "read", Broken(how))
    monkeypatch.setattr("tests.fuzz.verdict._GIVEN_UP", 0.2)
    given = verdict(Mutant(Delivery("vcfse", "X9V01", "f.csv", b"", AS_OF), None))
    assert given.outcome == {"slow": "hang"}.get(how, how)
    assert given.failure
