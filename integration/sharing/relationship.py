"""Rule 3: which organisations have a relationship with the person, and whether it is of a kind an agreement accepts.

Evidence is read generically from the resources of any feed: an organisation counts where a reference carries its ODS
code as identifier.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

from integration.sharing import dates
from integration.sharing.request import Evidence, EvidenceKind
from mappings import uk_core
from mappings.uk_core import Resource

KINDS: tuple[str, ...] = get_args(EvidenceKind)


@dataclass(frozen=True)
class EvidenceRule:
    """What an agreement says of one kind of evidence: it counts until `days` after it ended. The caller's own word
    counts only if `own_word`: for `own_days` after its end (its start while it lasts); None = as long as it lasts."""

    days: int
    own_word: bool = False
    own_days: int | None = 0


EvidenceRules = Mapping[str, EvidenceRule]
"""By kind of evidence."""


def relationship(evidence: Iterable[Evidence], rules: EvidenceRules, organisation: str, on: date) -> Evidence | None:
    """The best evidence that `organisation` may say it knows the person on day `on`: said by others before said by
    itself, then the latest; None when there is none that the rules accept."""
    accepted = [one for one in evidence if one.organisation == organisation and accepts(rules.get(one.kind), one, on)]
    return max(accepted, key=_worth, default=None)


def accepts(rule: EvidenceRule | None, evidence: Evidence, on: date) -> bool:
    """Whether one piece of evidence counts on day `on`."""
    if rule is None or (evidence.start is not None and evidence.start > on):
        return False
    if evidence.self_claimed:
        return rule.own_word and _own_word_holds(rule, evidence, on)
    return evidence.end is None or on <= evidence.end + timedelta(days=rule.days)


def _own_word_holds(rule: EvidenceRule, evidence: Evidence, on: date) -> bool:
    ended = evidence.end if evidence.end is not None and evidence.end <= on else None
    if rule.own_days is None:
        return ended is None or ended == on
    last_sign = ended or evidence.start
    return last_sign is not None and on <= last_sign + timedelta(days=rule.own_days)


def _worth(evidence: Evidence) -> tuple[bool, date, date, str, str]:
    return (
        not evidence.self_claimed,
        evidence.end or date.max,
        evidence.start or date.min,
        evidence.kind,
        evidence.source,
    )


def evidence_of(resource: Resource, source: str) -> list[Evidence]:
    """What this resource, said by the organisation `source` (ODS code), shows about relationships. Nothing is shown
    by what was cancelled, revoked, entered in error or not begun, nor by what cannot be placed in time."""
    read = _READERS.get(resource["resourceType"])
    if read is None:
        return []
    return sorted(
        {
            Evidence(kind, organisation, source, start, end)
            for kind, organisation, start, end in read(resource)
            if organisation is not None
        },
        key=lambda one: (one.kind, one.organisation, str(one.start), str(one.end)),
    )


Sign = tuple[EvidenceKind, str | None, date | None, date | None]


def _registration(patient: Resource) -> Iterator[Sign]:
    if patient.get("active", True):
        for reference in patient.get("generalPractitioner", ()):
            yield "registration", organisation_in(reference), None, None


def _encounter(encounter: Resource) -> Iterator[Sign]:
    if encounter.get("status") in ("cancelled", "entered-in-error", "unknown"):
        return
    start, end = dates.period(encounter.get("period"))
    if start is not None:
        ended = end or (start if encounter.get("status") == "finished" else None)
        yield "encounter", organisation_in(encounter.get("serviceProvider")), start, ended


def _service(episode: Resource) -> Iterator[Sign]:
    status = episode.get("status")
    start, end = dates.period(episode.get("period"))
    if status in ("cancelled", "entered-in-error") or start is None:
        return
    yield "service", organisation_in(episode.get("managingOrganization")), start, _ended(end, start, status)


def _referral(request: Resource) -> Iterator[Sign]:
    if request.get("status") in ("draft", "revoked", "entered-in-error", "unknown"):
        return
    authored = dates.first_day(request.get("authoredOn"))
    start, end = dates.period(request.get("occurrencePeriod"))
    moment = dates.first_day(request.get("occurrenceDateTime"))
    begun = min((day for day in (authored, start, moment) if day), default=None)
    if begun is None:
        return
    continuing = start is not None and end is None and request.get("status") == "active"
    last = None if continuing else max(day for day in (authored, moment, start, end) if day)
    for reference in (*request.get("performer", ()), request.get("requester")):
        yield "referral", organisation_in(reference), begun, last


def _care_team(team: Resource) -> Iterator[Sign]:
    status = team.get("status")
    if status in ("proposed", "entered-in-error"):
        return
    start, end = dates.period(team.get("period"))
    if status == "inactive" and end is None:
        return
    for reference in team.get("managingOrganization", ()):
        yield "care-team", organisation_in(reference), start, end
    for participant in team.get("participant", ()):
        since, until = dates.period(participant.get("period"))
        for reference in (participant.get("member"), participant.get("onBehalfOf")):
            yield "care-team", organisation_in(reference), since or start, _earlier(until, end)


def _care_plan(plan: Resource) -> Iterator[Sign]:
    status = plan.get("status")
    start, end = dates.period(plan.get("period"))
    start = start or dates.first_day(plan.get("created"))
    if status in ("draft", "revoked", "entered-in-error", "unknown") or start is None:
        return
    performers = [
        one for activity in plan.get("activity", ()) for one in activity.get("detail", {}).get("performer", ())
    ]
    for reference in (plan.get("author"), *plan.get("contributor", ()), *performers):
        yield "service", organisation_in(reference), start, _ended(end, start, status)


_READERS = {
    "Patient": _registration,
    "Encounter": _encounter,
    "EpisodeOfCare": _service,
    "ServiceRequest": _referral,
    "CareTeam": _care_team,
    "CarePlan": _care_plan,
}


def _ended(end: date | None, start: date, status: str | None) -> date | None:
    """A service that is over, but does not say since when, counts as over since it began."""
    return end or (start if status in ("finished", "completed") else None)


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day), default=None)


def organisation_in(reference: Any) -> str | None:
    """ODS code of the organisation that a Reference names, or None."""
    identifier = (reference or {}).get("identifier", {})
    code = identifier.get("value") if identifier.get("system") == uk_core.ODS_ORGANISATION else None
    return code if isinstance(code, str) else None
