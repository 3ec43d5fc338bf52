"""Reasonable adjustments: the national model of flags, made from a practice's codes.

https://simplifier.net/guide/patient-flag-implementation-guide: one flag that says that adjustments exist, which leads
to a flag for each adjustment and a Condition for each impairment.
"""

from collections.abc import Iterator
from typing import Any

from mappings import datatypes, uk_core
from mappings.adjustments import EXISTENCE, ISSUE
from mappings.concept_maps import translate
from mappings.gp.promotion import Statement, end_of, entries_of, identifiers_of, labels_of
from mappings.gp.source import Source, labelled
from mappings.provenance import made_of
from mappings.uk_core import Resource

Json = dict[str, Any]

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def reasonable_adjustments(source: Source, stated: list[Statement]) -> Iterator[Resource]:
    """The existence Flag, adjustment Flags and impairment Conditions; nothing when no adjustment is coded. An
    adjustment whose problem has ended stays as an inactive flag, to which the existence flag leads no more."""
    adjustments = _by(stated, "GpAdjustmentCategory")
    threshold = [statement for statement in stated if statement.kind == "reasonable-adjustment"]
    holding = {code: run for code, run in adjustments.items() if end_of(run) is None}
    present = bool(holding) or (bool(threshold) and end_of(threshold) is None)
    impairments = _impairments(stated) if present else {}
    for run in adjustments.values():
        yield _adjustment(source, run)
    for word, run in impairments.items():
        yield _impairment(source, word, run)
    if present:
        yield _existence(source, threshold, holding, impairments)


def _by(stated: list[Statement], map_name: str) -> dict[str, list[Statement]]:
    """Statements that the map knows, by their code."""
    runs: dict[str, list[Statement]] = {}
    for statement in stated:
        if translate(map_name, statement.code):
            runs.setdefault(statement.code, []).append(statement)
    return runs


def _impairments(stated: list[Statement]) -> dict[str, list[Statement]]:
    """Statements of an impairment that holds, by the word of England-ConditionCodeRA."""
    words: dict[str, list[Statement]] = {}
    for code, run in _by(stated, "GpImpairment").items():
        word = translate("GpImpairment", code)
        if word and end_of(run) is None:
            words.setdefault(word["code"], []).extend(run)
    return words


def _adjustment(source: Source, run: list[Statement]) -> Resource:
    code, term = run[0].code, run[-1].term
    end = end_of(run)
    category = translate("GpAdjustmentCategory", code) or {}
    made = uk_core.resource(
        "Flag",
        source.ids.own("Flag", "adjustment", code),
        profile=uk_core.RA_ADJUSTMENT_PROFILE,
        identifier=identifiers_of(run),
        status="active" if end is None else "inactive",
        category=[EXISTENCE, {"coding": [category]}],
        code=datatypes.snomed(code, term),
        subject=datatypes.subject(),
        period=datatypes.period(run[0].date or None, end or None),
    )
    return labelled(made_of(made, entries_of(source, run)), labels_of(run))


def _impairment(source: Source, word: str, run: list[Statement]) -> Resource:
    made = uk_core.resource(
        "Condition",
        source.ids.own("Condition", "impairment", word),
        profile=uk_core.RA_CONDITION_PROFILE,
        identifier=identifiers_of(run),
        clinicalStatus=datatypes.concept(_CLINICAL, "active"),
        category=[EXISTENCE, ISSUE],
        code=datatypes.concept(uk_core.RA_IMPAIRMENT, word),
        subject=datatypes.subject(),
        onsetDateTime=run[0].date,
    )
    return labelled(made_of(made, entries_of(source, run)), labels_of(run))


def _existence(
    source: Source,
    threshold: list[Statement],
    adjustments: dict[str, list[Statement]],
    impairments: dict[str, list[Statement]],
) -> Resource:
    """No label of its details: that adjustments exist is for every caller who may know the person. Details whose
    entries a caller may not see are cut."""
    details = [
        *(datatypes.own_reference(source.ids, "Flag", "adjustment", code) for code in adjustments),
        *(datatypes.own_reference(source.ids, "Condition", "impairment", word) for word in impairments),
    ]
    dates = [statement.date for run in (threshold, *adjustments.values()) for statement in run if statement.date]
    made = uk_core.resource(
        "Flag",
        source.ids.own("Flag", "reasonable-adjustments"),
        profile=uk_core.RA_PATIENT_FLAG_PROFILE,
        extension=[{"url": uk_core.FLAG_DETAIL, "valueReference": detail} for detail in details],
        identifier=identifiers_of(threshold),
        status="active",
        code=EXISTENCE,
        subject=datatypes.subject(),
        period=datatypes.period(min(dates)) if dates else None,
    )
    return made_of(made, entries_of(source, threshold))
