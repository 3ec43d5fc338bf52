"""The codes by which a practice says what other sectors call flags, care plans and adjustments, and its recalls."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from adapters.gp import stu3
from adapters.synthetic.gp_chart import Chart, coded, stamp
from adapters.synthetic.world import Person

_FRAILTY = {
    "mild": ("925791000000100", "Mild frailty"),
    "moderate": ("925831000000107", "Moderate frailty"),
    "severe": ("1129391000000100", "Clinical Frailty Scale level 7 - severely frail"),
}
_IMPAIRMENTS = {
    "hearing": ("15188001", "Hearing loss"),
    "vision": ("397540003", "Visual impairment"),
    "mobility": ("82971005", "Impaired mobility"),
    "learning": ("110359009", "Intellectual disability"),
    "memory": ("386807006", "Memory impairment"),
}
_DEMENTIA = "52448006"
_COORDINATOR = "768820003"
_OPENED = timedelta(days=30)


@dataclass(frozen=True)
class Finding:
    """One coded line; `comment` is its free text."""

    code: str
    term: str
    comment: str | None = None


def observe(
    chart: Chart,
    what: str,
    finding: Finding,
    at: str,
    by: stu3.Reference,
    *,
    context: stu3.Reference | None = None,
    meta: stu3.Meta | None = None,
) -> None:
    """Writes a coded line down. `what`: names it within the record; `at`: FHIR dateTime; `by`: who recorded it."""
    guid = chart.guid(what)
    chart.add(
        stu3.Observation(
            id=guid,
            meta=meta,
            identifier=chart.identifier(guid),
            status="final",
            code=coded(finding.code, finding.term),
            subject=chart.subject(),
            context=context,
            effective_date_time=at,
            issued=at if "T" in at else stamp(morning(date.fromisoformat(f"{at}-01-01"[:10]))),
            performer=(by,),
            comment=finding.comment,
        )
    )


def findings(chart: Chart, *, today: date, cares: bool) -> None:
    """The coded lines outside consultations, each on a day of the two years before `today`; some with their year only.
    `cares`: the person looks after somebody."""
    for finding in _findings(chart, cares):
        rng = chart.rng(f"finding {finding.code}")
        on = max(today - timedelta(days=rng.randint(20, 700)), chart.person.birth_date)
        if on <= chart.until:
            at = str(on.year) if rng.random() < 0.1 else stamp(morning(on))
            observe(chart, f"finding {finding.code}", finding, at, _recorder(chart, finding))


def _recorder(chart: Chart, finding: Finding) -> stu3.Reference:
    """The usual GP; the coordinator's own entry in the record comes with the finding that names them."""
    if finding.code == _COORDINATOR and chart.person.care_coordinator:
        chart.practitioner(chart.person.care_coordinator)
    return chart.usual_gp()


def _findings(chart: Chart, cares: bool) -> Iterator[Finding]:
    person = chart.person
    if person.frailty:
        yield Finding(*_FRAILTY[person.frailty])
    if person.falls_risk:
        yield Finding("129839007", "At increased risk for falls")
    if person.lives_alone:
        yield Finding("105529008", "Lives alone")
    if cares:
        yield Finding("224484003", "Patient themselves providing care")
    if person.end_of_life:
        yield Finding("526631000000108", "On end of life care register")
    if person.resuscitation_decision:
        yield Finding("450476008", "Not for attempted cardiopulmonary resuscitation")
    yield from _plans(chart)
    if person.care_coordinator and person.care_coordinator in chart.staff:
        worker = chart.staff[person.care_coordinator]
        yield Finding(_COORDINATOR, "Care coordinator", f"{worker.title} {worker.given} {worker.family}")
    yield from _adjustments(person)


def _plans(chart: Chart) -> Iterator[Finding]:
    person = chart.person
    if any(condition.code == _DEMENTIA for condition in person.conditions):
        if chart.rng("dementia plan").random() < 0.8:
            yield Finding("956841000000106", "Dementia care plan agreed")
        else:
            yield Finding("956881000000103", "Dementia care plan declined")
    if person.end_of_life:
        yield Finding("736373009", "End of life care plan")
    elif person.care_coordinator or person.frailty in ("moderate", "severe"):
        yield Finding("523051000000100", "Personal care plan completed")


def _adjustments(person: Person) -> Iterator[Finding]:
    if person.adjustments:
        yield Finding(
            "1108111000000107",
            "Requires reasonable adjustment for health and care access (Equality Act 2010)",
        )
    for adjustment in person.adjustments:
        yield Finding(adjustment.code, adjustment.term)
    stated = {condition.code for condition in person.conditions}
    for word in person.impairments:
        if word in _IMPAIRMENTS and _IMPAIRMENTS[word][0] not in stated:
            yield Finding(*_IMPAIRMENTS[word])


def recalls(chart: Chart) -> None:
    """Diary entries: a medication review for everybody on medicines, a review of the plan at the end of life."""
    if chart.person.medicines:
        _recall(chart, Finding("182836005", "Review of medication"), 180)
    if chart.person.end_of_life:
        _recall(chart, Finding("196121000000104", "Palliative care plan review"), 60)


def _recall(chart: Chart, due: Finding, days: int) -> None:
    guid = chart.guid(f"recall {due.code}")
    chart.add(
        stu3.ProcedureRequest(
            id=guid,
            identifier=chart.identifier(guid),
            status="active",
            intent="plan",
            code=coded(due.code, due.term),
            subject=chart.subject(),
            occurrence_date_time=(chart.until + timedelta(days=days)).isoformat(),
            authored_on=stamp(morning(chart.until - _OPENED)),
            requester=stu3.Requester(agent=chart.usual_gp()),
        )
    )


def morning(on: date) -> datetime:
    """Half past nine on that day, when a practice writes down what has no time of its own."""
    return datetime.combine(on, time(9, 30))
