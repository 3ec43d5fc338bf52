"""The synthetic hospital: a world's hospital events -> ITK ADT messages, with the dirt of a real feed.

Dirt: PID-3 without NHS number, or with one that is not traced; old addresses until an A31; nicknames; wrong birth
dates; duplicate MRNs until an A40; repeated, re-sent and late messages; movements entered the next day; line ends. The
messages of one day, when the interface was down, come the next morning as one batch file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

import msgspec

import adapters.acute.records as acute
from adapters.acute.write import Header, write_batch, write_merge, write_statement
from adapters.records import instant, local_moment
from adapters.synthetic.acute_clinical import arrived, attended, diagnosed, kept_in, local_segment
from adapters.synthetic.acute_person import Registration, doctor, gp_of, knowledge
from adapters.synthetic.organisations import ACUTE
from adapters.synthetic.world import FeedFile, LifeEvent, Person, Staff, World

SITE = "X9A01"
"""ODS-shaped code of the hospital site; invented."""
DAYS_SINCE_DOWN = 40
"""How long before the last day the interface was down."""
_EMERGENCY = acute.Place(ward="ED", site=SITE)
_DAY_UNIT = acute.Place(ward="DSU", bed="C1", site=SITE)
_VISITS = frozenset({"attendance", "admission", "outpatient"})
_WITH_NK1 = frozenset({"A01", "A04", "A06", "A07", "A08", "A13", "A28", "A31", "A05"})
_NOT_ATTENDED = ("dna", "did not attend", "not attended")


@dataclass(frozen=True)
class _Draft:
    """A message before it has a control id: when it was sent, when it arrived, and its bytes for a control id."""

    sent: datetime
    delivered: datetime
    key: str
    statement: acute.Statement | None = None
    merge: tuple[str, acute.Identifier, acute.Identifier, acute.Name] | None = None
    line_end: str = "\r"
    copies: int = 1

    def content(self, control_id: str) -> bytes:
        header = Header(control_id, self.sent, ACUTE.code, "EPR")
        if self.merge is not None:
            recorded, survivor, discarded, name = self.merge
            return write_merge(header, recorded, (survivor,), (discarded,), name)
        assert self.statement is not None  # a draft is one or the other
        return write_statement(header, self.statement).replace(b"\r", self.line_end.encode())


def feed_files(world: World) -> Iterator[FeedFile]:
    """Every ADT message of the hospital, one file each but for the batch, in the order of delivery; the same for the
    same world."""
    numbers = {event.key: f"{index:08d}" for index, event in enumerate(world.events, start=1)}
    diary: dict[str, list[LifeEvent]] = {}
    for event in world.events:
        diary.setdefault(event.person, []).append(event)
    staff = {one.key: one for one in world.staff}
    patients = (person for person in world.people if person.mrn)
    hospitals = (_Hospital(world, person, diary.get(person.key, []), numbers, staff) for person in patients)
    drafts = [draft for hospital in hospitals for draft in hospital.drafts()]
    by_sent = sorted(drafts, key=lambda draft: (draft.sent, draft.key))
    control_ids = {id(draft): f"X9A{index:010d}" for index, draft in enumerate(by_sent, start=1)}
    down = world.today - timedelta(days=DAYS_SINCE_DOWN)
    waiting: list[bytes] = []
    for draft in sorted(drafts, key=lambda draft: (draft.delivered, control_ids[id(draft)])):
        control_id = control_ids[id(draft)]
        contents = [draft.content(control_id)] * draft.copies
        if draft.delivered.date() == down:
            waiting += contents
            continue
        if waiting and draft.delivered.date() > down:
            yield _batch(down, waiting)
            waiting = []
        for content in contents:
            yield FeedFile("acute", ACUTE.code, f"{control_id}.hl7", content)
    if waiting:
        yield _batch(down, waiting)


def _batch(day: date, contents: Sequence[bytes]) -> FeedFile:
    name = f"X9A-BATCH-{day:%Y%m%d}"
    header = Header(name, datetime.combine(day + timedelta(days=1), time(6)), ACUTE.code, "EPR")
    return FeedFile("acute", ACUTE.code, f"{name}.hl7", write_batch(header, contents))


class _Hospital:
    """One person's dealings with the hospital."""

    def __init__(
        self,
        world: World,
        person: Person,
        events: Sequence[LifeEvent],
        numbers: Mapping[str, str],
        staff: Mapping[str, Staff],
    ) -> None:
        assert person.mrn is not None  # only patients of the hospital get here
        self.world, self.person, self.events, self.numbers, self.staff = world, person, events, numbers, staff
        self.draw = Random(f"{world.seed}:acute:{person.key}")  # noqa: S311 reproducible data, no secret
        self.coding = Random(f"{world.seed}:acute coding:{person.key}")  # noqa: S311
        self.mrn = person.mrn
        self.visits = [event for event in self.events if event.kind in _VISITS and event.organisation == ACUTE.code]
        first = min((event.at for event in self.events), default=datetime.combine(world.today, time(9)))
        self.start = first - timedelta(days=self.draw.randint(1, 30))
        self.known = Registration(person, events, gp_of(person, staff), knowledge(person, self.start, self.draw))

    def drafts(self) -> Iterator[_Draft]:
        """All messages, each with its dirt; nothing is sent after the world's last day."""
        last = datetime.combine(self.world.today, time.max)
        for number, (recorded, statement) in enumerate(self._statements()):
            if recorded <= last:
                yield from self._send(f"{self.person.key}:{number}", recorded, statement)
        yield from self._merges()

    def _statements(self) -> Iterator[tuple[datetime, acute.Statement]]:
        yield self._demographics("A28", self.start, self.mrn)
        if self.person.other_mrn:
            yield self._demographics("A28", self.start + timedelta(hours=3), self.person.other_mrn)
        for number, visit in enumerate(self.visits):
            yield from self._visit(visit, self._mrn_of(visit, number))
        for address in self.person.addresses[1:]:
            if self.known.hears(address) > self.start:
                yield self._demographics("A31", self.known.hears(address), self.mrn)
        for event in self.events:
            if event.kind == "died" or (event.kind == "birth-date-corrected" and event.organisation == ACUTE.code):
                yield self._demographics("A31", event.at + timedelta(minutes=1), self.mrn)
        if self.known.traced_from and self.known.traced_from > self.start:
            yield self._demographics("A31", self.known.traced_from, self.mrn)

    def _mrn_of(self, visit: LifeEvent, number: int) -> str:
        """Some visits before a merge stand under the duplicate MRN, the first one always."""
        merged = next((event.at for event in self.events if event.kind == "record-merged"), None)
        duplicate = self.person.other_mrn
        if duplicate and (merged is None or visit.at < merged) and (number == 0 or self.draw.random() < 0.4):
            return duplicate
        return self.mrn

    def _demographics(self, event: str, at: datetime, mrn: str) -> tuple[datetime, acute.Statement]:
        moment = instant(at)
        return at, acute.Statement(event, moment, moment, self.known.person_at(at, mrn))

    def _visit(self, event: LifeEvent, mrn: str) -> Iterator[tuple[datetime, acute.Statement]]:
        if event.kind == "attendance":
            yield from self._attendance(event, mrn)
        elif event.kind == "admission":
            yield from self._admission(event, mrn)
        else:
            yield from self._outpatient(event, mrn)

    def _attendance(self, event: LifeEvent, mrn: str) -> Iterator[tuple[datetime, acute.Statement]]:
        visit = self._pv1(event, patient_class="E", place=_EMERGENCY, admitted=local_moment(event.at))
        visit = arrived(visit, self.person, event, self.coding)
        yield self._move("A04", event.at, mrn, visit)
        if event.end:
            yield self._move("A03", event.end, mrn, self._discharged(visit, event.end, event.detail.get("outcome")))

    def _outpatient(self, event: LifeEvent, mrn: str) -> Iterator[tuple[datetime, acute.Statement]]:
        booked = event.at - timedelta(days=14)
        if event.detail.get("outcome", "").lower() in _NOT_ATTENDED:
            visit = self._pv1(event, patient_class="O", expected_admission=local_moment(event.at))
            yield self._move("A05", booked, mrn, visit)
            yield self._correct("A38", event.at + timedelta(hours=2), mrn, visit)
            return
        end = event.end or event.at + timedelta(minutes=30)
        visit = self._pv1(event, patient_class="O", admitted=local_moment(event.at))
        yield self._move("A04", event.at, mrn, visit)
        if kept_in(event, self.person, self.coding):
            bed = msgspec.structs.replace(visit, patient_class="I", place=_DAY_UNIT)
            yield self._move("A06", end, mrn, bed)
            end += timedelta(hours=4)
            yield self._move("A07", end - timedelta(minutes=30), mrn, visit)
        yield self._move("A03", end, mrn, self._discharged(attended(visit, self.person, event), end, None))

    def _admission(self, event: LifeEvent, mrn: str) -> Iterator[tuple[datetime, acute.Statement]]:
        related = [other for other in self.events if other.detail.get("admission") == event.key]
        place = _place(event)
        visit = self._pv1(event, patient_class="I", place=place, admitted=local_moment(event.at))
        visit = diagnosed(visit, self.person, event, "A")
        yield self._move("A01", event.at, mrn, visit)
        for other in related:
            if other.kind == "transfer":
                visit = msgspec.structs.replace(visit, place=_place(other), prior_place=visit.place)
                yield self._move("A02", other.at, mrn, visit)
            elif other.kind == "admission-cancelled":
                yield self._correct("A11", other.at, mrn, visit)
                return
            elif other.kind == "discharge-cancelled":
                early = other.at - timedelta(hours=2)
                yield self._move("A03", early, mrn, self._discharged(visit, early, None))
                yield self._correct("A13", other.at, mrn, visit)
        if event.end:
            died = self.person.died is not None and event.end.date() >= self.person.died
            left = self._discharged(visit, event.end, "died" if died else event.detail.get("destination"))
            left = diagnosed(left, self.person, event, "F")
            yield self._move("A03", event.end, mrn, left)

    def _pv1(
        self,
        event: LifeEvent,
        *,
        patient_class: str,
        place: acute.Place | None = None,
        admitted: str | None = None,
        expected_admission: str | None = None,
    ) -> acute.Visit:
        staff = self.staff.get(event.staff or "")
        attending = doctor(staff) if staff else None
        inpatient = patient_class == "I"
        reason = event.detail.get("reason")
        return acute.Visit(
            number=self.numbers[event.key],
            authority="X9A-VISIT",
            patient_class=patient_class,
            place=place,
            admission_method=event.detail.get("method", "21") if inpatient else None,
            admission_source=("85" if self._in_care_home(event.at) else "19") if inpatient else None,
            attending=attending,
            consulting=(attending,) if attending and inpatient else None,
            treatment_function=event.detail.get("specialty") or ("180" if patient_class == "E" else None),
            admitted=admitted,
            expected_admission=expected_admission,
            reason=acute.Coded(text=reason) if reason else None,
        )

    def _in_care_home(self, at: datetime) -> bool:
        lived = [address for address in self.person.addresses if address.since <= at.date()]
        return bool(lived and lived[-1].care_home)

    def _discharged(self, visit: acute.Visit, end: datetime, outcome: str | None) -> acute.Visit:
        """`outcome`: died, admitted, home, or a discharge destination code."""
        usual = "85" if self._in_care_home(end) else "19"
        destination = {"died": "79", "admitted": "51", "home": usual}.get(outcome or "home", outcome)
        died = destination == "79"
        if visit.patient_class == "E":  # PV1-36 of A&E is the disposal: died in the department, admitted, no follow-up
            method = "10" if died else "1" if outcome == "admitted" else "3"
        else:
            method = "4" if died else "1"
        return msgspec.structs.replace(
            visit, discharge_method=method, discharge_destination=destination, discharged=local_moment(end)
        )

    def _move(self, event: str, at: datetime, mrn: str, visit: acute.Visit) -> tuple[datetime, acute.Statement]:
        """A movement, entered minutes later, or the next morning."""
        delay = timedelta(hours=self.draw.randint(10, 20)) if self.draw.random() < 0.06 else timedelta(minutes=3)
        return self._say(event, at, at + delay, mrn, visit)

    def _correct(self, event: str, at: datetime, mrn: str, visit: acute.Visit) -> tuple[datetime, acute.Statement]:
        return self._say(event, at, at, mrn, visit)

    def _say(
        self, event: str, at: datetime, recorded: datetime, mrn: str, visit: acute.Visit
    ) -> tuple[datetime, acute.Statement]:
        person = self.known.person_at(recorded, mrn, relatives=event in _WITH_NK1)
        kept = () if self.person.name else local_segment(event, visit.number)
        return recorded, acute.Statement(event, instant(at), instant(recorded), person, visit, kept)

    def _send(self, key: str, recorded: datetime, statement: acute.Statement) -> Iterator[_Draft]:
        sent = recorded + timedelta(seconds=self.draw.randint(1, 50))
        late = timedelta(hours=self.draw.randint(1, 72)) if self.draw.random() < 0.05 else timedelta(seconds=1)
        line_end = self.draw.choices(["\r", "\n", "\r\n"], [94, 3, 3])[0]
        copies = 2 if self.draw.random() < 0.03 else 1
        yield _Draft(sent, sent + late, key, statement, line_end=line_end, copies=copies)
        if self.draw.random() < 0.03:
            again = sent + timedelta(minutes=self.draw.randint(5, 600))
            yield _Draft(again, again, f"{key}:again", statement)

    def _merges(self) -> Iterator[_Draft]:
        for event in self.events:
            if event.kind == "record-merged" and event.organisation == ACUTE.code:
                discarded = event.detail.get("discarded") or self.person.other_mrn or ""
                sent = event.at + timedelta(seconds=5)
                name = acute.Name(self.person.family, (self.person.given,), use="L")
                ids = acute.Identifier(self.mrn, ACUTE.code, "MR"), acute.Identifier(discarded, ACUTE.code, "MR")
                yield _Draft(sent, sent, f"{event.key}:A40", merge=(instant(event.at), *ids, name))


def _place(event: LifeEvent) -> acute.Place:
    return acute.Place(ward=event.detail.get("ward", "AMU"), bed=event.detail.get("bed", ""), site=SITE)
