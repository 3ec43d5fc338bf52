"""What we write is what an ITK receiver expects, and what we read is what we wrote."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hl7apy.parser import parse_message
from hypothesis import given
from hypothesis import strategies as st

import adapters.acute.records as acute
from adapters.acute.records import Identifier, Name, Replaced, Statement, Survives, Visit
from adapters.acute.write import STRUCTURES, Header, time, write_merge, write_statement
from adapters.records import LONDON, instant, local_moment
from tests.unit.adapters.acute_messages import NUMBER, read

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
coded = st.builds(acute.Coded, texts, blank, blank)
places = st.builds(acute.Place, ward=texts, bed=blank, site=st.just("X9A01")) | st.builds(
    acute.Place, texts, texts, blank
)
one_place = st.none() | st.just(acute.Place()) | places
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
)


def decoded(content: bytes) -> list[acute.Record]:
    parsed = read(content)
    assert parsed.defects == []
    return [msgspec.json.decode(event.record, type=acute.Record) for event in parsed.events]


@given(people, visits, moments, moments, st.sampled_from(["A01", "A08", "A13"]))
def test_what_is_written_is_read_back(
    person: acute.Person, visit: Visit, occurred: datetime, recorded: datetime, event: str
) -> None:
    if (visit.reason, visit.description, visit.expected_admission, visit.expected_discharge) == (None,) * 4:
        visit = msgspec.structs.replace(visit, description="so that there is a PV2")
    statement = Statement(event, instant(occurred), instant(recorded), person, visit)
    assert decoded(write_statement(HEADER, statement)) == [statement]


@given(st.datetimes(AUTUMN, AUTUMN + timedelta(days=3), timezones=st.just(UTC)))
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
    if event == "A40":
        return write_merge(HEADER, "2026-07-01T08:30:00.000000Z", [Identifier("1")], [Identifier("2")], Name("Doe"))
    visit = None if event in ("A28", "A31") else Visit("7001", "X9A-VISIT", patient_class="I", description="fall")
    moment = "2026-07-01T08:30:00.000000Z"
    return write_statement(HEADER, Statement(event, moment, moment, person, visit))


@pytest.mark.parametrize("event", sorted({*STRUCTURES, "A01", "A04", "A08", "A13"}))
def test_hl7apy_finds_every_structure_valid(event: str) -> None:
    message = parse_message(_message(event).decode())
    assert message.validate()
    assert message.msh.msh_9.msh_9_3.to_er7() == STRUCTURES.get(event, "ADT_A01")
    assert message.name == STRUCTURES.get(event, "ADT_A01")
