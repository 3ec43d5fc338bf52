"""The exact rules of linkage, as a table."""

import msgspec
import pytest

from integration.identity.compare import compare
from integration.identity.demographics import Demographics, demographics, is_nhs_number
from mappings import uk_core

EDITH = Demographics(
    nhs_number="9990000018",
    verified=True,
    families=frozenset({"tanner"}),
    given=frozenset({"edith"}),
    birth_date="1942-03-04",
    gender="female",
    postcodes=frozenset({"cv56aa"}),
)


def like(**changes: object) -> Demographics:
    from msgspec.structs import replace

    return replace(EDITH, **changes)


NO_NUMBER: dict[str, object] = {"nhs_number": None, "verified": False}
TABLE = [
    ("verified on both sides", like(), "SAME"),
    ("verified, but nothing else agrees", like(families=frozenset({"x"}), birth_date="1950-01-01"), "SAME"),
    ("unverified, birth date and a name agree", like(verified=False), "SAME"),
    (
        "unverified, a nickname that some source states",
        like(verified=False, given=frozenset({"edith", "edie"})),
        "SAME",
    ),
    ("unverified, a nickname that nobody states", like(verified=False, given=frozenset({"edie"})), "SAME"),
    ("unverified, letters in each other's place", like(verified=False, given=frozenset({"eidth"})), "SAME"),
    ("unverified, a name one letter away: a twin's", like(verified=False, given=frozenset({"edita"})), "POSSIBLE"),
    ("unverified, a twin sent with her number", like(verified=False, given=frozenset({"enid"})), "POSSIBLE"),
    ("unverified, another family name: married", like(verified=False, families=frozenset({"x"})), "SAME"),
    ("unverified, a family name only", like(verified=False, given=frozenset()), "SAME"),
    (
        "unverified, a family name only, a boy with his sister's number",
        like(verified=False, given=frozenset(), gender="male"),
        "POSSIBLE",
    ),
    ("unverified, her names and another gender", like(verified=False, gender="male"), "SAME"),
    (
        "unverified, another family name only",
        like(verified=False, families=frozenset({"x"}), given=frozenset()),
        "POSSIBLE",
    ),
    (
        "unverified, her first name as a family name",
        like(verified=False, families=frozenset({"edith"}), given=frozenset()),
        "POSSIBLE",
    ),
    ("unverified, no name agrees", like(verified=False, families=frozenset({"x"}), given=frozenset({"y"})), "POSSIBLE"),
    ("unverified, day and month swapped", like(verified=False, birth_date="1942-04-03"), "SAME"),
    ("unverified, another birth date", like(verified=False, birth_date="1951-09-22"), "POSSIBLE"),
    ("unverified, no birth date", like(verified=False, birth_date=None), "POSSIBLE"),
    (
        "unverified, another name and another birth date: somebody else's number",
        like(verified=False, given=frozenset({"joan"}), birth_date="1951-09-22"),
        None,
    ),
    ("unverified, year of birth only", like(verified=False, birth_date="1942"), "POSSIBLE"),
    (
        "unverified, a feed without names, same postcode",
        like(verified=False, families=frozenset(), given=frozenset()),
        "SAME",
    ),
    (
        "unverified, a feed without names or anything else",
        like(verified=False, families=frozenset(), given=frozenset(), postcodes=frozenset(), gender=None),
        "POSSIBLE",
    ),
    (
        "unverified, a feed without names, gender alone agrees",
        like(verified=False, families=frozenset(), given=frozenset(), postcodes=frozenset()),
        "SAME",
    ),
    (
        "unverified, a feed without names, a boy with his sister's number",
        like(verified=False, families=frozenset(), given=frozenset(), gender="male"),
        "POSSIBLE",
    ),
    (
        "unverified, a feed without names, day and month swapped",
        like(verified=False, families=frozenset(), given=frozenset(), birth_date="1942-04-03"),
        "SAME",
    ),
    (
        "unverified, a feed without names, the first of January",
        like(verified=False, families=frozenset(), given=frozenset(), birth_date="1942-01-01"),
        "POSSIBLE",
    ),
    (
        "unverified, a feed without names, born the year after: her sister's number may have been put down",
        like(verified=False, families=frozenset(), given=frozenset(), birth_date="1943-03-04"),
        "POSSIBLE",
    ),
    (
        "unverified, a feed without names, another birth date",
        like(verified=False, families=frozenset(), given=frozenset(), birth_date="1951-09-22"),
        None,
    ),
    ("no number, full name, birth date and postcode", like(nhs_number=None, verified=False), "SAME"),
    ("no number, moved house", like(nhs_number=None, verified=False, postcodes=frozenset({"cv11aa"})), "POSSIBLE"),
    ("no number, another given name: a twin", like(nhs_number=None, verified=False, given=frozenset({"enid"})), None),
    (
        "no number, a name like hers: a twin's",
        like(nhs_number=None, verified=False, given=frozenset({"edita"})),
        "POSSIBLE",
    ),
    ("no number, an initial", like(nhs_number=None, verified=False, given=frozenset({"e"})), "POSSIBLE"),
    ("no number, no first name", like(nhs_number=None, verified=False, given=frozenset()), "POSSIBLE"),
    ("no number, no name", like(nhs_number=None, verified=False, given=frozenset(), families=frozenset()), None),
    ("no number, married", like(nhs_number=None, verified=False, families=frozenset({"okafor"})), "POSSIBLE"),
    (
        "no number, names in each other's place",
        like(**NO_NUMBER, given=frozenset({"tanner"}), families=frozenset({"edith"})),
        "SAME",
    ),
    ("no number, day and month swapped", like(nhs_number=None, verified=False, birth_date="1942-04-03"), "SAME"),
    ("no number, another birth date: a daughter", like(nhs_number=None, verified=False, birth_date="1970-03-04"), None),
    (
        "no number, birth date of another decade",
        like(nhs_number=None, verified=False, birth_date="1972-03-04"),
        "POSSIBLE",
    ),
    ("no number, no birth date", like(nhs_number=None, verified=False, birth_date=None), "POSSIBLE"),
    (
        "no number, nobody's namesake",
        like(nhs_number=None, verified=False, given=frozenset({"zelda"}), birth_date="1970-01-02"),
        None,
    ),
    (
        "two numbers in one statement, one of them hers",
        like(nhs_number=None, verified=False, conflicting_numbers=frozenset({"9990000018", "9990000026"})),
        "POSSIBLE",
    ),
    (
        "two numbers in one statement, none of them hers",
        like(nhs_number=None, verified=False, conflicting_numbers=frozenset({"9990000034", "9990000026"})),
        "POSSIBLE",
    ),
    ("another verified number: a namesake", like(nhs_number="9990000026"), None),
    ("another unverified number, all else the same", like(nhs_number="9990000026", verified=False), "POSSIBLE"),
]


@pytest.mark.parametrize(("case", "other", "outcome"), TABLE, ids=[case for case, _, _ in TABLE])
def test_outcome(case: str, other: Demographics, outcome: str | None) -> None:
    found = compare(EDITH, other)
    assert (found.outcome if found else None) == outcome
    back = compare(other, EDITH)
    assert found == back


def patient(*given: list[str], family: str = "Gill", **rest: object) -> Demographics:
    """Of a UK Core Patient with these given names, one list for each of its names."""
    named = [{"family": family, "given": one} for one in given]
    return demographics({"name": named, "birthDate": "2001-02-03", "address": [{"postalCode": "CV5 6AA"}], **rest})


def with_number(verification: str) -> dict[str, object]:
    status = f"{uk_core.EXTENSION}NHSNumberVerificationStatus"
    extension = [{"url": status, "valueCodeableConcept": {"coding": [{"code": verification}]}}]
    return {"identifier": [{"system": uk_core.NHS_NUMBER, "value": "9990000018", "extension": extension}]}


@pytest.mark.parametrize("family", ["Gill", "Kaur"])
def test_a_middle_name_that_twins_share_makes_them_no_one_person(family: str) -> None:
    harpreet, simran = (patient([first, "Kaur"], family=family) for first in ("Harpreet", "Simran"))
    assert compare(harpreet, simran) is None
    numbered = patient(["Harpreet", "Kaur"], family=family, **with_number("01"))
    assert compare(numbered, simran) is None
    mistaken = compare(numbered, patient(["Simran", "Kaur"], family=family, **with_number("03")))
    assert (mistaken and mistaken.outcome) == "POSSIBLE"


def test_any_of_a_persons_first_names_may_agree() -> None:
    """A nickname that one source states links what another has under it alone."""
    stated = patient(["Harpreet", "Kaur"], ["Harp"], **with_number("01"))
    for other in (patient(["Harp"]), patient(["Harp"], **with_number("03")), patient(["Harpreet"])):
        found = compare(stated, other)
        assert (found and found.outcome) == "SAME"


def test_reasons_hold_no_values() -> None:
    for _, other, _ in TABLE:
        found = compare(EDITH, other)
        if found:
            said = repr((found.reason, found.fields))
            assert not any(value in said for value in ("tanner", "edith", "1942", "9990000018", "cv56aa"))


@pytest.mark.parametrize("placeholder", ["1111111111", "0000000000", "9999999999", "1234567890", "999000001", "abc"])
def test_placeholders_and_wrong_check_digits_are_no_numbers(placeholder: str) -> None:
    assert not is_nhs_number(placeholder)
    identifier = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": placeholder}
    assert demographics({"identifier": [identifier]}).nhs_number is None


def test_an_identifier_of_another_system_is_never_an_nhs_number() -> None:
    assert demographics({"identifier": [{"system": "urn:mrn", "value": "9990000018"}]}).nhs_number is None


def test_normal_forms() -> None:
    found = demographics(
        {
            "name": [{"family": "O'Brien-Smith", "given": ["Áine "]}],
            "address": [{"postalCode": "cv5 6AA"}],
            "telecom": [{"system": "phone", "value": "+44 7700 900123"}, {"system": "email", "value": "a@b"}],
        }
    )
    assert (found.families, found.given) == (frozenset({"obriensmith"}), frozenset({"aine"}))
    assert (found.postcodes, found.phones) == (frozenset({"cv56aa"}), frozenset({"07700900123"}))


def numbered(*stated: tuple[str, str], **more: object) -> Demographics:
    status = f"{uk_core.EXTENSION}NHSNumberVerificationStatus"
    return demographics(
        {
            "identifier": [
                {
                    "system": uk_core.NHS_NUMBER,
                    "value": value,
                    "extension": [{"url": status, "valueCodeableConcept": {"coding": [{"code": code, **more}]}}],
                }
                for value, code in stated
            ]
        }
    )


def test_two_numbers_in_one_statement_are_a_conflict_and_not_a_choice() -> None:
    found = numbered(("9990000018", "01"), ("9990000026", "02"))
    assert (found.nhs_number, found.verified) == (None, False)
    assert found.conflicting_numbers == {"9990000018", "9990000026"}
    one = compare(found, numbered(("9990000018", "01")))
    assert one is not None
    assert (one.outcome, "several different" in one.reason) == ("POSSIBLE", True)
    assert numbered(("9990000018", "02"), ("9990000018", "01")) == numbered(("9990000018", "01"))


def test_a_status_of_another_code_system_verifies_nothing() -> None:
    assert numbered(("9990000018", "01"), system=uk_core.VERIFICATION_STATUS).verified
    assert not numbered(("9990000018", "01"), system="urn:somebody-else").verified


def test_what_stands_for_a_name_is_none() -> None:
    said = demographics({"name": [{"family": "Unknown", "given": ["Baby"]}, {"family": "Boy", "given": ["Twin 1"]}]})
    assert (said.families, said.given) == (frozenset({"boy"}), frozenset())


def test_what_else_tells_people_apart_is_read() -> None:
    key = [
        {"url": "type", "valueCodeableConcept": {"coding": [{"code": "UPRN"}]}},
        {"url": "value", "valueString": "1007"},
    ]
    said = demographics(
        {
            "identifier": [{"system": "urn:mrn", "value": "A-1234"}, {"system": "urn:row", "value": "7"}],
            "address": [{"extension": [{"url": f"{uk_core.EXTENSION}AddressKey", "extension": key}]}],
            "generalPractitioner": [
                {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": "X90101"}},
                {"display": "Dr No Code"},
            ],
        }
    )
    assert (said.ids, said.uprns, said.practices) == ({"urn:mrn|a1234"}, {"1007"}, {"x90101"})


def test_rows_that_were_recorded_before_fields_were_added_can_be_read() -> None:
    old = {"nhs_number": None, "verified": False, "families": ["tanner"], "given": [], "birth_date": None}
    assert msgspec.convert(old, Demographics) == Demographics(families=frozenset({"tanner"}))


def test_of_a_pseudo_person_there_is_nothing_to_compare() -> None:
    tagged = {"meta": {"tag": [{"system": "urn:x", "code": "identity-unknown"}]}, "birthDate": "1942-03-04"}
    assert demographics(tagged) == Demographics()


@pytest.mark.parametrize("stated", ["unknown", None])
def test_an_unknown_gender_neither_confirms_nor_contradicts(stated: str | None) -> None:
    one = demographics({"resourceType": "Patient", "gender": stated, "birthDate": "1942-03-04"})
    assert one.gender is None
    nameless = like(verified=False, families=frozenset(), given=frozenset())
    assert outcome(msgspec.structs.replace(nameless, gender=one.gender)) == "SAME"  # by the postcode
    elsewhere = msgspec.structs.replace(nameless, gender=one.gender, postcodes=frozenset())
    assert outcome(elsewhere, msgspec.structs.replace(EDITH, gender=one.gender)) == "POSSIBLE"


def outcome(one: Demographics, other: Demographics = EDITH) -> str | None:
    found = compare(one, other)
    return found.outcome if found else None
