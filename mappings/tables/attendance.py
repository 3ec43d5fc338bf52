"""ATTENDANCE STATUS -> Encounter.status, alike for every table data set."""

from adapters.tables.records import CareContact
from mappings.tables import codes


def status_of(contact: CareContact) -> str:
    """Encounter.status; a contact that says nothing of attendance was cancelled, or nobody knows."""
    target = codes.target_only("CsdsAttendanceStatus", contact.attendance)
    if target:
        return str(target["code"])
    return "cancelled" if contact.cancelled else "unknown"
