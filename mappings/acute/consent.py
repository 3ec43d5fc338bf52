"""ZU8-2 express dissent -> UKCore-Consent that denies everybody; consent later withdraws it, and it is kept."""

from adapters.acute.records import Dissent, State
from mappings import datatypes, uk_core
from mappings.acute.datatypes import moment
from mappings.ids import Ids
from mappings.uk_core import Resource

SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
OBJECTION = "https://toldonce.example/policy/objection-to-sharing"


def consents(state: State, ids: Ids) -> list[Resource]:
    """One Consent per objection, keyed by when it was recorded."""
    return [_objection(dissent, state, ids) for dissent in state.dissents]


def _objection(dissent: Dissent, state: State, ids: Ids) -> Resource:
    since = moment(dissent.since)
    return uk_core.resource(
        "Consent",
        ids.own("Consent", "ZU8-2", dissent.since),
        status="inactive" if dissent.until else "active",
        scope=datatypes.concept(SCOPE, "patient-privacy"),
        category=[datatypes.concept(uk_core.ACT_CODE, "INFA")],
        patient=datatypes.subject(),
        dateTime=since,
        performer=[datatypes.subject()],
        organization=[datatypes.organisation_reference(ids, state.organisation)],
        policy=[{"uri": OBJECTION}],
        provision={
            "type": "deny",
            "period": datatypes.period(since, moment(dissent.until) if dissent.until else None),
        },
    )
