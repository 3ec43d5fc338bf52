"""Measure/$evaluate-measure: the figures of one measure for a caseload, month by month, of what this caller may see.

http://hl7.org/fhir/R4/measure-operation-evaluate-measure.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from adapters.records import LONDON
from integration.api.exchange import Exchange
from integration.api.interactions import FhirRouter, Interaction
from integration.api.outcome import FhirResponse
from integration.api.seal import Parameters
from integration.audit.codes import Kind
from integration.errors import BadRequest, Forbidden, NotFound
from integration.teams.measures.definitions import Definition, measures
from integration.teams.measures.disclosure import Rule, rule_for, shown
from integration.teams.measures.evaluate import Counted, Evaluation, caseload_of
from integration.teams.measures.person_time import Month, months_of
from integration.teams.measures.report import Subject, measure_report

EVALUATE = Interaction(
    "Measure",
    "operation",
    "A measure of a caseload, month by month: periodStart, periodEnd (whole months that are over), subject=Group/<id>, "
    "reportType=summary. Of people whom the caller may not know of nothing is counted.",
    operation="evaluate-measure",
    definition="http://hl7.org/fhir/OperationDefinition/Measure-evaluate-measure",
)
MOST_MONTHS = 60
_NEEDED = ("periodStart", "periodEnd", "subject")
_SUMS = ("summary", "population")
"""MeasureReport says summary of what the operation's own list of report types calls population."""


@dataclass(frozen=True)
class Asked:
    caseload: str
    months: Sequence[Month]


def serve_measures(router: FhirRouter, rule: Rule) -> None:
    """Serve the operation. `rule`: what is shown of small numbers to those who ask for purposes beyond care."""

    async def evaluate(id_: str, exchange: Exchange) -> Response:
        """authenticate -> of each member: facts, decide, read (one transaction for many), audit -> audit -> answer"""
        exchange.require("Measure", "r")
        definition = _measure(exchange, id_)
        asked = understand(exchange.parameters(), exchange.when.astimezone(LONDON).date())
        caller = exchange.session.caller
        if await caseload_of(exchange.records, asked.caseload, caller.organisation) is None:
            raise NotFound

        async def audited(counted: Sequence[Counted]) -> None:
            await exchange.audit_each(Kind.OPERATION, "operation", [(one.decision, one.counts) for one in counted])

        evaluation = Evaluation(exchange.records, exchange.question, audited)
        tally = await evaluation.tally(asked.caseload, [definition], asked.months)
        await exchange.audit(Kind.OPERATION, "operation", details=_account(definition, asked))
        applied = rule_for(exchange.records.policy().purposes[caller.purpose].kind, rule)
        figures = shown(tally, definition.id, applied)
        subject = Subject(asked.caseload, caller.organisation, exchange.when)
        return FhirResponse(measure_report(definition, figures, subject))

    router.serve("/Measure/{id_}/$evaluate-measure", EVALUATE)(evaluate)


def _measure(exchange: Exchange, id_: str) -> Definition:
    """The measure, where the caller's token and agreements let what it rests on be read at all: figures of what is
    withheld from everybody would only seem to be none. Raises NotFound or Forbidden."""
    definition = measures().get(id_)
    if definition is None:
        raise NotFound
    if not all(exchange.covers(one) for one in ("Group", *definition.types)):
        raise Forbidden
    exchange.require_agreement(definition.category)
    return definition


def understand(parameters: Parameters, today: date) -> Asked:
    """The parameters as understood. Raises BadRequest."""
    sent = dict(parameters)
    if len(sent) < len(parameters):
        raise BadRequest("Each parameter may be given once.")
    if unknown := next((name for name in sent if name not in (*_NEEDED, "reportType")), None):
        raise BadRequest("A parameter is not supported here; see /fhir/metadata.", parameter=unknown)
    if missing := next((name for name in _NEEDED if not sent.get(name)), None):
        raise BadRequest(f"{missing} is needed.", parameter=missing)
    if sent.get("reportType", _SUMS[0]) not in _SUMS:
        raise BadRequest(
            "reportType is summary: a report is of a caseload, never of one person.", parameter="reportType"
        )
    kind, _, caseload = sent["subject"].partition("/")
    if kind != "Group" or not caseload:
        raise BadRequest("subject is Group/<id>: a report is of a caseload, never of one person.", parameter="subject")
    return Asked(caseload, _months(sent["periodStart"], sent["periodEnd"], today))


def _months(start: str, end: str, today: date) -> Sequence[Month]:
    """Whole months that are over; a month alone (`2026-08`) stands for its first and its last day."""
    try:
        first = date.fromisoformat(start if len(start) == len("2026-08-01") else f"{start}-01")
        last = date.fromisoformat(end) if len(end) == len("2026-08-31") else _month(end).last
        months = months_of(first, last)
    except ValueError:
        message = (
            "periodStart and periodEnd are the first and the last day of months, such as 2026-01-01 and 2026-03-31."
        )
        raise BadRequest(message, parameter="periodStart") from None
    if last >= today:
        raise BadRequest("A month is measured when it is over.", parameter="periodEnd")
    if len(months) > MOST_MONTHS:
        raise BadRequest(f"A period is of at most {MOST_MONTHS} months.", parameter="periodEnd")
    return months


def _month(text: str) -> Month:
    return Month.of(date.fromisoformat(f"{text}-01"))


def _account(definition: Definition, asked: Asked) -> list[tuple[str, str]]:
    """What the audit keeps of an evaluation beside who asked, and of whom."""
    return [
        ("measure/id", definition.canonical),
        ("measure/caseload", asked.caseload),
        ("measure/period", f"{asked.months[0]} to {asked.months[-1]}"),
    ]
