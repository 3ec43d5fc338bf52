"""Link workers: Practitioner and PractitionerRole. A sheet knows them by name only, within their charity."""

from adapters.vcfse.records import Referral, Row, State
from mappings import datatypes
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource, resource


def worker_reference(state: State, name: str, ids: Ids) -> Json:
    """Reference to the directory entry of the charity's worker `name`."""
    return {"reference": f"Practitioner/{ids.directory('Practitioner', *_key(state, name))}", "display": name}


def worker_directory(state: State, ids: Ids) -> list[Resource]:
    """The directory entries of every worker whom the published rows name, once each."""
    rows: list[Row] = [*state.referrals, *state.contacts]
    names = {_key(state, row.worker): row.worker for row in rows if row.worker}
    return [entry for _, name in sorted(names.items()) for entry in _entries(state, name, ids)]


def _key(state: State, name: str) -> tuple[str, str, str]:
    return state.charity, "worker", " ".join(name.casefold().split())


def _entries(state: State, name: str, ids: Ids) -> list[Resource]:
    *given, family = name.split()
    practitioner = resource(
        "Practitioner",
        ids.directory("Practitioner", *_key(state, name)),
        active=True,
        name=[{**(datatypes.human_name(family, given, use="usual") or {}), "text": name}],
    )
    role = resource(
        "PractitionerRole",
        ids.directory("PractitionerRole", *_key(state, name)),
        active=True,
        practitioner=worker_reference(state, name, ids),
        organization=datatypes.organisation_reference(ids, state.charity),
        code=[{"text": "Link worker" if _is_link_worker(state, name) else "Charity worker"}],
    )
    return [practitioner, role]


def _is_link_worker(state: State, name: str) -> bool:
    return any(isinstance(row, Referral) and row.worker == name for row in state.referrals)
