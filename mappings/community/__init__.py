"""Community Services Data Set -> UK Core. One module per group of tables; `to_resources` is the whole order."""

from adapters.community.records import State
from mappings import uk_core
from mappings.community.contact import contacts
from mappings.community.directory import directory
from mappings.community.finding import findings
from mappings.community.flag import flags
from mappings.community.person import patient
from mappings.community.plan import care_plans
from mappings.community.referral import referrals
from mappings.ids import Ids

__all__ = ["to_resources"]


def to_resources(state: State, ids: Ids) -> list[uk_core.Resource]:
    """The Patient first, then everything else that the provider says of the person, then directory entries."""
    return [
        patient(state, ids),
        *flags(state, ids),
        *care_plans(state, ids),
        *referrals(state, ids),
        *contacts(state, ids),
        *findings(state, ids),
        *directory(state, ids),
    ]
