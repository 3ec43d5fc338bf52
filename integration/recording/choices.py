"""What a choice must say to be recorded: the shapes of IHE PCF, who decided, when and how, and nothing that could not
be acted on.

https://profiles.ihe.net/ITI/PCF, http://hl7.org/fhir/R4/consent.html. What a feed says and we cannot evaluate is read
on the safe side; what somebody records here is refused instead, while they are there to say it better.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from integration.recording.faults import Fault, Json, path, unknown, unknown_extensions
from integration.recording.periods import period_faults
from integration.sharing import choices as read
from integration.sharing.deciders import BEST_INTERESTS, DECIDERS, DECISION_MAKER, GILLICK, PARENT, decision_maker
from integration.sharing.relationship import organisation_in
from integration.sharing.request import Category
from integration.store.extract import bounds

MADE_HERE = frozenset({"resourceType", "id", "meta", "text", "contained", "patient"})
_CONSENT = frozenset(
    {
        "extension", "status", "scope", "category", "dateTime", "performer", "organization", "sourceAttachment",
        "sourceReference", "policy", "provision",
    }
)  # fmt: skip
_STATUSES = ("active", "inactive", "rejected", "entered-in-error")
_NAMES: Mapping[str, tuple[str, str]] = {
    read.RESTRICT_ORGANISATION: ("actor", "which organisations"),
    read.RESTRICT_CATEGORY: ("class", "which kinds of information"),
    read.RESTRICT_PERIOD: ("dataPeriod", "information of which time"),
    read.RESTRICT_INSTANCE: ("data", "which entries"),
    read.VIEW_BY_CHARITY: ("actor", "which charity"),
    read.EXPRESS_PERMISSION: ("securityLabel", "which sensitive information"),
}
"""By kind: what its provision must name, or it would mean more than somebody meant."""
_POLICIES = tuple(f"{read.POLICY}{kind}" for kind in read.KINDS if kind != read.OTHER)
_ENTRY = re.compile(r"[A-Z][A-Za-z]+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ASSESSED = frozenset(DECIDERS) - {PARENT}
_BASED = frozenset(DECIDERS) - {PARENT, GILLICK}


def consent_faults(sent: Json, organisation: str, now: datetime) -> Iterator[Fault]:
    """What is wrong with a Consent (valid FHIR R4) that somebody of `organisation` (ODS code) records at `now`."""
    yield from unknown("Consent", sent, _CONSENT, MADE_HERE)
    yield from unknown_extensions("Consent", sent, (DECISION_MAKER,))
    if sent["status"] not in _STATUSES:
        yield Fault("Consent.status", f"A choice is one of {', '.join(_STATUSES)} here; what is only proposed is none.")
    if all(one.get("code") != read.PRIVACY for one in sent["scope"].get("coding", ())):
        yield Fault("Consent.scope", "Choices about sharing are recorded here: consentscope patient-privacy.")
    yield from _when(sent, now)
    yield from _who(sent, organisation)
    yield from _how(sent)
    yield from _what(sent)


def _when(sent: Json, now: datetime) -> Iterator[Fault]:
    said = sent.get("dateTime", "")
    if len(said) < len("2026-01-01"):
        yield Fault("Consent.dateTime", "Say on which day it was decided.")
    elif (bounds(said)[0] or now) > now:
        yield Fault("Consent.dateTime", "It was decided before it is recorded: send a moment that has passed.")


def _who(sent: Json, organisation: str) -> Iterator[Fault]:
    if {organisation_in(one) for one in sent.get("organization", ())} - {organisation}:
        text = "Choices are recorded as the caller's own organisation; leave it out, or name its ODS code."
        yield Fault("Consent.organization", text)
    performers, decider = sent.get("performer", []), decision_maker(sent)
    if len(performers) != 1:
        yield Fault("Consent.performer", "Say who decided: the person, or the one who decided for them.")
        return
    alone = performers[0].get("reference", "").startswith("Patient/")
    if decider is None:
        if not alone:
            text = f"Say in which capacity they decided: extension {DECISION_MAKER} ({', '.join(DECIDERS)})."
            yield Fault("Consent.performer[0]", text)
        return
    capacity = decider.get("capacity", "")
    if capacity not in DECIDERS:
        yield Fault("Consent.extension", f"The part `capacity` of the decision-maker is one of {', '.join(DECIDERS)}.")
        return
    if alone != (capacity == GILLICK):
        text = "Name who decided; a child who is competent decides as the person."
        yield Fault("Consent.performer[0]", text)
    if not alone and not performers[0].get("display"):
        yield Fault("Consent.performer[0].display", "Say who decided, by name.")
    yield from _in_that_capacity(sent, capacity, decider)


def _in_that_capacity(sent: Json, capacity: str, decider: Mapping[str, str]) -> Iterator[Fault]:
    if capacity in _ASSESSED and not {"assessedBy", "assessedOn"} <= decider.keys():
        text = "Say who found that they can, or cannot, decide alone (part `assessedBy`), and when (`assessedOn`)."
        yield Fault("Consent.extension", text)
    if capacity in _BASED and "basis" not in decider:
        what = "why it is in their best interests" if capacity == BEST_INTERESTS else "which document was seen"
        yield Fault("Consent.extension", f"Say {what} (part `basis` of the decision-maker).")
    if capacity == PARENT and "end" not in sent.get("provision", {}).get("period", {}):
        text = "A parent's decision ends when the child is 18 at the latest: say when."
        yield Fault("Consent.provision.period.end", text)


def _how(sent: Json) -> Iterator[Fault]:
    if not (sent.get("sourceAttachment", {}).get("title") or sent.get("sourceReference", {}).get("display")):
        text = "Say how it was taken (a signed form, by telephone ...): the title, or the display of sourceReference."
        yield Fault("Consent.sourceAttachment.title", text)
    if sent.get("sourceAttachment", {}).keys() & {"data", "url"}:
        yield Fault("Consent.sourceAttachment", "Documents are not kept here: give the title alone.")
    if "reference" in sent.get("sourceReference", {}):
        yield Fault("Consent.sourceReference.reference", "Documents are not kept here: give the display alone.")


def _what(sent: Json) -> Iterator[Fault]:
    kind = read.kind_of(sent)
    if kind == read.OTHER or len(sent.get("policy", ())) != 1:
        yield Fault("Consent.policy.uri", f"One policy says which kind of choice it is: {', '.join(_POLICIES)}.")
        return
    provision = sent.get("provision")
    if provision is None or "type" not in provision:
        yield Fault("Consent.provision.type", "Say whether it permits or denies.")
        return
    element, words = _NAMES.get(kind, ("", ""))
    if element and element not in provision:
        yield Fault(f"Consent.provision.{element}", f"Say {words}.")
    yield from _provisions(provision)


def _provisions(provision: Json) -> Iterator[Fault]:
    """The base decision, and one level of exceptions, which say the opposite."""
    yield from _evaluable(provision, "Consent.provision")
    opposite = "deny" if provision["type"] == "permit" else "permit"
    for place, exception in enumerate(provision.get("provision", ())):
        where = path("Consent", ["provision", "provision", place])
        if exception.get("type") != opposite:
            yield Fault(f"{where}.type", "An exception says the opposite of what it excepts.")
        if "provision" in exception:
            yield Fault(f"{where}.provision", "There is one level of exceptions (IHE PCF).")
        yield from _evaluable(exception, where)


def _evaluable(provision: Json, where: str) -> Iterator[Fault]:
    """Everything by which it narrows itself can be acted on."""
    for place, actor in enumerate(provision.get("actor", ())):
        if organisation_in(actor.get("reference")) is None:
            yield Fault(f"{where}.actor[{place}].reference", "Name the organisation by its ODS code (identifier).")
    for place, datum in enumerate(provision.get("data", ())):
        named = datum.get("reference", {})
        if organisation_in(named) is None and not _ENTRY.fullmatch(named.get("reference", "")):
            text = "Name the entry as it is read, Type/id; its author by the organisation's ODS code (identifier)."
            yield Fault(f"{where}.data[{place}].reference", text)
    for place, coding in enumerate(provision.get("class", ())):
        if coding.get("system") != read.CATEGORY_SYSTEM or coding.get("code") not in set(Category):
            kinds = ", ".join(Category)
            yield Fault(f"{where}.class[{place}]", f"A code of {read.CATEGORY_SYSTEM}: {kinds}.")
    if not read.evaluable(provision):
        text = "Something in it cannot be acted on. What can: actor, purpose, class, securityLabel, dataPeriod, data."
        yield Fault(where, text)
    yield from period_faults(f"{where}.period", provision.get("period", {}))
