"""The golden Patient follows the table of survivorship, element by element."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec import structs

from integration.record.patient import golden, replaced
from integration.record.survivorship import RULES, TRUST, Keep
from mappings import uk_core
from tests.unit.record.patients import NOW, PERSON, grant, made, number, said, whole

JANE, OTHER, THIRD = "9990000018", "9990000026", "9990000034"
PREFERENCE = f"{uk_core.EXTENSION}ContactPreference"
UNAVAILABLE = {"url": f"{uk_core.EXTENSION}NHSNumberUnavailableReason", "valueCodeableConcept": {"text": "not known"}}
INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"


def test_without_a_permitted_statement_there_is_nobody():
    assert golden(grant(), ()) is None


@pytest.mark.parametrize("better", range(len(TRUST) - 1))
def test_the_best_source_that_says_something_counts(better: int):
    best, next_ = said(TRUST[better], birthDate="1942-03-14"), said(TRUST[better + 1], birthDate="1950-01-01")

    assert made(next_, best)["birthDate"] == made(best, next_)["birthDate"] == "1942-03-14"
    assert made(said(TRUST[better]), next_)["birthDate"] == "1950-01-01"


def test_a_feed_nobody_ranked_comes_last():
    assert made(said("carrier pigeon", gender="male"), said("vcfse", gender="female"))["gender"] == "female"


def test_the_practice_says_who_is_registered_with_it_although_demographics_come_from_pds():
    practice, former = [{"display": "Canley Surgery"}], [{"display": "Old Surgery"}]
    patient = made(
        said("pds", generalPractitioner=former, birthDate="1942-03-14"),
        said("gp", generalPractitioner=practice, birthDate="1942-04-13"),
    )

    assert patient["generalPractitioner"] == practice
    assert patient["birthDate"] == "1942-03-14"


def test_an_unknown_gender_gives_way_to_one_that_is_known():
    assert made(said("gp", gender="unknown"), said("acute", gender="female"))["gender"] == "female"
    assert made(said("gp", gender="unknown"))["gender"] == "unknown"


# ---- numbers and identifiers


def test_a_verified_number_counts_before_a_better_source_that_only_repeats_one():
    patient = made(said("gp", identifier=[number(OTHER, "02")]), said("acute", identifier=[number(JANE)]))

    assert numbers(patient) == [JANE]


def test_conflicting_numbers_are_never_shown_together():
    rows = [said("pds", identifier=[number(JANE)]), said("gp", identifier=[number(OTHER)])]

    assert numbers(made(*rows)) == [JANE]
    assert numbers(made(rows[1])) == [OTHER]


@pytest.mark.parametrize(
    "identifiers",
    [
        [number(JANE, use="old")],
        [number(JANE), number(OTHER)],
        [number("1111111111")],
        [number("9990000019")],
    ],
    ids=["superseded", "two in one statement", "a placeholder", "a wrong check digit"],
)
def test_what_is_no_number_of_the_person_is_not_shown_as_one(identifiers):
    assert numbers(made(said("gp", identifier=identifiers))) == []
    assert numbers(made(said("gp", identifier=identifiers), said("vcfse", identifier=[number(THIRD, "02")]))) == [THIRD]


def test_the_number_of_a_record_that_is_merged_away_gives_way_to_any_present_one():
    merged = said("pds", identifier=[number(JANE)], active=False)

    assert numbers(made(merged, said("vcfse", identifier=[number(OTHER, "02")]))) == [OTHER]
    assert numbers(made(merged, said("vcfse"))) == [JANE]


def test_a_missing_number_is_no_fact_about_somebody_who_has_one():
    lacking = said("vcfse", extension=[UNAVAILABLE])

    assert made(lacking)["extension"] == [UNAVAILABLE]
    assert "extension" not in made(lacking, said("gp", identifier=[number(JANE)]))


def test_each_source_s_own_id_is_there_once():
    mine, theirs = {"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "1"}
    again = {**mine, "type": {"text": "the same, told by another"}}

    assert made(said("gp", identifier=[mine]), said("acute", identifier=[again, theirs]))["identifier"] == [
        mine,
        theirs,
    ]


def numbers(patient):
    return [one["value"] for one in patient.get("identifier", ()) if one["system"] == uk_core.NHS_NUMBER]


# ---- names


def test_former_names_and_nicknames_of_all_sources_stand_behind_the_best_source_s_present_name():
    edith = {"use": "official", "family": "Tanner", "given": ["Edith"]}
    harris = {"use": "old", "family": "Harris", "given": ["Edith"]}
    edie = {"use": "nickname", "given": ["Edie"]}
    patient = made(
        said("vcfse", name=[{"use": "usual", "family": "Taner", "given": ["Edie"]}, edie]),
        said("acute", name=[harris]),
        said("gp", name=[harris, edith]),
    )

    assert patient["name"] == [edith, harris, edie]


def test_a_name_whose_period_has_ended_is_a_former_one():
    before = {"use": "official", "family": "Harris", "period": {"end": "1964-06"}}
    since = {"use": "usual", "family": "Tanner", "period": {"start": "1964-06"}}

    assert made(said("gp", name=[before]), said("vcfse", name=[since]))["name"] == [since, before]


# ---- where somebody is


def test_telephones_of_all_sources_are_there_once_however_they_are_written():
    mine = {"system": "phone", "value": "07700 900128", "use": "mobile"}
    theirs = {"system": "sms", "value": "+447700900128"}
    home = {"system": "phone", "value": "01632 960112", "use": "home"}
    gone = {"system": "phone", "value": "01632 960999", "use": "old"}
    over = {"system": "phone", "value": "01632 960998", "period": {"end": "2026-11-19"}}
    mail = {"system": "email", "value": "Edith@example.org"}
    same = {"system": "email", "value": "edith@example.org"}
    patient = made(said("gp", telecom=[mine, gone, mail]), said("acute", telecom=[theirs, home, over, same]))

    assert patient["telecom"] == [mine, mail, home]


def test_addresses_are_all_of_one_source():
    home, old = {"use": "home", "postalCode": "CV5 6ZB"}, {"use": "old", "postalCode": "CV1 1AA"}
    patient = made(said("acute", address=[{"postalCode": "CV4 9ZF"}]), said("gp", address=[old, home]))

    assert patient["address"] == [old, home]


@pytest.mark.parametrize("gone", [{"use": "old"}, {"period": {"end": "2026-11-19"}}, {"period": {"end": "2025"}}])
def test_a_source_that_knows_only_where_somebody_was_gives_way(gone):
    was, is_ = {"postalCode": "CV1 1AA", **gone}, {"postalCode": "CV5 6ZB", "period": {"start": "2025"}}

    assert made(said("pds", address=[was]), said("vcfse", address=[is_]))["address"] == [is_]
    assert made(said("pds", address=[was]))["address"] == [was]


def test_what_ends_today_has_not_ended():
    ends = {"postalCode": "CV1 1AA", "period": {"end": "2026-11-20"}}
    rows = [said("pds", address=[ends]), said("vcfse", address=[{"postalCode": "CV5 6ZB"}])]
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)

    assert made(*rows, at=late)["address"] == [ends]
    assert made(*rows, at=datetime(2026, 11, 21, 0, 30, tzinfo=UTC))["address"] != [ends]


@pytest.mark.parametrize("how", [{"hide_location": True}, {"location_withheld": True}])
def test_what_locates_is_left_out_of_a_restricted_person_and_where_a_better_source_is_withheld(how):
    locating = {"address": [{"postalCode": "CV5 6ZB"}], "telecom": [{"value": "1"}], "contact": [{"gender": "male"}]}
    patient = made(said("acute", gender="female", **locating), **how)

    assert locating.keys() == {rule.element for rule in RULES if rule.locates}
    assert not locating.keys() & patient.keys()
    assert patient["gender"] == "female"


# ---- what asks for care


def test_nobody_is_silently_revived():
    alive, dead = said("pds", deceasedBoolean=False), said("vcfse", deceasedBoolean=True)
    dated = said("social_care", deceasedDateTime="2026-02-01")

    assert made(alive, dead)["deceasedBoolean"] is True
    assert "deceasedBoolean" not in made(alive)
    patient = made(alive, dead, dated)
    assert (patient["deceasedDateTime"], "deceasedBoolean" in patient) == ("2026-02-01", False)
    assert made(dated, said("gp", deceasedDateTime="2026-02-03"))["deceasedDateTime"] == "2026-02-03"


def test_an_interpreter_is_needed_once_a_source_says_so():
    no, yes = ({"url": INTERPRETER, "valueBoolean": value} for value in (False, True))

    assert made(said("pds", extension=[no]), said("vcfse", extension=[yes]))["extension"] == [yes]


def test_an_extension_is_there_once_from_the_best_source_and_contact_preference_from_the_closest():
    ethnic = {"url": f"{uk_core.EXTENSION}EthnicCategory", "valueCodeableConcept": {"text": "A"}}
    guessed = {**ethnic, "valueCodeableConcept": {"text": "Z"}}
    letter, text = ({"url": PREFERENCE, "extension": [{"url": one}]} for one in ("letter", "text"))
    patient = made(said("gp", extension=[ethnic, letter]), said("vcfse", extension=[guessed, text]))

    assert patient["extension"] == [ethnic, text]


def test_languages_are_united_by_language():
    polish = {"language": {"coding": [{"code": "pl", "display": "Polish"}], "text": "Polish"}}
    english, again = ({"language": {"coding": [{"code": "en"}]}, **more} for more in ({}, {"preferred": True}))

    united = made(said("gp", communication=[english]), said("acute", communication=[again, polish]))["communication"]
    assert united == [english, polish]


def test_of_confidentiality_the_highest_level_stays_and_every_other_label_once():
    level = {code: {"system": uk_core.CONFIDENTIALITY, "code": code} for code in "NRV"}
    mark = {"system": uk_core.ACT_CODE, "code": "PDS"}
    patient = made(
        said("gp", meta={"security": [level["N"], mark]}), said("acute", meta={"security": [mark, level["V"]]})
    )

    assert patient["meta"]["security"] == [mark, level["V"]]


# ---- versions, links, merged records


def test_a_record_that_is_merged_away_gives_its_identifiers_only():
    merged = said("gp", active=False, gender="male", name=[{"family": "Mistaken"}], identifier=[{"value": "1"}])
    patient = made(merged, said("vcfse", gender="female"))

    assert (patient["gender"], patient["identifier"]) == ("female", [{"value": "1"}])
    assert "name" not in patient


def test_every_permitted_source_is_linked_the_best_first_and_the_order_of_reading_does_not_matter():
    rows = [said(feed, number) for number, feed in enumerate(("vcfse", "gp", "pds", "gp"))]

    assert made(*rows) == made(*reversed(rows))
    assert [one["other"]["reference"] for one in made(*rows)["link"]] == [
        f"Patient/{row.id}" for row in (rows[2], rows[1], rows[3], rows[0])
    ]
    assert made(*rows)["meta"]["lastUpdated"] == "2026-01-04T00:00:00.000+00:00"


def test_the_version_changes_with_what_is_shown_and_with_what_it_is_made_of():
    row = said("gp", address=[{"postalCode": "CV5 6ZB"}])
    versions = [
        made(row),
        made(row, hide_location=True),
        made(said("gp", version=2, address=[{"postalCode": "CV5 6ZB"}])),
        made(row, said("acute")),
    ]

    assert len({one["meta"]["versionId"] for one in versions}) == 4
    assert made(row) == made(row)


def test_under_a_former_id_stands_nothing_but_the_link():
    current = made(said("gp", gender="female", meta={"tag": [{"code": "HTEST"}], "security": [{"code": "R"}]}))
    former = replaced(UUID(int=7), current)

    assert former.keys() == {"resourceType", "id", "meta", "active", "link"}
    assert (former["id"], former["active"]) == (str(UUID(int=7)), False)
    assert former["link"] == [{"other": {"reference": f"Patient/{PERSON}"}, "type": "replaced-by"}]
    assert former["meta"].keys() == {"versionId", "lastUpdated", "profile", "tag"}


# ---- the table itself


def test_every_rule_ranks_every_feed_once_and_no_element_has_two_rules():
    assert all(sorted(rule.order) == sorted(TRUST) for rule in RULES)
    assert len({rule.element for rule in RULES}) == len(RULES)
    assert {rule.keep for rule in RULES} == set(Keep)


def test_every_element_says_where_it_is_from():
    patient = whole(
        said("gp", identifier=[number(JANE)], birthDate="1942-03-14", name=[{"family": "Tanner"}]),
        said("acute", deceasedDateTime="2026-02-01", telecom=[{"system": "phone", "value": "07700900128"}]),
        at=NOW,
    )

    assert {(path, row.feed) for path, row in patient.sources} == {
        ("Patient.identifier[0]", "gp"),
        ("Patient.birthDate", "gp"),
        ("Patient.name[0]", "gp"),
        ("Patient.deceased", "acute"),
        ("Patient.telecom[0]", "acute"),
    }


# ---- what a process keeps


def test_what_was_made_before_is_not_shown_to_whoever_may_not_locate_them_nor_on_another_day():
    home, until = {"line": ["1 Hill Rise"]}, {"system": "phone", "value": "024 7600", "period": {"end": "2026-11-20"}}
    told = said("gp", address=[home], telecom=[until])

    assert made(told)["address"] == [home]
    assert "address" not in made(told, hide_location=True)
    assert "address" not in made(told, location_withheld=True)
    assert made(told)["telecom"] == [until]
    assert "telecom" not in made(told, at=datetime(2026, 11, 21, tzinfo=UTC))
    assert made(told)["address"] == [home]


@pytest.mark.parametrize("element", ["body", "label", "version", "recorded", "feed", "id"])
def test_what_differs_in_anything_is_another_statement(element: str):
    told = said("gp", birthDate="1942-03-14")
    other = {
        "body": told.body.replace(b"1942", b"1943"),
        "label": 2,
        "version": 2,
        "recorded": datetime(2027, 1, 1, tzinfo=UTC),
        "feed": "acute",
        "id": UUID(int=told.id.int + 1),
    }
    before, changed = whole(told), structs.replace(told, **{element: other[element]})

    assert whole(changed).sources[0][1] == changed
    assert (whole(changed).body != before.body) is (element not in ("label", "feed"))


def test_whoever_changes_the_resource_changes_their_own_copy():
    told = said("gp", birthDate="1942-03-14")
    made(told)["birthDate"] = "1900-01-01"

    assert made(told)["birthDate"] == "1942-03-14"


def test_its_directory_entries_are_those_it_refers_to():
    practice = UUID("22222222-2222-4222-8222-222222222222")
    told = said("gp", managingOrganization={"reference": f"Organization/{practice}"})

    assert list(whole(told).entries) == [practice]
