"""What may be recorded here, as one table: a kind more is a line more, its rules in a file beside this one and its
mapping in `mappings.recorded`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from integration.recording.adjustments import condition_faults, flag_faults
from integration.recording.choices import consent_faults
from integration.recording.coordinators import coordinator_faults
from integration.recording.faults import Fault, Json
from integration.recording.tasks import task_faults
from integration.sharing.request import Recordable


class Occasion(NamedTuple):
    """On what occasion something is said: by somebody of which organisation (ODS code), and when."""

    organisation: str
    at: datetime


@dataclass(frozen=True)
class Kind:
    """One type of resource that may be recorded.

    word: what the agreements call it, where they say who may record it.
    about: its element that says whom it is about.
    faults: what is wrong with one that is valid FHIR R4.
    removable: whether it may be deleted, with a reason; what may not is ended by an update.
    """

    type: str
    word: Recordable
    about: str
    faults: Callable[[Json, Occasion], Iterator[Fault]]
    removable: bool = True


KINDS: Mapping[str, Kind] = {
    kind.type: kind
    for kind in (
        Kind("Flag", Recordable.ADJUSTMENTS, "subject", lambda sent, _: flag_faults(sent)),
        Kind("Condition", Recordable.IMPAIRMENTS, "subject", lambda sent, _: condition_faults(sent)),
        Kind("Consent", Recordable.CHOICES, "patient", lambda sent, on: consent_faults(sent, *on), removable=False),
        Kind("Task", Recordable.TASKS, "for", lambda sent, on: task_faults(sent, on.at)),
        Kind("CareTeam", Recordable.COORDINATOR, "subject", lambda sent, on: coordinator_faults(sent, on.at)),
    )
}
REMOVABLE = tuple(kind.type for kind in KINDS.values() if kind.removable)
RECORD_SCOPES = tuple(f"system/{kind.type}.{'cud' if kind.removable else 'cu'}" for kind in KINDS.values())
"""Of a client whose users record whatever may be recorded."""
