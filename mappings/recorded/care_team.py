"""Who coordinates the person's care, as somebody said here: UKCore-CareTeam of one participant.

https://simplifier.net/hl7fhirukcorer4/ukcorecareteam. The team has no managing organisation: whoever records a name
does not say that their own organisation cares for the person.
"""

from collections.abc import Iterator

from adapters.recorded.records import Said, State
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.recorded.parties import organisations, party
from mappings.recorded.provenance import contained
from mappings.uk_core import Resource


def care_teams(state: State, ids: Ids) -> Iterator[Resource]:
    """Every coordinator that stands, past ones too, and the organisations that they are of."""
    for said in state.standing:
        if said.write.type == "CareTeam" and said.write.resource:
            sent = said.write.resource
            (participant,) = sent["participant"]
            yield _care_team(said, sent, participant, ids)
            named = (participant[name] for name in ("member", "onBehalfOf") if name in participant)
            yield from organisations(named, ids)


def _care_team(said: Said, sent: Json, participant: Json, ids: Ids) -> Resource:
    employer = participant.get("onBehalfOf")
    return uk_core.resource(
        "CareTeam",
        ids.own("CareTeam", said.write.key),
        contained=contained(said, ids),
        status=sent["status"],
        name=sent.get("name", "Care coordination"),
        subject=datatypes.subject(),
        period=sent["period"],
        participant=[
            datatypes.compact(
                role=participant["role"],
                member=party(participant["member"], ids),
                onBehalfOf=party(employer, ids) if employer else None,
                period=sent["period"],
            )
        ],
        note=sent.get("note"),
    )
