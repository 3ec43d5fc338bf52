"""What Release 1 and council systems write instead of a value of Release 2's lists (`values.py`).

Sources as there; the ethnic groups after DHSC's published map from Release 1 to Release 2.
"""

import re
from collections.abc import Mapping, Sequence

from adapters.social_care.records import PRISON
from adapters.social_care.values import CARER, KNOWN_BY_ASSOCIATION, LISTS, NO, UNKNOWN, YES

_ETHNICITY_GROUPS = {
    "Asian": "Asian or Asian British",
    "Asian/Asian British": "Asian or Asian British",
    "Black": "Black, Black British, Caribbean or African",
    "Black or Black British": "Black, Black British, Caribbean or African",
    "Black/African/Caribbean/Black British": "Black, Black British, Caribbean or African",
    "Mixed": "Mixed or multiple ethnic groups",
    "Mixed/Multiple ethnic groups": "Mixed or multiple ethnic groups",
    "Other": "Other ethnic group",
}
"""What Release 1 and council systems write before the colon of an ethnicity."""

_WRITTEN: Mapping[str, Mapping[str, str]] = {
    # field -> {Release 1's (or a council system's) words: Release 2's}
    "client_type": {"Carer": CARER, "Carer known by association": KNOWN_BY_ASSOCIATION},
    "event_type": {"Referral": "Request"},
    "ethnicity": {
        "White: English/Welsh/Scottish/Northern Irish/British": LISTS["ethnicity"][0],
        "White: British": LISTS["ethnicity"][0],
        "Mixed: Any other Mixed/Multiple ethnic background": LISTS["ethnicity"][8],
        "Mixed: Any other Mixed background": LISTS["ethnicity"][8],
        "Black: Any other Black/African/Caribbean background": LISTS["ethnicity"][16],
        "Black: Any other Black background": LISTS["ethnicity"][16],
    },
    "primary_support_reason": {
        "Social Support: Support to Carer": "Social support: Support to unpaid carer",
        "PSR Not Known": UNKNOWN,
    },
    "outcome": {
        "Progress to Assessment": "Progress to assessment, review or reassessment",
        "Progress to Re-assessment / Unplanned Review": "Progress to assessment, review or reassessment",
        "NFA - 100% NHS funded care": "NFA: Referral to NHS services or NHS funded social care",
        "NFA - Moved to another LA": "NFA: Responsibility moved to another local authority",
        "NFA - Self-funded client (inc 12wk disregard)": "NFA: Self-funded client or under 12wk disregard",
        "NFA - Information & Advice / Signposting only": "NFA: Information and advice or signposting",
        "NFA - No services offered: Other reason": "NFA: No services offered for other reason",
        "NFA - Support ended: Other reason": "NFA: Support ended for other reason",
        "Service ended as planned": "NFA: Support ended as planned",
    },
    "service.type": {
        "Carer Support: Direct to Carer": "Unpaid carer support: Direct to unpaid carer",
        "Carer Support: Support involving the person cared-for": LISTS["service.type"][8],
    },
    "component": {
        "Home Support": "Home support or domiciliary care",
        "Learning/Education/Employment Support": "Learning, education or employment support",
        "Carer Respite": "Unpaid carer respite",
        "Carer Sitting Service": "Unpaid carer sitting service",
        "Carer Universal Services": "Unpaid carer universal services",
        "Other Carer Support": "Other unpaid carer support",
    },
    "accommodation_status": {
        "Tenant": LISTS["accommodation_status"][1],
        "Supported accommodation / supported lodgings / supported group home": LISTS["accommodation_status"][4],
        "Sheltered housing / extra care housing / other sheltered housing": LISTS["accommodation_status"][7],
        "Mobile accommodation for Gypsy / Roma and Traveller communities": LISTS["accommodation_status"][8],
        "Night shelter / emergency hostel / direct access hostel": LISTS["accommodation_status"][10],
        "Acute / long-term healthcare residential facility or hospital": LISTS["accommodation_status"][14],
        "Prison / Young offenders institution / detention centre": PRISON,
    },
    # yes and no are no values of these two lists, and say no less for that
    "visual_impairment": {YES: LISTS["visual_impairment"][2], NO: LISTS["visual_impairment"][3]},
    "hearing_impairment": {YES: LISTS["hearing_impairment"][3], NO: LISTS["hearing_impairment"][4]},
    **{field: {"Y": YES, "N": NO, "Not known": UNKNOWN} for field in ("has_unpaid_carer", "autism", "dementia")},
}


def reduced(value: str) -> str:
    """A value without case and punctuation, `&` as `and`, `/` as `or`: most of what differs between the releases."""
    words = value.casefold().replace("&", " and ").replace("/", " or ")
    return re.sub(r"[^a-z0-9]+", " ", words).strip()


def _table(field: str, values: Sequence[str]) -> dict[str, str]:
    written = {reduced(words): value for words, value in _WRITTEN.get(field, {}).items()}
    return {**{reduced(value): value for value in values}, **written}


_TABLES = {field: _table(field, values) for field, values in LISTS.items()}


def listed(field: str, value: str) -> str | None:
    """The permitted Release 2 value that `value` means in the list of `field`, or None when it means none of them.
    `field` is a key of LISTS."""
    found = _TABLES[field].get(reduced(value))
    if found is None and field == "ethnicity":
        return _regrouped(value)
    return found


def _regrouped(ethnicity: str) -> str | None:
    group, colon, rest = ethnicity.replace(" - ", ":").partition(":")
    table = _TABLES["ethnicity"]
    for words, release_2 in _ETHNICITY_GROUPS.items() if colon else ():
        if reduced(words) == reduced(group):
            return table.get(reduced(f"{release_2}: {rest}")) or table.get(reduced(f"{words.split('/')[0]}: {rest}"))
    return None
