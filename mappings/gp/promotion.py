"""What a practice's codes say that other sectors look for in a Flag or a CarePlan: none of these arrives from a GP.

Which code becomes what is data: ConceptMap GpPromotion (reviewed, with the reason for each), then GpFlagCode,
GpFlagCategory and GpCarePlanCategory. A promoted resource carries the identifiers of the entries that it was made of,
and refers to them (`mappings.provenance.made_of`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from adapters.gp import stu3
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.gp import elements
from mappings.gp.source import Kept, Source, labelled
from mappings.provenance import made_of
from mappings.uk_core import Resource

Json = dict[str, Any]

_SERIES = {"for-resuscitation": "resuscitation", "not-for-resuscitation": "resuscitation"}
"""Kinds of which only the latest holds; degrees of frailty too, and every other kind is a series of its own."""
_DEGREES = ("frailty-none", "frailty-mild", "frailty-moderate", "frailty-severe")
_RESTRICTED = frozenset({"safeguarding"})
_OVER = ("inactive", "remission", "resolved")
_VOID = ("entered-in-error", "cancelled", "refuted")


@dataclass(frozen=True)
class Statement:
    """One coded entry that states something current about the person. `kind`: code of GpPromotion, or "" where the
    table has none; `date`: FHIR dateTime of when it became so, "" if unknown; `ended`: likewise, None: it holds."""

    kind: str
    code: str
    term: str | None
    date: str
    ended: str | None
    entry: stu3.Condition | stu3.Observation | stu3.ProcedureRequest


def statements(source: Source) -> list[Statement]:
    """Every SNOMED-coded statement of the record, oldest first. Left out: what was entered in error or refuted, and
    observations with a coded or written value, for then the code alone does not say what was found."""
    found = [
        *(stated for entry in source.of(stu3.Condition) for stated in _of_problem(entry)),
        *(stated for entry in source.of(stu3.Observation) for stated in _of_observation(entry)),
        *(stated for entry in source.of(stu3.ProcedureRequest) for stated in _of_recall(entry)),
    ]
    return sorted(found, key=lambda stated: (stated.date, stated.kind, stated.code, source.key(stated.entry)))


def _of_problem(entry: stu3.Condition) -> Iterator[Statement]:
    if entry.verification_status in _VOID:
        return
    ended = (elements.date_time(entry.abatement_date_time) or "") if entry.clinical_status in _OVER else None
    yield from _coded(entry, entry.onset_date_time or entry.asserted_date, ended)


def _of_observation(entry: stu3.Observation) -> Iterator[Statement]:
    if entry.status in _VOID or entry.value_string or entry.value_codeable_concept:
        return
    start = entry.effective_period.start if entry.effective_period else None
    yield from _coded(entry, entry.effective_date_time or start or entry.issued, None)


def _of_recall(entry: stu3.ProcedureRequest) -> Iterator[Statement]:
    """A recall says what is to be done: it states a care plan (whose review is due), never a finding."""
    if entry.status not in _VOID:
        yield from (stated for stated in _coded(entry, entry.authored_on, None) if is_plan(stated.kind))


def _coded(
    entry: stu3.Condition | stu3.Observation | stu3.ProcedureRequest, date: str | None, ended: str | None
) -> Iterator[Statement]:
    for code in elements.snomed_codes(entry.code):
        promoted = translate("GpPromotion", code)
        yield Statement(
            kind=promoted["code"] if promoted else "",
            code=code,
            term=elements.words(entry.code),
            date=elements.date_time(date) or "",
            ended=ended,
            entry=entry,
        )


def is_plan(kind: str) -> bool:
    """Whether a kind of GpPromotion is a care plan; "declined" is none."""
    return translate("GpCarePlanCategory", kind) is not None


def flags(source: Source, stated: Iterable[Statement]) -> Iterator[Resource]:
    """A UKCore-Flag for each uninterrupted run of one kind; a run that a later kind of its series replaced, or whose
    entries all ended, is inactive. https://simplifier.net/hl7fhirukcorer4/ukcoreflag"""
    series: dict[str, list[Statement]] = {}
    for statement in stated:
        if statement.kind:
            series.setdefault(_series(statement.kind), []).append(statement)
    for members in series.values():
        runs = [list(run) for _, run in groupby(members, key=lambda statement: statement.kind)]
        for i, run in enumerate(runs):
            if translate("GpFlagCode", run[0].kind):
                yield _flag(source, run, runs[i + 1][0].date if i + 1 < len(runs) else None)


def _series(kind: str) -> str:
    return "frailty-degree" if kind in _DEGREES else _SERIES.get(kind, kind)


def _flag(source: Source, run: list[Statement], replaced: str | None) -> Resource:
    kind = run[0].kind
    end = replaced if replaced is not None else end_of(run)
    made = uk_core.resource(
        "Flag",
        source.ids.own("Flag", kind, *source.key(run[0].entry)),
        identifier=identifiers_of(run),
        status="active" if end is None else "inactive",
        category=[elements.translated("GpFlagCategory", kind)],
        code=elements.translated("GpFlagCode", kind),
        subject=datatypes.subject(),
        period=datatypes.period(run[0].date or None, end or None),
        author=datatypes.organisation_reference(source.ids, source.practice),
    )
    restricted = [datatypes.security_label(uk_core.CONFIDENTIALITY, "R")] if kind in _RESTRICTED else []
    return labelled(made_of(made, entries_of(source, run)), [*labels_of(run), *restricted])


def care_plans(source: Source, stated: Iterable[Statement]) -> Iterator[Resource]:
    """A UKCore-CarePlan for each kind of plan that the record states; a recall becomes its activity.
    https://simplifier.net/hl7fhirukcorer4/ukcorecareplan"""
    kinds: dict[str, list[Statement]] = {}
    for statement in stated:
        if is_plan(statement.kind):
            kinds.setdefault(statement.kind, []).append(statement)
    for run in kinds.values():
        yield labelled(_care_plan(source, run), labels_of(run))


def _care_plan(source: Source, run: list[Statement]) -> Resource:
    latest = max(run, key=lambda statement: statement.date)
    end = end_of(run)
    recalls = [statement.entry for statement in run if isinstance(statement.entry, stu3.ProcedureRequest)]
    practice = datatypes.organisation_reference(source.ids, source.practice)
    made = uk_core.resource(
        "CarePlan",
        source.ids.own("CarePlan", run[0].kind),
        identifier=identifiers_of(run),
        status="active" if end is None else "completed",
        intent="plan",
        category=[
            datatypes.snomed("734163000", "Care plan"),
            elements.translated("GpCarePlanCategory", run[0].kind),
        ],
        title=latest.term,
        subject=datatypes.subject(),
        period=datatypes.period(latest.date or None, end or None),
        created=latest.date,
        author=_author(source, latest.entry) or practice,
        contributor=[practice],
        activity=[{"reference": _to(source, recall)} for recall in recalls],
    )
    return made_of(made, entries_of(source, run))


def _to(source: Source, entry: Kept) -> Json | None:
    return source.reference(stu3.Reference(reference=f"{type(entry).__name__}/{entry.id}"))


def _author(source: Source, entry: stu3.Condition | stu3.Observation | stu3.ProcedureRequest) -> Json | None:
    match entry:
        case stu3.Condition():
            made = source.reference(entry.asserter)
        case stu3.Observation():
            made = source.reference(entry.performer[0]) if entry.performer else None
        case stu3.ProcedureRequest():
            made = source.reference(entry.requester.agent) if entry.requester else None
    return made if made and "reference" in made else None


def end_of(run: list[Statement]) -> str | None:
    """When the last of the entries ended ("" if unknown), or None while one holds."""
    ends = [statement.ended for statement in run if statement.ended is not None]
    return max(ends) if len(ends) == len(run) else None


def identifiers_of(run: Iterable[Statement]) -> list[Json]:
    """The identifiers of the entries, each once: they lead from a promoted resource to what it was made of."""
    made: list[Json] = []
    for statement in run:
        made += [entry for entry in elements.identifiers(statement.entry.identifier) if entry not in made]
    return made


def entries_of(source: Source, run: Iterable[Statement]) -> list[Json | None]:
    """References to the entries."""
    return [_to(source, statement.entry) for statement in run]


def labels_of(run: Iterable[Statement]) -> list[Json]:
    """All labels of the entries: what is promoted is as sensitive as what it was made of."""
    return [label for statement in run for label in elements.security(statement.entry.meta)]
