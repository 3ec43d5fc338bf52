"""Tables of the extract: contacts, attendances and stays."""

from collections.abc import Iterator
from typing import Any

from integration.teams.export.column import Column
from integration.teams.export.usual_columns import (
    STATUS,
    code_of,
    extension_of,
    period_of,
    reference_of,
    table,
    text_of,
)
from integration.teams.export.values import ods_code
from mappings import uk_core
from mappings.acute.encounter import ARRIVAL_MODE
from mappings.uk_core import Resource

_OWN = "https://toldonce.example/StructureDefinition/"


def _classes(encounter: Resource) -> Iterator[Any]:
    """The classes it went through, or the one that it has."""
    return iter(encounter.get("classHistory") or [{"class": encounter["class"], "period": encounter.get("period", {})}])


CONTACTS = (
    table(
        "encounter",
        "contacts, attendances and stays",
        "Encounter",
        STATUS,
        *code_of(
            "class", "v3-ActCode: EMER emergency, IMP inpatient, SS day case, AMB at a clinic or practice, VR, HH"
        ),
        *code_of("type", "kind of contact; hospital: first attendance, ZU3-12"),
        *code_of("service", "treatment function or service", "serviceType"),
        *period_of(),
        extension_of("arrival_mode", "PV2-38 (table 0430: A ambulance, H helicopter; else ECDS)", ARRIVAL_MODE),
        extension_of(
            "attended",
            "ZU3-3: 5 and 6 attended, 2 and 4 cancelled, 3 and 7 did not attend",
            f"{_OWN}attended-or-did-not-attend",
        ),
        extension_of("outcome", "outcome of attendance", f"{uk_core.EXTENSION}OutcomeOfAttendance"),
        extension_of(
            "admission_method",
            "NHS Data Dictionary: 21 to 28 and 2A to 2D emergency, 11 to 13 elective",
            f"{uk_core.EXTENSION}AdmissionMethod",
            "hospitalization",
        ),
        *code_of("admitted_from", "source of admission", "hospitalization.admitSource"),
        extension_of("discharge_method", "how a stay ended", f"{uk_core.EXTENSION}DischargeMethod"),
        extension_of(
            "emergency_discharge", "how an attendance ended", f"{uk_core.EXTENSION}EmergencyCareDischargeStatus"
        ),
        *code_of("discharged_to", "where to", "hospitalization.dischargeDisposition"),
        Column("provider", "text", "ODS code", lambda item: ods_code(item.element, "serviceProvider")),
        reference_of("part_of", "a contact that it is part of", "partOf"),
    ),
    table(
        "encounter_class",
        "the classes that each encounter went through: an attendance that became a stay has a row for each",
        "Encounter",
        text_of("class", "as in `encounter`", "class.code"),
        *period_of(),
        rows=_classes,
    ),
)
