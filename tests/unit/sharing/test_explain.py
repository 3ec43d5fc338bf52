"""An explanation tells an IG officer everything, and in English."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from msgspec import structs

from integration.sharing.decide import decide
from integration.sharing.explain import as_json, explain
from integration.sharing.request import Category, Grant
from tests.properties.sharing_worlds import World, worlds
from tests.unit.sharing.scene import (
    ADJUSTMENT,
    CLINICAL,
    EMERGENCY,
    IMPAIRMENT,
    OWN_WORD,
    POLICY,
    WHO,
    asked,
    choice,
    facts,
    label,
)

NAMES = {"client": "Hospital record system"}
SENSITIVE = label(Category.CLINICAL, "GP2", "sexual health", id_=7001)
HELD = facts(CLINICAL, WHO, ADJUSTMENT, IMPAIRMENT, SENSITIVE, label(Category.ALERTS), label(Category.SAFEGUARDING))


def told(request, held, names=NAMES) -> str:
    return explain(decide(request, held, POLICY), POLICY, names)


def test_who_asked_for_what():
    text = told(asked(), HELD)

    assert text.startswith(
        "The Hospital, through Hospital record system, in the role doctor, for direct care, "
        "on 15 June 2026 at 13:00 BST."
    )


def test_what_is_shown_from_whom_under_which_agreement():
    text = told(asked(), HELD)

    assert (
        "  - Clinical record. From First Practice: shown under “Care” (AA-01 version 2): the role doctor may see it."
        in text
    )
    assert "“Care”, in force from 1 January 2024." in text
    assert "Basis in the duty of confidentiality: implied consent." in text


def test_what_is_withheld_and_why():
    text = told(asked(), HELD)

    assert (
        "  - Clinical record. From Second Practice: withheld: it is sensitive (sexual health) and "
        "“Care” (AA-01 version 2) does not open that to the role doctor." in text
    )
    assert (
        "  - Safeguarding. Withheld: “Care” (AA-01 version 2) does not cover it for The Hospital and this purpose."
        in text
    )
    assert (
        "The caller is told that something is withheld of: clinical record and safeguarding. Not what, nor whose."
        in text
    )


def test_a_choice_is_told_with_who_recorded_it_and_when():
    text = told(asked(), facts(choices=(choice("objection-to-sharing", recorded=datetime(2026, 1, 1, tzinfo=UTC)),)))

    assert (
        "Withheld: the person recorded an objection to sharing, recorded by First Practice on 1 January 2026." in text
    )
    assert "The person was found, but nothing of the record was shown." in text


def test_a_missing_relationship_is_told_with_the_latest_sign_of_one():
    text = told(asked(), facts(evidence=(OWN_WORD,), restricted=True))
    late = told(asked(at=datetime(2026, 12, 1, tzinfo=UTC)), facts(evidence=(OWN_WORD,)))

    assert "The relationship rests on the caller's own word alone" in text
    assert "Where the person can be found is removed" in text
    assert "answered as if there were no such person" in late
    assert (
        "The latest sign does not count here, or no longer: the person had a contact or stay there, ended 10 June 2026."
        in late
    )


def test_a_missing_relationship_tells_no_sign_of_another_organisation():
    others = structs.replace(OWN_WORD, organisation="GP1")
    assert "Nothing recorded shows a relationship" in (text := told(asked(), facts(evidence=(others,))))
    assert "latest sign" not in text


def test_broken_glass_is_told():
    text = told(asked(break_glass=EMERGENCY), facts(evidence=()))

    assert "The glass was broken" in text
    assert "declared an emergency, giving as reason: emergency." in text


def test_as_json_is_json_and_says_the_same():
    decision = decide(asked(), HELD, POLICY)
    content = json.loads(json.dumps(as_json(decision)))

    assert content["decision"] == "permit"
    assert content["labels"] == list(decision.labels)
    assert [one["text"] for one in content["reasons"]] == [one.text for one in decision.reasons]
    assert json.loads(json.dumps(as_json(decide(asked("NEW"), HELD, POLICY))))["answeredAs"] == "forbidden"


@pytest.mark.parametrize("role", ["doctor", "clerk"])
def test_every_kind_of_information_held_is_mentioned(role: str):
    text = told(asked(role=role), HELD).casefold()

    for kind in {one.category for one in HELD.labels}:
        assert f"\n  - {kind}. ".casefold() in text


CODE_WORDS = re.compile(
    r"[a-z]+_[a-z]+|legal-restriction|beyond-care|break-glass|6a|6b|\brule \d|None|Category\.|\{|\}"
)


@settings(max_examples=200, deadline=None)
@given(worlds)
def test_every_explanation_is_whole_and_in_english(world: World):
    decision = decide(world.request, world.facts, world.policy)
    text = explain(decision, world.policy, {})

    assert CODE_WORDS.search(text) is None
    if isinstance(decision, Grant):
        withheld = {one.category for one in world.facts.labels if one.id not in decision.labels}
        for category in withheld:
            assert re.search(rf"\n  - {category}\. .*withheld", text, re.IGNORECASE)
