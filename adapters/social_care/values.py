"""The permitted values of CLD's lists, in Release 2's spelling where it is known, else in Release 1's.

Sources: DHSC's published method (DataS-DHSC/ASC-CLD-LA-Dashboard: Main_tables/docs/methodology/5-data-cleaning and
6-deduplication, ASCOF_measures for Release 1's accommodation statuses); CLD Guidance Release 1 (February 2023) as the
adult social care glossary quotes it (routes of access, impairments, methods, review reasons and outcomes, funding);
the Release 1 lists behind Interweave's code systems; and a public vocabulary that quotes the CLD specification
(components, accommodation, employment, impairments). Release 2's own workbook is not public: PARTIAL names the lists
that could not be obtained whole in Release 2's spelling; there a value that is not listed is kept as written, and
reported as not verified instead of wrong.
"""

from collections.abc import Mapping, Sequence

from adapters.social_care.records import APPROVED_PREMISES, PRISON, REFUGE

YES, NO, UNKNOWN = "Yes", "No", "Unknown"
SERVICE_USER, CARER = "Service user", "Unpaid carer"
KNOWN_BY_ASSOCIATION = "Unpaid carer known by association"
SAFEGUARDING_REVIEW = "Unplanned - Safeguarding concern"
_ANSWERS = (YES, NO, UNKNOWN)
_NOT_HELD = ("Data not held: System level", "Data not held: Individual level")  # before Release 2

LISTS: Mapping[str, Sequence[str]] = {
    # field -> values
    "gender": ("Male", "Female", "Other", "Unknown"),
    "client_type": (SERVICE_USER, CARER, KNOWN_BY_ASSOCIATION),
    "event_type": ("Request", "Assessment", "Service", "Review"),
    "has_unpaid_carer": _ANSWERS,
    "autism": _ANSWERS,
    "visual_impairment": (
        "Blind/severely sight impaired",
        "Partial sight/sight impaired",
        "Visual impairment - severity unknown",
        "No visual impairment",
        "Unknown",
    ),
    "hearing_impairment": (
        "Deaf with speech",
        "Deaf without speech",
        "Hard of hearing",
        "Hearing impairment: Severity unknown",
        "No hearing impairment",
        "Unknown",
    ),
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
        *_NOT_HELD,
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
        *_NOT_HELD,
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
        *_NOT_HELD,
    ),
    "delivery": (
        "Direct payment",
        "CASSR managed personal budget",
        "CASSR commissioned support",
        "Self-Funder Metering Only",  # Release 1, not to be used yet
    ),
    "funding_status": (
        "Fully client funded",
        "Fully social care funded",
        "Joint client and social care funded",
        "Unknown",
        # Release 1 only
        "18(3) (full cost client)",
        "Self-funder - Metering Only",
        "Joint Health and Social Care Funded",
        "Fully Health Funded",
        "Unknown - Individual Level",
    ),
    "accommodation_status": (
        "Owner occupier or shared ownership scheme",
        "Tenant: Local authority or other social housing provider",
        "Tenant: Private landlord",
        "Settled mainstream housing with family or friends",
        "Supported accommodation, supported lodgings or supported group home",
        "Shared Lives scheme",
        APPROVED_PREMISES,
        "Sheltered housing, extra care housing or other sheltered housing",
        "Mobile accommodation for Gypsy, Roma and Traveller communities",
        "Rough sleeper or squatting",
        "Night shelter, emergency hostel or direct access hostel",
        REFUGE,
        "Placed in temporary accommodation by the council (inc. homelessness resettlement)",
        "Staying with family or friends as a short term guest",
        "Acute hospital or long term healthcare residential facility",
        "Registered care home",
        "Registered nursing home",
        PRISON,
        "Other temporary accommodation",
        "Unknown: Presumed at home",
        "Unknown: Presumed in community",
        "Unknown",
    ),
    "employment_status": (
        "Paid: Less than 16 hours a week",
        "Paid: 16 or more hours a week",
        "Paid: Hours per week unknown",
        "Not in paid employment: Seeking work",
        "Not in paid employment: Not actively seeking work or retired",
        "Not in paid employment: Voluntary work only",
        "Unknown",
    ),
    "route_of_access": (
        "Planned Entry (Transition)",
        "Discharge from Hospital",
        "Diversion from Hospital Services",
        "Community/Other route",
        "Prison",
        "Self-Funder",
        "Discharge from Reablement",
        "Transfer from Other LA",
        # on councils' forms
        "Self-funder with depleted funds",
        "Self-funder with depleted funds (of which previously provided with 12-week disregard or deferred payment)",
    ),
    "assessment.type": ("Short term assessment", "Long term assessment", "Financial assessment"),
    "method": ("Service user only", "Carer only", "Service user and carer"),
    "reason": (
        "Planned",
        "Unplanned",
        "Unplanned - Hospital (Planned and unplanned episodes)",
        "Unplanned - Carer related",
        SAFEGUARDING_REVIEW,
        "Unplanned - Other Reason",
        "Unplanned - Provider Failure",
        "Unplanned - Change in Commissioning arrangements",
        # Release 2
        "Review of short term support",
        "Planned review of long term support",
        "Unplanned review of long term support",
    ),
    "outcomes_achieved": ("Fully met", "Partially met", "Not met"),
}
PARTIAL = frozenset(
    {
        "funding_status", "employment_status", "route_of_access", "assessment.type", "method", "reason",
        "outcomes_achieved",
    }
)  # fmt: skip
DROPPED = frozenset({"gender", "has_unpaid_carer", "autism", "dementia"})
"""Lists whose unlisted values mean nothing to a reader: the value is left out. Elsewhere it is kept as text."""
