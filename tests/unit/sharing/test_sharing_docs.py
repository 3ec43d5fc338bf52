"""The example in docs/sharing.md is what the code says today."""

from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from uuid import UUID

from integration.sharing.agreements import load
from integration.sharing.decide import Policy, decide
from integration.sharing.explain import explain
from integration.sharing.request import Caller, Category, Choice, Evidence, Facts, Label, Request

DOCS = Path(__file__).parents[3] / "docs" / "sharing.md"
COVENTRY = resources.files("integration.sharing").joinpath("coventry.yaml")


def example() -> str:
    """A hospital doctor asks for a person whom the hospital treated; the practice and a charity know her too."""
    labels = (
        Label(1, "X90401", Category.DEMOGRAPHICS),
        Label(2, "X90401", Category.CLINICAL),
        Label(3, "X90401", Category.CLINICAL, frozenset({"sexual health"})),
        Label(4, "X9A", Category.ENCOUNTERS),
        Label(5, "X9V01", Category.CARE_PLAN),
        Label(6, "X9L", Category.SAFEGUARDING, frozenset({"safeguarding"})),
        Label(7, "X90401", Category.ADJUSTMENTS),
    )
    stay = Evidence("encounter", "X9A", "X9A", date(2026, 11, 2), date(2026, 11, 6))
    consent = Choice(
        consent="c1",
        kind="share-charity-data",
        permits=True,
        source="X9V01",
        recorded=datetime(2026, 3, 4, tzinfo=UTC),
        about=frozenset({"X9V01"}),
    )
    facts = Facts(UUID(int=1), True, labels, (stay,), (consent,))
    caller = Caller("hospital-epr", "X9A", "hospital doctor", "TREAT", "Dr Okafor")
    request = Request(caller, UUID(int=1), datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    policy = Policy.of(load(COVENTRY.read_text("utf-8")))
    return explain(decide(request, facts, policy), policy, {"hospital-epr": "the hospital's record system"})


def test_the_example_is_what_the_code_says():
    assert f"```text\n{example()}```" in DOCS.read_text("utf-8")
