"""The agreements, made ready for deciding: what holds for one organisation, in one role, for one purpose."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from integration.sharing.agreements import Agreement, Agreements, Purpose, Role
from integration.sharing.relationship import EvidenceRules
from integration.sharing.request import Caller, Category, Recordable

Values = ParamSpec("Values")
Made = TypeVar("Made")
_MOST = 65_536
"""Of what is made for many requests, how much a policy keeps at once."""


@dataclass(frozen=True, eq=False)
class RoleTerms:
    """Rule 4 for one role."""

    name: str
    sees: frozenset[Category]
    own: frozenset[Category]
    clinical_or_care: bool
    records: frozenset[Recordable] = frozenset()


@dataclass(frozen=True, eq=False)
class Terms:
    """One agreement as it concerns one receiving organisation in one role (rules 2, 3, 5, 6b, 7)."""

    agreement: Agreement
    citation: str
    sources: frozenset[str]
    categories: frozenset[Category]
    sensitive: frozenset[str]
    """Sensitivities it names for this role."""
    evidence: EvidenceRules
    needs_relationship: bool
    announces: bool
    locates: bool
    """It names this role's need to know where restricted people are."""
    glass_minutes: int
    """How long a declared emergency lasts for this role; 0 = the glass cannot be broken."""
    publishing_needs_consent: frozenset[str]
    """Sources whose statements are shared only with the person's explicit consent."""
    seen: frozenset[Category]
    """Kinds that it covers and this role sees from everybody (rules 2, 4 and 8 at once)."""
    viewing_needs_consent: bool
    """The receiving organisation sees others' statements only with the person's explicit consent."""


@dataclass(frozen=True, eq=False)
class Policy:
    """Everything `decide` needs besides the request and the facts; made by `Policy.of`."""

    agreements: Agreements = field(default_factory=Agreements)
    names: Mapping[str, str] = field(default_factory=dict)
    """ODS code -> name, for reasons."""
    roles: Mapping[str, RoleTerms] = field(default_factory=dict)
    purposes: Mapping[str, Purpose] = field(default_factory=dict)
    """By v3-ActReason code."""
    purpose_names: Mapping[str, str] = field(default_factory=dict)
    practices: frozenset[str] = frozenset()
    """Whose data a Type 1 objection removes (rule 9)."""
    terms: Mapping[tuple[str, str, str], tuple[Terms, ...]] = field(default_factory=dict)
    """By organisation, role and purpose code, in the order of the file."""
    made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    """See `made_once`."""

    @classmethod
    def empty(cls) -> "Policy":
        """No agreements: nobody sees anything."""
        return cls()

    @classmethod
    def of(cls, agreements: Agreements) -> "Policy":
        """The policy that these agreements make."""
        table: dict[tuple[str, str, str], tuple[Terms, ...]] = {}
        for agreement in agreements.agreements:
            for key, terms in _terms(agreements, agreement):
                table[key] = (*table.get(key, ()), terms)
        return cls(
            agreements=agreements,
            names=agreements.names,
            roles={
                name: RoleTerms(
                    name, frozenset(role.sees), frozenset(role.own), role.clinical_or_care, frozenset(role.records)
                )
                for name, role in agreements.roles.items()
            },
            purposes={purpose.code: purpose for purpose in agreements.purposes.values()},
            purpose_names={purpose.code: name for name, purpose in agreements.purposes.items()},
            practices=_of_kind(agreements, "general practice"),
            terms=table,
        )

    def terms_for(self, caller: Caller) -> tuple[Terms, ...]:
        """Every agreement, in force or not, that lets this organisation see anything in this role for this purpose."""
        return self.terms.get((caller.organisation, caller.role, caller.purpose), ())

    def opens(self, caller: Caller, category: Category, on: date) -> bool:
        """Whether an agreement in force opens this kind of information to this caller at all."""
        return any(category in terms.seen and terms.agreement.in_force(on) for terms in self.terms_for(caller))

    def may_record(self, caller: Caller, what: Recordable, on: date) -> bool:
        """Whether this caller's role may record this kind here, under an agreement in force, of those whom it sees."""
        role = self.roles.get(caller.role)
        in_force = any(terms.agreement.in_force(on) for terms in self.terms_for(caller))
        return role is not None and in_force and what in role.records

    def name(self, organisation: str) -> str:
        """An organisation's name, or its code where no name is known."""
        return self.names.get(organisation, organisation)


def made_once(
    make: Callable[Concatenate[Policy, Values], Made],
) -> Callable[Concatenate[Policy, Values], Made]:
    """Keep with the policy what is made of it and of values (hashable, by position) that many people share, never of
    one person's record: it is made once, and goes with the policy."""

    @wraps(make)
    def made(policy: Policy, /, *values: Values.args, **_none: Values.kwargs) -> Made:
        key = (make, *values)
        found: Made | None = policy.made.get(key)
        if found is None:
            if len(policy.made) >= _MOST:
                policy.made.clear()
            found = policy.made[key] = make(policy, *values, **_none)
        return found

    return made


def _terms(agreements: Agreements, agreement: Agreement) -> Iterator[tuple[tuple[str, str, str], Terms]]:
    charities = _of_kind(agreements, "voluntary sector")
    recipients = agreements.codes(agreement.recipients)
    for role in agreement.roles:
        made = {charity: _of_role(agreements, agreement, role, charity=charity) for charity in (False, True)}
        for organisation in sorted(recipients):
            for purpose in agreement.purposes:
                key = (organisation, role, agreements.purposes[purpose].code)
                yield key, made[organisation in charities]


def _of_role(agreements: Agreements, agreement: Agreement, role: str, *, charity: bool) -> Terms:
    sources = agreements.codes(agreement.sources)
    glass = agreement.breaking_the_glass
    return Terms(
        agreement=agreement,
        citation=agreement.citation,
        sources=sources,
        categories=frozenset(agreement.categories),
        sensitive=frozenset(name for name, roles in agreement.sensitive.items() if role in roles),
        evidence={kind: terms.rule() for kind, terms in agreement.relationship.evidence.items()},
        needs_relationship=agreement.relationship.needed,
        announces=agreement.announce,
        locates=role in agreement.need_of_location,
        glass_minutes=glass.minutes if glass and role in glass.roles else 0,
        publishing_needs_consent=(
            sources & _of_kind(agreements, "voluntary sector") if agreement.consent.to_publish else frozenset()
        ),
        seen=frozenset(agreement.categories) & _seen(agreements.roles[role]),
        viewing_needs_consent=charity and agreement.consent.to_view,
    )


def _seen(role: Role) -> frozenset[Category]:
    impairments = {Category.IMPAIRMENTS} if role.clinical_or_care else set()
    return frozenset({*role.sees, Category.ADJUSTMENTS, *impairments})


def _of_kind(agreements: Agreements, kind: str) -> frozenset[str]:
    return frozenset(code for group in agreements.groups.values() if group.kind == kind for code in group.members)
