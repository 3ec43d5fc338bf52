"""CYP001, CYP002 -> Patient, and RelatedPerson for the main carer."""

from collections.abc import Iterator

from adapters.community.records import State
from mappings import uk_core
from mappings.community import codes
from mappings.datatypes import subject
from mappings.ids import Ids
from mappings.tables import person


def patient(state: State, ids: Ids) -> uk_core.Resource:
    """UKCore-Patient: the provider's statement of who this is."""
    gender = codes.target_only("CsdsStatedGender", state.person.gender)
    return person.patient(state.person, state.registrations, ids, gender=gender)


def main_carer(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """UKCore-RelatedPerson for the main carer, of whom CSDS says the relationship only; its list was not obtained."""
    if state.person.main_carer:
        yield uk_core.resource(
            "RelatedPerson",
            ids.own("RelatedPerson", *state.person.key(), "main-carer"),
            active=True,
            patient=subject(),
            relationship=[codes.unlisted("main-carer-relationship", state.person.main_carer, "Main carer")],
        )
