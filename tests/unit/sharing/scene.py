"""One small neighbourhood for the examples: a practice, a hospital, a charity, one agreement, one person."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from integration.sharing.agreements import Agreements, load
from integration.sharing.decide import Policy, decide
from integration.sharing.request import (
    BreakGlass,
    Caller,
    Category,
    Choice,
    Decision,
    Denial,
    Evidence,
    Facts,
    Grant,
    Label,
    Request,
)

FILE = """
neighbourhood: Testing
organisations:
  practices:
    kind: general practice
    members: {GP1: First Practice, GP2: Second Practice}
  hospitals:
    kind: statutory
    members: {HOS: The Hospital, FAR: The Distant Hospital}
  charities:
    kind: voluntary sector
    members: {CH1: First Charity, CH2: Second Charity}
purposes:
  direct care: {code: TREAT, kind: care}
  audit: {code: HCOMPL, kind: audit}
  research: {code: HRESCH, kind: beyond care}
  national flag: {code: NATIONAL, kind: national flag}
roles:
  doctor:
    clinical or care role: yes
    may see: [who the person is, contacts and stays, clinical record, alerts, safeguarding]
  clerk:
    clinical or care role: no
    may see: [who the person is]
    may see of the own organisation only: [contacts and stays]
  auditor:
    clinical or care role: no
    may see: [sharing choices, access log]
agreements:
  - id: AA-01
    version: 2
    title: Care
    whose information: [practices, HOS, charities]
    who may see it: [practices, HOS, charities]
    in which roles: [doctor, clerk]
    for which purposes: [direct care]
    kinds of information: [who the person is, contacts and stays, clinical record, alerts, reasonable adjustments,
                           impairments behind adjustments]
    relationship:
      needed: yes
      evidence that counts:
        encounter: {days after it ends: 30, own word counts for days: 10}
        registration: {days after it ends: 0, own word counts for days: as long as it lasts}
        referral: {days after it ends: 30}
    explicit consent:
      needed to share what a charity recorded: yes
      needed for a charity to see what others recorded: yes
      recorded by the viewing charity itself counts for days: 100
      and must say how it was taken: yes
    breaking the glass: {roles: [doctor], minutes: 60}
    tell the viewer that something is withheld: yes
    lawful basis:
      UK GDPR Article 6: 6(1)(e)
      UK GDPR Article 9: 9(2)(h)
      common law duty of confidentiality: implied consent
    in force from: 2024-01-01
    review by: 2027-01-01
  - id: AA-02
    version: 1
    title: Audit
    whose information: [practices, HOS]
    who may see it: [HOS]
    in which roles: [auditor]
    for which purposes: [audit]
    kinds of information: [sharing choices, access log]
    relationship: {needed: no, because: auditors answer for everybody}
    tell the viewer that something is withheld: no
    lawful basis:
      UK GDPR Article 6: 6(1)(c)
      UK GDPR Article 9: 9(2)(h)
      common law duty of confidentiality: nothing confidential is disclosed
    in force from: 2024-01-01
    review by: 2027-01-01
  - id: AA-03
    version: 1
    title: Research
    whose information: [practices, HOS]
    who may see it: [HOS]
    in which roles: [doctor]
    for which purposes: [research]
    kinds of information: [contacts and stays, clinical record]
    relationship: {needed: no, because: figures are about everybody}
    tell the viewer that something is withheld: yes
    lawful basis:
      UK GDPR Article 6: 6(1)(e)
      UK GDPR Article 9: 9(2)(j)
      common law duty of confidentiality: no identities leave
    in force from: 2024-01-01
    review by: 2027-01-01
  - id: AA-04
    version: 1
    title: The national flag
    whose information: [practices, HOS]
    who may see it: [HOS]
    in which roles: [doctor]
    for which purposes: [national flag]
    kinds of information: [reasonable adjustments, impairments behind adjustments]
    relationship: {needed: no, because: it goes to the national service}
    tell the viewer that something is withheld: yes
    lawful basis:
      UK GDPR Article 6: 6(1)(e)
      UK GDPR Article 9: 9(2)(h)
      common law duty of confidentiality: explicit consent or best interests
    in force from: 2024-01-01
    review by: 2027-01-01
"""
NEIGHBOURHOOD: Agreements = load(FILE)
CARE, AUDIT, RESEARCH, NATIONAL = NEIGHBOURHOOD.agreements
POLICY = Policy.of(NEIGHBOURHOOD)
PERSON = UUID(int=1)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SEEN_LATELY = Evidence("encounter", "HOS", "GP1", date(2026, 6, 1), date(2026, 6, 2))
OWN_WORD = Evidence("encounter", "HOS", "HOS", date(2026, 6, 10), date(2026, 6, 10))
EMERGENCY = BreakGlass("emergency")


def label(category: Category, organisation: str = "GP1", *sensitivities: str, id_: int | None = None) -> Label:
    number = id_ if id_ is not None else 100 * list(Category).index(category) + sum(map(ord, organisation))
    return Label(number, organisation, category, frozenset(sensitivities))


CLINICAL = label(Category.CLINICAL)
WHO = label(Category.DEMOGRAPHICS)
ADJUSTMENT = label(Category.ADJUSTMENTS)
IMPAIRMENT = label(Category.IMPAIRMENTS)


def facts(*labels: Label, evidence: tuple[Evidence, ...] = (SEEN_LATELY,), **more: Any) -> Facts:
    return Facts(person=PERSON, known=True, labels=labels or (CLINICAL,), evidence=evidence, **more)


def asked(
    organisation: str = "HOS",
    role: str = "doctor",
    purpose: str = "TREAT",
    break_glass: BreakGlass | None = None,
    at: datetime = NOW,
) -> Request:
    return Request(Caller("client", organisation, role, purpose), PERSON, at, break_glass)


def choice(kind: str, *, permits: bool = False, source: str = "GP1", **more: Any) -> Choice:
    recorded = more.pop("recorded", datetime(2026, 1, 1, tzinfo=UTC))
    return Choice(consent="consent", kind=kind, permits=permits, source=source, recorded=recorded, **more)


def changed(**changes: Any) -> Policy:
    """The policy with another form of the agreement for care."""
    care = msgspec.structs.replace(CARE, **changes)
    others = NEIGHBOURHOOD.agreements[1:]
    return Policy.of(msgspec.structs.replace(NEIGHBOURHOOD, agreements=(care, *others)))


def with_role(name: str, **changes: Any) -> Policy:
    role = msgspec.structs.replace(NEIGHBOURHOOD.roles[name], **changes)
    return Policy.of(msgspec.structs.replace(NEIGHBOURHOOD, roles={**NEIGHBOURHOOD.roles, name: role}))


def granted(request: Request, held: Facts, policy: Policy = POLICY) -> Grant:
    decision = decide(request, held, policy)
    assert isinstance(decision, Grant), decision
    return decision


def denied(request: Request, held: Facts, policy: Policy = POLICY) -> Denial:
    decision = decide(request, held, policy)
    assert isinstance(decision, Denial), decision
    return decision


def sees(what: Label, decision: Decision) -> bool:
    return isinstance(decision, Grant) and what.id in decision.labels


def nobody(held: Facts) -> Facts:
    return replace(held, known=False)
