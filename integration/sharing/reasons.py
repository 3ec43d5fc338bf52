"""The sentences of a decision: plain English for an information governance officer, no code words."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from integration.sharing.choices import KINDS
from integration.sharing.policy import Policy, Terms
from integration.sharing.request import Caller, Choice, Evidence

_EVIDENCE = {
    "registration": "the person is registered there",
    "referral": "the person was referred, or refers there",
    "encounter": "the person had a contact or stay there",
    "care-team": "it is in the person's care team",
    "caseload": "the person is on its caseload",
    "service": "it provides a service to the person",
}


def listed(words: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *first, last = sorted(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


@lru_cache(maxsize=4096)
def day(value: date) -> str:
    """ "3 May 2026"."""
    return f"{value.day} {value:%B %Y}"


def agreement(terms: Terms) -> str:
    """How a sentence names an agreement."""
    return f"“{terms.agreement.title}” ({terms.citation})"


def purpose(policy: Policy, code: str) -> str:
    return policy.purpose_names.get(code, "an unknown purpose")


def withheld(category: str) -> str:
    """What a caller is told where something of a category is withheld and that may be said: that, never what."""
    return f"Something was withheld: {category}."


def asked(policy: Policy, organisation: str, role: str, purpose_code: str) -> str:
    return f"{policy.name(organisation)} asked in the role {role} for {purpose(policy, purpose_code)}."


def no_agreement(caller: Caller, policy: Policy) -> str:
    return (
        f"No agreement in force lets {policy.name(caller.organisation)} see anything in the role {caller.role} "
        f"for {purpose(policy, caller.purpose)}."
    )


def related(evidence: Evidence, policy: Policy) -> str:
    """The evidence that made the relationship."""
    said = "on its own word" if evidence.self_claimed else f"as {policy.name(evidence.source)} recorded"
    since = f" from {day(evidence.start)}" if evidence.start else ""
    until = f" until {day(evidence.end)}" if evidence.end and evidence.end != evidence.start else ""
    return f"{policy.name(evidence.organisation)} has a relationship: {_EVIDENCE[evidence.kind]}{since}{until}, {said}."


def unrelated(terms: Terms, organisation: str, policy: Policy, rejected: Iterable[Evidence]) -> str:
    """That a relationship is missing, and what evidence there is that does not count."""
    name = policy.name(organisation)
    none = f"Nothing recorded shows a relationship of {name} that {agreement(terms)} accepts."
    found = [f"{_EVIDENCE[one.kind]}{_when(one)}" for one in sorted(rejected, key=_latest_last)[-1:]]
    return f"{none} The latest sign does not count here, or no longer: {found[0]}." if found else none


def _when(evidence: Evidence) -> str:
    if evidence.end:
        return f", ended {day(evidence.end)}"
    return f", since {day(evidence.start)}" if evidence.start else ""


def _latest_last(evidence: Evidence) -> tuple[date, date, str, str]:
    return evidence.end or date.max, evidence.start or date.min, evidence.kind, evidence.source


def choice(which: Choice, policy: Policy) -> str:
    """A recorded choice, as a sentence names it."""
    when = f" on {day(which.recorded.date())}" if which.recorded else ""
    whose = "" if which.decided_by == "the person" else f", decided by {which.decided_by}"
    return f"{KINDS.get(which.kind, 'a recorded choice')}, recorded by {policy.name(which.source)}{when}{whose}"
