# ruff: noqa: E501  one line for each fault
"""Faults planted into the product, inside this process, each named in words. The oracle was finished before its author
read the code that is spoilt here."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest

from integration.record import conditions, consult, reader
from integration.sharing import choices_in_force, decide, facts, policy, relationship, rules
from integration.sharing.agreements import Agreement
from integration.sharing.request import Category, Denial

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Fault:
    """`plant` spoils code; `sql` spoils the row policy of the database, which is set right again afterwards. `seed` is that
    of a world which shows the fault, found by `tests.sharing.showing`."""

    seed: int
    name: str
    plant: Callable[[Patch], None] = lambda _: None
    sql: str = ""

    @asynccontextmanager
    async def planted(self, owner: asyncpg.Connection) -> AsyncIterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            self.plant(patch)
            policy_was = await owner.fetchval(_POLICY) if self.sql else ""
            if self.sql:
                await owner.execute(_SET_POLICY.format(self.sql))
            try:
                yield
            finally:
                if self.sql:
                    await owner.execute(_SET_POLICY.format(policy_was))


_POLICY = """select pg_get_expr(polqual, polrelid) from pg_policy
where polname = 'granted' and polrelid = 'toldonce.resource'::regclass"""
_SET_POLICY = "alter policy granted on toldonce.resource using ({})"
_PERSON = "person = nullif(current_setting('toldonce.person', true), '')::uuid"


def _put(where: Any, name: str, made: Callable[..., Any]) -> Callable[[Patch], None]:
    """Instead of `where.name`, `made(the original)`."""

    def plant(patch: Patch) -> None:
        patch.setattr(where, name, made(getattr(where, name)))

    return plant


def _rule(name: str, made: Callable[..., Any]) -> Callable[[Patch], None]:
    """Instead of one of the rules, `made(the original)`; what is plain is looked at by the rules, too."""

    def plant(patch: Patch) -> None:
        patch.setattr(decide, "RULES", tuple(made(one) if one.__name__ == name else one for one in decide.RULES))
        patch.setattr(decide, "is_plain", lambda *_: False)

    return plant


def _without_condition(which: str, instead: str) -> Callable[..., Any]:
    def made(original: Any) -> Any:
        def changed(*given: Any) -> Any:
            found, values = original(*given)
            return [instead if one.startswith(which) else one for one in found], values

        return changed

    return made


def _not_ended(original: Any) -> Any:
    return lambda rule, evidence, on: original(
        rule, evidence if evidence.self_claimed else type(evidence)(
            evidence.kind, evidence.organisation, evidence.source, evidence.start, None
        ), on,
    )  # fmt: skip


def _listed_or_not(original: Any) -> Any:
    def accepts(rule: Any, evidence: Any, on: Any) -> bool:
        own = rule is not None and evidence.self_claimed and not rule.own_word
        return original(replace(rule, own_word=True, own_days=None) if own else rule, evidence, on)

    return accepts


def _changed(choice: Any, **values: Any) -> Any:
    fields = {name: getattr(choice, name) for name in choice.__struct_fields__}
    return type(choice)(**fields | values)


def _not_like_nobody(original: Any) -> Any:
    def decided(*given: Any) -> Any:
        found = original(*given)
        return replace(found, not_found=False) if isinstance(found, Denial) and given[1].known else found

    return decided


def _all_announced(original: Any) -> Any:
    return lambda case, covering, label: any(terms.announces for terms in covering)


def _any_role_breaks_it(original: Any) -> Any:
    def of_role(agreements: Any, agreement: Any, role: str, *, charity: bool) -> Any:
        glass = agreement.breaking_the_glass
        return replace(
            original(agreements, agreement, role, charity=charity), glass_minutes=glass.minutes if glass else 0
        )

    return of_role


def _any_role_sensitive(original: Any) -> Any:
    def of_role(agreements: Any, agreement: Any, role: str, *, charity: bool) -> Any:
        return replace(original(agreements, agreement, role, charity=charity), sensitive=frozenset(agreement.sensitive))

    return of_role


async def _nothing_hidden(*_: Any) -> frozenset[Any]:
    return frozenset()


def _impairments_for_all(original: Any) -> Any:
    return lambda case, basis, label: None if label.category is Category.IMPAIRMENTS else original(case, basis, label)


def _own_for_all(original: Any) -> Any:
    return lambda case, basis, label: None if label.category in case.role.own else original(case, basis, label)


def _glass_for_all(original: Any) -> Any:
    return lambda case, basis, label: None if case.glass else original(case, basis, label)


def _long_ago(original: Any) -> Any:
    def glass(request: Any, terms: Any) -> Any:
        now = replace(request, break_glass=request.break_glass and replace(request.break_glass, declared=None))
        return original(now, terms)

    return glass


def _without_reason(original: Any) -> Any:
    return lambda request, policy_: original(replace(request, break_glass=None), policy_)


async def _nobody_opts_out(_connection: Any, facts: Any, *_rest: Any) -> Any:
    return facts


FAULTS = (
    Fault(1, "an agreement that has expired still counts", _put(Agreement, "in_force", lambda _: lambda self, on: self.starts <= on)),
    Fault(4, "an agreement counts before it is in force",
          _put(Agreement, "in_force", lambda _: lambda self, on: self.ends is None or on <= self.ends)),
    Fault(1, "a self-claimed relationship never ends", _put(relationship, "_own_word_holds", lambda _: lambda *_: True)),
    Fault(1, "the caller's own word counts where the agreement does not list it", _put(relationship, "accepts", _listed_or_not)),
    Fault(1, "a relationship counts however long ago it ended", _put(relationship, "accepts", _not_ended)),
    Fault(2, "the label condition is dropped from the SQL",
          _put(reader, "conditions", _without_condition("label = any", "$2::text is not null"))),
    Fault(2, "the label condition is dropped from the row policy", sql=_PERSON),
    Fault(8, "withheld periods do not reach the SQL", _put(conditions, "moments", lambda _: lambda _: iter(()))),
    Fault(24, "withheld resources do not reach the SQL", _put(decide, "_withheld", lambda _: lambda *_: ())),
    Fault(4, "references to withheld resources stay", _put(reader.Reader, "_hidden", lambda _: _nothing_hidden)),
    Fault(2, "facts that no longer hold still count",
          _put(facts, "_FACTS", lambda original: original.replace("and f.until = 'infinity'", ""))),
    Fault(4, "a dissent inside a Consent that permits is ignored",
          _put(choices_in_force, "_denied", lambda old: lambda one: () if one.permits else old(one))),
    Fault(24, "what is excepted for some time is excepted for ever", _put(choices_in_force, "_on", lambda _: lambda one, day: one)),
    Fault(125, "a dissent to the adjustments leaves the impairments", _put(choices_in_force, "_is_behind", lambda _: lambda *_: False)),
    Fault(120, "one agreement's terms for emergencies hold under all",
          _put(rules, "recipient", lambda _: lambda case, bases: case.in_emergency if case.glass else case.recipient)),
    Fault(2, "an exception for some is one for everybody",
          _put(choices_in_force, "_excepts", lambda _: lambda one, deny, label, recipient: True)),
    Fault(11, "a withdrawn Consent still counts",
          _put(choices_in_force, "in_force", lambda old: lambda one, on: old(_changed(one, active=True), on))),
    Fault(6, "a Consent whose period is over still counts",
          _put(choices_in_force, "in_force", lambda old: lambda one, on: old(_changed(one, end=None), on))),
    Fault(9, "a newer permission lifts dissents of every scope",
          _put(choices_in_force, "_scope", lambda _: lambda one: one.decided_by)),
    Fault(14, "the caller's own permission lifts what others recorded",
          _put(choices_in_force, "_lifted", lambda old: lambda deny, standing, _: old(deny, standing, ""))),
    Fault(1, "a Consent to some recipients speaks of all",
          _put(choices_in_force, "concerns", lambda old: lambda one, recipient, *, in_emergency: True)),
    Fault(31, "break-glass relaxes rule 6a", _rule("legal_restriction", _glass_for_all)),
    Fault(2, "break-glass relaxes rule 6b", _rule("sensitivity", _glass_for_all)),
    Fault(8, "a broken glass stays broken", _put(decide, "broken_glass", _long_ago)),
    Fault(1, "every role may break the glass", _put(policy, "_of_role", _any_role_breaks_it)),
    Fault(2, "an emergency needs no reason that counts", _put(decide, "known_caller", _without_reason)),
    Fault(32, "what the law restricts opens for recipients whom the permission does not name",
          _put(rules, "expressly_permitted", lambda old: lambda case, label, name, *, by_name: old(case, label, name, by_name=False))),
    Fault(3, "a sensitivity that is named for one role opens for all", _put(policy, "_of_role", _any_role_sensitive)),
    Fault(2, "what a role sees of its own organisation it sees of all", _rule("role", _own_for_all)),
    Fault(1, "impairments show to roles that are not clinical", _rule("role", _impairments_for_all)),
    Fault(2, "a charity's data is published without consent", _put(rules, "published", lambda _: lambda *_: True)),
    Fault(1, "a charity views others' data without consent", _put(rules, "viewed", lambda _: lambda *_: True)),
    Fault(22, "the flag goes onward without consent", _rule("national_flag", lambda _: lambda *_: None)),
    Fault(16, "where a restricted person is shows", _put(decide, "restricted_person", lambda _: lambda *_: False)),
    Fault(1, "the day is counted in UTC", _put(decide, "_day", lambda _: lambda at: at.date())),
    Fault(1, "somebody who may not be known of is refused otherwise than nobody", _put(consult, "decide", _not_like_nobody)),
    Fault(1, "what silent rules withhold is announced", _put(decide, "_announced", _all_announced)),
    Fault(3, "who is not cleared nationally is found for purposes beyond care", _put(consult, "with_opt_out", lambda _: _nobody_opts_out)),
    Fault(16, "a Type 1 objection takes nothing away", _rule("beyond_care", lambda _: lambda *_: None)),
    Fault(58, "what is answered beyond care is not pseudonymised", _put(reader, "_unnamed", lambda _: lambda row, _grant: row)),
    Fault(3, "what is never sent beyond care is sent", _put(conditions, "NEVER", lambda _: ())),
    Fault(1, "the caller's own word is not marked", _put(decide, "_on_own_word", lambda _: lambda _: False)),
)  # fmt: skip
