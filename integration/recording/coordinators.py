"""What must be said to record who coordinates a person's care: one participant, since when, and of which organisation.

http://hl7.org/fhir/R4/careteam.html, UKCore-CareTeam. Whoever is named, their organisation has a relationship with the
person by it (rule 3): said by another that counts as any care team does, said of oneself it is a claim.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from integration.recording.faults import Fault, Json, unknown
from integration.recording.parties import PEOPLE, organisation_faults, party_faults
from integration.recording.periods import period_faults
from integration.recording.words import SENSITIVE, note_faults
from integration.sharing.sensitivity import sensitivities_of
from integration.store.extract import bounds
from mappings import uk_core
from mappings.coordinator import CODE, is_coordinator
from mappings.recorded.parties import ods_code

MADE_HERE = frozenset({"resourceType", "id", "meta", "text", "contained", "subject"})
_TEAM = frozenset({"status", "name", "period", "participant", "note"})
_PARTICIPANT = frozenset({"role", "member", "onBehalfOf"})
_STATUSES = ("active", "inactive")
AHEAD = timedelta(days=31)
"""How long before it begins it may be recorded: a claim for later would count when nobody claims anything."""


def coordinator_faults(sent: Json, now: datetime) -> Iterator[Fault]:
    """What is wrong with a CareTeam (valid FHIR R4) that somebody records at `now`."""
    yield from unknown("CareTeam", sent, _TEAM, MADE_HERE)
    if sent.get("status") not in _STATUSES:
        text = "It is active, or inactive once it has ended. Remove what was recorded in error: DELETE with a reason."
        yield Fault("CareTeam.status", text)
    yield from _since(sent, now)
    participants = sent.get("participant", [])
    if len(participants) != 1 or not is_coordinator(participants[0]):
        text = f"One participant, in the role {uk_core.SNOMED}|{CODE}: who coordinates the person's care."
        yield Fault("CareTeam.participant", text)
    else:
        yield from _who(participants[0])
    yield from note_faults("CareTeam", sent)
    if sensitivities_of(sent):
        yield Fault("CareTeam.participant", SENSITIVE)


def _since(sent: Json, now: datetime) -> Iterator[Fault]:
    period = sent.get("period", {})
    yield from period_faults("CareTeam.period", period)
    start, end = bounds(period.get("start"))[0], bounds(period.get("end"))[0]
    if start is None:
        yield Fault("CareTeam.period.start", "Say since when.")
    elif start > now + AHEAD:
        yield Fault("CareTeam.period.start", f"Record it at most {AHEAD.days} days before it begins.")
    if sent.get("status") == "inactive" and (end is None or end > now):
        yield Fault("CareTeam.period.end", "What has ended says when, and that has passed.")


def _who(participant: Json) -> Iterator[Fault]:
    where = "CareTeam.participant[0]"
    yield from unknown(where, participant, _PARTICIPANT, ("period",))  # it is that of the team
    if "member" in participant:
        yield from party_faults(f"{where}.member", participant["member"], (*PEOPLE, "Organization"), {})
    else:
        yield Fault(f"{where}.member", "Say who coordinates.")
    member = participant.get("member", {})
    person = ods_code(member) is None and member.get("reference", "Practitioner/").startswith("Practitioner/")
    if "onBehalfOf" in participant and not person:
        text = "Only a Practitioner, or somebody named in words, acts on behalf of an organisation (FHIR ctm-1)."
        yield Fault(f"{where}.onBehalfOf", text)
    elif "onBehalfOf" in participant:
        yield from organisation_faults(f"{where}.onBehalfOf", participant["onBehalfOf"])
