"""MHS001, MHS002 -> Patient."""

from adapters.mental_health.records import State
from mappings import uk_core
from mappings.ids import Ids
from mappings.mental_health import codes
from mappings.tables import person


def patient(state: State, ids: Ids) -> uk_core.Resource:
    """UKCore-Patient: the provider's statement of who this is. What gender was at birth is not read."""
    return person.patient(
        state.person,
        state.registrations,
        ids,
        gender=codes.target_only("MhsdsGender", state.person.gender),
        marital=codes.target_only("AcuteMaritalStatus", state.person.marital_status),
    )
