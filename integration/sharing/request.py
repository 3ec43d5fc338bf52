"""What a decision is handed: who asks (Request), what is known of the person (Facts), and what it may answer
(Grant or Denial). Plain data: reading facts is `facts.py`, deciding is `decide.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec


class Category(StrEnum):
    """The kinds of information that agreements and roles speak of. One per resource, see `categories.py`."""

    DEMOGRAPHICS = "who the person is"
    RELATED_PEOPLE = "family and carers"
    CARE_TEAM = "care team"
    CARE_PLAN = "care plans"
    ENCOUNTERS = "contacts and stays"
    REFERRALS = "referrals and services"
    CLINICAL = "clinical record"
    ALERTS = "alerts"
    SAFEGUARDING = "safeguarding"
    ADJUSTMENTS = "reasonable adjustments"
    IMPAIRMENTS = "impairments behind adjustments"
    CHOICES = "sharing choices"
    AUDIT = "access log"


class Recordable(StrEnum):
    """What roles may record here through the API, in the words of the agreements; see `integration.recording.kinds`."""

    ADJUSTMENTS = "reasonable adjustments"
    IMPAIRMENTS = "impairments behind adjustments"
    CHOICES = "sharing choices"
    TASKS = "tasks"
    COORDINATOR = "care coordinator"


class Label(msgspec.Struct, frozen=True, cache_hash=True):
    """What every stored row carries instead of a policy: whose statement it is, of which category, how sensitive.
    Interned: `id` is the small integer on the row."""

    id: int
    organisation: str
    category: Category
    sensitivities: frozenset[str] = frozenset()


EvidenceKind = Literal["registration", "referral", "encounter", "care-team", "caseload", "service"]


class Evidence(msgspec.Struct, frozen=True, order=True):
    """One sign that `organisation` has a relationship with the person, said by `source`. Self-claimed when the two
    are the same. `end` None = continuing."""

    kind: EvidenceKind
    organisation: str
    source: str
    start: date | None = None
    end: date | None = None

    @property
    def self_claimed(self) -> bool:
        return self.organisation == self.source


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A FHIR Consent as rule 5 reads it (see `choices.py`)."""

    consent: str
    """Id of the Consent resource, for the explanation."""
    kind: str
    """Word of `https://toldonce.example/policy/<kind>`."""
    permits: bool
    source: str
    """ODS code of the organisation that recorded it."""
    recorded: datetime | None = None
    start: date | None = None
    end: date | None = None
    active: bool = True
    organisations: frozenset[str] = frozenset()
    """Recipients it speaks of; empty = everyone."""
    about: frozenset[str] = frozenset()
    """Source organisations whose statements it speaks of; empty = all."""
    categories: frozenset[Category] = frozenset()
    """Empty = all."""
    sensitivities: frozenset[str] = frozenset()
    """For express permissions: which sensitivity it opens."""
    data_start: date | None = None
    data_end: date | None = None
    instances: frozenset[UUID] = frozenset()
    break_glass_relaxes: bool = False
    purposes: frozenset[str] = frozenset()
    """v3-ActReason codes it speaks of; empty = all."""
    related: frozenset[UUID] = frozenset()
    """Resources whose related data it speaks of as well (Consent.provision.data.meaning `related`). Whoever reads the
    facts adds the ids of that data to `instances` and empties this; unexpanded, a deny counts for all it could mean."""
    exceptions: "tuple[Choice, ...]" = ()
    """What it excepts (IHE PCF: one level), each in its own period. Of a deny, permissions: recipients, purposes,
    sources and categories that it leaves alone. Of a permission, denies, which end with it when a newer one of its
    scope replaces it."""
    decided_by: str = "the person"
    """Who decided: the person, or who decided for them."""
    how: str = ""
    """How the decision was taken (a form, by telephone), where the source says so."""


@dataclass(frozen=True)
class Caller:
    """Who asks. `role` and `purpose` are within the client's registration (checked before); `user` was asserted by
    the client or authenticated by an identity provider."""

    client: str
    organisation: str
    role: str
    purpose: str
    user: str = ""
    user_authenticated: bool = False


@dataclass(frozen=True)
class BreakGlass:
    """A declared emergency: `reason` is one of the SCR alert reasons (`decide.BREAK_GLASS_REASONS`)."""

    reason: str
    note: str = ""
    declared: datetime | None = None
    """When the emergency was declared, if before this request; agreements limit how long it lasts."""


@dataclass(frozen=True)
class Request:
    """One question: may this caller see this person's record at this moment?"""

    caller: Caller
    person: UUID
    at: datetime
    break_glass: BreakGlass | None = None


@dataclass(frozen=True)
class Facts:
    """What is recorded about a person that decides who may see them: never clinical content."""

    person: UUID
    known: bool
    """False: no such person. The decision then runs the same path and denies as for a missing relationship."""
    labels: tuple[Label, ...] = ()
    """Every label this person's rows carry."""
    evidence: tuple[Evidence, ...] = ()
    choices: tuple[Choice, ...] = ()
    restricted: bool = False
    """Location must not be shown (PDS `R`, location hiding)."""
    national_opt_out: bool = False
    type_1_objection: bool = False


class DataWindow(msgspec.Struct, frozen=True):
    """Rows of `labels` whose date lies in [start, end] are withheld."""

    labels: tuple[int, ...]
    start: date | None
    end: date | None


@dataclass(frozen=True)
class Reason:
    """One rule's part in the decision, in words an IG officer reads: `text` is a whole plain-English sentence."""

    rule: str
    """Short stable word: caller, agreement, relationship, role, choice, legal-restriction, sensitivity, location,
    adjustments, beyond-care, break-glass."""
    allowed: bool
    text: str
    category: Category | None = None
    organisation: str | None = None
    agreement: str | None = None
    """`<agreement id> version <n>` where one was decisive."""


@dataclass(frozen=True)
class Grant:
    """Permission to read. Only `decide.decide` builds one. It becomes SQL conditions and the row policy's settings:
    rows of `person` with a label in `labels`, minus `windows` and `withheld`."""

    request: Request
    person: UUID
    labels: tuple[int, ...]
    windows: tuple[DataWindow, ...] = ()
    withheld: tuple[UUID, ...] = ()
    """Single resources that a choice excludes."""
    hide_location: bool = False
    """What locates a restricted person is removed from everything: no agreement in the case names the caller's need."""
    unlocated: tuple[int, ...] = ()
    """Labels from whose rows it is removed: no agreement that shows this very label names the need."""
    location_withheld: bool = False
    """A choice withholds some source's statement of who and where the person is: no other address takes its place."""
    pseudonymise: bool = False
    announced: tuple[Category, ...] = ()
    """Categories of which something was withheld and whose agreement lets that be said."""
    reasons: tuple[Reason, ...] = ()
    self_claimed: bool = False
    """The relationship rests on nothing but the caller's own word: sampled by the IG officer (SCR alert type 1)."""
    broken_glass: bool = False
    """The declared emergency opened something: mark the answer, alert the IG officer."""

    def hides_location(self, label: int) -> bool:
        """Whether what locates the person is removed from the rows of this label."""
        return self.hide_location or label in self.unlocated


@dataclass(frozen=True)
class Denial:
    """`not_found`: must look exactly like a person who does not exist; else 403 with `public` as its text."""

    request: Request
    not_found: bool
    public: str
    reasons: tuple[Reason, ...] = ()


Decision = Grant | Denial


@dataclass(frozen=True)
class Client:
    """A registered client system (SMART Backend Services). Roles and purposes bound what its tokens may claim."""

    id: str
    name: str
    organisation: str
    roles: frozenset[str]
    purposes: frozenset[str]
    scopes: tuple[str, ...] = ("system/*.rs",)
    active: bool = True
    jwks: Mapping[str, object] = field(default_factory=dict)
    feeds: frozenset[str] = frozenset()
    """Feeds that it may send files of, as its organisation's."""
    jwks_url: str = ""
    """Where it publishes its keys; then `jwks` is empty."""
    rate: float | None = None
    """Requests a second that each process takes from it; None: as the settings say."""
    burst: int | None = None
    """Requests that may come together after a pause; None: as the settings say."""
    contact: str = ""
    """Whom to tell when something is wrong with it."""
    certificate_bound: bool = False
    """Its tokens hold only beside the TLS certificate with which they were asked for (RFC 8705)."""

    def may_ask_as(self, caller: Caller) -> bool:
        """Whether it is registered to ask for this organisation in this role and for this purpose, now."""
        within = caller.role in self.roles and caller.purpose in self.purposes
        return self.active and self.organisation == caller.organisation and within
