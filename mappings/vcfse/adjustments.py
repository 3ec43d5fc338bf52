"""Reasonable adjustments that a charity wrote down -> the national model of Patient Flags: one flag of existence, and
one for each adjustment (NHS England Patient Flag Implementation Guide). Words without a code stay words."""

from adapters.vcfse.records import State
from mappings import datatypes, uk_core
from mappings.adjustments import EXISTENCE, existence
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource, resource
from mappings.vcfse.words import coded, concept

BESPOKE = ("bespoke-reasonable-adjustments", "Bespoke Reasonable adjustments")


def adjustment_flags(state: State, ids: Ids) -> list[Resource]:
    """The flags of all published referrals' adjustments, each once; nothing when none is written down."""
    written = {line.casefold(): line for row in state.referrals for line in (row.adjustments or "").splitlines()}
    if not written:
        return []
    return [_existence(sorted(written), ids), *(_adjustment(key, written[key], ids) for key in sorted(written))]


def _existence(keys: list[str], ids: Ids) -> Resource:
    details = [datatypes.own_reference(ids, "Flag", "adjustment", key) for key in keys]
    return existence(ids.own("Flag", "reasonable-adjustments"), details)


def _adjustment(key: str, written: str, ids: Ids) -> Resource:
    category = coded("VcfseAdjustmentCategory", written) or datatypes.coding(uk_core.RA_CATEGORY, *BESPOKE)
    categories: list[Json] = [EXISTENCE, {"coding": [category]}]
    return resource(
        "Flag",
        ids.own("Flag", "adjustment", key),
        profile=uk_core.RA_ADJUSTMENT_PROFILE,
        status="active",
        category=categories,
        code=concept("VcfseAdjustment", written),
        subject=datatypes.subject(),
    )
