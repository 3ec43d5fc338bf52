"""One source patient's statements -> everything the store keeps of them. Pure: no database, no clock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from adapters.records import Defect, FoldedEvent, Submission
from integration.feeds import Feed
from integration.identity.demographics import Demographics, demographics
from integration.ingest.statements import Source
from integration.sharing.categories import category_of
from integration.sharing.choices import choices_of
from integration.sharing.relationship import evidence_of
from integration.sharing.request import Choice, Evidence
from integration.sharing.sensitivity import is_restricted, sensitivities_of
from integration.store.extract import DIRECTORY, Extract, digest, extract
from integration.store.labels import LabelKey
from mappings.ids import Ids
from mappings.provenance import provenance
from mappings.uk_core import Resource


@dataclass(frozen=True)
class Labelled:
    """A resource about the person, with what is stored beside it."""

    resource: Resource
    label: LabelKey
    columns: Extract


@dataclass(frozen=True)
class Assembled:
    """The present view of one source patient. `merged_into` are source patients that the source itself says are the
    same person (A40)."""

    source: Source
    resources: Sequence[Labelled] = ()
    directory: Sequence[Resource] = ()
    demographics: Demographics | None = None
    merged_into: Sequence[str] = ()
    evidence: Sequence[Evidence] = ()
    choices: Sequence[Choice] = ()
    restricted: bool = False
    defects: Sequence[Defect] = field(default=())
    failed: bool = False
    """Our own code failed on it: what is stored of it stays as it is."""


@dataclass(frozen=True)
class Assembler:
    """What assembling needs besides the statements. `tags` go on every resource (synthetic data says so)."""

    feeds: Mapping[str, Feed]
    secret: bytes
    tags: Sequence[Mapping[str, str]] = ()

    def __call__(
        self,
        source: Source,
        events: Sequence[FoldedEvent],
        submissions: Sequence[Submission],
        valid: Collection[bytes] = frozenset(),
    ) -> Assembled:
        """Fold, map, validate, label. `valid` holds digests of resources that were found valid before."""
        feed = self.feeds[source.feed]
        state = feed.fold(source.patient, events, submissions)
        if state is None:
            return Assembled(source)
        ids = Ids(self.secret, source.patient, source.feed)
        mapped = [self._stamp(source, resource) for resource in feed.to_resources(state, ids)]
        sound, defects = _validated(source, mapped, valid)
        directory = [resource for resource in sound if resource["resourceType"] in DIRECTORY]
        about_person = [_labelled(source, one) for one in sound if one["resourceType"] not in DIRECTORY]
        assembled = _facts(source, sound)
        return replace(
            assembled,
            resources=[*about_person, *self._provenance(source, ids, about_person, events)],
            directory=directory,
            defects=defects,
        )

    def _stamp(self, source: Source, resource: Resource) -> Resource:
        """Say where it came from; tag synthetic data as such. The directory is nobody's in particular."""
        meta: dict[str, Any] = dict(resource.get("meta", {}))
        if resource["resourceType"] not in DIRECTORY:
            meta["source"] = f"urn:toldonce:source:{source.patient.organisation}:{source.feed}"
        if self.tags:
            meta["tag"] = [*meta.get("tag", ()), *self.tags]
        return {"resourceType": resource["resourceType"], "id": resource["id"], "meta": meta, **_rest(resource)}

    def _provenance(
        self, source: Source, ids: Ids, resources: Sequence[Labelled], events: Sequence[FoldedEvent]
    ) -> list[Labelled]:
        groups: dict[LabelKey, list[Resource]] = {}
        for one in resources:
            groups.setdefault(one.label, []).append(one.resource)
        made = [
            (label, self._stamp(source, provenance(ids, label.name(), targets, events)))
            for label, targets in groups.items()
        ]
        return [Labelled(resource, label, extract(resource)) for label, resource in made]


def _rest(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name not in ("resourceType", "id", "meta")}


def _labelled(source: Source, resource: Resource) -> Labelled:
    label = LabelKey(source.patient.organisation, category_of(resource), frozenset(sensitivities_of(resource)))
    return Labelled(resource, label, extract(resource))


def _facts(source: Source, resources: Sequence[Resource]) -> Assembled:
    organisation = source.patient.organisation
    patient = next((one for one in resources if one["resourceType"] == "Patient"), None)
    return Assembled(
        source,
        demographics=demographics(patient) if patient else None,
        merged_into=[
            link["other"]["reference"].removeprefix("Patient/")
            for link in (patient or {}).get("link", ())
            if link["type"] == "replaced-by"
        ],
        evidence=sorted({one for resource in resources for one in evidence_of(resource, organisation)}, key=_order),
        choices=[
            choice
            for resource in resources
            if resource["resourceType"] == "Consent"
            for choice in choices_of(resource, organisation)
        ],
        restricted=patient is not None and is_restricted(patient),
    )


def _order(evidence: Evidence) -> tuple[str, ...]:
    return (evidence.kind, evidence.organisation, evidence.source, str(evidence.start), str(evidence.end))


def _validated(
    source: Source, resources: Sequence[Resource], valid: Collection[bytes]
) -> tuple[list[Resource], list[Defect]]:
    sound: list[Resource] = []
    defects: list[Defect] = []
    for resource in resources:
        problem = None if digest(resource) in valid else _invalidity(resource)
        if problem is None:
            sound.append(resource)
        else:
            defects.append(_invalid(source, resource, problem))
    return sound, defects


def _invalidity(resource: Resource) -> str | None:
    """One hospital's thousand messages name the same few wards and consultants: each is looked at once."""
    return _of_directory(orjson.dumps(resource)) if resource["resourceType"] in DIRECTORY else invalidity(resource)


@lru_cache(maxsize=4096)
def _of_directory(entry: bytes) -> str | None:
    return invalidity(orjson.loads(entry))


def invalidity(resource: Resource) -> str | None:
    """What makes a resource invalid FHIR, as element paths and error types, or None. No values are repeated."""
    try:
        _model(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        found = {f"{'.'.join(map(str, one['loc']))} ({one['type']})" for one in error.errors(include_input=False)}
        return ", ".join(sorted(found))
    return None


@lru_cache
def _model(resource_type: str) -> Any:
    return get_fhir_model_class(resource_type)


def _invalid(source: Source, resource: Resource, problem: str) -> Defect:
    return Defect(
        code="invalid-resource",
        where=f"{resource['resourceType']}/{resource['id']} mapped from the {source.feed} feed",
        reason=f"the mapping made a resource that is not valid FHIR: {problem}",
        remedy="correct the source value, or the mapping, and replay",
        fragment=orjson.dumps(resource),
    )
