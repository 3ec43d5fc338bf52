"""Mental Health Services Data Set -> UK Core. One module per group of tables; `to_resources` is the whole order."""

from adapters.mental_health.records import State
from mappings import uk_core
from mappings.ids import Ids
from mappings.mental_health.contact import contacts
from mappings.mental_health.coordination import care_coordination, care_plans
from mappings.mental_health.directory import directory
from mappings.mental_health.flag import flags
from mappings.mental_health.person import patient
from mappings.mental_health.referral import referrals
from mappings.mental_health.stay import stays

__all__ = ["to_resources"]


def to_resources(state: State, ids: Ids) -> list[uk_core.Resource]:
    """The Patient first, then everything else that the provider says of the person, then directory entries."""
    return [
        patient(state, ids),
        *flags(state, ids),
        *care_coordination(state, ids),
        *care_plans(state, ids),
        *referrals(state, ids),
        *contacts(state, ids),
        *stays(state, ids),
        *directory(state, ids),
    ]
