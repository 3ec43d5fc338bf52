"""A FHIR Consent as rule 5 reads it (IHE PCF: one base decision, one level of exceptions).

The safe side: what a Consent says and we cannot evaluate leaves a deny as wide as it could be meant, and makes a
permission void.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from integration.sharing import dates
from integration.sharing.deciders import DECIDERS, THE_PERSON, decision_maker
from integration.sharing.relationship import organisation_in
from integration.sharing.request import Category, Choice
from integration.sharing.sensitivity import sensitivity_of_label
from mappings import uk_core
from mappings.uk_core import Resource

OBJECTION = "objection-to-sharing"
RESTRICT_ORGANISATION = "restrict-organisation"
RESTRICT_CATEGORY = "restrict-category"
RESTRICT_PERIOD = "restrict-period"
RESTRICT_INSTANCE = "restrict-instance"
BREAK_GLASS_ONLY = "break-glass-only"
PUBLISH_CHARITY = "share-charity-data"
VIEW_BY_CHARITY = "view-by-charity"
EXPRESS_PERMISSION = "express-permission"
SHARE_FLAG_NATIONALLY = "share-adjustments-nationally"
TYPE_1 = "type-1-objection"
"""Concerns rule 9 alone: it is taken out of a person's choices where these are read (`opt_outs.split`)."""
OTHER = "other"
"""A policy that is not ours: a deny still denies, a permission opens nothing."""
KINDS: Mapping[str, str] = {
    OBJECTION: "an objection to sharing",
    RESTRICT_ORGANISATION: "a wish that one organisation sees nothing",
    RESTRICT_CATEGORY: "a wish that one kind of information is not shared",
    RESTRICT_PERIOD: "a wish that information from one period is not shared",
    RESTRICT_INSTANCE: "a wish that single entries are not shared",
    BREAK_GLASS_ONLY: "a wish to share in emergencies only",
    PUBLISH_CHARITY: "consent that a charity's information is shared",
    VIEW_BY_CHARITY: "consent that a charity sees what others recorded",
    EXPRESS_PERMISSION: "express permission for sensitive information",
    SHARE_FLAG_NATIONALLY: "consent that the adjustment flag is shared nationally",
    TYPE_1: "an objection to use of general practice information beyond care",
    OTHER: "another recorded choice",
}
"""Kinds of choice, in words for an explanation."""
PERMITTING = frozenset({PUBLISH_CHARITY, VIEW_BY_CHARITY, EXPRESS_PERMISSION, SHARE_FLAG_NATIONALLY})
BREAK_GLASS_PURPOSE = "BTG"  # v3-ActReason
POLICY = "https://toldonce.example/policy/"
CATEGORY_SYSTEM = "https://toldonce.example/CodeSystem/category"
"""Coding of a Category in Consent.provision.class."""
_PCF_POLICIES = {  # https://profiles.ihe.net/ITI/PCF: overarching policies
    "https://profiles.ihe.net/ITI/PCF/Policy-break-glass-only": BREAK_GLASS_ONLY,
    "https://profiles.ihe.net/ITI/PCF/Policy-deny": OBJECTION,
}
PRIVACY = "patient-privacy"  # consentscope


@dataclass
class _Scope:
    """What one provision speaks of; not `readable` when it also narrows itself in a way that we cannot evaluate."""

    readable: bool = True
    organisations: set[str] = field(default_factory=set)
    about: set[str] = field(default_factory=set)
    categories: set[Category] = field(default_factory=set)
    sensitivities: set[str] = field(default_factory=set)
    purposes: set[str] = field(default_factory=set)
    instances: set[UUID] = field(default_factory=set)
    related: set[UUID] = field(default_factory=set)
    data: tuple[date | None, date | None] = (None, None)


def choices_of(consent: Resource, source: str) -> list[Choice]:
    """The choice that one Consent, recorded by the organisation `source` (ODS code), expresses: its base decision with
    its exceptions; where the base is a permission that cannot be evaluated, only what it excepts. A Consent that is not
    about privacy, is only proposed or was entered in error expresses none. Spec: http://hl7.org/fhir/R4/consent.html"""
    provision = consent.get("provision", {})
    if not _counts(consent):
        return []
    kind = kind_of(consent)
    permits = _permits(provision, kind)
    base = _choice(consent, source, kind, provision, permits)
    opposite = "deny" if permits else "permit"
    nested = [one for one in provision.get("provision", ()) if one.get("type") == opposite]
    if permits:
        denied = [one for each in nested if (one := _choice(consent, source, kind, each, False)) is not None]
        return [msgspec.structs.replace(base, exceptions=tuple(denied))] if base else denied
    return [_with_exceptions(base, nested)] if base else []


def _counts(consent: Resource) -> bool:
    scopes = {coding.get("code") for coding in consent.get("scope", {}).get("coding", ())}
    return consent.get("status") in ("active", "inactive", "rejected") and PRIVACY in scopes


def kind_of(consent: Resource) -> str:
    """Which kind of choice a Consent is, by the policy that it names."""
    uris = [policy.get("uri", "") for policy in consent.get("policy", ())]
    for uri in uris:
        kind = _PCF_POLICIES.get(uri) or uri.removeprefix(POLICY)
        if kind in KINDS:
            return kind
    return OTHER


def _permits(provision: Mapping[str, Any], kind: str) -> bool:
    """Where a Consent does not say whether it permits, its kind does; of another policy it then opens nothing."""
    decision = provision.get("type")
    return kind in PERMITTING | {OTHER} if decision is None else decision == "permit"


def _choice(consent: Resource, source: str, kind: str, provision: Mapping[str, Any], permits: bool) -> Choice | None:
    """One provision of a Consent as a choice; None for a permission that cannot be evaluated."""
    scope = _scope(provision)
    if permits and not scope.readable:
        return None
    _complete(scope, consent, kind, source)
    start, end = dates.period(provision.get("period") or consent.get("provision", {}).get("period"))
    return Choice(
        consent=consent.get("id", ""),
        kind=kind,
        permits=permits,
        source=source,
        recorded=dates.moment(consent.get("dateTime")),
        start=start,
        end=end,
        active=consent["status"] == "active",
        organisations=frozenset(scope.organisations),
        about=frozenset(scope.about),
        categories=frozenset(scope.categories),
        sensitivities=frozenset(scope.sensitivities),
        data_start=scope.data[0],
        data_end=scope.data[1],
        instances=frozenset(scope.instances),
        purposes=frozenset(scope.purposes),
        related=frozenset(scope.related),
        decided_by=_decided_by(consent),
        how=_how(consent),
    )


def _complete(scope: _Scope, consent: Resource, kind: str, source: str) -> None:
    """`share-charity-data` speaks of the data of Consent.organization, the charity that asked."""
    if kind == PUBLISH_CHARITY and not scope.about:
        named = {organisation_in(one) for one in consent.get("organization", ())} - {None}
        scope.about.update(one for one in named if one) if named else scope.about.add(source)


def _with_exceptions(base: Choice, permitted: Iterable[Mapping[str, Any]]) -> Choice:
    """A deny with what it excepts, as far as whole kinds of information can be excepted. A break-glass exception that
    names no organisation (or a Group: whoever the agreements let break the glass) relaxes it for all who may."""
    exceptions = []
    for provision in permitted:
        scope = _scope(_for_whoever_may(provision) if base.kind == BREAK_GLASS_ONLY else provision)
        if scope.readable and not (scope.instances or scope.sensitivities or any(scope.data)):
            exceptions.append(_exception(base, scope, provision))
    in_emergencies = _exception(base, _Scope(purposes={BREAK_GLASS_PURPOSE}), {})
    return msgspec.structs.replace(
        base,
        exceptions=tuple(one for one in exceptions if one != in_emergencies or base.kind != BREAK_GLASS_ONLY),
        break_glass_relaxes=base.kind == BREAK_GLASS_ONLY and in_emergencies in exceptions,
    )


def _for_whoever_may(provision: Mapping[str, Any]) -> Mapping[str, Any]:
    """A provision for emergencies without the Group of those who may break the glass: the agreements name them."""
    purposes = {purpose.get("code") for purpose in provision.get("purpose", ())}
    groups = [actor.get("reference", {}).get("reference", "") for actor in provision.get("actor", ())]
    if purposes != {BREAK_GLASS_PURPOSE} or not all(one.startswith("Group/") for one in groups):
        return provision
    return {name: value for name, value in provision.items() if name != "actor"}


def _exception(base: Choice, scope: _Scope, provision: Mapping[str, Any]) -> Choice:
    start, end = dates.period(provision.get("period"))
    return Choice(
        consent=base.consent,
        kind=base.kind,
        permits=True,
        source=base.source,
        start=start,
        end=end,
        organisations=frozenset(scope.organisations),
        about=frozenset(scope.about),
        categories=frozenset(scope.categories),
        purposes=frozenset(scope.purposes),
    )


def evaluable(provision: Mapping[str, Any]) -> bool:
    """Whether everything by which a provision narrows itself is understood."""
    return _scope(provision).readable


def _scope(provision: Mapping[str, Any]) -> _Scope:
    scope = _Scope(data=dates.period(provision.get("dataPeriod")))
    for actor in provision.get("actor", ()):
        _narrow(scope, scope.organisations, organisation_in(actor.get("reference")))
    for purpose in provision.get("purpose", ()):
        _narrow(scope, scope.purposes, purpose.get("code") if purpose.get("system") == uk_core.ACT_REASON else None)
    for coding in provision.get("class", ()):
        _narrow(scope, scope.categories, _category(coding))
    for label in provision.get("securityLabel", ()):
        _narrow(scope, scope.sensitivities, sensitivity_of_label(label.get("system", ""), label.get("code", "")))
    for datum in provision.get("data", ()):
        _narrow_to_data(scope, datum)
    if provision.get("code") or provision.get("action"):
        scope.readable = False
    return _widened(scope)


def _narrow(scope: _Scope, words: "set[Any]", word: Any) -> None:
    if word is None:
        scope.readable = False
        words.add(None)
    else:
        words.add(word)


def _narrow_to_data(scope: _Scope, datum: Mapping[str, Any]) -> None:
    reference = datum.get("reference", {})
    match datum.get("meaning"):
        case "instance":
            _narrow(scope, scope.instances, _uuid(reference))
        case "related" | "dependents":
            _narrow(scope, scope.instances, _uuid(reference))
            _narrow(scope, scope.related, _uuid(reference))
        case "authoredby":
            _narrow(scope, scope.about, organisation_in(reference))
        case _:
            _narrow(scope, scope.instances, None)


def _widened(scope: _Scope) -> _Scope:
    """Without the narrowings that hold something unreadable: they then speak of everything. So do single resources
    beside authors, for a Choice means both where a Consent means either."""
    words: set[Any]
    for words in (scope.organisations, scope.purposes, scope.categories, scope.sensitivities):
        if None in words:
            words.clear()
    data: tuple[set[Any], ...] = (scope.instances, scope.related, scope.about)
    if any(None in words for words in data) or (scope.instances and scope.about):
        scope.readable = False
        for words in data:
            words.clear()
    return scope


def _category(coding: Mapping[str, Any]) -> Category | None:
    code = coding.get("code")
    known = coding.get("system") == CATEGORY_SYSTEM and code in set(Category)
    return Category(code) if known and code is not None else None


def _uuid(reference: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(reference.get("reference", "").rpartition("/")[2])
    except ValueError:
        return None


def _decided_by(consent: Resource) -> str:
    """In which capacity, where the Consent says it; else as the performer is named."""
    if (decider := decision_maker(consent)) is not None and decider.get("capacity") in DECIDERS:
        return DECIDERS[decider["capacity"]]
    for performer in consent.get("performer", ()):
        if not performer.get("reference", "").startswith("Patient/"):
            return str(performer.get("display") or performer.get("reference") or "somebody else")
    return THE_PERSON


def _how(consent: Resource) -> str:
    attached, referred = consent.get("sourceAttachment", {}), consent.get("sourceReference", {})
    return str(attached.get("title") or referred.get("display") or referred.get("reference") or "")
