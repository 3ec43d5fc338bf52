"""One source patient's statements -> everything the store keeps of them. Pure: no database, no clock."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from adapters.records import Defect, FoldedEvent, Submission
from integration.feeds import RECORDED, Feed
from integration.identity.demographics import Demographics, demographics
from integration.ingest.happenings import happenings
from integration.ingest.statements import Source
from integration.ingest.validity import invalidity
from integration.sharing.categories import category_of
from integration.sharing.choices import choices_of
from integration.sharing.relationship import evidence_of
from integration.sharing.request import Choice, Evidence
from integration.sharing.sensitivity import is_restricted, sensitivities_of
from integration.store import directory
from integration.store.directory import Entry
from integration.store.events import Happening
from integration.store.extract import DIRECTORY, extract, unstamped
from integration.store.labels import LabelKey
from integration.store.versions import Content
from mappings.ids import Ids
from mappings.provenance import provenance
from mappings.uk_core import Resource


class Labelled(NamedTuple):
    """A resource about the person, ready to be stored; `content` None where the very same is stored already."""

    id: UUID
    type: str
    label: LabelKey
    content: Content | None


@dataclass(frozen=True)
class Assembled:
    """The present view of one source patient. `merged_into` are source patients that the source itself says are the
    same person (A40)."""

    source: Source
    resources: Sequence[Labelled] = ()
    directory: Sequence[Entry] = ()
    demographics: Demographics | None = None
    merged_into: Sequence[str] = ()
    about: tuple[UUID, UUID] | None = None
    """Of a source patient who is nobody by itself: whom it is about (`feeds.Feed.about`)."""
    evidence: Sequence[Evidence] = ()
    choices: Sequence[Choice] = ()
    restricted: bool = False
    happenings: Sequence[Happening] = ()
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
        stored: Mapping[bytes, LabelKey] = MappingProxyType({}),
    ) -> Assembled:
        """Fold, map, validate, label. `stored` has the digests of what is stored of this source patient, found valid
        and labelled before, with the label of each."""
        feed = self.feeds[source.feed]
        about = feed.about(source.patient) if feed.about else None
        state = feed.fold(source.patient, events, submissions)
        if state is None:
            return Assembled(source, about=about)
        ids = Ids(self.secret, source.patient, source.feed)
        mapped = feed.to_resources(state, ids)
        own = [self._stamp(source, one) for one in mapped if one["resourceType"] not in DIRECTORY]
        sound, defects = _validated(source, own, stored)
        entries, more = self._directory(source, [one for one in mapped if one["resourceType"] in DIRECTORY])
        about_person = [(one, stored.get(one.digest) or _label(source, one)) for one in sound]
        return replace(
            _facts(source, [one.resource for one in sound]),
            resources=[
                *(_labelled(one, label, stored) for one, label in about_person),
                *(_labelled(one, label, stored) for one, label in self._provenance(source, ids, about_person, events)),
            ],
            about=about,
            directory=entries,
            defects=[*defects, *more],
        )

    def _stamp(self, source: Source, resource: Resource) -> Resource:
        """Say where it came from; tag synthetic data as such."""
        meta: dict[str, Any] = dict(resource.get("meta", ()))
        meta["source"] = f"urn:toldonce:source:{source.patient.organisation}:{source.feed}"
        return _with_meta(resource, meta, self.tags)

    def _directory(self, source: Source, named: Iterable[Resource]) -> tuple[list[Entry], list[Defect]]:
        """The directory is nobody's in particular: it does not say where it came from."""
        tags = orjson.dumps(self.tags)
        entries: list[Entry] = []
        defects: list[Defect] = []
        for resource in named:
            found = _entry(orjson.dumps(resource), tags)
            if isinstance(found, Entry):
                entries.append(found)
            else:
                defects.append(_invalid(source, resource, found))
        return entries, defects

    def _provenance(
        self, source: Source, ids: Ids, made: Iterable[tuple["_Sound", LabelKey]], events: Sequence[FoldedEvent]
    ) -> list[tuple["_Sound", LabelKey]]:
        groups: dict[LabelKey, list[Resource]] = {}
        for one, label in made:
            groups.setdefault(label, []).append(one.resource)
        provenances = [
            (label, self._stamp(source, provenance(ids, label.name(), targets, events)))
            for label, targets in groups.items()
        ]
        return [(_sound(one), label) for label, one in provenances]


class _Sound(NamedTuple):
    """A valid resource, its JSON and the digest of that."""

    resource: Resource
    body: bytes
    digest: bytes

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])


def _with_meta(resource: Resource, meta: dict[str, Any], tags: Sequence[Mapping[str, str]]) -> Resource:
    if tags:
        meta["tag"] = [*meta.get("tag", ()), *tags]
    return _FIRST | resource | {"meta": meta}


_FIRST: Resource = {"resourceType": None, "id": None, "meta": None}
"""In this order: what is stored is stamped by it (`extract.unstamped`)."""


@lru_cache(maxsize=4096)
def _entry(said: bytes, tags: bytes) -> Entry | str:
    """A directory entry from its JSON, or what is not valid about it. A hospital's thousand messages name the same few
    wards and consultants: each is looked at once."""
    resource: Resource = orjson.loads(said)
    tagged = _with_meta(resource, dict(resource.get("meta", ())), orjson.loads(tags))
    return invalidity(tagged) or directory.entry(tagged)


def _sound(resource: Resource) -> _Sound:
    body = unstamped(resource)
    return _Sound(resource, body, hashlib.sha256(body).digest())


def _label(source: Source, one: _Sound) -> LabelKey:
    sensitivities = sensitivities_of(one.resource, one.body)
    return LabelKey(source.patient.organisation, category_of(one.resource), sensitivities)


def _labelled(one: _Sound, label: LabelKey, stored: Mapping[bytes, LabelKey]) -> Labelled:
    content = None
    if stored.get(one.digest) != label:
        content = Content(extract(one.resource, one.body, one.digest), one.body)
    return Labelled(UUID(one.resource["id"]), one.type, label, content)


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
        evidence=_evidence(source, resources),
        choices=[
            choice
            for resource in resources
            if resource["resourceType"] == "Consent"
            for choice in choices_of(resource, organisation)
        ],
        restricted=patient is not None and is_restricted(patient),
        happenings=happenings(resources),
    )


def _evidence(source: Source, resources: Sequence[Resource]) -> list[Evidence]:
    """Of relationships. What somebody recorded here of their own organisation counts from its beginning alone: whoever
    sets its end by hand could make their own word count anew by that."""
    organisation = source.patient.organisation
    shown = {one for resource in resources for one in evidence_of(resource, organisation)}
    if source.feed == RECORDED.name:
        shown = {
            Evidence(one.kind, one.organisation, one.source, one.start) if one.self_claimed else one for one in shown
        }
    return sorted(shown, key=_order)


def _order(evidence: Evidence) -> tuple[str, ...]:
    return (evidence.kind, evidence.organisation, evidence.source, str(evidence.start), str(evidence.end))


def _validated(
    source: Source, resources: Sequence[Resource], valid: Collection[bytes]
) -> tuple[list[_Sound], list[Defect]]:
    sound: list[_Sound] = []
    defects: list[Defect] = []
    for resource in resources:
        one = _sound(resource)
        problem = None if one.digest in valid else invalidity(resource, one.body)
        if problem is None:
            sound.append(one)
        else:
            defects.append(_invalid(source, resource, problem))
    return sound, defects


def _invalid(source: Source, resource: Resource, problem: str) -> Defect:
    return Defect(
        code="invalid-resource",
        where=f"{resource['resourceType']}/{resource['id']} mapped from the {source.feed} feed",
        reason=f"the mapping made a resource that is not valid FHIR: {problem}",
        remedy="correct the source value, or the mapping, and replay",
        fragment=orjson.dumps(resource),
    )
