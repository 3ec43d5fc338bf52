"""The permitted values of CLD's lists in Release 2's spelling, and what Release 1 and council systems write instead.

Sources: DHSC's published method (Main_tables/docs/methodology/5-data-cleaning and 6-deduplication), the Release 1
value lists behind Interweave's code systems, and a public vocabulary quoting the CLD specification's service
components. Release 2's own workbook is not public: PARTIAL names the lists that could not be completed, and there a
value that is not listed is kept as written without complaint.
"""

import re
from collections.abc import Mapping, Sequence

YES, NO, UNKNOWN = "Yes", "No", "Unknown"
SERVICE_USER, CARER = "Service user", "Unpaid carer"
KNOWN_BY_ASSOCIATION = "Unpaid carer known by association"
_ANSWERS = (YES, NO, UNKNOWN)

LISTS: Mapping[str, Sequence[str]] = {
    # field -> values
    "gender": ("Male", "Female", "Other", "Unknown"),
    "client_type": (SERVICE_USER, CARER, KNOWN_BY_ASSOCIATION),
    "event_type": ("Request", "Assessment", "Service", "Review"),
    "has_unpaid_carer": _ANSWERS,
    "autism": _ANSWERS,
    "visual_impairment": _ANSWERS,
    "hearing_impairment": _ANSWERS,
    "dementia": _ANSWERS,
    "ethnicity": (
        "White: English, Welsh, Scottish, Northern Irish or British",
        "White: Irish",
        "White: Gypsy or Irish Traveller",
        "White: Roma",
        "White: Any other White background",
        "Mixed or multiple ethnic groups: White and Black Caribbean",
        "Mixed or multiple ethnic groups: White and Black African",
        "Mixed or multiple ethnic groups: White and Asian",
        "Mixed or multiple ethnic groups: Any other Mixed or multiple ethnic background",
        "Asian or Asian British: Indian",
        "Asian or Asian British: Pakistani",
        "Asian or Asian British: Bangladeshi",
        "Asian or Asian British: Chinese",
        "Asian or Asian British: Any other Asian background",
        "Black, Black British, Caribbean or African: African",
        "Black, Black British, Caribbean or African: Caribbean",
        "Black, Black British, Caribbean or African: Any other Black, Black British or Caribbean background",
        "Other ethnic group: Arab",
        "Other ethnic group: Any other ethnic group",
        "No data: Refused",
        "No data: Undeclared or not known",
    ),
    "primary_support_reason": (
        "Physical support: Access and mobility only",
        "Physical support: Personal care support",
        "Sensory support: Support for visual impairment",
        "Sensory support: Support for hearing impairment",
        "Sensory support: Support for dual impairment",
        "Support with memory and cognition",
        "Learning disability support",
        "Mental health support",
        "Social support: Substance misuse support",
        "Social support: Asylum seeker support",
        "Social support: Support for social isolation or other",
        "Social support: Support to unpaid carer",
        "Unknown",
    ),
    "outcome": (  # in the order of preference of the specification
        "Progress to reablement/ST-Max",
        "Progress to assessment, review or reassessment",
        "Progress to support planning or services",
        "Continuation of support or services",
        "Admitted to hospital",
        "NFA: Responsibility moved to another local authority",
        "NFA: Referral to NHS services or NHS funded social care",
        "NFA: Self-funded client or under 12wk disregard",
        "NFA: Information and advice or signposting",
        "NFA: Referral to other service within the local authority",
        "NFA: Support declined",
        "NFA: Deceased",
        "NFA: Support ended as planned",
        "NFA: Support ended for other reason",
        "NFA: No services offered for other reason",
        "NFA: Other",
        # Release 1 only; the national map gives them no Release 2 value
        "Progress to financial assessment",
        "Progress to End of Life Care",
        "No change in package",
        "Provision of service",
    ),
    "service.type": (
        "Long term support: Nursing care",
        "Long term support: Residential care",
        "Long term support: Community",
        "Long term support: Prison",
        "Short term support: ST-Max",
        "Short term support: Ongoing low level",
        "Short term support: Other short term",
        "Unpaid carer support: Direct to unpaid carer",
        "Unpaid carer support: Support involving the person cared-for",
    ),
    "component": (
        "Reablement",
        "Short term nursing care",
        "Short term residential care",
        "Long term nursing care",
        "Long term residential care",
        "Home support or domiciliary care",
        "Day support",
        "Meals",
        "Transport",
        "Equipment",
        "Direct payment",
        "Shared Lives",
        "Community supported living",
        "Extra care housing",
        "Professional support: Social worker",
        "Professional support: Other",
        "Learning, education or employment support",
        "End of life care",
        "Emergency support",
        "Other short term support",
        "Other long term support",
        "Unpaid carer respite",
        "Unpaid carer sitting service",
        "Unpaid carer universal services",
        "Other unpaid carer support",
    ),
    "delivery": ("Direct payment", "CASSR managed personal budget", "CASSR commissioned support"),
    "funding_status": (
        "Fully client funded",
        "Fully social care funded",
        "Joint client and social care funded",
    ),
    "accommodation_status": (
        "Owner occupier or shared ownership scheme",
        "Tenant: Local authority or other social housing provider",
        "Tenant: Private landlord",
        "Settled mainstream housing with family or friends",
        "Supported accommodation, supported lodgings or supported group home",
        "Shared Lives scheme",
        "Sheltered housing, extra care housing or other sheltered housing",
        "Rough sleeper or squatting",
        "Refuge",
        "Staying with family or friends as a short term guest",
        "Acute hospital or long term healthcare residential facility",
        "Registered care home",
        "Registered nursing home",
        "Other temporary accommodation",
        "Unknown: Presumed at home",
        "Unknown: Presumed in community",
        "Unknown",
    ),
    "route_of_access": (
        "Planned Entry (Transition)",
        "Discharge from Hospital",
        "Diversion from Hospital Services",
        "Self-funder with depleted funds",
        "Community/Other route",
    ),
    "assessment.type": ("Short term assessment", "Long term assessment", "Financial assessment"),
    "reason": (
        "Planned",
        "Unplanned",
        "Review of short term support",
        "Planned review of long term support",
        "Unplanned review of long term support",
    ),
}
PARTIAL = frozenset({"funding_status", "accommodation_status", "route_of_access", "assessment.type", "reason"})
DROPPED = frozenset({"gender", "has_unpaid_carer", "autism", "visual_impairment", "hearing_impairment", "dementia"})
"""Lists whose unlisted values mean nothing to a reader: the value is left out. Elsewhere it is kept as text."""

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
    **{field: {"Y": YES, "N": NO, "Not known": UNKNOWN} for field, values in LISTS.items() if values is _ANSWERS},
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
