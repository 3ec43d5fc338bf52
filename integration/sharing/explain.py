"""A decision in plain English, to be read beside the file of agreements; and as data for a machine."""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from integration.sharing import reasons
from integration.sharing.policy import Policy
from integration.sharing.request import Category, Decision, Denial, Grant, Reason

_LONDON = ZoneInfo("Europe/London")


def explain(decision: Decision, policy: Policy, names: Mapping[str, str]) -> str:
    """The whole decision, a paragraph per question. `names` gives names of clients and of organisations that the
    agreements do not know."""
    parts = [_who_asked(decision, policy, names), *_verdict(decision), *_paragraphs(decision, policy, names)]
    return "\n".join(parts).strip() + "\n"


def as_json(decision: Decision) -> dict[str, Any]:
    """The decision as JSON values, in the order of the reasons."""
    caller = decision.request.caller
    content: dict[str, Any] = {
        "decision": "deny" if isinstance(decision, Denial) else "permit",
        "organisation": caller.organisation,
        "client": caller.client,
        "role": caller.role,
        "purpose": caller.purpose,
        "at": decision.request.at.isoformat(),
        "reasons": [_reason(reason) for reason in decision.reasons],
    }
    if isinstance(decision, Denial):
        return content | {"answeredAs": "not found" if decision.not_found else "forbidden"}
    return content | {
        "labels": list(decision.labels),
        "periodsWithheld": [
            {
                "labels": list(window.labels),
                "start": window.start and window.start.isoformat(),
                "end": window.end and window.end.isoformat(),
            }
            for window in decision.windows
        ],
        "entriesWithheld": len(decision.withheld),
        "announced": [str(category) for category in decision.announced],
        "locationRemoved": decision.hide_location,
        "locationRemovedFrom": list(decision.unlocated),
        "pseudonymised": decision.pseudonymise,
        "onOwnWord": decision.self_claimed,
        "glassBroken": decision.broken_glass,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    values = {
        "rule": reason.rule,
        "allowed": reason.allowed,
        "text": reason.text,
        "category": reason.category and str(reason.category),
        "organisation": reason.organisation,
        "agreement": reason.agreement,
    }
    return {name: value for name, value in values.items() if value is not None}


def _who_asked(decision: Decision, policy: Policy, names: Mapping[str, str]) -> str:
    caller = decision.request.caller
    organisation = policy.names.get(caller.organisation) or names.get(caller.organisation, caller.organisation)
    user = f" (user {caller.user}, {'signed in' if caller.user_authenticated else 'as the client says'})"
    at = decision.request.at.astimezone(_LONDON)
    return (
        f"{organisation}, through {names.get(caller.client, caller.client)}{user if caller.user else ''}, "
        f"in the role {caller.role}, for {reasons.purpose(policy, caller.purpose)}, "
        f"on {reasons.day(at.date())} at {at:%H:%M %Z}."
    )


def _verdict(decision: Decision) -> Iterator[str]:
    yield ""
    if isinstance(decision, Denial):
        told = "as if there were no such person" if decision.not_found else f"“{decision.public}”"
        yield f"Nothing was shown. The caller was answered {told}."
        return
    yield "Something was shown." if decision.labels else "The person was found, but nothing of the record was shown."
    if decision.broken_glass:
        yield "The glass was broken: an emergency was declared, and the information governance officer is alerted."
    if decision.self_claimed:
        yield "The relationship rests on the caller's own word alone: such accesses are sampled."


def _paragraphs(decision: Decision, policy: Policy, names: Mapping[str, str]) -> Iterator[str]:
    person = [one for one in decision.reasons if one.category is None and one.rule != "caller"]
    yield from _section("Whether this caller may know of the person", [one for one in person if _is_basis(one)])
    yield from _section("What holds for the whole record", [one for one in person if not _is_basis(one)])
    by_category = [one for one in decision.reasons if one.category is not None]
    yield from _section("Shown", [one for one in by_category if one.allowed])
    yield from _section("Withheld", [one for one in by_category if not one.allowed])
    if isinstance(decision, Grant):
        yield from _told(decision)
    yield from _agreements(decision, policy)
    yield from _refusals(decision, names)


def _is_basis(reason: Reason) -> bool:
    return reason.rule in ("relationship", "break-glass", "agreement")


def _section(title: str, kept: list[Reason]) -> Iterator[str]:
    if kept:
        yield f"\n{title}"
        for category in (None, *Category):
            for reason in kept:
                if reason.category is category:
                    yield f"  - {_subject(reason)}{reason.text}"


def _subject(reason: Reason) -> str:
    return f"{str(reason.category)[0].upper()}{str(reason.category)[1:]}. " if reason.category else ""


def _told(grant: Grant) -> Iterator[str]:
    if grant.announced:
        kinds = reasons.listed(map(str, grant.announced))
        yield f"\nThe caller is told that something is withheld of: {kinds}. Not what, nor whose."


def _agreements(decision: Decision, policy: Policy) -> Iterator[str]:
    """What the agreements that were decisive say of themselves, so that the file can be opened beside this."""
    cited = {reason.agreement for reason in decision.reasons if reason.allowed}
    kept = [one for one in policy.agreements.agreements if one.citation in cited]
    if kept:
        yield "\nThe agreements"
    for agreement in kept:
        yield (
            f"  - {agreement.citation}, “{agreement.title}”, in force from {reasons.day(agreement.starts)}. "
            f"{agreement.in_short} Basis in UK GDPR: {agreement.basis.article_6}; {agreement.basis.article_9}. "
            f"Basis in the duty of confidentiality: {agreement.basis.confidentiality}."
        )


def _refusals(decision: Decision, names: Mapping[str, str]) -> Iterator[str]:
    request = decision.request
    if request.break_glass is not None:
        said = f", and wrote: {request.break_glass.note}" if request.break_glass.note else ""
        who = names.get(request.caller.user, request.caller.user) or "The caller"
        yield f"\n{who} declared an emergency, giving as reason: {request.break_glass.reason}{said}."
