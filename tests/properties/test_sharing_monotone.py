"""What is taken away never shows more, a stranger is told what is told of nobody, and nobody widens its own view."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.sharing.agreements import Agreement, Agreements, Role
from integration.sharing.choices_in_force import in_force
from integration.sharing.decide import NOT_FOUND, Policy, decide
from integration.sharing.request import Choice, Decision, Denial, Evidence, Facts, Grant
from tests.properties.sharing_chance import KINDS, SENSITIVE, TODAY, Chance
from tests.properties.sharing_choices import choice
from tests.properties.sharing_worlds import (
    Row,
    World,
    shown,
    without_agreement,
    world,
    worlds,
)

THOROUGH = settings(max_examples=3 * settings.default.max_examples // 2, deadline=None)


def view(given_world: World) -> tuple[set[Row], set[Row]]:
    """The rows a caller may read, and those of them from which it learns where the person is."""
    decision = decide(given_world.request, given_world.facts, given_world.policy)
    rows = shown(decision, given_world.facts)
    return rows, {row for row in rows if isinstance(decision, Grant) and not decision.hides_location(row.label.id)}


def assert_not_wider(less: World, more: World) -> None:
    rows, located = view(less)
    all_rows, all_located = view(more)
    for fewer, every in ((rows, all_rows), (located, all_located)):
        assert {(row.label.id, row.day, row.id) for row in fewer} <= {(row.label.id, row.day, row.id) for row in every}


def fewer_agreements(one: World, _chance: Chance) -> Iterator[World]:
    for index in range(len(one.agreements.agreements)):
        yield replace(one, agreements=without_agreement(one.agreements, index))


def narrower_agreements(one: World, _chance: Chance) -> Iterator[World]:
    for index, agreement in enumerate(one.agreements.agreements):
        for narrower in _narrower(agreement):
            kept = list(one.agreements.agreements)
            kept[index] = narrower
            yield replace(one, agreements=msgspec.structs.replace(one.agreements, agreements=tuple(kept)))


def _narrower(agreement: Agreement) -> Iterator[Agreement]:
    change = msgspec.structs.replace
    for name in ("sources", "recipients", "roles", "purposes", "categories", "need_of_location"):
        if words := getattr(agreement, name):
            yield change(agreement, **{name: words[1:]})
    yield change(agreement, sensitive={})
    yield change(agreement, breaking_the_glass=None)
    yield change(agreement, ends=date_before_today())
    consent = agreement.consent
    yield change(agreement, consent=change(consent, to_publish=True, to_view=True))
    yield change(agreement, consent=change(consent, own_record_days=None))
    yield change(agreement, relationship=change(agreement.relationship, needed=True))
    for kind in agreement.relationship.evidence:
        kept = {word: terms for word, terms in agreement.relationship.evidence.items() if word != kind}
        yield change(agreement, relationship=change(agreement.relationship, evidence=kept))


def date_before_today():
    return TODAY.replace(year=TODAY.year - 1)


def less_evidence(one: World, _chance: Chance) -> Iterator[World]:
    for index in range(len(one.facts.evidence)):
        kept = one.facts.evidence[:index] + one.facts.evidence[index + 1 :]
        yield replace(one, facts=replace(one.facts, evidence=kept))


def narrower_roles(one: World, _chance: Chance) -> Iterator[World]:
    for name, role in one.agreements.roles.items():
        for narrower in (Role(role.clinical_or_care, role.sees[1:], role.own), Role(False, role.sees, role.own[1:])):
            roles = {**one.agreements.roles, name: narrower}
            yield replace(one, agreements=msgspec.structs.replace(one.agreements, roles=roles))


def fewer_permissions(one: World, _chance: Chance) -> Iterator[World]:
    """A permission in force: one that has ended speaks against older ones. What it excepts stays denied."""
    for index, kept in enumerate(one.facts.choices):
        if kept.permits and in_force(kept, TODAY):
            excepted = tuple(each for each in kept.exceptions if not each.permits)
            choices = one.facts.choices[:index] + excepted + one.facts.choices[index + 1 :]
            yield replace(one, facts=replace(one.facts, choices=choices))


def more_objections(one: World, chance: Chance) -> Iterator[World]:
    """Of others who may decide, with exceptions; and of the same scope as a choice that there is, without: with one it
    would replace a stricter one."""
    for number in range(6):
        deny = msgspec.structs.replace(choice(chance, 90 + number), permits=False, decided_by="somebody else")
        yield replace(one, facts=replace(one.facts, choices=(*one.facts.choices, deny)))
    for kept in one.facts.choices:
        deny = msgspec.structs.replace(
            kept,
            permits=False,
            recorded=datetime(2026, 6, 10, tzinfo=UTC),
            exceptions=(),
            break_glass_relaxes=False,
        )
        yield replace(one, facts=replace(one.facts, choices=(deny, *one.facts.choices)))


def more_restrictions(one: World, _chance: Chance) -> Iterator[World]:
    yield replace(one, facts=replace(one.facts, restricted=True))
    yield replace(one, facts=replace(one.facts, national_opt_out=True))
    yield replace(one, facts=replace(one.facts, type_1_objection=True))
    yield replace(one, facts=replace(one.facts, known=False))


def more_sensitivities(one: World, _chance: Chance) -> Iterator[World]:
    for index, label in enumerate(one.facts.labels):
        for name in (*SENSITIVE, "never heard of"):
            marked = msgspec.structs.replace(label, sensitivities=label.sensitivities | {name})
            labels = (*one.facts.labels[:index], marked, *one.facts.labels[index + 1 :])
            yield replace(one, facts=replace(one.facts, labels=labels))


@pytest.mark.parametrize(
    "taken_away",
    [
        fewer_agreements,
        narrower_agreements,
        less_evidence,
        narrower_roles,
        fewer_permissions,
        more_objections,
        more_restrictions,
        more_sensitivities,
    ],
)
@THOROUGH
@given(st.integers(0, 2**48))
def test_less_never_shows_more(taken_away, seed: int):
    before = world(seed)

    for after in taken_away(before, Chance(seed)):
        assert_not_wider(after, before)


@THOROUGH
@given(worlds)
def test_an_unknown_person_is_answered_as_one_without_relationship(one: World):
    stranger = decide(one.request, replace(one.facts, evidence=(), known=True), one.policy)
    nobody = decide(one.request, Facts(person=one.facts.person, known=False), one.policy)

    assert isinstance(nobody, Denial)
    if isinstance(stranger, Denial):
        assert _public(stranger) == _public(nobody)


def _public(decision: Denial) -> tuple[object, ...]:
    return decision.not_found, decision.public, decision.request


@THOROUGH
@given(worlds)
def test_no_agreements_no_data(one: World):
    empty = decide(one.request, one.facts, Policy.empty())
    unused = decide(one.request, one.facts, Policy.of(msgspec.structs.replace(one.agreements, agreements=())))

    assert isinstance(empty, Denial)
    assert not empty.not_found
    assert isinstance(unused, Denial)
    assert unused.public == NOT_FOUND or not unused.not_found


@THOROUGH
@given(worlds)
def test_deciding_twice_decides_the_same(one: World):
    assert _plain(decide(one.request, one.facts, one.policy)) == _plain(
        decide(one.request, one.facts, Policy.of(one.agreements))
    )


def _plain(decision: Decision) -> tuple[object, ...]:
    return type(decision), decision.request, decision.reasons, getattr(decision, "labels", ())


@THOROUGH
@given(st.integers(0, 2**48))
def test_nobody_widens_its_own_view_beyond_a_claim(seed: int):
    """Whatever an organisation itself records, it sees of others' statements no more than by claiming a relationship,
    and the person's consent to its viewing, in so many words."""
    one, chance = world(seed), Chance(seed)
    caller = one.request.caller.organisation
    others = tuple(kept for kept in one.facts.choices if kept.source != caller)
    inputs = tuple(msgspec.structs.replace(choice(chance, 50 + n), source=caller) for n in range(4))
    evidence = tuple(
        Evidence(chance.one("registration", "referral", "encounter"), caller, caller, chance.day(), chance.day())
        for _ in range(3)
    )
    claims = tuple(Evidence(kind, caller, caller, TODAY) for kind in KINDS)
    consent = Choice(
        consent="claimed",
        kind="view-by-charity",
        permits=True,
        source=caller,
        recorded=one.request.at,
        organisations=frozenset({caller}),
        how="said so",
    )

    widened = replace(one.facts, choices=(*others, *inputs), evidence=(*one.facts.evidence, *evidence))
    claimed = replace(one.facts, choices=(*others, consent), evidence=(*one.facts.evidence, *claims))

    assert _of_others(one, widened) <= _of_others(one, claimed)


def _of_others(one: World, facts: Facts) -> set[Row]:
    rows, _ = view(replace(one, facts=facts))
    return {row for row in rows if row.label.organisation != one.request.caller.organisation}


def test_agreements_file_without_anything_denies():
    policy = Policy.of(Agreements())

    assert policy.terms == {}
    assert policy.names == {}
