"""A FHIR R4 MeasureReport of one measure, one caseload and one period, of type summary
(http://hl7.org/fhir/R4/measurereport.html): the whole period, and as strata its months. Pure.

Exact numbers are decimals with a stated rounding, half up: a score to two decimals, person-months to six. What is not
shown because it is small is absent with the reason `masked`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

from integration.teams.measures.definitions import Definition
from integration.teams.measures.disclosure import Figures, Shown
from integration.teams.measures.person_time import whole
from mappings.uk_core import HEALTH_TEST_DATA, ODS_ORGANISATION, Resource

PERSON_MONTHS = "https://toldonce.example/StructureDefinition/person-months"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
_UCUM = "http://unitsofmeasure.org"
_LONG = 40
"""Digits that a division may need before it is rounded."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """Whose figures, by whom, at what moment."""

    caseload: str
    organisation: str
    """ODS code of who asked."""
    when: datetime
    test_data: bool = False


def decimals(value: Fraction, places: int) -> Decimal:
    """A fraction as a decimal of so many places, half up."""
    with localcontext() as context:
        context.prec = _LONG
        exact = Decimal(value.numerator * 10**places) / Decimal(value.denominator)
        return exact.quantize(Decimal(1), ROUND_HALF_UP).scaleb(-places)


def measure_report(definition: Definition, shown: Shown, subject: Subject) -> Resource:
    """The report. It has no id: nothing was stored (`publish` stores)."""
    period = whole([month for month, _ in shown.months])
    return {
        "resourceType": "MeasureReport",
        **({"meta": {"tag": [HEALTH_TEST_DATA]}} if subject.test_data else {}),
        "status": "complete",
        "type": "summary",
        "measure": definition.canonical,
        "subject": {"reference": f"Group/{subject.caseload}"},
        "date": subject.when.isoformat(timespec="seconds"),
        "reporter": {"type": "Organization", "identifier": {"system": ODS_ORGANISATION, "value": subject.organisation}},
        "period": {"start": period.start.isoformat(), "end": shown.months[-1][0].last.isoformat()},
        "improvementNotation": definition.resource["improvementNotation"],
        "group": [
            {
                **_figures(definition, shown.whole),
                "stratifier": [
                    {
                        "code": [{"text": "month"}],
                        "stratum": [
                            {"value": {"text": str(month)}, **_figures(definition, figures)}
                            for month, figures in shown.months
                        ],
                    }
                ],
            }
        ],
    }


def _figures(definition: Definition, figures: Figures) -> Json:
    return {"population": list(_populations(figures)), **_score(definition, figures)}


def _populations(figures: Figures) -> Iterator[Json]:
    for code, count in (
        ("initial-population", figures.people),
        ("denominator", figures.denominator),
        ("numerator", figures.numerator),
    ):
        said: Json = {"code": {"coding": [{"system": _POPULATION, "code": code}]}}
        if code == "denominator" and figures.months is not None:
            said = {"extension": [{"url": PERSON_MONTHS, "valueDecimal": float(decimals(figures.months, 6))}], **said}
        yield said | ({"_count": {"extension": [_masked()]}} if count is None else {"count": count})


def _score(definition: Definition, figures: Figures) -> Json:
    """None, where there is nothing to divide by."""
    if figures.protected:
        return {"measureScore": {"extension": [_masked()]}}
    if figures.score is None:
        return {}
    unit = {"unit": definition.unit} if definition.is_rate else {"unit": "%", "system": _UCUM, "code": "%"}
    return {"measureScore": {"value": float(decimals(figures.score, 2)), **unit}}


def _masked() -> Json:
    return {"url": _ABSENT, "valueCode": "masked"}
