"""Rule 3's evidence: what makes a relationship on a day, by others' word and by the caller's own."""

from datetime import date, timedelta
from typing import Any

from tests.sharing.facts import Evidence, Person, Question


def relationship(agreement: dict[str, Any], question: Question, person: Person) -> tuple[bool, bool]:
    """Rule 3: whether evidence of others counts, and whether the caller's own word does."""
    by_others = by_own_word = False
    for source in person.sources:
        for evidence in source.evidence:
            terms = agreement["relationship"].get("evidence that counts", {}).get(evidence.kind)
            if terms is None or evidence.organisation != question.organisation:
                continue
            if evidence.start and evidence.start > question.day:
                continue
            if source.organisation == question.organisation:
                by_own_word = by_own_word or _own_word(evidence, terms.get("own word counts for days"), question.day)
            elif not evidence.end or question.day <= evidence.end + timedelta(days=terms["days after it ends"]):
                by_others = True
    return by_others, by_own_word


def _own_word(evidence: Evidence, days: Any, day: date) -> bool:
    """Whether the caller's own word counts on this day: so many days from the last that it tells of, which is its end
    if that is past, else its start; an end that is still to come makes it no longer."""
    if days == "as long as it lasts":
        return not evidence.end or day <= evidence.end
    last = evidence.end if evidence.end and evidence.end <= day else evidence.start
    return days is not None and last is not None and day <= last + timedelta(days=days)
