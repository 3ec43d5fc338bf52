"""A practice's view of a person (GP Connect, STU3) to R4 UK Core.

Every resource of the record is mapped, or used (Medication, List), or left out by its type (records.NOT_CARRIED).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from adapters.gp import stu3
from adapters.gp.records import State
from mappings.gp import clinical, investigations, medicines, requests
from mappings.gp.adjustments import reasonable_adjustments
from mappings.gp.care_team import care_team
from mappings.gp.directory import directory
from mappings.gp.objection import type_1_objection
from mappings.gp.patient import objections, patient
from mappings.gp.promotion import care_plans, flags, statements
from mappings.gp.source import Source, source_of
from mappings.ids import Ids
from mappings.uk_core import Resource

_MAPPED: dict[type, Callable[[Source, Any], Resource]] = {
    stu3.Encounter: clinical.encounter,
    stu3.Condition: clinical.condition,
    stu3.AllergyIntolerance: clinical.allergy,
    stu3.Observation: clinical.observation,
    stu3.Immunization: clinical.immunisation,
    stu3.MedicationStatement: medicines.medication_statement,
    stu3.MedicationRequest: medicines.medication_request,
    stu3.ReferralRequest: requests.referral,
    stu3.ProcedureRequest: requests.recall,
    stu3.DiagnosticReport: investigations.report,
    stu3.Specimen: investigations.specimen,
    stu3.DocumentReference: investigations.document,
}
"""How each clinical type is mapped."""


def to_resources(state: State, ids: Ids) -> list[Resource]:
    """The Patient first, then everything that the practice presently says, promoted resources and directory entries.
    While the practice withholds the record: the Patient, its objections and the practice, nothing clinical."""
    source = source_of(state, ids)
    known = [patient(source), *objections(source)]
    if state.withheld:
        return [*known, *directory(source)]
    stated = statements(source)
    return _once(
        [
            *known,
            *_clinical(source),
            care_team(source, stated),
            *flags(source, stated),
            *care_plans(source, stated),
            *reasonable_adjustments(source, stated),
            *type_1_objection(source, stated),
            *directory(source),
        ]
    )


def _clinical(source: Source) -> Iterator[Resource]:
    for resource in source.held.values():
        mapping = _MAPPED.get(type(resource))
        if mapping:
            yield mapping(source, resource)


def _once(resources: Iterable[Resource]) -> list[Resource]:
    """Each id once: a bundle may describe one organisation twice, and the first description stays."""
    found: dict[tuple[str, str], Resource] = {}
    for resource in resources:
        found.setdefault((resource["resourceType"], resource["id"]), resource)
    return list(found.values())
