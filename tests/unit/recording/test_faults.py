"""What may be recorded, by example: the national shapes and IHE PCF's pass, and of each thing that is wrong its sender
is told where."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.recorded.records import Author, Said, State, Write
from adapters.records import SourcePatient
from integration.ingest.validity import invalidity
from integration.recording.faults import not_fhir, strange_references, too_deep
from integration.recording.kinds import KINDS, Occasion
from integration.sharing.choices import choices_of
from integration.sharing.deciders import DECIDERS, DECISION_MAKER
from mappings import uk_core
from mappings.ids import Ids
from mappings.recorded import to_resources
from mappings.recorded.vocabulary import NOTES
from tests.database.recording import (
    adjustment,
    choice,
    coordinator,
    ended,
    existence,
    impairment,
    organisation,
    recipient,
    subject,
    task,
)

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
HER = "11111111-1111-4111-8111-111111111111"
EXAMPLES = Path(__file__).parents[4] / "shared" / "ukcore" / "examples" / "nhsengland"


def faults(sent: dict[str, Any]) -> list[str]:
    """Where something is wrong, as the API says it."""
    kind = sent["resourceType"]
    if broken := not_fhir(kind, sent):
        return [one.expression for one in broken]
    entry = KINDS[kind]
    found = [*entry.faults(sent, Occasion("X90401", NOW)), *strange_references(kind, sent, entry.about)]
    return [one.expression for one in found]


def decided(capacity: str, **parts: str) -> dict[str, Any]:
    """Consent elements of a decision by somebody else."""
    named = [{"url": "capacity", "valueCode": capacity}]
    named += [{"url": url, "valueDate" if url == "assessedOn" else "valueString": text} for url, text in parts.items()]
    return {
        "extension": [{"url": DECISION_MAKER, "extension": named}],
        "performer": [{"type": "RelatedPerson", "display": "her daughter"}],
    }


def participant(**elements: Any) -> dict[str, Any]:
    """CareTeam elements: the one who coordinates, with other elements."""
    (usual,) = coordinator(HER)["participant"]
    return {"participant": [{name: value for name, value in (usual | elements).items() if value}]}


ENTRY = "22222222-2222-4222-8222-222222222222"
ASSESSED = {"assessedBy": "Dr Sample", "assessedOn": "2026-09-01"}
RIGHT = [
    adjustment(HER),
    adjustment(HER, status="inactive", extension=ended()),
    adjustment(HER, extension=[{"url": NOTES, "valueAnnotation": {"text": "by the window"}}]),
    {**adjustment(HER), "code": {"text": "needs her own chair"}},
    existence(HER),
    impairment(HER),
    choice(HER),
    choice(HER, status="entered-in-error"),
    choice(HER, patient={"identifier": {"system": uk_core.NHS_NUMBER, "value": "9990000018"}}),
    choice(HER, "view-by-charity", "permit", provision={"actor": [recipient("X9V01")]}),
    choice(HER, "objection-to-sharing", provision={"provision": [{"type": "permit", "actor": [recipient("X9A")]}]}),
    choice(HER, **decided("attorney", **ASSESSED, basis="the registered document")),
    choice(HER, **decided("deputy", **ASSESSED, basis="the order of the court")),
    choice(HER, **decided("best-interests", **ASSESSED, basis="as she said when she was well")),
    choice(HER, **decided("parental-responsibility"), provision={"period": {"end": "2030-05-01"}}),
    choice(HER, **(decided("gillick-competent", **ASSESSED) | {"performer": [{"reference": f"Patient/{HER}"}]})),
    task(HER),
    task(HER, status="completed", executionPeriod={"start": "2026-09-30", "end": "2026-09-30"}),
    task(HER, owner={"reference": f"Practitioner/{ENTRY}", "display": "Dr Sample"}),
    task(HER, owner={"display": "her nephew Graham"}, requester={"display": "Priya Nair", "type": "Practitioner"}),
    task(HER, owner=subject(HER), description="Takes the morning tablets from the box"),
    task(HER, partOf=[{"reference": f"Task/{ENTRY}"}], focus={"reference": f"CarePlan/{ENTRY}"}),
    task(HER, note=[{"text": "after two, she sleeps late"}], priority="urgent"),
    {**task(HER, code={"coding": [{"system": "http://snomed.info/sct", "code": "185320006"}]}), "description": " "},
    coordinator(HER),
    coordinator(HER, status="inactive", period={"start": "2026-01-01", "end": "2026-09-29"}),
    coordinator(HER, **participant(member={"reference": f"Practitioner/{ENTRY}"})),
    coordinator(HER, **participant(member=organisation("X9V01", "Companions"), onBehalfOf=None)),
]
WRONG = [
    ("Task.status", task(HER, status="draft")),
    ("Task.status", task(HER, status="entered-in-error")),
    ("Task.intent", task(HER, intent="option")),
    ("Task.priority", task(HER, priority="soon")),
    ("Task.owner", {name: value for name, value in task(HER).items() if name != "owner"}),
    ("Task.owner", task(HER, owner={"type": "Organization"})),
    ("Task.owner.reference", task(HER, owner={"reference": "Practitioner/1"})),
    ("Task.owner.reference", task(HER, owner={"reference": f"Device/{ENTRY}"})),
    ("Task.owner.reference", task(HER, owner=subject(ENTRY))),
    ("Task.owner.identifier", task(HER, owner={"identifier": {"system": uk_core.NHS_NUMBER, "value": "9990000018"}})),
    ("Task.owner.identifier.value", task(HER, owner=organisation("x9l; drop"))),
    ("Task.description", task(HER, description="  ")),
    ("Task.code", task(HER, code={"coding": [{"system": "http://snomed.info/sct", "code": "86406008"}]})),
    ("Task.authoredOn", task(HER, authoredOn="2026-10-02")),
    ("Task.restriction.period", task(HER, restriction={"period": {"start": "2026-10-03", "end": "2026-10-02"}})),
    ("Task.restriction.repetitions", task(HER, restriction={"repetitions": 2})),
    ("Task.partOf[0].reference", task(HER, partOf=[{"reference": f"CarePlan/{ENTRY}"}])),
    ("Task.note[0].authorReference", task(HER, note=[{"text": "x", "authorReference": subject(HER)}])),
    ("Task.input", task(HER, input=[{"type": {"text": "x"}, "valueString": "y"}])),
    ("CareTeam.status", coordinator(HER, status="suspended")),
    ("CareTeam.period.start", {name: value for name, value in coordinator(HER).items() if name != "period"}),
    ("CareTeam.period.start", coordinator(HER, period={"start": "2026-12-01"})),
    ("CareTeam.period.end", coordinator(HER, status="inactive")),
    ("CareTeam.period.end", coordinator(HER, status="inactive", period={"start": "2026-01-01", "end": "2030-01-01"})),
    ("CareTeam.participant", coordinator(HER, participant=[])),
    ("CareTeam.participant", coordinator(HER, **participant(role=[{"text": "Care coordinator"}]))),
    ("CareTeam.participant[0].member", coordinator(HER, **participant(member=None))),
    ("CareTeam.participant[0].member.reference", coordinator(HER, **participant(member=subject(HER)))),
    ("CareTeam.participant[0].onBehalfOf", coordinator(HER, **participant(onBehalfOf={"display": "the hub"}))),
    ("CareTeam.participant[0].onBehalfOf", coordinator(HER, **participant(member=organisation("X9H")))),
    ("CareTeam.managingOrganization", coordinator(HER, managingOrganization=[organisation("X9H")])),
    (
        "Flag.extension[0].valueAnnotation.authorReference.reference",
        adjustment(
            HER, extension=[{"url": NOTES, "valueAnnotation": {"text": "x", "authorReference": subject(ENTRY)}}]
        ),
    ),
    ("Flag.status", adjustment(HER, status="entered-in-error")),
    ("Flag.status", adjustment(HER, status="inactive")),
    ("Flag.status", adjustment(HER, extension=ended())),
    ("Flag.status", adjustment(HER, status="inactive", extension=ended("because"))),
    ("Flag.status", existence(HER, status="inactive", extension=ended())),
    ("Flag.category", adjustment(HER, category=[])),
    ("Flag.category", adjustment(HER, category=None)),
    ("Flag.category", adjustment(HER, category=[{"coding": [{"system": "x", "code": "safety"}]}])),
    ("Flag.code", {**adjustment(HER), "code": {"coding": [{"system": "x", "code": "y"}]}}),
    ("Flag.code", adjustment(HER, "86406008")),  # HIV: sensitive
    ("Flag.nonsense", adjustment(HER, nonsense=1)),
    ("Flag.encounter", adjustment(HER, encounter={"reference": "Encounter/1"})),
    ("Flag.extension[0]", adjustment(HER, extension=[{"url": "https://x.example", "valueString": "y"}])),
    ("Flag.period", adjustment(HER, period={"start": "2026-02-01", "end": "2026-01-01"})),
    ("Flag.period.start", adjustment(HER, period={"start": "2026-02-31"})),
    ("Condition.code", {**impairment(HER), "code": {"text": "deaf"}}),
    ("Condition.code", impairment(HER, "unheard-of")),
    ("Condition.category", impairment(HER, category=[{"coding": [{"system": "x", "code": "y"}]}])),
    ("Condition.clinicalStatus", impairment(HER, clinicalStatus={"text": "active"})),
    ("Consent.status", choice(HER, status="draft")),
    ("Consent.dateTime", choice(HER, dateTime="2026-09")),
    ("Consent.dateTime", choice(HER, dateTime="2026-10-01")),
    ("Consent.performer", choice(HER, performer=[])),
    ("Consent.performer[0]", choice(HER, performer=[{"display": "her daughter"}])),
    ("Consent.extension", choice(HER, **decided("neighbour"))),
    ("Consent.extension", choice(HER, **decided("attorney", basis="a document"))),
    ("Consent.extension", choice(HER, **decided("best-interests", **ASSESSED))),
    ("Consent.provision.period.end", choice(HER, **decided("parental-responsibility"))),
    ("Consent.sourceAttachment.title", choice(HER, sourceAttachment={"title": ""})),
    ("Consent.sourceAttachment", choice(HER, sourceAttachment={"title": "form", "url": "https://x.example/scan"})),
    ("Consent.organization", choice(HER, organization=[recipient("X9A")["reference"]])),
    ("Consent.policy.uri", choice(HER, "of-my-own")),
    ("Consent.provision.actor", choice(HER, "restrict-organisation")),
    ("Consent.provision.class", choice(HER, "restrict-category")),
    ("Consent.provision.dataPeriod", choice(HER, "restrict-period")),
    ("Consent.provision.data", choice(HER, "restrict-instance")),
    ("Consent.provision", choice(HER, provision={"action": [{"text": "copy"}]})),
    (
        "Consent.provision.actor[0].reference",
        choice(HER, provision={"actor": [{"role": {"text": "x"}, "reference": {"reference": "Organization/1"}}]}),
    ),
    ("Consent.provision.provision[0].type", choice(HER, provision={"provision": [{"type": "deny"}]})),
    ("Consent.verification", choice(HER, verification=[{"verified": True}])),
]


@pytest.mark.parametrize("sent", RIGHT, ids=lambda one: one["resourceType"])
def test_what_is_right_passes_and_is_made_valid_fhir(sent: dict[str, Any]) -> None:
    assert faults(sent) == []
    by = Author(client="tool", organisation="X90401", role="GP", purpose="TREAT", user="dr")
    write = Write(interaction="create", type=sent["resourceType"], key="k", resource=sent)
    state = State(organisation="X90401", standing=[Said(at="2026-09-30T12:00:00.000000Z", by=by, write=write)])
    made = to_resources(state, Ids(b"secret", SourcePatient("X90401", "one two"), "recorded"))
    assert [invalidity(one) for one in made] == [None] * len(made)
    again = {name: value for name, value in made[0].items() if name != "text"}
    assert faults(json.loads(json.dumps(again).replace(uk_core.SUBJECT, f"Patient/{HER}"))) == []  # it can be sent back


@pytest.mark.parametrize(("expression", "sent"), WRONG)
def test_of_what_is_wrong_its_sender_is_told_where(expression: str, sent: dict[str, Any]) -> None:
    assert expression in faults(sent)


@pytest.mark.parametrize("capacity", DECIDERS)
def test_a_decision_names_in_which_capacity_it_was_made_and_nobody(capacity: str) -> None:
    (made,) = choices_of({**choice(HER, **decided(capacity)), "id": "one"}, "X90401")
    assert made.decided_by == DECIDERS[capacity]


def test_what_is_deeper_than_anything_that_is_recorded_is_not_looked_at() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert too_deep(deep)
    assert not too_deep(choice(HER, provision={"provision": [{"type": "permit", "actor": [recipient("X9A")]}]}))


@pytest.mark.samples
@pytest.mark.parametrize("name", ["RA-Flag-Example", "RA-Condition-Example", "RA-PatientFlag-Example"])
def test_the_national_examples_pass_with_the_mistakes_they_are_known_for(name: str) -> None:
    if not EXAMPLES.is_dir():
        pytest.skip("the published examples are not here")
    sent = json.loads((EXAMPLES / f"{name}.json").read_text())
    assert faults(sent) == []
