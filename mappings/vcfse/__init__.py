"""A charity's view of one person -> UK Core resources.

Always the Patient (as the charity knows them) and the two choices; the rest exists in the state, and so here, only
while the person's consent to share is recorded (see adapters/vcfse/state.py), and free-text notes only while they
agreed to those too.
"""

from adapters.vcfse.records import State
from mappings import datatypes
from mappings.ids import Ids
from mappings.uk_core import Resource
from mappings.vcfse.adjustments import adjustment_flags
from mappings.vcfse.contacts import encounter
from mappings.vcfse.notes import notes
from mappings.vcfse.person import consents, patient
from mappings.vcfse.referrals import referral_resources
from mappings.vcfse.workers import worker_directory

__all__ = ["to_resources"]


def to_resources(state: State, ids: Ids) -> list[Resource]:
    """Patient first, then Consents, then for each published referral a ServiceRequest and, when accepted, CarePlan and
    CareTeam, measures as Observations, contacts as Encounters, adjustments as Flags, shared notes as Observations;
    last the directory entries."""
    resources = [patient(state, ids), *consents(state, ids)]
    for referral in state.referrals:
        resources += referral_resources(state, referral, ids)
    resources += [encounter(state, contact, ids) for contact in state.contacts]
    resources += [*adjustment_flags(state, ids), *notes(state, ids)]
    return [*resources, datatypes.organisation(ids, state.charity, None), *worker_directory(state, ids)]
