"""The audit vocabulary: code systems and codes, each with its source.

R4   = http://hl7.org/fhir/R4/auditevent.html
BALP = IHE Basic Audit Log Patterns 1.1, https://profiles.ihe.net/ITI/BALP
DCM  = DICOM, http://dicom.nema.org/resources/ontology/DCM
SCR  = NHS Summary Care Record FHIR API, privacy alerts
"""

from enum import StrEnum
from typing import Any


def coding(system: str, code: str, display: str = "") -> dict[str, Any]:
    """A Coding; without display where none is given."""
    return {"system": system, "code": code, **({"display": display} if display else {})}


class Outcome(StrEnum):
    """R4 audit-event-outcome: what became of the access."""

    SUCCESS = "0"
    MINOR_FAILURE = "4"
    """The caller's fault: malformed, not found."""
    SERIOUS_FAILURE = "8"
    """Refused: not authenticated, not permitted."""
    MAJOR_FAILURE = "12"
    """Ours: the server failed."""


class Kind(StrEnum):
    """What sort of access it was: the word of the column `kind` and of meta.tag."""

    READ = "read"
    QUERY = "query"
    HISTORY = "history"
    EVERYTHING = "everything"
    SUMMARY = "summary"
    OPERATION = "operation"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    EXPORT = "export"
    SUBSCRIPTION = "subscription"
    TOKEN = "token"  # noqa: S105  a kind of access, not a secret
    BREAK_GLASS = "break-glass"
    AUDIT = "audit"
    LINKAGE = "linkage"
    """Who is the same person as whom: looked at, decided, undone."""
    AGREEMENTS = "agreements"
    """What the sharing agreements would change, or a version of them put in force."""
    CLIENTS = "clients"
    """A client system registered, changed, disabled or enabled."""
    RETENTION = "retention"
    """Old events whose content was removed."""
    INGEST = "ingest"
    """A feed's file or message was kept: the database writes it with the envelope (migration `0024`)."""
    QUESTION = "question"
    """A question of ours to a practice (GP Connect) or to PDS: the database writes it (migration `0028`)."""
    LABELLING = "labelling"
    """Code lists changed, and everything is labelled anew."""


BEGUN, WHOLE, CUT_SHORT = (("answer", "begun"), ("answer", "whole"), ("answer", "cut short"))
"""Details of the two events of an answer that is sent while it is made (`api.in_pieces`)."""


OWN = "https://toldonce.example/CodeSystem/"
KIND_TAG = f"{OWN}audit-kind"
DETAIL = "https://toldonce.example/audit-detail/"
EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"  # R4
REST = coding(EVENT_TYPE, "rest", "Restful Operation")
RESTFUL = "http://hl7.org/fhir/restful-interaction"  # R4
DCM = "http://dicom.nema.org/resources/ontology/DCM"
USER_AUTHENTICATION = coding(DCM, "110114", "User Authentication")
LOGIN = coding(DCM, "110122", "Login")
IMPORT = coding(DCM, "110107", "Import")
APPLICATION = coding(DCM, "110150", "Application")
SOURCE_ROLE = coding(DCM, "110153", "Source Role ID")
DESTINATION_ROLE = coding(DCM, "110152", "Destination Role ID")
USER = coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient")
USER_ORGANISATION = coding("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", "healthcare provider")
ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"  # R4
PERSON = coding(ENTITY_TYPE, "1", "Person")
SYSTEM_OBJECT = coding(ENTITY_TYPE, "2", "System Object")
OTHER = coding(ENTITY_TYPE, "4", "Other")
"""For what BALP does not speak of: its profiles allow one system object, what was read or what was asked."""
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"  # R4
PATIENT_ROLE = coding(ROLE, "1", "Patient")
DOMAIN_RESOURCE_ROLE = coding(ROLE, "4", "Domain Resource")
SECURITY_RESOURCE_ROLE = coding(ROLE, "13", "Security Resource")
QUERY_ROLE = coding(ROLE, "24", "Query")
TRANSACTION = coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId")  # BALP
APPLICATION_SERVER = coding(
    "http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server"
)  # R4
ACCESS_ALERT = coding("https://fhir.nhs.uk/CodeSystem/SCR-AlertType", "2", "Access Alert")  # SCR
ASSURANCE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/ihe-assuranceLevel"  # BALP
USER_ASSURANCE = f"{OWN}user-assurance"
"""`asserted` by the client, or `authenticated` by an identity provider."""
BREAK_GLASS_PURPOSE = "BTG"
"""v3-ActReason `break the glass`."""
_PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."

IP_ADDRESS, MACHINE_NAME, URI = "2", "1", "5"
"""R4 network-type."""

_ACTIONS = {
    Kind.READ: "R",
    Kind.HISTORY: "R",
    Kind.CREATE: "C",
    Kind.INGEST: "C",
    Kind.UPDATE: "U",
    Kind.DELETE: "D",
}


def action(kind: Kind) -> str:
    """R4 audit-event-action: C, R, U, D, else E (execute), as BALP uses it for queries and operations."""
    return _ACTIONS.get(kind, "E")


def balp_profile(kind: Kind, interaction: str, *, about_person: bool) -> str | None:
    """The BALP profile that an event of this sort conforms to when it succeeded; None where BALP has none."""
    names = {
        "read": "Read",
        "vread": "Read",
        "search-type": "Query",
        "search-system": "Query",
        "create": "Create",
        "update": "Update",
        "patch": "Update",
        "delete": "Delete",
    }
    name = None if kind is Kind.TOKEN else names.get(interaction)
    return f"{_PROFILE}{'Patient' if about_person else ''}{name}" if name else None


def data_flows_to_client(kind: Kind) -> bool:
    """BALP: in reads the server is the source; in queries and writes the client is."""
    return kind in (Kind.READ, Kind.HISTORY)
