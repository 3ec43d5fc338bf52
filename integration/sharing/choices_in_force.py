"""How recorded choices act (rule 5): which count on a day, and which a label meets.

A newer decision by the same person replaces an older one of the same scope, with its exceptions; the scope is the
Consent's, not an exception's. Between different scopes any deny wins. A permission that has ended lets an older
permission of its scope lie, and never lifts a deny.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from msgspec import structs

from integration.sharing.choices import (
    BREAK_GLASS_ONLY,
    BREAK_GLASS_PURPOSE,
    EXPRESS_PERMISSION,
    OTHER,
    SHARE_FLAG_NATIONALLY,
)
from integration.sharing.request import Category, Choice, Label

_MERE_REFUSALS = frozenset({EXPRESS_PERMISSION, SHARE_FLAG_NATIONALLY})
"""Kinds whose refusal forbids nothing that would be shown without a permission of this kind."""


@dataclass(frozen=True)
class Effective:
    """The choices of one person that count for one caller on one day."""

    denies: tuple[Choice, ...] = ()
    """Speak of whole labels."""
    partial: tuple[Choice, ...] = ()
    """Denies that withhold only dated or single rows of the labels they speak of."""
    permits: tuple[Choice, ...] = ()
    refusals: tuple[Choice, ...] = ()
    """Of what needs a permission in any case: they withhold nothing else."""
    emergencies_only: bool = False
    """One of the denies is a wish to share in emergencies only."""


NONE = Effective()


class Recipient(NamedTuple):
    """Who asks, as choices see it."""

    organisation: str
    purpose: str
    declared: bool = False
    """It declares an emergency."""
    emergency: bool = False
    """And the agreement under which it asks lets it break the glass now."""


def effective(choices: Sequence[Choice], recipient: Recipient, on: date) -> Effective:
    """What counts on day `on` for this recipient: nobody lifts by its own record what others recorded."""
    if not choices:
        return NONE
    standing = [choice for choice in choices if in_force(choice, on)]
    counting = [
        (whole.kind in _MERE_REFUSALS, one)
        for whole in standing
        for one in _denied(_on(whole, on))
        if concerns(one, recipient, in_emergency=recipient.declared)
        and not _lifted(whole, standing, recipient.organisation)
    ]
    denies = [one for mere, one in counting if not mere]
    return Effective(
        denies=tuple(one for one in denies if not _is_partial(one)),
        partial=tuple(one for one in denies if _is_partial(one)),
        permits=tuple(_on(one, on) for one in standing if one.permits and not _superseded(one, choices, on)),
        refusals=tuple(one for mere, one in counting if mere),
        emergencies_only=any(one.kind == BREAK_GLASS_ONLY for one in denies),
    )


def _on(choice: Choice, day: date) -> Choice:
    """The choice with those of its exceptions that hold on this day."""
    if not choice.exceptions:
        return choice
    held = [one for one in choice.exceptions if in_force(one, day) and one.permits != choice.permits]
    return structs.replace(choice, exceptions=tuple(held))


def _denied(choice: Choice) -> tuple[Choice, ...]:
    """What a choice denies: itself, or what it excepts from its permission."""
    return choice.exceptions if choice.permits else (choice,)


def _relaxes(deny: Choice, recipient: Recipient) -> bool:
    return recipient.emergency and deny.kind == BREAK_GLASS_ONLY and deny.break_glass_relaxes


def _is_partial(deny: Choice) -> bool:
    """Where related data was not looked up, a deny counts for all that it could mean."""
    return not deny.related and bool(deny.instances or deny.data_start or deny.data_end)


def in_force(choice: Choice, on: date) -> bool:
    return choice.active and _begun(choice, on) and (choice.end is None or on <= choice.end)


def _begun(choice: Choice, on: date) -> bool:
    return choice.start is None or choice.start <= on


def _of_one_scope(one: Choice, other: Choice) -> bool:
    return one.kind == other.kind and _scope(one) == _scope(other)


def _scope(choice: Choice) -> tuple[object, ...]:
    return (
        choice.decided_by,
        choice.organisations,
        choice.about,
        choice.categories,
        choice.sensitivities,
        choice.purposes,
        choice.data_start,
        choice.data_end,
        choice.instances,
        choice.related,
    )


def _lifted(deny: Choice, standing: Iterable[Choice], caller: str) -> bool:
    """A later decision of the same scope replaces what denies, unless it is only the caller's own word against
    another's record. What a permission excepts, a later deny leaves denied."""
    return deny.kind != OTHER and any(
        (one.permits or not deny.permits)
        and _of_one_scope(one, deny)
        and one.recorded is not None
        and deny.recorded is not None
        and one.recorded > deny.recorded
        and (one.source != caller or deny.source == caller)
        for one in standing
    )


def _superseded(permit: Choice, choices: Iterable[Choice], on: date) -> bool:
    return any(
        other is not permit and _of_one_scope(other, permit) and _ends(other, on) and not _before(other, permit)
        for other in choices
    )


def _ends(other: Choice, on: date) -> bool:
    """A refusal that has begun, or a permission that was withdrawn or has run out."""
    if other.permits:
        return _begun(other, on) and not in_force(other, on)
    return other.active and _begun(other, on)


def _before(other: Choice, permit: Choice) -> bool:
    said = _said(other)
    return said is not None and permit.recorded is not None and said < permit.recorded


def _said(choice: Choice) -> datetime | None:
    """When a choice last spoke: a withdrawn permission at its withdrawal."""
    if choice.permits and not choice.active and choice.end is not None:
        return datetime.combine(choice.end, time.max, UTC)
    return choice.recorded


def forbids(deny: Choice, label: Label, recipient: Recipient) -> bool:
    """Whether a deny that counts (see `effective`) speaks of this label, under the agreement under which the recipient
    asks. One that names single resources speaks of those, whatever their label."""
    return (
        (bool(deny.instances) or speaks_of(deny, label))
        and not _relaxes(deny, recipient)
        and not any(_excepts(one, deny, label, recipient) for one in deny.exceptions)
    )


def concerns(choice: Choice, recipient: Recipient, *, in_emergency: bool) -> bool:
    """Whether a choice is about sharing with this recipient for this purpose, or for breaking the glass."""
    return (not choice.organisations or recipient.organisation in choice.organisations) and (
        not choice.purposes
        or recipient.purpose in choice.purposes
        or (in_emergency and BREAK_GLASS_PURPOSE in choice.purposes)
    )


def speaks_of(choice: Choice, label: Label) -> bool:
    """Whether a choice is about the statements that carry this label."""
    return (
        (not choice.about or label.organisation in choice.about)
        and (not choice.categories or label.category in choice.categories or _is_behind(choice, label))
        and (not choice.sensitivities or not choice.sensitivities.isdisjoint(label.sensitivities))
    )


def _is_behind(choice: Choice, label: Label) -> bool:
    """8: who dissents to adjustments dissents to the impairments behind them."""
    return not choice.permits and label.category is Category.IMPAIRMENTS and Category.ADJUSTMENTS in choice.categories


def _excepts(exception: Choice, deny: Choice, label: Label, recipient: Recipient) -> bool:
    """An exception never opens single rows, nor what is only sensitive: a further mark must not show more. In an
    emergency only a wish to share in emergencies excepts emergencies."""
    partial = exception.sensitivities or exception.instances or exception.data_start or exception.data_end
    in_emergency = recipient.emergency and deny.kind == BREAK_GLASS_ONLY
    return not partial and concerns(exception, recipient, in_emergency=in_emergency) and speaks_of(exception, label)


def opens(permit: Choice, label: Label, recipient: Recipient) -> bool:
    """Whether a permission, once its kind fits, covers this label for this recipient: one that speaks only of dated
    or single entries opens no label. An emergency is no purpose of a permission. What it excepts is a deny of its own,
    but where its kind denies nothing."""
    partial = permit.instances or permit.related or permit.data_start or permit.data_end
    return (
        not partial
        and concerns(permit, recipient, in_emergency=False)
        and (not permit.about or label.organisation in permit.about)
        and (not permit.categories or label.category in permit.categories)
        and not (permit.kind in _MERE_REFUSALS and any(_keeps(one, label, recipient) for one in permit.exceptions))
    )


def _keeps(exception: Choice, label: Label, recipient: Recipient) -> bool:
    """Whether a permission's exception may speak of anything with this label."""
    return concerns(exception, recipient, in_emergency=recipient.declared) and speaks_of(exception, label)
