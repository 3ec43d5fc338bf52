"""All that a hospital said about one of its patients -> what it says now.

The person is folded in the order of recording (a movement entered late tells who the person is when it is entered, not
when it happened); visits are settled per visit number (`adapters.acute.stay`). The result is a function of the set of
messages: neither their order nor their repetition matters.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import astuple

from adapters.acute.records import (
    DELETED,
    Allergy,
    Dissent,
    Person,
    Record,
    Replaced,
    State,
    Statement,
    Survives,
    VisitState,
)
from adapters.acute.stay import died_in, settle
from adapters.records import FoldedEvent, SourcePatient, Submission

_decode = msgspec.json.Decoder(Record).decode
DISSENT, CONSENT = "2", "1"
_FIELDS = Person.__struct_fields__


def fold(
    patient: SourcePatient,
    events: Sequence[FoldedEvent],
    submissions: Sequence[Submission],  # noqa: ARG001 every feed's shape; ADT has no batches that could withdraw anything
) -> State | None:
    """The present view of one source patient, or None when nothing was said. `events` come in the total order."""
    records = [_decode(content) for content in dict.fromkeys(event.record for event in events)]
    if not records:
        return None
    recorded = sorted(records, key=lambda record: record.recorded)
    statements = [record for record in recorded if isinstance(record, Statement)]
    person = fold_person(statement.person for statement in statements)
    visits = fold_visits([record for record in records if isinstance(record, Statement)])
    survives, replaced_by = fold_merges(recorded)
    return State(
        organisation=patient.organisation,
        local_id=patient.local_id,
        person=person,
        visits=visits,
        dissents=fold_dissents(statements),
        dead=person.dead == "Y" or bool(person.died) or any(map(died_in, visits)),
        died=person.died or None,
        survives=survives,
        replaced_by=replaced_by,
    )


def fold_person(said: Iterable[Person]) -> Person:
    """One after the other, by HL7's null rule: what was not sent stays, what was sent replaces, "" and () delete."""
    held: dict[str, object] = {}
    for person in said:
        sent = {name: value for name, value in zip(_FIELDS, astuple(person), strict=True) if value is not None}
        _keep_status(held, sent)
        _keep_death(held, sent)
        if held.get("identity_unknown") == "N" and sent.get("identity_unknown") == "Y":
            del sent["identity_unknown"]  # ITK: an identity that was established never becomes unknown again
        if changes := sent.pop("allergy_changes", None):
            before = sent.get("allergies", held.get("allergies"))
            sent["allergies"] = fold_allergies(before, changes)
        held.update(sent)
    return Person(**held)  # type: ignore[arg-type] # every value came out of a Person


def _keep_status(held: dict[str, object], sent: dict[str, object]) -> None:
    """A verification status belongs to the number it was given for: another number starts as not known."""
    if "nhs_number" in sent and sent["nhs_number"] != held.get("nhs_number"):
        held.pop("nhs_number_status", None)


def _keep_death(held: dict[str, object], sent: dict[str, object]) -> None:
    """Nobody comes back to life by a mere N in PID-30: only the explicit null takes a death back."""
    if sent.get("died") == "":
        held.pop("dead", None)
    elif sent.get("dead") == "N" and (held.get("dead") == "Y" or held.get("died")):
        del sent["dead"]


def fold_allergies(held: tuple[Allergy, ...] | None, changes: tuple[Allergy, ...]) -> tuple[Allergy, ...]:
    """Those held after entries were added, changed or deleted one by one (IAM): an entry is known by its own id, else
    (an AL1 has none) by its allergen."""
    kept = {_entry(one): one for one in held or ()}
    for one in changes:
        entry = _entry(one)
        if entry not in kept:
            for unnamed in [other for other in kept if _is_same_unnamed(kept[other], one)]:
                del kept[unnamed]
        if one.action == DELETED:
            kept.pop(entry, None)
        else:
            kept[entry] = one
    return tuple(kept.values())


def _entry(allergy: Allergy) -> tuple[str, ...]:
    return (allergy.id,) if allergy.id else _allergen(allergy)


def _allergen(allergy: Allergy) -> tuple[str, str]:
    return allergy.allergen.code.upper(), allergy.allergen.text.upper()


def _is_same_unnamed(held: Allergy, change: Allergy) -> bool:
    return not (held.id and change.id) and any(_allergen(held)) and _allergen(held) == _allergen(change)


def fold_visits(statements: Sequence[Statement]) -> tuple[VisitState, ...]:
    """Each visit, by its number and authority, settled; ordered by number."""
    by_number: dict[tuple[str, str], list[Statement]] = {}
    for statement in statements:
        if statement.visit is not None:
            by_number.setdefault((statement.visit.number, statement.visit.authority), []).append(statement)
    return tuple(settle(by_number[key]) for key in sorted(by_number))


def fold_dissents(statements: Iterable[Statement]) -> tuple[Dissent, ...]:
    """Objections to sharing (ZU8-2 = 2), each until consent (1) or the explicit null; 3 (unknown) takes none back."""
    dissents: list[Dissent] = []
    for statement in statements:
        said = statement.person.sharing
        open_ = bool(dissents) and dissents[-1].until is None
        if said == DISSENT and not open_:
            dissents.append(Dissent(statement.recorded))
        elif said in (CONSENT, "") and open_:
            dissents[-1] = Dissent(dissents[-1].since, statement.recorded)
    return tuple(dissents)


def fold_merges(records: Sequence[Record]) -> tuple[tuple[Survives, ...], str | None]:
    """(the merges this record survived, the local id of the record that replaced it). Taking over the record that had
    replaced it makes it the survivor again."""
    survives: dict[str, Survives] = {}
    replaced_by: str | None = None
    for record in records:
        if isinstance(record, Replaced):
            replaced_by = record.survivor
            survives.pop(record.survivor, None)
        elif isinstance(record, Survives):
            survives[record.discarded] = record
            replaced_by = None if replaced_by == record.discarded else replaced_by
    return tuple(survives[key] for key in sorted(survives)), replaced_by
