"""What was recorded here through the API -> UK Core resources: one file for each kind of statement.

https://simplifier.net/guide/patient-flag-implementation-guide, https://profiles.ihe.net/ITI/PCF
"""

from collections.abc import Callable, Iterator, Sequence

from adapters.recorded.records import State
from mappings import datatypes
from mappings.ids import Ids
from mappings.recorded.care_team import care_teams
from mappings.recorded.consent import consents
from mappings.recorded.flags import adjustments
from mappings.recorded.tasks import tasks
from mappings.uk_core import Resource

STATEMENTS: Sequence[Callable[[State, Ids], Iterator[Resource]]] = (adjustments, consents, tasks, care_teams)


def to_resources(state: State, ids: Ids) -> list[Resource]:
    """Every statement that stands, the one flag that says that adjustments exist, and the organisations of which they
    speak, each once."""
    said = [one for statements in STATEMENTS for one in statements(state, ids)]
    made = [*said, datatypes.organisation(ids, state.organisation, None)]
    return list({(one["resourceType"], one["id"]): one for one in made}.values())
