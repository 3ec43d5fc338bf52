"""The synthetic world: what is true of people and what happened to them, before any sector wrote it down.

Sectors know only part of it, in their own words and with their own mistakes: each module of this package that is
named after a sector (`gp`, `acute`, `community`, `mental_health`, `social_care`, `vcfse`) turns a `World` into that
sector's files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Sex = Literal["female", "male"]

EventKind = Literal[
    # general practice
    "gp-consultation",  # code, term, note
    # acute
    "attendance",  # A&E: end = departure; reason; outcome "admitted" | "home" | "died"
    "admission",  # inpatient: end = discharge (None = still in); reason, specialty (treatment function), ward, bed
    "transfer",  # within an admission: admission (its key), ward, bed
    "admission-cancelled",  # admission (its key): A11
    "discharge-cancelled",  # admission (its key): A13; the true discharge is the admission's end
    "outpatient",  # specialty, outcome
    # community
    "community-referral",  # end = discharge; team (CSDS team type code), reason, source
    "community-contact",  # referral (key), mechanism (CSDS code), location (CSDS code), attendance (CSDS code), minutes
    "community-care-plan",  # plan type
    # mental health
    "mental-health-referral",  # end = discharge; team (MHSDS team type code), reason (MHSDS code), staff = coordinator
    "mental-health-contact",  # referral (key), mechanism, location, attendance (NHS codes), minutes
    "mental-health-care-plan",  # plan type (MHSDS code)
    "mental-health-stay",  # end = discharge; referral (key), ward, status (legal status code), order "yes" (CTO after)
    # social care
    "care-request",  # route, outcome
    "care-assessment",  # assessment type, outcome
    "care-service",  # end = None while running; service type, component, provider (organisation code)
    "care-review",  # reason, outcome
    "safeguarding",  # stage "referral" | "reopened" | "closed"
    # voluntary sector
    "charity-referral",  # organisation = charity; reason, source, action, worker (staff key), accepted "yes" | "no"
    "charity-contact",  # referral (key), channel "visit" | "phone" | "group", summary
    # life
    "moved",  # new address is in Person.addresses
    "birth-date-corrected",  # wrong (ISO date): what sources held before `at`
    "record-merged",  # organisation = whose records; discarded (local id), an A40 in the acute trust
    "died",
]


@dataclass(frozen=True)
class Address:
    lines: tuple[str, ...]
    postcode: str
    since: date
    city: str = "Coventry"
    uprn: str | None = None
    care_home: str | None = None
    """Organisation code of the care home, when the address is one."""


@dataclass(frozen=True)
class Condition:
    code: str
    """SNOMED CT."""
    term: str
    onset: date
    sensitive: bool = False


@dataclass(frozen=True)
class Medicine:
    code: str
    """dm+d / SNOMED CT."""
    term: str
    dose: str
    since: date


@dataclass(frozen=True)
class Adjustment:
    """A reasonable adjustment: `code` from England-FlagCodeRA, `category` from England-FlagCategoryRA."""

    code: str
    term: str
    category: str


@dataclass(frozen=True)
class Relative:
    """`relationship`: son, daughter, spouse, mother, carer ...; `carer`: provides unpaid care."""

    family: str
    given: str
    relationship: str
    phone: str
    carer: bool = False
    person: str | None = None
    """Key of the relative, when they are a person of this world too."""


@dataclass(frozen=True)
class Person:
    """One person, as they truly are. `key` is stable ("mrs-t", "p00042"); `name` is what docs call the named ones."""

    key: str
    family: str
    given: str
    sex: Sex
    birth_date: date
    title: str
    nhs_number: str | None
    """Ten digits of the 999 test range with a valid check digit; None = has none that anybody knows."""
    practice: str | None
    """Organisation code of the registered practice."""
    addresses: Sequence[Address]
    """Oldest first; empty for someone without a home."""
    name: str | None = None
    middle: str | None = None
    nickname: str | None = None
    previous_family: str | None = None
    phone: str | None = None
    ethnicity: str = "A"
    language: str = "en"
    lives_alone: bool = False
    household: str | None = None
    relatives: Sequence[Relative] = ()
    conditions: Sequence[Condition] = ()
    allergies: Sequence[Condition] = ()
    medicines: Sequence[Medicine] = ()
    adjustments: Sequence[Adjustment] = ()
    impairments: Sequence[str] = ()
    """England-ConditionCodeRA words: vision, hearing, learning ..."""
    frailty: Literal["mild", "moderate", "severe"] | None = None
    falls_risk: bool = False
    end_of_life: bool = False
    resuscitation_decision: bool = False
    """A recorded "not for attempted CPR" decision."""
    care_coordinator: str | None = None
    """Staff key."""
    key_worker: str | None = None
    dissent: bool = False
    """Objects to sharing of the record (acute ZU8-2 = 2; the practice then answers with a refusal)."""
    restricted: bool = False
    """Whereabouts must not be shown (PDS `R`, acute ZU8-4 = 2)."""
    charity_consent: bool | None = None
    """Explicit consent that the charity's data is shared, and that the charity sees others'; None = never asked."""
    charity_consent_withdrawn: date | None = None
    died: date | None = None
    mrn: str | None = None
    """Local id in the acute trust; None = never a patient there."""
    other_mrn: str | None = None
    """A second, duplicate MRN that was later merged into `mrn`."""
    tags: frozenset[str] = frozenset()
    """Why this person is in the demo: "twin", "child", "rough-sleeper" ..."""


@dataclass(frozen=True)
class LifeEvent:
    """`key` is unique in the world; `at` and `end` are naive Europe/London wall time; `detail` per kind, see above."""

    key: str
    person: str
    kind: EventKind
    at: datetime
    organisation: str
    end: datetime | None = None
    staff: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Staff:
    """Somebody who works for an organisation. `registration`: C and 7 digits (GMC consultant), G and 7 (GMP), else
    local."""

    key: str
    family: str
    given: str
    title: str
    job: str
    organisation: str
    registration: str | None = None


@dataclass(frozen=True)
class World:
    """`today` is the last day of the two years that are told; `seed` makes every file reproducible."""

    seed: int
    today: date
    people: Sequence[Person]
    events: Sequence[LifeEvent]
    """Ordered by `at`, then `key`."""
    staff: Sequence[Staff]


@dataclass(frozen=True)
class FeedFile:
    """One file or message as a sector would deliver it. `as_of` (aware) when the transport would tell it."""

    feed: Literal["gp", "acute", "community", "mental_health", "social_care", "vcfse", "pds"]
    sender: str
    name: str
    content: bytes
    as_of: datetime | None = None
