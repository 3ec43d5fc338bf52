"""Survivorship: which source's statement of each element of a Patient stands in the golden one. The rules, as data.

`patient.py` follows this table, `docs/golden-patient.md` shows it, and a test keeps the two the same. The elements are
those of https://hl7.org/fhir/R4/patient.html as UK Core profiles them
(https://simplifier.net/hl7fhirukcorer4/ukcorepatient); parts of an element are named as profiles name slices.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

TRUST = ("pds", "gp", "acute", "community", "mental_health", "social_care", "vcfse")
"""Feeds by how far their demographics are trusted; one that is not listed comes last. First the Personal Demographics
Service, which is traced; then who registers people, then who admits them, then who is told."""
_PRACTICE_FIRST = ("gp", *(feed for feed in TRUST if feed != "gp"))
_WHO_MEETS_THEM = ("vcfse", "social_care", "gp", "community", "mental_health", "acute", "pds")
"""Feeds by how closely their people know somebody's daily life."""


class Keep(StrEnum):
    """What is kept of several sources' statements of one element."""

    BEST = "best source"
    """All that the first source says which says something; no other's."""
    UNITED = "united"
    """Every different value once, in the first source's words."""
    STRICTEST = "strictest"
    """The one that asks for most care; among equals the first source's."""


@dataclass(frozen=True)
class Rule:
    """How one element, or one slice of it, survives."""

    element: str
    """Name in Patient; after a colon the slice: an extension's last word, or a part that `patient.py` knows."""
    keep: Keep
    why: str
    order: tuple[str, ...] = TRUST
    locates: bool = False
    """It tells where somebody is: left out for a restricted person, and where a choice withholds some source's
    statement of who and where the person is, so that no older location takes the place of a better one."""

    @cached_property
    def name(self) -> str:
        """The element in which it stands."""
        return self.element.partition(":")[0]


_UNION = "different sources know different ones"
RULES = (
    Rule("extension", Keep.UNITED, "one of each kind: UK Core's extensions of a Patient may each be there once"),
    Rule(
        "extension:ContactPreference",
        Keep.UNITED,
        "who meets somebody knows how they want to be reached: their charity, then their social worker",
        _WHO_MEETS_THEM,
    ),
    Rule(
        "extension:patient-interpreterRequired",
        Keep.STRICTEST,
        "needed once said: nobody goes without an interpreter because one source never asked",
    ),
    Rule(
        "extension:NHSNumberUnavailableReason",
        Keep.UNITED,
        "only where no NHS number is shown: one source's lack of it is no fact about the person",
    ),
    Rule(
        "identifier:nhsNumber",
        Keep.STRICTEST,
        "one, for UK Core has nhsNumber 0..1: a verified one (status 01) before any other, then the best source's; "
        "never one that is `old`, a placeholder or of a record that is merged away, nor one of two in one statement. "
        "Another number, superseded or mistaken, is in its source's own Patient only, and still finds the person",
    ),
    Rule("identifier", Keep.UNITED, "each source's own id of the person; by system and value"),
    Rule("name", Keep.BEST, "the present names: not `old`, `maiden` or `nickname`, and their period has not ended"),
    Rule(
        "name:other", Keep.UNITED, "former names and nicknames: people go on being known by them; by family and given"
    ),
    Rule("telecom", Keep.UNITED, f"{_UNION}; by digits; not `old`, and their period has not ended", locates=True),
    Rule("gender", Keep.BEST, "`unknown` says nothing while another source knows"),
    Rule("birthDate", Keep.BEST, "traced, or seen on a document at registration"),
    Rule(
        "deceased",
        Keep.STRICTEST,
        "a date before the bare word, and either before silence: nobody is silently revived. That somebody lives is "
        "never said: most sources would not know",
    ),
    Rule(
        "address",
        Keep.BEST,
        "all of one source, with use and period, so that they are never from different times; a source whose only ones "
        "are old or have ended comes after those with a present one",
        locates=True,
    ),
    Rule("maritalStatus", Keep.BEST, "as the best source has it"),
    Rule("multipleBirth", Keep.BEST, "as the best source has it; it tells twins apart"),
    Rule("photo", Keep.BEST, "as the best source has it"),
    Rule("contact", Keep.BEST, "all of one source: two lists of next of kin would contradict each other", locates=True),
    Rule("communication", Keep.UNITED, f"{_UNION}; by language"),
    Rule(
        "generalPractitioner",
        Keep.BEST,
        "the practice says itself who is registered with it; others repeat what they were told",
        _PRACTICE_FIRST,
    ),
    Rule("managingOrganization", Keep.BEST, "who keeps the fullest record", _PRACTICE_FIRST),
)
"""Every element that a golden Patient takes from sources, in the order in which it has them. The slice counts where
there is a rule for it, else its element's."""

SLICED = frozenset(rule.element for rule in RULES if ":" in rule.element)
MADE_HERE = {
    "id": "the person's, made by linkage",
    "meta.versionId": "a digest of the permitted statements' versions and of what is shown",
    "meta.lastUpdated": "latest of the permitted statements",
    "meta.security": "strictest: the highest confidentiality, and every other label once",
    "meta.tag": "united",
    "active": "true: who is merged away has a Patient of their own, see below",
    "link": "`seealso` to each permitted source's own Patient",
}
"""What the golden Patient has of itself. What a source's Patient has beyond all of this (such as meta.source, or link
to another record of that source) is of that source's record, not of the person."""

CONFIDENTIALITY = ("U", "L", "M", "N", "R", "V")
"""v3-Confidentiality, in its order."""
FORMER = frozenset({"old", "maiden", "nickname"})
"""HumanName.use of what somebody is not called, or not officially."""
