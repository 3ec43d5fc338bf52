"""What PDS is asked of somebody without a number, and whether who it names is like whom we asked about. Pure.

PDS's single match, and its score of 1, mean that the parameters agreed, not that it is the same person. So what it
names is compared by our own rules before anything of it is kept: nobody's record is stored because of a likeness that
we do not see ourselves.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from adapters.pds.parse import parse
from adapters.pds.state import fold
from adapters.records import FoldedEvent
from adapters.transport.pds import Question
from adapters.transport.pds_answers import Answer
from integration.identity.compare import compare
from integration.identity.demographics import Demographics, demographics
from integration.sharing.sensitivity import is_restricted
from mappings.ids import Ids
from mappings.pds import to_resources
from mappings.uk_core import Resource

_NAMED = ("official", "usual", None)
"""Uses of the names that somebody goes by."""


def question_of(patient: Resource, *, hidden: bool = False) -> Question | None:
    """The search for the person of a source's Patient, or None where there is too little to search by. Where a
    restricted person lives is told to nobody, and PDS would find none by it; `hidden`: another source of the person
    says that they are restricted."""
    names = [one for one in patient.get("name", ()) if one.get("use") in _NAMED and one.get("family")]
    birth_date = patient.get("birthDate", "")
    if not names or len(birth_date) != len("2000-01-01"):
        return None
    given = next(iter(names[0].get("given", ())), None)
    postcode = None if hidden or is_restricted(patient) else next(_postcodes(patient), None)
    if given is None and postcode is None:
        return None
    return Question(family=names[0]["family"], birth_date=birth_date, given=given, postcode=postcode)


def _postcodes(patient: Resource) -> Iterator[Any]:
    return (one["postalCode"] for one in patient.get("address", ()) if one.get("use") != "old" and "postalCode" in one)


def stated_by(answer: Answer, sender: str) -> Demographics:
    """Who the record in an answer is about, as linkage will compare it."""
    event = parse(answer.content, name=answer.name, sender=sender, as_of=answer.received).events[-1]
    folded = FoldedEvent(at=event.at, sent=event.sent, digest="", name=answer.name, record=event.record)
    state = fold(event.patient, [folded], ())
    resources = to_resources(state, Ids(b"", event.patient, "pds")) if state else []
    return next((demographics(one) for one in resources if one["resourceType"] == "Patient"), Demographics())


def is_alike(ours: Demographics, theirs: Demographics) -> bool:
    """Whether our rules see that these may be one person."""
    return compare(ours, theirs) is not None


def would_be_taken_for(holders: Iterable[Demographics], number: str, theirs: Demographics) -> bool:
    """Whether a record, had it this number, would be linked with one of those who hold it: so a number is replaced by
    another of the same person, and not by a record of somebody else that came by mistake."""
    borne = _with_number(theirs, number)
    found = (compare(_with_number(one, number), borne) for one in holders)
    return any(one is not None and one.outcome == "SAME" for one in found)


def _with_number(who: Demographics, number: str) -> Demographics:
    """Not verified, so that names and birth dates count."""
    return msgspec.structs.replace(who, nhs_number=number, verified=False)
