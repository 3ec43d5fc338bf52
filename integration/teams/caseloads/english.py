"""What a caseload is, in sentences: what is checked before it is put in force, and what a Group says of itself."""

from collections.abc import Callable, Iterator, Mapping

from integration.teams.caseloads.document import Caseload, Count, Criterion, Finding, Rule


def english(caseload: Caseload, names: Mapping[str, str]) -> str:
    """Everything that a description says. `names`: ODS code -> name."""
    named = _Names(names)
    lines = [f"{caseload.title} ({caseload.id}), a caseload of {named(caseload.organisation)}."]
    if caseload.partners:
        lines.append(f"It is seen also by {named.all(caseload.partners)}, who look after the same people.")
    if caseload.rule:
        lines.append(f"{rule_in_english(caseload.rule, names)[0]}")
        lines += [f"- {one}" for one in rule_in_english(caseload.rule, names)[1:]]
    else:
        lines.append("Nobody comes on it by rule.")
    if caseload.by_hand:
        reasons = "; ".join(caseload.by_hand.values())
        lines.append(f"Somebody who looks after a person may add them by hand, for one of these reasons: {reasons}.")
        if caseload.referrers:
            lines.append(f"{named.all(caseload.referrers)} may do so as well, without seeing the caseload.")
    else:
        lines.append("Nobody comes on it by hand.")
    return "\n".join(lines)


def rule_in_english(rule: Rule, names: Mapping[str, str]) -> list[str]:
    """The rule: who is meant, then each of the findings of which one is enough."""
    practices = _Names(names).all(rule.practices, "or")
    return [
        f"By rule: whoever is registered with {practices} and meets at least one of these.",
        *(_finding(one) for one in rule.findings),
    ]


def _finding(finding: Finding) -> str:
    return f"{finding.title}: {_listed([each for one in finding.criteria for each in _criterion(one)], 'and')}."


def _criterion(criterion: Criterion) -> Iterator[str]:
    if criterion.long_term_conditions:
        yield f"{criterion.long_term_conditions.at_least} or more long-term conditions"
    if criterion.age:
        yield f"{criterion.age.at_least} years of age or older"
    for wanted, one, many in (
        (criterion.admissions, "admission to hospital", "admissions to hospital"),
        (criterion.emergency_attendances, "A&E attendance", "A&E attendances"),
        (criterion.practice_contacts, "contact with general practice", "contacts with general practice"),
    ):
        if wanted:
            yield _count(wanted, one, many)
    if criterion.frailty:
        yield f"{_listed(criterion.frailty, 'or')} frailty"
    if criterion.end_of_life:
        yield "on the end of life care register"
    if criterion.care_home:
        yield "lives in a care home"


def _count(wanted: Count, one: str, many: str) -> str:
    times = f"at least one {one}" if wanted.at_least == 1 else f"{wanted.at_least} or more {many}"
    return f"{times} in the last {'month' if wanted.months == 1 else f'{wanted.months} months'}"


class _Names:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._name: Callable[[str], str] = lambda code: names.get(code, code)

    def __call__(self, code: str) -> str:
        return self._name(code)

    def all(self, codes: tuple[str, ...], last: str = "and") -> str:
        return _listed([self._name(code) for code in codes], last)


def _listed(words: "list[str] | tuple[str, ...]", last: str) -> str:
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final
