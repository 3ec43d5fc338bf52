"""What a hospital's ADT messages say, in HL7's own words (ITK HL7 v2.4 v1.0.15).

Every field of `Person` and `Visit` keeps HL7's three meanings: None = not sent (keep what is held), "" or () = the
explicit null (delete), anything else = the new value. Repeating and complex fields are replaced as a whole.
Dates and times are FHIR texts (date, or dateTime with the Europe/London offset); `recorded` and `occurred` are UTC
from `adapters.records.instant`.
"""

from typing import Literal

import msgspec

DELETED = "D"
"""IAM-6, DG1-21."""
SENSITIVE = "S"
"""PV1-16."""

VisitStatus = Literal["planned", "in-progress", "onleave", "finished", "cancelled", "unknown"]


class Identifier(msgspec.Struct, frozen=True, omit_defaults=True):
    """CX: id, assigning authority, type code."""

    value: str
    authority: str = ""
    type: str = ""


class Name(msgspec.Struct, frozen=True, omit_defaults=True):
    """XPN; `use` is XPN-7 (ITK: L, A, PREFERRED, PREVIOUS-BIRTH, PREVIOUS-MAIDEN ...)."""

    family: str = ""
    given: tuple[str, ...] = ()
    prefix: str = ""
    suffix: str = ""
    use: str = ""


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """XAD; `use` is XAD-7 (ITK: H, PST, TMP ...)."""

    lines: tuple[str, ...] = ()
    city: str = ""
    district: str = ""
    postcode: str = ""
    country: str = ""
    use: str = ""


class Telecom(msgspec.Struct, frozen=True, omit_defaults=True):
    """XTN; `use` is XTN-2 (PRN, ORN, WPN, NET), `equipment` is XTN-3 (PH, CP, FX, Internet ...)."""

    value: str
    use: str = ""
    equipment: str = ""


class Doctor(msgspec.Struct, frozen=True, omit_defaults=True):
    """XCN: id (national code where one of the repetitions has it), name."""

    id: str = ""
    family: str = ""
    given: str = ""
    prefix: str = ""


class Organisation(msgspec.Struct, frozen=True, omit_defaults=True):
    """XON: name and code (PD1-3: the registered practice)."""

    code: str = ""
    name: str = ""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """PL: ward, room, bed, and the ODS site code of the hospital."""

    ward: str = ""
    room: str = ""
    bed: str = ""
    site: str = ""


class Coded(msgspec.Struct, frozen=True, omit_defaults=True):
    """CE: code, text and coding system (table 0396), and the same in another coding system."""

    code: str = ""
    text: str = ""
    system: str = ""
    other_code: str = ""
    other_text: str = ""
    other_system: str = ""


class Relative(msgspec.Struct, frozen=True, omit_defaults=True):
    """NK1: a next of kin or carer."""

    name: Name
    relationship: Coded = Coded()
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    role: Coded = Coded()
    sex: str = ""
    birth_date: str = ""


class Allergy(msgspec.Struct, frozen=True, omit_defaults=True):
    """AL1 or IAM: what somebody is allergic to."""

    allergen: Coded
    type: Coded = Coded()
    """Table 0127."""
    severity: Coded = Coded()
    """Table 0128 (ITK's digits, HL7's letters, or words)."""
    reactions: tuple[str, ...] = ()
    identified: str = ""
    """FHIR date or dateTime."""
    id: str = ""
    """IAM-7: the sender's own id of the entry."""
    action: str = ""
    """IAM-6: A added, U updated, D deleted, X unchanged; blank in AL1, which lists all."""
    status: str = ""
    """IAM-17, table 0438: C confirmed, I confirmed but inactive, U, P, S, D not confirmed."""


class Diagnosis(msgspec.Struct, frozen=True, omit_defaults=True):
    """DG1: a diagnosis made in a visit."""

    code: Coded
    type: str = ""
    """Table 0052: A admitting, W working, F final."""
    at: str = ""
    """FHIR date or dateTime."""
    priority: str = ""
    """Table 0359: 1 the primary diagnosis."""
    clinician: Doctor | None = None
    confidential: str = ""
    """DG1-18: Y or N."""
    id: str = ""


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """PID, PD1, NK1, AL1, IAM and ZU8: who this is."""

    nhs_number: str | None = None
    """PID-3: ten digits with a valid check digit; "" = a PID-3 without one; None = no PID-3, or unusable."""
    nhs_number_status: str | None = None
    """PID-32 NSTSnn: 01 .. 08; placeholders are always 02."""
    identifiers: tuple[Identifier, ...] | None = None
    names: tuple[Name, ...] | None = None
    birth_date: str | None = None
    sex: str | None = None
    addresses: tuple[Address, ...] | None = None
    telecoms: tuple[Telecom, ...] | None = None
    work_telecoms: tuple[Telecom, ...] | None = None
    language: str | None = None
    marital_status: str | None = None
    ethnicity: str | None = None
    birth_place: str | None = None
    died: str | None = None
    """PID-29."""
    dead: str | None = None
    """PID-30: Y or N."""
    identity_unknown: str | None = None
    """PID-31: Y or N."""
    reliability: tuple[str, ...] | None = None
    """PID-32 without the NSTS code: US, UD, UA, AL, ED."""
    practice: Organisation | None = None
    gp: Doctor | None = None
    relatives: tuple[Relative, ...] | None = None
    allergies: tuple[Allergy, ...] | None = None
    """AL1: all of them."""
    allergy_changes: tuple[Allergy, ...] | None = None
    """IAM: entries to add, change or delete."""
    sharing: str | None = None
    """ZU8-2: 1 consents, 2 express dissent, 3 unknown."""
    location_hiding: str | None = None
    """ZU8-4: 0 none, 1 local, 2 PDS S-flag."""


class Visit(msgspec.Struct, frozen=True, omit_defaults=True):
    """PV1, PV2, DG1 and ZU1, ZU3, ZU4: one encounter with the hospital."""

    number: str
    authority: str = ""
    patient_class: str | None = None
    place: Place | None = None
    prior_place: Place | None = None
    pending_place: Place | None = None
    """PV1-42."""
    admission_method: str | None = None
    attending: Doctor | None = None
    referring: Doctor | None = None
    consulting: tuple[Doctor, ...] | None = None
    admitting: Doctor | None = None
    treatment_function: str | None = None
    admission_source: str | None = None
    sensitive: str | None = None
    """PV1-16: S sensitive, Y, N, I."""
    discharge_method: str | None = None
    """PV1-36 as sent: a method, a destination (some senders) or text."""
    discharge_destination: str | None = None
    """PV1-37 as sent."""
    admitted: str | None = None
    discharged: str | None = None
    reason: Coded | None = None
    description: str | None = None
    expected_admission: str | None = None
    expected_discharge: str | None = None
    arrival_mode: Coded | None = None
    """PV2-38: table 0430, ECDS SNOMED CT, or words."""
    diagnoses: tuple[Diagnosis, ...] | None = None
    medically_fit: str | None = None
    """ZU1-22: Y or N."""
    ready_for_discharge: str | None = None
    """ZU1-24."""
    attended: str | None = None
    """ZU3-3, table ZU007: 5, 6 seen; 2 cancelled by the patient, 3 did not attend, 4 cancelled by the hospital, 7 came
    too late."""
    attendance_outcome: str | None = None
    """ZU3-4, table ZU022."""
    first_attendance: str | None = None
    """ZU3-12, table ZU054."""
    to_come_in: str | None = None
    """ZU4-6: the date given to somebody on a waiting list."""
    removed: str | None = None
    """ZU4-10: when the entry was taken off the waiting list."""


class Statement(msgspec.Struct, frozen=True, omit_defaults=True, tag="statement"):
    """One ADT message about one person, and the visit it is about, if any."""

    event: str
    """Trigger event: A01 .."""
    occurred: str
    recorded: str
    person: Person
    visit: Visit | None = None
    kept: tuple[str, ...] = ()
    """Segments that are not read, or say more than is read, as they stand in the message: local Z segments first of
    all. The delimiters are those of the message."""


class Survives(msgspec.Struct, frozen=True, omit_defaults=True, tag="survives"):
    """A40, A34, or A47 with another local id, for the survivor: it takes over a discarded record. Demographics do not
    change."""

    recorded: str
    discarded: str
    """Local id of the discarded record."""
    identifiers: tuple[Identifier, ...] = ()
    """MRG-1."""
    kept: tuple[str, ...] = ()
    """See `Statement`."""


class Replaced(msgspec.Struct, frozen=True, omit_defaults=True, tag="replaced"):
    """The same, for the discarded record: it is kept, inactive, and points to the survivor."""

    recorded: str
    survivor: str
    """Local id of the survivor."""


Record = Statement | Survives | Replaced


class Stay(msgspec.Struct, frozen=True):
    """Where somebody was during a visit; FHIR dateTimes: `start` None when not known, `end` None while there."""

    place: Place
    start: str | None
    end: str | None = None


class ClassSpan(msgspec.Struct, frozen=True):
    """What a patient was (PV1-2) for a part of a visit; FHIR dateTimes."""

    patient_class: str
    start: str
    end: str | None = None


class VisitState(msgspec.Struct, frozen=True):
    """One visit after all its messages."""

    details: Visit
    status: VisitStatus
    start: str | None
    """FHIR date or dateTime; never later than `end`."""
    end: str | None
    stays: tuple[Stay, ...] = ()
    classes: tuple[ClassSpan, ...] = ()
    """Where the class changed (A06, A07, or an arrival in A&E who was admitted): what came first, and after."""


class Dissent(msgspec.Struct, frozen=True):
    """An objection to sharing; UTC instants of its recording and, when it was withdrawn, of that."""

    since: str
    until: str | None = None


class State(msgspec.Struct, frozen=True):
    """What the hospital says now of one of its patients."""

    organisation: str
    local_id: str
    person: Person
    visits: tuple[VisitState, ...] = ()
    dissents: tuple[Dissent, ...] = ()
    dead: bool = False
    died: str | None = None
    """FHIR date or dateTime, where the hospital gave one."""
    survives: tuple[Survives, ...] = ()
    replaced_by: str | None = None
