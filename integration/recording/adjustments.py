"""What a reasonable adjustment must say to be recorded: the profiles of the national service, and two rules of ours.

England-Flag-PatientFlag, England-Flag-PatientFlag-Adjustment, England-Condition-Flag of the NHS England Patient Flags
implementation guide, https://simplifier.net/guide/patient-flag-implementation-guide. Ours: what has ended says why, and
what is sensitive is recorded at its source, which knows who may see it.
"""

from collections.abc import Iterator

from integration.recording.faults import Fault, Json, unknown, unknown_extensions
from integration.recording.periods import period_faults
from integration.recording.words import SENSITIVE
from integration.sharing.sensitivity import sensitivities_of
from mappings import uk_core
from mappings.recorded.vocabulary import (
    CATEGORIES,
    CONDITION_CATEGORIES,
    CONDITION_CATEGORY,
    EXISTENCE_CODE,
    IMPAIRMENTS,
    NOTES,
    REMOVAL_REASON,
    REMOVAL_REASONS,
    REMOVAL_SYSTEM,
    REVIEW_DATE,
    codes,
    is_existence,
    mended,
)

MADE_HERE = frozenset({"resourceType", "id", "meta", "text", "contained", "subject"})
_FLAG = frozenset({"status", "code", "category", "period", "extension"})
_CONDITION = frozenset(
    {"clinicalStatus", "category", "code", "onsetDateTime", "abatementDateTime", "note", "extension"}
)
_STATUSES = ("active", "inactive")
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_NATIONAL = f"one category is {uk_core.RA_PATIENT_FLAG}|{EXISTENCE_CODE}"


def flag_faults(sent: Json) -> Iterator[Fault]:
    """What is wrong with a Flag (valid FHIR R4) as a statement that adjustments exist, or as one adjustment."""
    flag = mended(sent)
    yield from unknown("Flag", flag, _FLAG, MADE_HERE)
    if flag["status"] not in _STATUSES:
        text = "A flag is active or inactive here. Remove what was recorded in error: DELETE with a reason."
        yield Fault("Flag.status", text)
    yield from period_faults("Flag.period", flag.get("period", {}))
    if is_existence(flag):
        if flag["status"] != "active":
            text = "It says that adjustments exist. To end them all: DELETE it with a reason."
            yield Fault("Flag.status", text)
        yield from unknown_extensions("Flag", flag, (NOTES, REVIEW_DATE, REMOVAL_REASON, uk_core.FLAG_DETAIL))
    else:
        yield from unknown_extensions("Flag", flag, (NOTES, REVIEW_DATE, REMOVAL_REASON))
        yield from _adjustment(flag)
    yield from _ended("Flag.status", flag, ended=flag["status"] == "inactive")
    if sensitivities_of(flag):
        yield Fault("Flag.code", SENSITIVE)


def _adjustment(flag: Json) -> Iterator[Fault]:
    categories = flag.get("category", [])
    if EXISTENCE_CODE not in codes(categories, uk_core.RA_PATIENT_FLAG):
        yield Fault("Flag.category", f"Only reasonable adjustments are recorded here: {_NATIONAL}.")
    kinds = codes(categories, uk_core.RA_CATEGORY)
    if len(kinds) != 1 or kinds[0] not in CATEGORIES:
        text = f"One category is of {uk_core.RA_CATEGORY}: {', '.join(CATEGORIES)}."
        yield Fault("Flag.category", text)
    if not (codes(flag["code"], uk_core.SNOMED) or flag["code"].get("text")):
        yield Fault("Flag.code", "Say which adjustment it is: a SNOMED CT code of England-FlagCodeRA, or text.")


def condition_faults(sent: Json) -> Iterator[Fault]:
    """What is wrong with a Condition (valid FHIR R4) as the impairment or condition behind an adjustment."""
    condition = mended(sent)
    yield from unknown("Condition", condition, _CONDITION, MADE_HERE)
    yield from unknown_extensions("Condition", condition, (REVIEW_DATE, REMOVAL_REASON))
    categories = condition.get("category", [])
    if EXISTENCE_CODE not in codes(categories, uk_core.RA_PATIENT_FLAG):
        yield Fault("Condition.category", f"Only what is behind an adjustment is recorded here: {_NATIONAL}.")
    if not set(codes(categories, CONDITION_CATEGORY)) <= CONDITION_CATEGORIES.keys():
        yield Fault("Condition.category", f"The codes of {CONDITION_CATEGORY} are {', '.join(CONDITION_CATEGORIES)}.")
    impairments = codes(condition.get("code"), uk_core.RA_IMPAIRMENT)
    if not (impairments or codes(condition.get("code"), uk_core.SNOMED)) or not set(impairments) <= IMPAIRMENTS:
        text = (
            f"Say what it is: a code of {uk_core.RA_IMPAIRMENT} ({', '.join(sorted(IMPAIRMENTS))}), or the SNOMED CT "
            "code of the condition itself."
        )
        yield Fault("Condition.code", text)
    statuses = codes(condition.get("clinicalStatus"), _CLINICAL)
    if len(statuses) != 1:
        yield Fault("Condition.clinicalStatus", f"One code of {_CLINICAL} is required: active, or how it ended.")
    yield from _ended("Condition.clinicalStatus", condition, ended=statuses != ["active"])
    if sensitivities_of(condition):
        yield Fault("Condition.code", SENSITIVE)


def _ended(where: str, resource: Json, *, ended: bool) -> Iterator[Fault]:
    reasons = [
        extension.get("valueCoding", {})
        for extension in resource.get("extension", ())
        if extension["url"] == REMOVAL_REASON
    ]
    known = all(one.get("system") == REMOVAL_SYSTEM and one.get("code") in REMOVAL_REASONS for one in reasons)
    if len(reasons) > 1 or not known:
        text = f"Extension {REMOVAL_REASON} holds one code of {REMOVAL_SYSTEM}: {', '.join(REMOVAL_REASONS)}."
        yield Fault(where, text)
    if ended != bool(reasons):
        yield Fault(where, f"What has ended, and nothing else, says why: extension {REMOVAL_REASON}, a valueCoding.")
