"""A Type 1 objection, coded in the practice's record, as a UKCore-Consent: the person does not want what general
practices hold used beyond their own care. A later withdrawal ends it, and it is kept.

The code of the withdrawal is unverified: see WITHDRAWS.
"""

from collections.abc import Iterable, Iterator

from mappings import datatypes, uk_core
from mappings.gp.promotion import Statement
from mappings.gp.source import Source
from mappings.uk_core import Resource

OBJECTS = "827241000000103"
"""Dissent from secondary use of general practitioner patient identifiable data (Read 9Nu0, XaZ89). On public pages of
practices, such as https://www.thegoodpractice.london/type-1-opt-out."""
WITHDRAWS = "827261000000102"
"""Dissent withdrawn for secondary use of general practitioner patient identifiable data (Read 9Nu1). Unverified: no
public source that could be looked up names it; its check digit is right. Look it up in SNOMED CT before real use."""
POLICY = "https://toldonce.example/policy/type-1-objection"
_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"


def type_1_objection(source: Source, stated: Iterable[Statement]) -> Iterator[Resource]:
    """The latest objection, where there is one; `stated` is oldest first. A withdrawal counts only if it is dated after
    the objection: of the same day, or undated, it may be the older."""
    said = [one for one in stated if one.code in (OBJECTS, WITHDRAWS)]
    objections = [one for one in said if one.code == OBJECTS]
    if not objections:
        return
    latest = objections[-1]
    ended = next((one.date for one in said if one.code == WITHDRAWS and one.date > latest.date), None)
    yield uk_core.resource(
        "Consent",
        source.ids.own("Consent", "type-1-objection"),
        status="inactive" if ended else "active",
        scope=datatypes.concept(_SCOPE, "patient-privacy", "Privacy Consent"),
        category=[datatypes.concept(uk_core.ACT_CODE, "INFA", "information access")],
        patient=datatypes.subject(),
        dateTime=latest.date or None,
        performer=[datatypes.subject()],
        organization=[datatypes.organisation_reference(source.ids, source.practice)],
        policy=[{"uri": POLICY}],
        provision={"type": "deny", "period": datatypes.period(latest.date or None, ended)},
    )
