"""What a task must say to be recorded: what is to be done, by whom, and how far it is.

http://hl7.org/fhir/R4/task.html, UKCore-Task. Its author's organisation changes it. Another organisation that is asked
records a task of its own that is part of it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from integration.recording.faults import Fault, Json, unknown
from integration.recording.parties import GROUPS, PEOPLE, entries_faults, party_faults
from integration.recording.periods import period_faults
from integration.recording.words import SENSITIVE, note_faults
from integration.sharing.sensitivity import sensitivities_of
from integration.store.extract import bounds

MADE_HERE = frozenset({"resourceType", "id", "meta", "text", "contained", "for", "lastModified"})
_TASK = frozenset(
    {
        "status", "statusReason", "intent", "priority", "code", "description", "owner", "requester", "authoredOn",
        "executionPeriod", "restriction", "partOf", "focus", "note",
    }
)  # fmt: skip
_STATUSES = ("requested", "accepted", "in-progress", "completed", "cancelled", "rejected")
_INTENTS = ("proposal", "plan", "order")
_PRIORITIES = ("routine", "urgent", "asap", "stat")
_AHEAD = timedelta(minutes=1)
"""What is recorded is later than all that its organisation said before, and may so be ahead of the clock by a little:
as it was read it can be sent back."""
_FOCUS = ("CarePlan", "ServiceRequest", "Flag", "Goal", "Encounter", "Condition", "Task")


def task_faults(sent: Json, now: datetime) -> Iterator[Fault]:
    """What is wrong with a Task (valid FHIR R4) that somebody records at `now`."""
    yield from unknown("Task", sent, _TASK, MADE_HERE)
    yield from _one_of("Task.status", sent["status"], _STATUSES, " What was recorded in error is removed: DELETE.")
    yield from _one_of("Task.intent", sent["intent"], _INTENTS)
    yield from _one_of("Task.priority", sent.get("priority", _PRIORITIES[0]), _PRIORITIES)
    yield from _what(sent)
    yield from _who(sent)
    yield from _when(sent, now)
    yield from entries_faults("Task.partOf", sent.get("partOf", ()), ("Task",))
    if "focus" in sent:
        yield from entries_faults("Task.focus", [sent["focus"]], _FOCUS)
    yield from note_faults("Task", sent)
    if sensitivities_of(sent):
        yield Fault("Task.code", SENSITIVE)


def _one_of(where: str, said: str, known: tuple[str, ...], besides: str = "") -> Iterator[Fault]:
    if said not in known:
        yield Fault(where, f"It is one of {', '.join(known)} here.{besides}")


def _what(sent: Json) -> Iterator[Fault]:
    coded = sent.get("code", {})
    if not (sent.get("description", "").strip() or coded.get("text") or coded.get("coding")):
        yield Fault("Task.description", "Say what is to be done: a description, or a code.")


def _who(sent: Json) -> Iterator[Fault]:
    about = sent.get("for", {})
    if "owner" not in sent:
        yield Fault("Task.owner", "Say who does it.")
    for name in ("owner", "requester"):
        if name in sent:
            types = ("Patient", *PEOPLE, *(GROUPS if name == "owner" else ("Organization",)))
            yield from party_faults(f"Task.{name}", sent[name], types, about)


def _when(sent: Json, now: datetime) -> Iterator[Fault]:
    authored = bounds(sent.get("authoredOn"))[0]
    if authored and authored > now + _AHEAD:
        yield Fault("Task.authoredOn", "It was asked for before it is recorded: leave it out.")
    yield from unknown("Task.restriction", sent.get("restriction", {}), ("period",), ())
    yield from period_faults("Task.restriction.period", sent.get("restriction", {}).get("period", {}))
    yield from period_faults("Task.executionPeriod", sent.get("executionPeriod", {}))
