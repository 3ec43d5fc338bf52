"""Who provides services: CQC locations as organisations, and care homes as places."""

from collections.abc import Iterable
from dataclasses import dataclass

from adapters.social_care.records import Row, Service, State
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

CQC_LOCATION = uk_core.local_system("cqc", "location-id")
"""CQC publishes no FHIR identifier system for its location ids (unverified)."""
_BY_NAME = "cld-provider"


def services(state: State) -> list[tuple[Row, Service]]:
    """The state's services, in order of start."""
    return [(row, row.detail) for row in state.rows if isinstance(row.detail, Service)]


def running(row: Row) -> bool:
    """Whether the service goes on or is still to begin."""
    return row.end is None


@dataclass(frozen=True)
class Provider:
    """The CQC location that provides a service, or just a name where the council gives no id."""

    council: str
    location: str | None
    name: str | None

    @property
    def ods_code(self) -> str | None:
        """The ODS code of the location, where the reviewed table knows it."""
        found = translate("CldCqcLocationOds", self.location) if self.location else None
        return found["code"] if found else None

    def reference(self, ids: Ids) -> Json:
        """Reference by CQC id: says who provides it, and is no evidence of a relationship."""
        identifier = {"system": CQC_LOCATION, "value": self.location} if self.location else None
        return datatypes.compact(reference=f"Organization/{self._id(ids)}", identifier=identifier, display=self.name)

    def member(self, ids: Ids) -> Json:
        """Reference by ODS code where it is known: whom it names is shown to have a relationship with the person."""
        code = self.ods_code
        return datatypes.organisation_reference(ids, code, self.name) if code else self.reference(ids)

    def organisation(self, ids: Ids) -> Resource:
        """The directory entry that `reference` and `member` point at."""
        known = {uk_core.ODS_ORGANISATION: self.ods_code, CQC_LOCATION: self.location}
        return uk_core.resource(
            "Organization",
            self._id(ids),
            identifier=[{"system": system, "value": value} for system, value in known.items() if value],
            active=True,
            name=self.name or self.location,
        )

    def place(self, ids: Ids) -> Json:
        """Reference to the home itself."""
        return datatypes.compact(reference=f"Location/{self._place_id(ids)}", display=self.name)

    def location_entry(self, ids: Ids) -> Resource:
        """UKCore-Location of the home: CLD knows its name and CQC id, not its address."""
        return uk_core.resource(
            "Location",
            self._place_id(ids),
            identifier=[{"system": CQC_LOCATION, "value": self.location}] if self.location else [],
            status="active",
            name=self.name or self.location,
            managingOrganization=self.reference(ids),
        )

    def _id(self, ids: Ids) -> str:
        return ids.directory("Organization", *([self.ods_code] if self.ods_code else self.key))

    def _place_id(self, ids: Ids) -> str:
        return ids.directory("Location", *self.key)

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same one: a name means somebody only within one council."""
        return (CQC_LOCATION, self.location) if self.location else (_BY_NAME, self.council, self.name or "")


def provider(service: Service, state: State) -> Provider | None:
    """Who provides the service, where the council says."""
    if not (service.provider_id or service.provider_name):
        return None
    return Provider(state.patient.organisation, service.provider_id, service.provider_name)


def is_care_home(service: Service) -> bool:
    """Whether the service is living in a care home."""
    return bool(service.type and translate("CldResidence", service.type))


def members(state: State, ids: Ids) -> list[Json]:
    """CareTeam participants: the providers of services that run or are still to begin, each since its first one."""
    since: dict[Provider, str] = {}
    for row, service in services(state):
        by = provider(service, state)
        if by and running(row):
            since[by] = min(since.get(by, row.start or ""), row.start or "")
    return [
        {"role": [{"text": "Care provider"}], "member": by.member(ids), "period": {"start": start}}
        for by, start in since.items()
    ]


def directory(state: State, ids: Ids) -> list[Resource]:
    """The organisations that provide or provided services, and the care homes among them as places."""
    latest: dict[tuple[str, ...], tuple[Provider, bool]] = {}
    for _, service in services(state):
        if by := provider(service, state):
            key = by.key
            home = is_care_home(service) or latest.get(key, (by, False))[1]
            latest[key] = (by, home)
    entries = [
        *(by.organisation(ids) for by, _ in latest.values()),
        *(by.location_entry(ids) for by, home in latest.values() if home),
    ]
    return _each_once(entries)


def _each_once(entries: Iterable[Resource]) -> list[Resource]:
    return list({entry["id"]: entry for entry in sorted(entries, key=lambda one: str(one["id"]))}.values())
