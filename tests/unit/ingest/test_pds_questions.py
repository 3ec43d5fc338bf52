"""What PDS is asked, which replacement is believed, and the document that says where PDS is."""

import msgspec
import pytest

from adapters.transport.pds import Question
from integration.identity.demographics import Demographics
from integration.ingest.pds_questions import question_of, would_be_taken_for
from integration.ingest.pds_settings import load


def test_the_question_is_of_the_names_in_use_and_keeps_the_address_of_a_restricted_person():
    said = {
        "resourceType": "Patient",
        "name": [
            {"use": "old", "family": "Harris"},
            {"use": "official", "family": "Tanner", "given": ["Edith", "Rose"]},
        ],
        "birthDate": "1942-03-14",
        "address": [{"use": "old", "postalCode": "B1 1AA"}, {"postalCode": "CV5 6ZB"}],
    }
    asked = Question(family="Tanner", birth_date="1942-03-14", given="Edith", postcode="CV5 6ZB")
    assert question_of(said) == asked
    mark = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
    assert question_of({**said, "meta": mark}) == msgspec.structs.replace(asked, postcode=None)
    assert question_of({**said, "birthDate": "1942"}) is None


def test_a_replacement_is_believed_when_it_would_be_taken_for_a_holder():
    holder = Demographics(
        "9990000018", families=frozenset({"tanner"}), given=frozenset({"edith"}), birth_date="1942-03-14"
    )
    new = msgspec.structs.replace(holder, nhs_number="9990000174", verified=True)
    assert would_be_taken_for([Demographics(), holder], "9990000018", new)
    other = msgspec.structs.replace(new, given=frozenset({"grace"}), families=frozenset({"okonkwo"}))
    assert not would_be_taken_for([holder], "9990000018", other)
    assert not would_be_taken_for([], "9990000018", new)


@pytest.mark.parametrize("wrong", ["base: nowhere", "sender: x", "feeds: [pds]", "secret: 9990000018"])
def test_a_document_that_is_wrong_is_refused_by_its_fields_names(tmp_path, wrong):
    sound = (
        "base: https://pds.example/R4\ntoken_url: https://pds.example/token\nsender: X9P\n"
        "application: {api_key: a, key_id: b, key: c.pem}\n"
    )
    path = tmp_path / "pds.yaml"
    path.write_text(sound)
    assert load(path).fresh_days == 30
    name = wrong.partition(":")[0]
    path.write_text(
        "".join(line for line in sound.splitlines(keepends=True) if not line.startswith(f"{name}:")) + wrong
    )
    with pytest.raises(Exception, match=r"pds\.yaml") as refused:
        load(path)
    assert "9990000018" not in str(refused.value)
