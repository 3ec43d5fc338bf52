"""People whom a decision cannot tell apart. Pure.

`decide` is the only place that decides; but it need not be asked for each of a county's people. Here people are put
together whose facts differ only in what makes no difference to it: the exact date of a contact that counts either
way, say. That this is so is tested against asking for everybody.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from integration.sharing.choices_in_force import in_force
from integration.sharing.policy import Policy
from integration.sharing.relationship import EvidenceRules, relationship
from integration.sharing.request import Choice, Evidence, Facts

_KEPT = 500_000
"""Pieces of evidence whose worth is remembered: the same days come again and again."""


class Likeness:
    """What makes two people alike to one organisation, under some policies, on one day.

    `policies` are those that the same people are asked about under; `organisations` those that ask.
    """

    def __init__(self, policies: Iterable[Policy], organisations: Iterable[str], on: date) -> None:
        asked = list(policies)
        self._on = on
        self._rules: Mapping[str, Sequence[EvidenceRules]] = {
            one: _rules_of(asked, one) for one in sorted(set(organisations))
        }
        self._own_days = sorted(
            {
                one.consent.own_record_days
                for policy in asked
                for one in policy.agreements.agreements
                if one.consent.own_record_days is not None
            }
        )
        self._known: dict[Evidence, int] = {}

    def related(self, facts: Facts) -> dict[str, int]:
        """Which of an organisation's sets of evidence rules this person's evidence meets, as bits, by organisation;
        without those where it meets none."""
        mine: dict[str, set[Evidence]] = {}
        for one in facts.evidence:
            if one.organisation in self._rules:
                mine.setdefault(one.organisation, set()).add(one)
        met = {organisation: self._met(organisation, found) for organisation, found in mine.items()}
        return {organisation: bits for organisation, bits in met.items() if bits}

    def _met(self, organisation: str, evidence: Iterable[Evidence]) -> int:
        """Evidence makes a relationship when a single piece of it does; the latest most often does."""
        every = (1 << len(self._rules[organisation])) - 1
        bits = 0
        for one in sorted(evidence, key=_last_day, reverse=True):
            if bits == every:
                break
            bits |= self._met_by(one)
        return bits

    def _met_by(self, evidence: Evidence) -> int:
        bits = self._known.get(evidence)
        if bits is None:
            organisation = evidence.organisation
            bits = sum(
                1 << place
                for place, rules in enumerate(self._rules[organisation])
                if relationship((evidence,), rules, organisation, self._on) is not None
            )
            if len(self._known) < _KEPT:
                self._known[evidence] = bits
        return bits

    def of(self, facts: Facts) -> Hashable:
        """What else a decision about the person turns on, except the labels. People with a choice about single
        resources or about a period are like nobody else: what it withholds are single rows of theirs."""
        flags = (facts.known, facts.restricted, facts.national_opt_out, facts.type_1_objection)
        if not facts.choices:
            return flags
        return (*flags, facts.person) if speaks_of_rows(facts) else (*flags, self._choices(facts.choices))

    def _choices(self, choices: Sequence[Choice]) -> Hashable:
        moments = {moment for one in choices for moment in (one.recorded, _ended(one)) if moment is not None}
        rank: dict[datetime | None, int] = {None: -1, **{moment: place for place, moment in enumerate(sorted(moments))}}
        return tuple(
            (
                _undated(one),
                tuple(in_force(each, self._on) for each in one.exceptions),
                rank[one.recorded],
                rank[_ended(one)],
                one.start is None or one.start <= self._on,
                in_force(one, self._on),
                one.recorded
                and tuple(self._on <= one.recorded.date() + timedelta(days=days) for days in self._own_days),
            )
            for one in choices
        )


def speaks_of_rows(facts: Facts) -> bool:
    """Whether a choice of the person speaks of less than whole labels."""
    said = [each for one in facts.choices for each in (one, *one.exceptions)]
    return any(one.instances or one.related or one.data_start or one.data_end for one in said)


def _rules_of(policies: Iterable[Policy], organisation: str) -> list[EvidenceRules]:
    """Every different set of rules about evidence that holds for the organisation."""
    found: list[EvidenceRules] = []
    for policy in policies:
        for (who, _, _), terms in policy.terms.items():
            if who == organisation:
                found += [one.evidence for one in terms if one.needs_relationship and one.evidence not in found]
    return found


def _last_day(evidence: Evidence) -> date:
    return evidence.end or date.max


def _ended(choice: Choice) -> datetime | None:
    """The moment at which a withdrawn permission last spoke (see `choices_in_force`)."""
    return datetime.combine(choice.end, time.max, UTC) if choice.end is not None else None


def _undated(choice: Choice) -> Choice:
    """Without what only a decision's explanation shows, and without dates, which are compared apart."""
    return msgspec.structs.replace(
        choice,
        consent="",
        recorded=None,
        start=None,
        end=None,
        how="said" if choice.how else "",
        exceptions=tuple(_undated(one) for one in choice.exceptions),
    )
