"""CYP003, CYP006, CYP404, CYP601, CYP606-609 -> Condition and Observation."""

from collections.abc import Iterator

from adapters.community.records import ProvisionalDiagnosis, State
from mappings import uk_core
from mappings.community import codes
from mappings.concept_maps import translate
from mappings.datatypes import snomed, text_concept
from mappings.ids import Ids
from mappings.tables.finding import condition, measured, observation


def findings(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """Diagnoses as Conditions; circumstances, housing, technology and scored assessments as Observations."""
    yield from _diagnoses(state, ids)
    yield from _social(state, ids)
    for assessment in state.referral_assessments:
        yield observation(
            assessment.key(),
            ids,
            code=snomed(assessment.tool),
            category="survey",
            effective=assessment.completed,
            **measured(assessment.score),
        )


def _diagnoses(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for row in state.diagnoses:
        yield condition(
            row.key(),
            ids,
            code=codes.clinical("CsdsDiagnosisScheme", row.scheme, row.code),
            recorded=row.diagnosed,
            verification="provisional" if isinstance(row, ProvisionalDiagnosis) else "confirmed",
        )
    for previous in state.previous_diagnoses:
        yield condition(
            previous.key(),
            ids,
            code=codes.clinical("CsdsDiagnosisScheme", previous.scheme, previous.code),
            recorded=previous.diagnosed,
            category=text_concept("Previous diagnosis"),
        )


def _social(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for circumstance in state.circumstances:
        if not translate("CsdsCircumstanceFlag", circumstance.code):
            yield observation(
                circumstance.key(),
                ids,
                code=snomed(circumstance.code),
                category="social-history",
                effective=circumstance.recorded,
            )
    for technology in state.technologies:
        yield observation(
            technology.key(),
            ids,
            code=snomed(technology.code),
            category="social-history",
            effective=technology.recorded,
        )
    for home in state.accommodations:
        yield observation(
            home.key(),
            ids,
            code={"text": "Accommodation status"},
            category="social-history",
            effective=home.recorded,
            valueCodeableConcept=codes.unlisted("accommodation-status", home.status),
        )
    yield from _death_places(state, ids)


def _death_places(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """Where the person wishes to die, and where they died."""
    person = state.person
    for kind, text, code, on in (
        ("preferred-death-location", "Preferred place of death", person.preferred_death_location, None),
        ("actual-death-location", "Place of death", person.death_location, person.death_date),
    ):
        if place := codes.mapped("CsdsDeathLocation", code):
            yield observation(
                (*person.key(), kind),
                ids,
                code={"text": text},
                category="social-history",
                effective=on,
                valueCodeableConcept=place,
            )
