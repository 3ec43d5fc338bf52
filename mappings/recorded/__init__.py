"""What was recorded here through the API -> UK Core resources, in the national shapes of reasonable adjustments.

https://simplifier.net/guide/patient-flag-implementation-guide, https://profiles.ihe.net/ITI/PCF
"""

from adapters.recorded.records import State
from mappings import datatypes
from mappings.ids import Ids
from mappings.recorded.consent import consents
from mappings.recorded.flags import adjustments
from mappings.uk_core import Resource


def to_resources(state: State, ids: Ids) -> list[Resource]:
    """Every statement that stands, and the one flag that says that adjustments exist."""
    return [*adjustments(state, ids), *consents(state, ids), datatypes.organisation(ids, state.organisation, None)]
