"""Tables of MHSDS that are left out on purpose, each with the reason; any other unknown file is a defect."""

_ELSEWHERE = ("MHS003", "MHS004", "MHS010", "MHS011")
"""Accommodation, employment, technology, circumstances: the council, the practice and CSDS hold them."""
_ADMINISTRATION = ("MHS012", "MHS013", "MHS103", "MHS104", "MHS801", "MHS802", "MHS803", "MHS804")
"""Charging, currency, further reasons, waiting times, clusters and pathways: for payment and planning."""
_ONWARD = ("MHS105", "MHS106", "MHS107", "MHS405", "MHS402", "MHS403")
"""Onward referral and discharge plans are told by their receivers; who is clinician under the Act, conditional
discharge and recall add nothing to MHS401 and MHS404 that others may see."""
_WITHOUT_THE_PERSON = ("MHS203", "MHS204", "MHS205", "MHS206", "MHS301", "MHS302", "MHS608")
"""Others who attended, work without the person, self-reports, staff time, groups, drop-ins, anonymous surveys."""
_WITHIN_A_STAY = (
    "MHS504", "MHS505", "MHS506", "MHS507", "MHS509", "MHS510", "MHS511", "MHS512", "MHS513", "MHS514", "MHS515",
    "MHS516", "MHS517", "MHS518",
)  # fmt: skip
"""Delays, restraint, assault, self-harm, leave: for regulators and the ward; not shared beyond the trust."""
_CLINICAL = ("MHS601", "MHS603", "MHS604", "MHS605", "MHS606", "MHS607", "MHS609")
"""Diagnoses and scores: the trust writes them to the practice, which holds the problem list."""
_RETIRED = ("MHS701", "MHS702")
"""Care programme approach: being replaced nationally, often empty."""

IGNORED = frozenset(
    (*_ELSEWHERE, *_ADMINISTRATION, *_ONWARD, *_WITHOUT_THE_PERSON, *_WITHIN_A_STAY, *_CLINICAL, *_RETIRED)
)
"""Codes of the tables above."""
