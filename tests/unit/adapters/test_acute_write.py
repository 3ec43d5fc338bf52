"""What we write is what an ITK receiver expects, and what we read is what we wrote."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hl7apy.parser import parse_message
from hypothesis import strategies as st

import adapters.acute.records as acute
from adapters.acute.records import Identifier, Name, Replaced, Statement, Survives, Visit
from adapters.acute.triggers import TRIGGERS, VISIT_EVENTS
from adapters.acute.write import Header, time, write_merge, write_statement
from adapters.records import LONDON, instant, local_moment
from tests.unit.adapters.acute_messages import NUMBER, read
from tests.unit.adapters.examples import examples

HEADER = Header("C1", datetime.fromisoformat("2026-07-01T09:30"), "X9A")
FIRST, LAST = datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2100-01-01")
AUTUMN = datetime.fromisoformat("2026-10-24")

texts = (
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: text and text != '""')
)
blank = st.just("") | texts
said = st.none() | st.just("") | texts
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC)).map(lambda value: value.replace(microsecond=0))
times = moments.map(local_moment) | st.dates(FIRST.date()).map(str)
said_times = st.none() | st.just("") | times


def several(one: st.SearchStrategy) -> st.SearchStrategy:
    """Not sent, deleted, or a snapshot."""
    return st.none() | st.lists(one, max_size=3).map(tuple)


names = st.builds(
    Name, texts, st.lists(texts, min_size=1, max_size=2).map(tuple), blank, blank, st.sampled_from(["", "L", "A"])
)
addresses = st.builds(
    acute.Address, st.lists(texts, min_size=1, max_size=2).map(tuple), blank, blank, blank, blank, blank
)
telecoms = st.builds(acute.Telecom, texts, blank, blank)
doctors = st.builds(acute.Doctor, texts, texts, blank, blank)
one_doctor = st.none() | st.just(acute.Doctor()) | doctors
coded = st.builds(acute.Coded, texts, blank, blank) | st.builds(acute.Coded, texts, texts, texts, texts, blank, blank)
some_code = st.just(acute.Coded()) | coded
dates = st.just("") | st.dates(FIRST.date()).map(str)
allergies = st.builds(acute.Allergy, coded, some_code, some_code, st.lists(texts, max_size=2).map(tuple), dates)
changes = st.builds(
    acute.Allergy, coded, some_code, some_code, st.lists(texts, max_size=2).map(tuple), dates, blank,
    st.sampled_from("AUDX"),
)  # fmt: skip
places = st.builds(acute.Place, ward=texts, bed=blank, site=st.just("X9A01")) | st.builds(
    acute.Place, texts, texts, blank
)
one_place = st.none() | st.just(acute.Place()) | places
diagnoses = st.builds(
    acute.Diagnosis, coded, st.sampled_from(["", "A", "W", "F"]), dates, blank, one_doctor, st.sampled_from("YN"), blank
)
relatives = st.builds(
    acute.Relative,
    names,
    coded,
    st.lists(addresses, max_size=2).map(tuple),
    st.lists(telecoms, max_size=2).map(tuple),
    coded,
    blank,
    st.dates(FIRST.date()).map(str),
)
people = st.builds(
    acute.Person,
    nhs_number=st.just(NUMBER),
    nhs_number_status=st.sampled_from(["01", "02", "05"]),
    identifiers=st.lists(st.builds(Identifier, texts, st.just("X9A"), st.just("MR")), min_size=1, max_size=2).map(
        tuple
    ),
    names=several(names),
    birth_date=st.none() | st.just("") | st.dates(FIRST.date()).map(str),
    sex=said,
    addresses=several(addresses),
    telecoms=several(telecoms),
    work_telecoms=several(telecoms),
    language=said,
    marital_status=said,
    ethnicity=said,
    birth_place=said,
    died=said_times,
    dead=st.sampled_from([None, "", "Y"]),
    identity_unknown=st.sampled_from([None, "", "N"]),
    reliability=st.lists(st.sampled_from(["UD", "ED", "US"]), max_size=2).map(tuple),
    practice=st.none() | st.just(acute.Organisation()) | st.builds(acute.Organisation, texts, texts),
    gp=one_doctor,
    relatives=several(relatives),
    allergies=several(allergies),
    allergy_changes=st.none() | st.lists(changes, min_size=1, max_size=2).map(tuple),
    sharing=st.sampled_from([None, "", "1", "2", "3"]),
    location_hiding=st.sampled_from([None, "", "0", "2"]),
)
visits = st.builds(
    Visit,
    number=texts,
    authority=texts,
    patient_class=said,
    place=one_place,
    prior_place=one_place,
    pending_place=one_place,
    admission_method=said,
    attending=one_doctor,
    referring=one_doctor,
    consulting=st.none() | st.just(()) | doctors.map(lambda one: (one,)),
    admitting=one_doctor,
    treatment_function=said,
    admission_source=said,
    sensitive=said,
    discharge_method=said,
    discharge_destination=said,
    admitted=said_times,
    discharged=said_times,
    reason=st.none() | st.just(acute.Coded()) | coded,
    description=said,
    expected_admission=said_times,
    expected_discharge=said_times,
    arrival_mode=st.none() | st.just(acute.Coded()) | coded,
    diagnoses=several(diagnoses),
    medically_fit=st.sampled_from([None, "", "Y", "N"]),
    ready_for_discharge=said_times,
    attended=st.sampled_from([None, "", "3", "5"]),
    attendance_outcome=st.sampled_from([None, "", "1"]),
    first_attendance=st.sampled_from([None, "", "2"]),
    to_come_in=said_times,
    removed=said_times,
)
kept = st.lists(st.builds("ZZ{}|1|{}".format, st.sampled_from("ABC"), st.sampled_from(["a^b", "c~d", "\\E\\"]))).map(
    tuple
)


def decoded(content: bytes) -> list[acute.Record]:
    parsed = read(content)
    assert parsed.defects == []
    return [msgspec.json.decode(event.record, type=acute.Record) for event in parsed.events]


@examples(people, visits, moments, moments, st.sampled_from(sorted(VISIT_EVENTS)), kept, few=20, many=200)
def test_what_is_written_is_read_back(
    person: acute.Person, visit: Visit, occurred: datetime, recorded: datetime, event: str, more: tuple[str, ...]
) -> None:
    statement = Statement(event, instant(occurred), instant(recorded), person, visit, more)
    assert decoded(write_statement(HEADER, statement)) == [statement]


def test_what_looks_like_the_null_inside_a_value_is_kept():
    allergy = acute.Allergy(allergen=acute.Coded("0", "x", '0""'), severity=acute.Coded('""0'))
    person = acute.Person(nhs_number="9990000018", nhs_number_status="01", allergies=(allergy,))
    statement = Statement("A28", "2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z", person)
    assert decoded(write_statement(HEADER, statement))[0].person.allergies[0].allergen.system == '0""'


@examples(people, moments, st.sampled_from(sorted(set(TRIGGERS) - VISIT_EVENTS - {"A34", "A40", "A47"})), kept, few=10)
def test_what_is_written_of_a_person_is_read_back(
    person: acute.Person, recorded: datetime, event: str, more: tuple[str, ...]
) -> None:
    statement = Statement(event, instant(recorded), instant(recorded), person, None, more)
    assert decoded(write_statement(HEADER, statement)) == [statement]


@examples(st.datetimes(AUTUMN, AUTUMN + timedelta(days=3), timezones=st.just(UTC)), few=40, many=200)
def test_times_come_back_even_in_the_hour_that_happens_twice(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    statement = Statement("A31", instant(moment), instant(moment), acute.Person(identifiers=(Identifier("7"),)))
    assert decoded(write_statement(HEADER, statement))[0].recorded == instant(moment)
    assert len(time(moment.astimezone(LONDON))) in (14, 19)


def test_a_merge_is_written_and_read_back() -> None:
    content = write_merge(HEADER, "2026-07-01T08:30:00.000000Z", [Identifier("1")], [Identifier("2")], Name("Doe"))
    assert decoded(content) == [
        Survives("2026-07-01T08:30:00.000000Z", "2", (Identifier("2"),)),
        Replaced("2026-07-01T08:30:00.000000Z", "1"),
    ]


def _message(event: str) -> bytes:
    person = acute.Person(
        nhs_number=NUMBER,
        nhs_number_status="01",
        identifiers=(Identifier("1000001", "X9A", "MR"),),
        names=(Name("O'Neil|& Söhne", ("Jo",), "Ms", "", "L"),),
        birth_date="1950-01-02",
        sex="2",
        addresses=(acute.Address(("1 High St",), "Coventry", "", "CV1 1AA", "GBR", "H"),),
        sharing="2",
    )
    if event in ("A34", "A40", "A47"):
        return write_merge(
            HEADER, "2026-07-01T08:30:00.000000Z", [Identifier("1")], [Identifier("2")], Name("Doe"), event
        )
    visit = None if event not in VISIT_EVENTS else Visit("7001", "X9A-VISIT", patient_class="I", description="fall")
    moment = "2026-07-01T08:30:00.000000Z"
    return write_statement(HEADER, Statement(event, moment, moment, person, visit))


@pytest.mark.parametrize("event", sorted(TRIGGERS))
def test_hl7apy_finds_every_structure_valid(event: str) -> None:
    message = parse_message(_message(event).decode())
    assert message.validate()
    assert message.msh.msh_9.msh_9_3.to_er7() == TRIGGERS[event].structure
    assert message.name == TRIGGERS[event].structure
