"""When nothing that a person's general practice recorded is shown: whether that is said, and whether it is asked for.

Said is only what follows from what the caller is shown anyway: that a practice is known, from statements of sources
which are shown; that an agreement would show this role a practice's clinical record; and that none is there. So it is
said alike whether nothing is held, the practice refused or does not know the person, or the person objects.

Pure, as deciding is. A decision about a record that is not there is made by `decide` like any other, of one label.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from adapters.records import LONDON
from integration.sharing.decide import decide
from integration.sharing.policy import Policy
from integration.sharing.request import Category, Facts, Grant, Label

_WOULD_BE = -1
"""Id of a label that no row has."""
_SAID_BY_FEEDS = frozenset({Category.DEMOGRAPHICS, Category.CLINICAL})
"""A practice's feed always says who the person is. Neither is ever recorded here, where practices record as well."""


@dataclass(frozen=True)
class Unshown:
    """Nothing of the person's practice is shown, and the caller is told so. `ask`: ODS codes of the practices that may
    be asked for it, since nothing is held that could be shown."""

    ask: tuple[str, ...]


def unshown(grant: Grant, facts: Facts, policy: Policy, practices: Collection[str]) -> Unshown | None:
    """What becomes of an answer to this Grant, made from these facts; `practices`: ODS codes of those that can be
    asked. None where something of a practice is shown, and where nothing may be said."""
    held = {label.id for label in facts.labels if label.category in _SAID_BY_FEEDS and label.organisation in practices}
    if not held.isdisjoint(grant.labels):
        return None
    if policy.purposes[grant.request.caller.purpose].kind != "care" or _is_located_in_secret(grant):
        return None
    known = [one for one in _registered(grant, facts) if one in practices]
    would = [one for one in known if _shows(grant, replace(facts, choices=()), policy, one)]
    if not would:
        return None
    return Unshown(() if held else tuple(one for one in would if _shows(grant, facts, policy, one)))


def _is_located_in_secret(grant: Grant) -> bool:
    """Where somebody is registered tells where they live. What a choice withholds does not count here: it could be told
    by it that something is held."""
    return bool(grant.hide_location or grant.unlocated)


def _registered(grant: Grant, facts: Facts) -> list[str]:
    """Where the person is registered now, as sources say whose statements are shown."""
    shown = {label.organisation for label in facts.labels if label.id in grant.labels}
    today = grant.request.at.astimezone(LONDON).date()
    return sorted(
        {
            sign.organisation
            for sign in facts.evidence
            if sign.kind == "registration"
            and sign.source in shown
            and (sign.start or today) <= today <= (sign.end or today)
        }
    )


def _shows(grant: Grant, facts: Facts, policy: Policy, practice: str) -> bool:
    """Whether a clinical record of this practice, were there one, would be shown."""
    one = Label(_WOULD_BE, practice, Category.CLINICAL)
    decision = decide(grant.request, replace(facts, labels=(one,)), policy)
    return isinstance(decision, Grant) and _WOULD_BE in decision.labels
