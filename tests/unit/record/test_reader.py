"""References to what may not be seen are cut, and what says nothing without them goes with them."""

from uuid import UUID

import orjson

from integration.record.references import without

HIDDEN, SHOWN = UUID(int=1), UUID(int=2)


def cut(resource: object) -> object:
    return orjson.loads(without(orjson.dumps(resource), [HIDDEN, SHOWN], frozenset({HIDDEN})))


def test_an_entity_goes_whole_for_its_role_says_nothing_alone():
    entities = [{"role": "derivation", "what": {"reference": f"Observation/{id_}"}} for id_ in (HIDDEN, SHOWN)]
    assert cut({"resourceType": "Provenance", "entity": entities}) == {
        "resourceType": "Provenance",
        "entity": entities[1:],
    }
    assert cut({"resourceType": "Provenance", "entity": entities[:1]}) == {"resourceType": "Provenance"}


def test_an_extension_goes_whole_for_its_url_says_nothing_alone():
    details = [{"url": "x", "valueReference": {"reference": f"Observation/{id_}"}} for id_ in (HIDDEN, SHOWN)]
    assert cut({"extension": details, "status": "active"}) == {"extension": details[1:], "status": "active"}


def test_a_role_in_words_stays_beside_a_hidden_member():
    participant = {"role": [{"text": "Carer"}], "member": {"reference": f"RelatedPerson/{HIDDEN}"}}
    assert cut({"participant": [participant]}) == {"participant": [{"role": [{"text": "Carer"}]}]}
