"""The synthetic neighbourhood: the same for everybody, sound in itself, and the named people as the docs tell them."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.records import LONDON
from adapters.synthetic.clinical import ADJUSTMENTS, ALLERGIES, CHILD_COMPLAINTS, COMPLAINTS, ILLNESSES, SENSITIVE
from adapters.synthetic.named import named_people
from adapters.synthetic.neighbourhood import LAST_DAY, build
from adapters.synthetic.nhs_numbers import check_digit, is_valid, nhs_number
from adapters.synthetic.organisations import BY_CODE
from adapters.synthetic.places import CARE_HOMES, STREETS
from adapters.synthetic.world import EventKind, LifeEvent, Person, World

HALF_YEAR = timedelta(days=183)
NAMED = len(named_people(LAST_DAY))


@pytest.fixture(scope="module")
def world() -> World:
    return build(300)


def person(world: World, key: str) -> Person:
    return next(candidate for candidate in world.people if candidate.key == key)


def events(world: World, key: str, *kinds: EventKind) -> list[LifeEvent]:
    return [event for event in world.events if event.person == key and (not kinds or event.kind in kinds)]


def most_within(happened: list[LifeEvent], span: timedelta) -> int:
    """The most events that any window of that length holds."""
    return max(sum(first.at <= event.at <= first.at + span for event in happened) for first in happened)


def exists(wall: datetime) -> bool:
    """Whether clocks in London ever show it: they leave out an hour in March."""
    return wall == wall.replace(tzinfo=LONDON).astimezone(UTC).astimezone(LONDON).replace(tzinfo=None)


def verhoeff_holds(code: str) -> bool:
    """The check digit of a SNOMED CT identifier (SNOMED CT Technical Implementation Guide, SCTID check digit)."""
    turn = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    total = 0
    for position, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(position % 8):
            value = turn[value]
        total = dihedral(total, value)
    return total == 0


def dihedral(a: int, b: int) -> int:
    """Multiplication in the dihedral group D5."""
    if a < 5:
        return (a + b) % 5 if b < 5 else (a + b) % 5 + 5
    return (a - b) % 5 + 5 if b < 5 else (a - b) % 5


# The same for everybody


def test_same_seed_same_world(world):
    assert build(300) == world


def test_another_seed_is_another_population_around_the_same_named_people(world):
    other = build(300, seed=8)
    assert other.people[:NAMED] == world.people[:NAMED]
    assert {p.birth_date for p in other.people[NAMED:]} != {p.birth_date for p in world.people[NAMED:]}


@settings(max_examples=15, deadline=None)
@given(people=st.integers(min_value=0, max_value=130))
def test_a_larger_population_begins_with_the_smaller(people):
    small, large = build(people), build(140)
    assert len(small.people) == max(people, NAMED)
    assert small.people == large.people[: len(small.people)]
    keys = {p.key for p in small.people}
    assert list(small.events) == [event for event in large.events if event.person in keys]


def test_the_named_people_move_with_the_last_day():
    later = build(0, today=LAST_DAY + timedelta(days=365))
    assert [p.key for p in later.people] == [p.key for p in build(0).people]
    assert all(event.at.date() <= later.today for event in later.events)


# Numbers


def test_nhs_numbers_are_valid_and_nobody_shares_one():
    held = [p.nhs_number for p in build(1500).people if p.nhs_number]
    assert all(is_valid(number) for number in held)
    assert len(set(held)) == len(held)


def test_check_digit_of_published_test_numbers():
    assert [check_digit(number[:9]) for number in ("9449306753", "9000000009", "9912003888")] == [3, 9, 8]
    assert not is_valid("9449306753")  # valid, but not of the range that nobody is issued


def test_a_serial_without_check_digit_has_no_number():
    assert check_digit("999000014") == 10
    assert nhs_number(14) is None


def test_local_ids_are_unique(world):
    held = [mrn for p in world.people for mrn in (p.mrn, p.other_mrn) if mrn]
    assert len(set(held)) == len(held)


# Sound in itself


def test_every_kind_of_event_happens(world):
    assert {event.kind for event in world.events} == set(get_args(EventKind))


def test_events_are_ordered_and_their_keys_unique(world):
    assert list(world.events) == sorted(world.events, key=lambda event: (event.at, event.key))
    assert len({event.key for event in world.events}) == len(world.events)


def test_everything_referred_to_exists(world):
    people = {p.key: p for p in world.people}
    staff = {worker.key for worker in world.staff}
    kinds = {event.key: (event.kind, event.person) for event in world.events}
    for event in world.events:
        assert event.person in people
        assert event.organisation in BY_CODE
        assert event.staff is None or event.staff in staff
        assert event.detail.get("worker", event.staff) in {*staff, None}
        assert event.detail.get("provider", event.organisation) in BY_CODE
        for name, kind in (
            ("admission", {"admission"}),
            ("referral", {"community-referral", "mental-health-referral", "charity-referral"}),
        ):
            if name in event.detail:
                found, whose = kinds[event.detail[name]]
                assert found in kind
                assert whose == event.person
    for p in world.people:
        assert {p.care_coordinator, p.key_worker} <= {*staff, None}
        assert {relative.person for relative in p.relatives} <= {*people, None}
        assert p.practice is None or p.practice in BY_CODE
        assert all(address.care_home in BY_CODE for address in p.addresses if address.care_home)
    assert all(worker.organisation in BY_CODE for worker in world.staff)


def test_relatives_of_this_world_are_who_the_record_says(world):
    people = {p.key: p for p in world.people}
    known = [(people[r.person], r) for p in world.people for r in p.relatives if r.person]
    assert known
    assert all((other.family, other.given) == (relative.family, relative.given) for other, relative in known)


def test_lives_are_possible(world):
    people = {p.key: p for p in world.people}
    start = world.today - timedelta(days=735)
    for event in world.events:
        who = people[event.person]
        assert start <= event.at.date() <= world.today, event
        assert event.at.date() >= who.birth_date
        assert event.at.tzinfo is None
        assert exists(event.at)
        assert event.end is None or event.end >= event.at
        if who.died:
            assert event.at.date() <= who.died
            assert event.end is None or event.end.date() <= who.died + timedelta(days=1)
    dead = {p.key for p in world.people if p.died}
    assert {event.person for event in world.events if event.kind == "died"} == dead


def test_contacts_happen_while_their_referral_is_open(world):
    referrals = {e.key: e for e in world.events if e.kind.endswith("-referral")}
    for contact in world.events:
        if "referral" in contact.detail:
            referral = referrals[contact.detail["referral"]]
            assert contact.at >= referral.at
            assert referral.organisation == contact.organisation


def test_only_people_with_an_mrn_have_hospital_events_and_only_the_registered_have_consultations(world):
    people = {p.key: p for p in world.people}
    hospital = {"attendance", "admission", "transfer", "admission-cancelled", "discharge-cancelled", "outpatient"}
    for event in world.events:
        if event.kind in hospital:
            assert people[event.person].mrn
            assert event.organisation == "X9A"
        if event.kind == "gp-consultation":
            assert event.organisation == people[event.person].practice


def test_transfers_and_corrections_happen_during_their_stay(world):
    stays = {event.key: event for event in world.events if event.kind == "admission"}
    for event in world.events:
        if "admission" in event.detail:
            stay = stays[event.detail["admission"]]
            assert stay.at <= event.at
            assert stay.end is None or event.at <= stay.end


def test_most_people_are_old_or_ill():
    world = build(1000)
    old = [p for p in world.people if (world.today - p.birth_date).days >= 65 * 365]
    assert 0.5 < len(old) / len(world.people) < 0.8
    assert any((world.today - p.birth_date).days < 10 * 365 for p in world.people)
    assert {address.care_home for p in world.people for address in p.addresses} >= set(CARE_HOMES)
    assert {p.frailty for p in world.people} == {None, "mild", "moderate", "severe"}
    assert any(relative.carer for p in world.people for relative in p.relatives)
    assert {p.ethnicity for p in world.people} >= {"A", "B", "C", "H", "J", "M", "N"}


def test_postcodes_are_shaped_like_coventry(world):
    held = {address.postcode for p in world.people for address in p.addresses}
    assert held <= {postcode for streets in STREETS.values() for _, postcode in streets}
    assert all(postcode[:2] == "CV" and postcode[2] in "123456" and postcode[3] == " " for postcode in held)


def test_every_snomed_code_has_its_check_digit(world):
    codes = {i.code for i in ILLNESSES.values()} | {a.code for a in ADJUSTMENTS.values()}
    codes |= {drug.code for i in ILLNESSES.values() for drug in i.drugs}
    codes |= {i.emergency[0] for i in ILLNESSES.values() if i.emergency}
    codes |= {row[0] for table in (ALLERGIES, COMPLAINTS, CHILD_COMPLAINTS, SENSITIVE) for row in table}
    codes |= {event.detail["code"] for event in world.events if "code" in event.detail}
    codes |= {c.code for p in world.people for c in (*p.conditions, *p.allergies, *p.medicines)}
    assert not {code for code in codes if not verhoeff_holds(code)}


# The named people


def test_mrs_t_is_known_to_all_five_sectors(world):
    mrs_t = person(world, "mrs-t")
    assert (mrs_t.family, mrs_t.lives_alone, mrs_t.charity_consent) == ("Tanner", True, True)
    assert {"X90401", "X9A", "X9C", "X9L", "X9V01"} == {event.organisation for event in events(world, "mrs-t")}
    coordinator = next(worker for worker in world.staff if worker.key == mrs_t.care_coordinator)
    assert (coordinator.organisation, coordinator.job) == ("X9V01", "Social prescribing link worker")


def test_mrs_t_had_35_primary_care_contacts_in_six_months_and_later_two_falls(world):
    contacts = events(world, "mrs-t", "gp-consultation")
    assert most_within(contacts, HALF_YEAR) == 35
    falls = events(world, "mrs-t", "attendance")
    assert [event.detail["reason"] for event in falls] == ["Fall", "Fall"]
    busiest = max(contacts, key=lambda first: sum(first.at <= e.at <= first.at + HALF_YEAR for e in contacts))
    assert all(event.at > busiest.at + timedelta(days=170) for event in falls)


def test_mrs_t_has_a_reopened_safeguarding_referral(world):
    stages = [event.detail["stage"] for event in events(world, "mrs-t", "safeguarding")]
    assert stages == ["referral", "closed", "reopened"]


def test_mrs_b_had_117_contacts_and_three_admissions_in_the_last_six_months(world):
    since = datetime.combine(world.today, datetime.min.time()) - HALF_YEAR
    recent = Counter(event.kind for event in events(world, "mrs-b") if event.at >= since)
    assert recent["gp-consultation"] == 117
    assert recent["admission"] == 3
    assert [(r.relationship, r.carer) for r in person(world, "mrs-b").relatives] == [("son", True)]
    assert person(world, "mrs-b").key_worker


def test_the_care_home_resident_had_24_contacts_and_two_999_calls_in_six_weeks(world):
    about = [e for e in events(world, "care-home-resident", "gp-consultation") if e.detail["code"] != "185349003"]
    assert len(about) == 24
    assert most_within(about, timedelta(weeks=6, days=2)) == 24
    calls = [e for e in events(world, "care-home-resident") if e.detail.get("source") == "Ambulance service"]
    assert len(calls) == 2
    assert not events(world, "care-home-resident", "attendance", "admission")
    assert person(world, "care-home-resident").addresses[-1].care_home == "X9K01"


def test_mr_p_had_five_admissions_and_lives_in_the_nursing_home(world):
    mr_p = person(world, "mr-p")
    assert len(events(world, "mr-p", "admission")) == 5
    assert (mr_p.addresses[-1].care_home, mr_p.end_of_life, mr_p.resuscitation_decision) == ("X9K02", True, True)


@pytest.mark.parametrize(
    ("key", "age"),
    [("mrs-t", 84), ("mrs-b", 69), ("care-home-resident", 79), ("mr-p", 91), ("child", 9)],
)
@pytest.mark.parametrize("today", [LAST_DAY, date(2027, 2, 28), date(2028, 2, 29)])
def test_named_people_have_their_age_whatever_the_day(key, age, today):
    born = next(story.person.birth_date for story in named_people(today) if story.person.key == key)
    assert today.year - born.year - ((today.month, today.day) < (born.month, born.day)) == age


def test_hard_cases(world):
    assert len(person(world, "learning-disability").adjustments) >= 5
    assert {a.code for a in person(world, "deaf-bsl").adjustments} >= {"204331000000107"}
    assert person(world, "objector").dissent
    assert person(world, "restricted-address").restricted
    assert sum(c.sensitive for c in person(world, "sensitive-codes").conditions) == 2
    withdrawn = person(world, "withdrawn-consent")
    assert withdrawn.charity_consent
    assert withdrawn.charity_consent_withdrawn
    rough = person(world, "rough-sleeper")
    assert (rough.nhs_number, rough.practice, list(rough.addresses)) == (None, None, [])
    assert {event.organisation for event in events(world, "rough-sleeper")} == {"X9A", "X9V02"}
    assert person(world, "died").died
    assert not events(world, "child", "safeguarding")


def test_twins_and_namesakes_are_as_alike_as_can_be(world):
    a, b = person(world, "twin-a"), person(world, "twin-b")
    assert (a.birth_date, a.addresses, a.phone, a.family) == (b.birth_date, b.addresses, b.phone, b.family)
    assert abs(int(a.nhs_number[:9]) - int(b.nhs_number[:9])) == 1
    mother, daughter = person(world, "mother-same-name"), person(world, "daughter-same-name")
    assert (mother.given, mother.family, mother.addresses) == (daughter.given, daughter.family, daughter.addresses)
    assert mother.birth_date < daughter.birth_date


def test_the_corrected_number_was_nobodys(world):
    merged = events(world, "merged-number", "record-merged")
    assert [event.detail["discarded"] for event in merged] == [person(world, "merged-number").other_mrn]
    wrong = merged[0].detail["wrong_nhs_number"]
    assert is_valid(wrong)
    assert wrong not in {p.nhs_number for p in build(1500).people}


def test_every_named_person_is_known_to_two_sectors(world):
    known = defaultdict(set)
    for event in world.events:
        known[event.person].add(BY_CODE[event.organisation].kind)
    for p in world.people[:NAMED]:
        assert p.name
        assert len(known[p.key]) >= 2, p.key
