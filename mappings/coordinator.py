"""Who coordinates a person's care: a participant of a CareTeam in the role 768820003, whichever source says so.

https://simplifier.net/hl7fhirukcorer4/ukcorecareteam; the role is SNOMED CT's, of the NHS personalised care model.
"""

from collections.abc import Iterator

from mappings import datatypes, uk_core
from mappings.datatypes import Json

CODE = "768820003"
COORDINATOR = datatypes.snomed(CODE, "Care coordinator")


def coordinators(team: Json) -> Iterator[Json]:
    """The participants of a CareTeam who coordinate."""
    return (one for one in team.get("participant", ()) if is_coordinator(one))


def is_coordinator(participant: Json) -> bool:
    """Whether one of a participant's roles is that of the coordinator."""
    return any(
        (coding.get("system"), coding.get("code")) == (uk_core.SNOMED, CODE)
        for role in participant.get("role", ())
        for coding in role.get("coding", ())
    )
