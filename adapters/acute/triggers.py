"""The trigger events of this feed: what each is about, its message structure, and what it takes back.

Sources: ITK HL7 v2.4 v1.0.15 section 3.1; A06, A07, A34, A47 and A60, which ITK leaves out and real feeds send, from
HL7 v2.4 chapter 3 (3.3.6, 3.3.7, 3.3.34, 3.3.47, 3.3.60).
"""

from typing import Literal, NamedTuple

About = Literal["movement", "visit", "person", "merge", "identifiers"]
"""A movement changes where or as what the patient is, and is ordered by when it occurred; a visit event says something
else of the visit, and a person event of the person only, both ordered by when they were recorded."""


class Trigger(NamedTuple):
    about: About
    structure: str
    """MSH-9.3."""
    undoes: tuple[str, ...] = ()
    """Events that this one takes back."""


TRIGGERS = {
    "A01": Trigger("movement", "ADT_A01"),  # admit
    "A02": Trigger("movement", "ADT_A02"),  # transfer
    "A03": Trigger("movement", "ADT_A03"),  # discharge
    "A04": Trigger("movement", "ADT_A01"),  # register: an outpatient, or an arrival in A&E
    "A05": Trigger("movement", "ADT_A05"),  # pre-admit
    "A06": Trigger("movement", "ADT_A06"),  # outpatient becomes inpatient
    "A07": Trigger("movement", "ADT_A06"),  # inpatient becomes outpatient
    "A08": Trigger("visit", "ADT_A01"),  # update
    "A11": Trigger("visit", "ADT_A09", ("A01", "A04")),
    "A12": Trigger("visit", "ADT_A09", ("A02",)),
    "A13": Trigger("visit", "ADT_A01", ("A03",)),
    "A14": Trigger("visit", "ADT_A05"),  # pending admission
    "A15": Trigger("visit", "ADT_A15"),  # pending transfer
    "A16": Trigger("visit", "ADT_A16"),  # pending discharge
    "A21": Trigger("movement", "ADT_A21"),  # leave of absence
    "A22": Trigger("movement", "ADT_A21"),  # return from it
    "A25": Trigger("visit", "ADT_A21", ("A16",)),
    "A26": Trigger("visit", "ADT_A21", ("A15",)),
    "A27": Trigger("visit", "ADT_A21", ("A14",)),
    "A28": Trigger("person", "ADT_A05"),  # add person
    "A31": Trigger("person", "ADT_A05"),  # update person
    "A34": Trigger("merge", "ADT_A30"),  # merge, as senders before HL7 v2.3.1 write it
    "A38": Trigger("visit", "ADT_A38", ("A05",)),
    "A40": Trigger("merge", "ADT_A39"),
    "A47": Trigger("identifiers", "ADT_A30"),  # a patient's ids were wrong
    "A52": Trigger("visit", "ADT_A52", ("A21",)),
    "A53": Trigger("visit", "ADT_A52", ("A22",)),
    "A60": Trigger("person", "ADT_A60"),  # allergies
}
MOVEMENTS = frozenset(event for event, trigger in TRIGGERS.items() if trigger.about == "movement")
VISIT_EVENTS = MOVEMENTS | frozenset(event for event, trigger in TRIGGERS.items() if trigger.about == "visit")
CANCELS = frozenset(event for event, trigger in TRIGGERS.items() if trigger.undoes)
