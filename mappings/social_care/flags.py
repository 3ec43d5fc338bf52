"""What staff must know before they call: flags, impairments and social circumstances."""

import re
from collections.abc import Iterable

from adapters.social_care.records import (
    APPROVED_PREMISES,
    PRISON,
    REFUGE,
    Person,
    Request,
    Row,
    State,
    concerns_safeguarding,
)
from mappings import adjustments, datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.social_care.events import ADULT_SAFEGUARDING, labelled
from mappings.social_care.providers import running, services
from mappings.uk_core import Resource

_CLOSED = re.compile(
    r"\b(safeguarding|concern|enquiry|inquiry|case|referral)( has been| was| is)?[\s,\u2013-]+closed\b"
)
_REOPENED = re.compile(r"\bre-?opened\b")
_CARER = "Unpaid carer"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_DUAL = "Sensory support: Support for dual impairment"
_SENSES = ("Sensory support: Support for visual impairment", "Sensory support: Support for hearing impairment")

_TELLING = frozenset({REFUGE, APPROVED_PREMISES, PRISON})


def flags(state: State, ids: Ids) -> list[Resource]:
    """UKCore-Flags: safeguarding (restricted), unpaid carer, care home; and the reasonable adjustment flag with the
    impairments it points at."""
    return [
        *_safeguarding(state.rows, ids),
        *_carer_flags(state, ids),
        *_care_home(state, ids),
        *_reasonable_adjustments(state.person, ids),
    ]


def conditions(person: Person, ids: Ids) -> list[Resource]:
    """UKCore-Conditions that the council answered Yes to; unconfirmed, for it does not diagnose."""
    named = [column for column in _answered_yes(person) if translate("CldCondition", column)]
    return [
        uk_core.resource(
            "Condition",
            ids.own("Condition", "answered-yes", column),
            clinicalStatus=datatypes.concept(_CLINICAL, "active"),
            verificationStatus=datatypes.concept(
                "http://terminology.hl7.org/CodeSystem/condition-ver-status", "unconfirmed"
            ),
            code=datatypes.compact(coding=[translate("CldCondition", column)], text=column),
            subject=datatypes.subject(),
        )
        for column in named
    ]


def circumstances(state: State, ids: Ids) -> list[Resource]:
    """UKCore-Observations (social history) of accommodation, employment and hours of unpaid care given, as known to
    the newest submission. `No. of adults being cared for` is left out: the linked adults are named one by one."""
    hours = next((row.caring.hours_per_week for row in reversed(state.rows) if row.caring.hours_per_week), None)
    said = {
        "Accommodation status": state.person.accommodation_status,
        "Employment status": state.person.employment_status,
        "Hours of unpaid care given per week": hours,
    }
    return [
        _observation(ids, name, text, state.as_of)
        for name, text in said.items()
        if text and not text.startswith("Unknown")
    ]


def _observation(ids: Ids, name: str, text: str, day: str) -> Resource:
    residence = translate("CldResidence", text)
    social = ("http://terminology.hl7.org/CodeSystem/observation-category", "social-history", "Social History")
    observation = uk_core.resource(
        "Observation",
        ids.own("Observation", name),
        status="final",
        category=[datatypes.concept(*social)],
        code={"text": name},
        subject=datatypes.subject(),
        effectiveDateTime=day,
        performer=[datatypes.organisation_reference(ids, ids.patient.organisation)],
        valueCodeableConcept=datatypes.compact(coding=[residence] if residence else [], text=text),
    )
    return labelled(observation, restricted=text in _TELLING)  # see `records`


def _safeguarding(rows: Iterable[Row], ids: Ids) -> list[Resource]:
    """One restricted Flag per concern: from the row that opens it to the row that closes it. A concern raised or
    reopened while one is open belongs to it; one reopened after it was closed is the same flag again. A row closes a
    concern where it says so of the concern: what somebody disclosed, or a closed door, closes nothing."""
    concerns: list[list[str | None]] = []
    for row in _safeguarding_rows(rows):
        is_open = bool(concerns) and concerns[-1][1] is None
        if _closes(row):
            if is_open:
                concerns[-1][1] = row.end or row.start
        elif _reopens(row) and concerns:
            concerns[-1][1] = None
        elif not is_open:
            concerns.append([row.start, None])
    return [_safeguarding_flag(ids, start or "", end) for start, end in concerns]


def _safeguarding_rows(rows: Iterable[Row]) -> list[Row]:
    """In order of date; on one day a concern is raised before it is closed."""
    said = [row for row in rows if isinstance(row.detail, Request) and concerns_safeguarding(row)]
    return sorted(said, key=lambda row: (row.start or "", _closes(row)))


def _closes(row: Row) -> bool:
    return bool(_CLOSED.search((row.description or "").casefold())) and not _reopens(row)


def _reopens(row: Row) -> bool:
    return bool(_REOPENED.search((row.description or "").casefold()))


def _safeguarding_flag(ids: Ids, start: str, end: str | None) -> Resource:
    flag = _flag(
        ids,
        ("safeguarding", start),
        datatypes.snomed(*ADULT_SAFEGUARDING),
        ("safety", "Safety"),
        active=end is None,
        period=datatypes.period(start, end),
    )
    return labelled(flag, restricted=True)


def _carer_flags(state: State, ids: Ids) -> list[Resource]:
    built = []
    if state.person.has_unpaid_carer == "Yes":
        built.append(_flag(ids, ("has-unpaid-carer",), {"text": "Has an unpaid carer"}, ("contact", "Subject Contact")))
    if any(row.client_type.startswith(_CARER) for row in state.rows):
        code = datatypes.snomed("224484003", "Patient themselves providing care", text="Is an unpaid carer")
        built.append(_flag(ids, ("is-unpaid-carer",), code, ("admin", "Administrative")))
    return built


def _care_home(state: State, ids: Ids) -> list[Resource]:
    """Lives in a care home: a running residential or nursing service says so, else the accommodation status."""
    home = [(row, service.type) for row, service in services(state) if running(row)]
    said = [*((text, row.start) for row, text in reversed(home)), (state.person.accommodation_status, None)]
    for text, start in said:
        if text and (residence := translate("CldResidence", text)):
            code = {"coding": [residence], "text": text}
            category = ("admin", "Administrative")
            return [_flag(ids, ("care-home",), code, category, period=datatypes.period(start) if start else None)]
    return []


def _flag(
    ids: Ids,
    key: tuple[str, ...],
    code: Json,
    category: tuple[str, str],
    *,
    active: bool = True,
    period: Json | None = None,
) -> Resource:
    return uk_core.resource(
        "Flag",
        ids.own("Flag", *key),
        status="active" if active else "inactive",
        category=[datatypes.concept(uk_core.FLAG_CATEGORY, *category)],
        code=code,
        subject=datatypes.subject(),
        period=period,
        author=datatypes.organisation_reference(ids, ids.patient.organisation),
    )


def _reasonable_adjustments(person: Person, ids: Ids) -> list[Resource]:
    """England-Flag-PatientFlag with its impairments (England-Condition-Flag): CLD knows impairments, no adjustments."""
    impairments = _impairments(person)
    if not impairments:
        return []
    exists = adjustments.existence(
        ids.own("Flag", "reasonable-adjustment"),
        [datatypes.own_reference(ids, "Condition", "impairment", code) for code in impairments],
        author=datatypes.organisation_reference(ids, ids.patient.organisation),
    )
    return [exists, *(_impairment(coding, said, ids) for coding, said in impairments.values())]


def _impairments(person: Person) -> dict[str, tuple[Json, str]]:
    """{England-ConditionCodeRA code: (coding, the council's words for it)}, sorted."""
    reason = person.primary_support_reason
    reasons = _SENSES if reason == _DUAL else (reason,)
    found: dict[str, tuple[Json, str]] = {}
    for said in (person.visual_impairment, person.hearing_impairment, *_answered_yes(person), *reasons):
        coding = translate("CldImpairment", said) if said else None
        if said and coding:
            found.setdefault(coding["code"], (coding, said))
    return dict(sorted(found.items()))


def _impairment(coding: Json, said: str, ids: Ids) -> Resource:
    id_ = ids.own("Condition", "impairment", coding["code"])
    return adjustments.impairment(id_, {"coding": [coding], "text": said})


def _answered_yes(person: Person) -> list[str]:
    """Titles of the columns about conditions that were answered Yes."""
    answers = {"Dementia": person.dementia, "Autism Spectrum Disorder (ASD)": person.autism}
    return [title for title, answer in answers.items() if answer == "Yes"]
