"""What the practices of synthetic Coventry answer to GP Connect, one file per registered person with an NHS number.

Real dirt: an earlier answer now and then, sometimes delivered after the newer one; a birth date that was wrong then;
a refusal after a record was shared once; "not found" for those who died and for those whose whereabouts are secret.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from adapters.gp.records import Answer, ListWarning, Refusal, StructuredRecord, Withheld
from adapters.gp.write import write
from adapters.records import LONDON, local_moment
from adapters.synthetic import gp_entries, gp_findings, gp_person
from adapters.synthetic.chance import chance
from adapters.synthetic.gp_chart import Chart
from adapters.synthetic.world import FeedFile, LifeEvent, Person, Staff, World

_AGAIN = 0.08
"""Share of people of whom an earlier answer is on file too."""
_PROBLEMS = "717711000000103"
_MEDICATIONS = "933361000000108"


def feed_files(world: World) -> Iterator[FeedFile]:
    """The answers about each registered person, in the order of delivery."""
    staff = {worker.key: worker for worker in world.staff}
    events: dict[str, list[LifeEvent]] = {}
    for event in world.events:
        events.setdefault(event.person, []).append(event)
    carers = {
        relative.person
        for person in world.people
        for relative in person.relatives
        if relative.carer and relative.person
    }
    for person in world.people:
        if person.practice and person.nhs_number:
            asked = _Asked(world, person, person.practice, staff, events.get(person.key, ()), person.key in carers)
            yield from asked.files()


class _Asked:
    """The requests that were made about one person, and their answers."""

    def __init__(
        self,
        world: World,
        person: Person,
        practice: str,
        staff: Mapping[str, Staff],
        events: Sequence[LifeEvent],
        cares: bool,
    ) -> None:
        self._world = world
        self._person = person
        self._practice = practice
        self._staff = staff
        self._events = events
        self._cares = cares
        self._rng = chance(world.seed, "gp", person.key)

    def files(self) -> Iterator[FeedFile]:
        """One answer of today, or an earlier and a later one."""
        today = self._world.today
        earlier = self._earlier_day()
        later = self._file(self._latest(), today)
        if earlier is None:
            yield later
            return
        delayed = self._rng.random() < 0.3 and not self._closed()
        first = self._file(self._record(earlier), earlier, delivered=today + timedelta(days=1) if delayed else None)
        yield from (later, first) if delayed else (first, later)

    def _closed(self) -> bool:
        """Whether the practice's present answer is no record."""
        person = self._person
        gone = person.died is not None and person.died + timedelta(days=14) < self._world.today
        return person.dissent or person.restricted or gone

    def _earlier_day(self) -> date | None:
        """The day of an earlier answer: while a wrong birth date stood, before a refusal, or by chance."""
        today = self._world.today
        corrected = self._correction()
        if corrected is not None:
            return corrected.at.date() - timedelta(days=10)
        if self._closed():
            return min(today - timedelta(days=90), (self._person.died or today) - timedelta(days=5))
        return today - timedelta(days=self._rng.randint(60, 400)) if self._rng.random() < _AGAIN else None

    def _correction(self) -> LifeEvent | None:
        return next((event for event in self._events if event.kind == "birth-date-corrected"), None)

    def _latest(self) -> Answer:
        number = self._person.nhs_number
        assert number
        if self._person.dissent:
            return Refusal(nhs_number=number)
        if self._closed():
            return Withheld(nhs_number=number, code="PATIENT_NOT_FOUND")
        return self._record(self._world.today)

    def _record(self, until: date) -> StructuredRecord:
        chart = Chart(self._world.seed, self._person, self._practice, until, self._staff)
        patient = gp_person.patient(chart, self._birth_date(until))
        gp_entries.problems(chart)
        gp_entries.allergies(chart)
        gp_entries.medicines(chart)
        gp_entries.consultations(chart, self._events)
        gp_entries.referrals(chart, self._events)
        gp_findings.findings(chart, today=self._world.today, cares=self._cares)
        gp_findings.recalls(chart)
        return StructuredRecord(
            nhs_number=self._person.nhs_number,
            patient=patient,
            resources=tuple(chart.resources),
            warnings=self._warnings(chart),
        )

    def _birth_date(self, on: date) -> date:
        corrected = self._correction()
        if corrected is not None and on < corrected.at.date():
            return date.fromisoformat(corrected.detail["wrong"])
        return self._person.birth_date

    def _warnings(self, chart: Chart) -> tuple[ListWarning, ...]:
        """Some records say that items were held back, or that the previous practice's record has not arrived."""
        rng = chart.rng("warnings")
        warnings = []
        if any(condition.sensitive for condition in self._person.conditions) or rng.random() < 0.01:
            warnings.append(ListWarning(area=_PROBLEMS, code="confidential-items"))
        if rng.random() < 0.05:
            warnings.append(ListWarning(area=_MEDICATIONS, code="data-in-transit"))
        return tuple(warnings)

    def _file(self, answer: Answer, made: date, *, delivered: date | None = None) -> FeedFile:
        """`made`: the day of the answer, which an earlier answer's file name carries."""
        number = self._person.nhs_number
        stem = f"{number}" if made == self._world.today else f"{number}_{made:%Y%m%d}"
        at = datetime.combine(made, time(6, 0)) + timedelta(seconds=self._rng.randrange(3600))
        received = datetime.combine(delivered, time(6, 0)) if delivered else at + timedelta(seconds=1)
        return FeedFile(
            feed="gp",
            sender=self._practice,
            name=f"{stem}.json",
            content=write(answer, made=local_moment(at)),
            as_of=received.replace(tzinfo=LONDON),
        )
