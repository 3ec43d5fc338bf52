"""Community Services Data Set -> UK Core. One module per group of tables; `to_resources` is the whole order."""

from adapters.community.records import State
from mappings import uk_core
from mappings.community.contact import contacts
from mappings.community.directory import directory
from mappings.community.finding import findings
from mappings.community.flag import flags, restricted
from mappings.community.pathway import pathways
from mappings.community.person import main_carer, patient
from mappings.community.plan import care_plans
from mappings.community.referral import referrals
from mappings.ids import Ids

__all__ = ["to_resources"]


def to_resources(state: State, ids: Ids) -> list[uk_core.Resource]:
    """The Patient first, then everything else that the provider says of the person, then directory entries. Where the
    provider marks the whole record as confidential, every statement about the person carries that mark."""
    own = [
        patient(state, ids),
        *main_carer(state, ids),
        *flags(state, ids),
        *care_plans(state, ids),
        *referrals(state, ids),
        *pathways(state, ids),
        *contacts(state, ids),
        *findings(state, ids),
    ]
    if state.person.confidential:
        own = [restricted(resource) for resource in own]
    return [*own, *directory(state, ids)]
