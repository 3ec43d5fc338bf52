"""Plain English says all that agreements mean: it reads back into the same, and no change of meaning leaves it as it
was. Another order is no other meaning."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from integration import demo
from integration.sharing.agreement_file import AgreementError
from integration.sharing.agreements import (
    Agreement,
    Agreements,
    BreakingTheGlass,
    EvidenceTerms,
    ExplicitConsent,
    Group,
    LawfulBasis,
    Purpose,
    Relationship,
    Role,
    load,
)
from integration.sharing.changes import changes
from integration.sharing.english import english, normal
from integration.sharing.english_reading import read_english
from integration.sharing.request import Category, Recordable
from integration.sharing.sentences import listed, quoted
from tests.properties.sharing_chance import Chance
from tests.properties.sharing_worlds import agreements
from tests.unit.sharing.scene import CARE, NEIGHBOURHOOD

COVENTRY = load(demo.AGREEMENTS.read_text())
SMALL = structs.replace(
    NEIGHBOURHOOD,
    roles={
        name: structs.replace(one, records=(Recordable.ADJUSTMENTS, Recordable.COORDINATOR))
        for name, one in NEIGHBOURHOOD.roles.items()
    },
    agreements=(
        structs.replace(
            CARE,
            in_short="Briefly.",
            sensitive={"safeguarding": ("doctor",)},
            need_of_location=("doctor",),
            ends=date(2029, 1, 1),
            consent=structs.replace(CARE.consent, other_basis="another one"),
        ),
        *NEIGHBOURHOOD.agreements[1:],
    ),
)
"""A small neighbourhood of which every field says something."""
WORDS = st.text(min_size=1)
AWKWARD = (
    "“quoted”", "a; b; and c", "and so on", "none", "who is who", "back\\slash", "two  spaces", " edge ",
    "x\nIt may see: y.",
    "name [CODE1]", "a: b", "end.", "   ", "\u2028", "-", "- X: y", "\\{41}", "THE AGREEMENTS", "0", "é’–(x)",
)  # fmt: skip


def with_words(known: Agreements, words: list[str]) -> Agreements:
    """The same with awkward words in every place where a file may have any."""
    chance = Random(len(words))
    word = lambda: chance.choice(words)  # noqa: E731
    renamed = {name: f"{name}{word()}" for name in (*known.groups, *known.roles, *known.purposes)}
    new = lambda names: tuple(renamed.get(one, one) for one in names)  # noqa: E731
    return structs.replace(
        known,
        neighbourhood=word(),
        groups={
            renamed[name]: structs.replace(one, members={code: word() for code in one.members})
            for name, one in known.groups.items()
        },
        purposes={renamed[name]: one for name, one in known.purposes.items()},
        roles={renamed[name]: one for name, one in known.roles.items()},
        agreements=tuple(
            structs.replace(
                one,
                title=word(),
                in_short=word(),
                sources=new(one.sources),
                recipients=new(one.recipients),
                roles=new(one.roles),
                purposes=new(one.purposes),
                sensitive={word(): new(roles) for roles in one.sensitive.values()},
                relationship=structs.replace(one.relationship, because=word()),
                consent=structs.replace(one.consent, other_basis=word()),
                need_of_location=new(one.need_of_location),
                basis=structs.replace(one.basis, article_6=word(), confidentiality=word()),
            )
            for one in known.agreements
        ),
    )


def shuffled(chance: Random, value: Any) -> Any:
    """The same in another order, with words said twice."""
    if isinstance(value, dict):
        return dict(chance.sample([(key, shuffled(chance, one)) for key, one in value.items()], len(value)))
    if isinstance(value, tuple):
        mixed = [shuffled(chance, one) for one in chance.sample(value, len(value))]
        return (*mixed, *(one for one in mixed[:1] if isinstance(one, str)))
    if isinstance(value, Struct):
        return structs.replace(value, **{name: shuffled(chance, one) for name, one in structs.asdict(value).items()})
    return value


@given(st.integers(0, 2**48))
def test_it_reads_back_into_the_same(seed: int) -> None:
    stated = agreements(Chance(seed))

    assert read_english(english(stated)) == normal(stated)


@settings(max_examples=40)
@given(st.integers(0, 2**20), st.lists(WORDS | st.sampled_from(AWKWARD), min_size=1, max_size=8))
def test_whatever_the_words_are(seed: int, words: list[str]) -> None:
    stated = with_words(agreements(Chance(seed)), words)

    assert read_english(english(stated)) == normal(stated)


def test_coventry_reads_back_into_the_same() -> None:
    assert read_english(english(COVENTRY)) == normal(COVENTRY)


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_another_order_reads_alike(chance: Random) -> None:
    other = shuffled(chance, COVENTRY)

    assert english(other) == english(COVENTRY)
    assert changes(COVENTRY, other) == []


_ONE_MORE = {Category: Category.AUDIT, Recordable: Recordable.TASKS}


def other_than(value: Any, name: str) -> Iterator[Any]:
    """Values of the same place that mean something else."""
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case Category() | Recordable():
            yield next(one for one in type(value) if one is not value)
        case str():
            yield "something else" if name != "own_word" else 17
        case date():
            yield value + timedelta(days=1)
        case tuple():
            yield value[1:]
            yield (*value, _ONE_MORE.get(type(value[0]) if value else str, "one more"))
        case dict():
            for key in value:
                yield {one: held for one, held in value.items() if one != key}
                yield {("another" if one == key else one): held for one, held in value.items()}
                for held in other_than(value[key], name):
                    yield {**value, key: held}
        case Struct():
            for field, held in structs.asdict(value).items():
                for changed in other_than(held, field):
                    yield structs.replace(value, **{field: changed})
        case None:
            yield {
                "ends": date(2030, 1, 1),
                "breaking_the_glass": BreakingTheGlass(("GP",), 5),
                "own_record_days": 3,
                "own_word": 3,
            }[name]


def mutants() -> list[Agreements]:
    """The small neighbourhood with one thing changed, anywhere: every field of the model, and every word."""
    made = []
    for field in ("neighbourhood", "groups", "purposes", "roles"):
        made += [structs.replace(SMALL, **{field: one}) for one in other_than(getattr(SMALL, field), field)]
    for number, one in enumerate(SMALL.agreements):
        rest = list(SMALL.agreements)
        for changed in other_than(one, ""):
            rest[number] = changed
            made.append(structs.replace(SMALL, agreements=tuple(rest)))
        made.append(structs.replace(SMALL, agreements=(*rest[:number], *rest[number + 1 :])))
    return [one for one in made if speaks(one)]


def speaks(one: Agreements) -> bool:
    """Kinds of evidence other than the six have no words: no file can have them."""
    try:
        return normal(one) != normal(SMALL) and bool(english(one))
    except KeyError:
        return False


def test_every_change_of_meaning_changes_the_text_and_is_told() -> None:
    before = english(SMALL)
    tried = mutants()

    assert len(tried) > 190
    for mutant in tried:
        text = english(mutant)
        assert text != before
        told = changes(SMALL, mutant)
        assert told, text
        assert all(sentence.strip() for change in told for sentence in change.sentences)


def test_every_field_of_the_model_is_tried() -> None:
    """A field that is added later must be spoken of: the test above tries it, once it is here."""
    found: set[str] = set()

    def visit(value: Any) -> None:
        if isinstance(value, Struct):
            for name, held in structs.asdict(value).items():
                if held not in ((), {}, ""):
                    found.add(f"{type(value).__name__}.{name}")
                visit(held)
        for held in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ():
            visit(held)

    visit(SMALL)
    kinds = (Agreements, Agreement, Group, Purpose, Role, Relationship, EvidenceTerms, ExplicitConsent)
    kinds = (*kinds, BreakingTheGlass, LawfulBasis)
    assert {f"{kind.__name__}.{one.name}" for kind in kinds for one in structs.fields(kind)} <= found


@given(WORDS | st.sampled_from(AWKWARD))
def test_any_words_stay_on_one_line(words: str) -> None:
    assert len(quoted(words).splitlines()) == len(listed([words]).splitlines()) == 1


def test_what_is_no_sentence_is_refused_with_its_line() -> None:
    text = english(COVENTRY).replace("It must be reviewed by", "It may be reviewed by", 1)
    line = next(number for number, one in enumerate(text.splitlines(), 1) if one.startswith("It may be reviewed"))

    with pytest.raises(AgreementError) as raised:
        read_english(text)
    assert [problem.line for problem in raised.value.problems] == [line]


@pytest.mark.parametrize(
    ("words", "by"),
    [
        ("from 1 April 2024", "from 31 June 2024"),
        ("It must be reviewed by 31 March 2027.\n", ""),
        ("Declaring an emergency", "They may see it in these roles only: GP.\nDeclaring an emergency"),
        ("Declaring an emergency opens nothing.", "Declaring an emergency opens something."),
    ],
)  # fmt: skip
def test_a_text_that_was_tampered_with_is_refused(words: str, by: str) -> None:
    text = english(COVENTRY)
    assert words in text

    with pytest.raises(AgreementError):
        read_english(text.replace(words, by, 1))
