"""Free-text notes of a row, where the person agreed that they are shared -> Observations that hold nothing else.

A note names third parties: a son who drinks, a neighbour who told. So it is a resource of its own, marked as about a
third party (DESIGN: rule 6b), and no agreement opens it unless it names that mark. The text is in `Observation.note`,
which is left out for a person whose whereabouts must not be shown.
"""

from adapters.vcfse.records import Contact, Referral, Row, State, contact_key, referral_key
from mappings import datatypes, uk_core
from mappings.ids import Ids
from mappings.uk_core import Resource, resource

THIRD_PARTY = datatypes.security_label(uk_core.SENSITIVITY, "third-party")
"""The mark of rule 6b's sensitivity `third party`."""
KIND = "https://toldonce.example/CodeSystem/vcfse-note"


def notes(state: State, ids: Ids) -> list[Resource]:
    """One for each published row that has notes: adapters/vcfse/state.py took them out of all others."""
    rows: list[Row] = [*state.referrals, *state.contacts]
    return [_note(state, row, row.notes, ids) for row in rows if row.notes]


def _note(state: State, row: Row, text: str, ids: Ids) -> Resource:
    kind = "referral" if isinstance(row, Referral) else "contact"
    key = referral_key(row) if isinstance(row, Referral) else contact_key(row)
    day = row.referred_on if isinstance(row, Referral) else row.contacted_on
    note = resource(
        "Observation",
        ids.own("Observation", "note", kind, *key),
        status="final",
        code={"coding": [datatypes.coding(KIND, kind)], "text": f"Notes on a charity's {kind}"},
        subject=datatypes.subject(),
        encounter=datatypes.own_reference(ids, "Encounter", *key) if isinstance(row, Contact) else None,
        basedOn=[datatypes.own_reference(ids, "ServiceRequest", *key)] if isinstance(row, Referral) else None,
        effectiveDateTime=day,
        performer=[datatypes.organisation_reference(ids, state.charity)],
        note=[datatypes.compact(authorString=row.worker, text=text)],
    )
    restricted = datatypes.security_label(uk_core.CONFIDENTIALITY, "R")
    return {**note, "meta": {**note["meta"], "security": [restricted, THIRD_PARTY]}}
