"""All statements of a source patient -> what is stored: valid, labelled, complete in its references, by its source."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.records import FoldedEvent, SourcePatient, Submission
from adapters.synthetic import pds
from adapters.synthetic.feeds import feed_files
from adapters.synthetic.neighbourhood import build
from integration.feeds import FEEDS
from integration.ingest.assemble import Assembled, Assembler, Labelled
from integration.ingest.statements import Source
from integration.ingest.validity import invalidity
from integration.store.extract import DIRECTORY
from integration.store.versions import Content
from mappings import uk_core
from mappings.ids import Ids
from mappings.uk_core import Resource

SECRET = b"secret"
RECEIPT = datetime(2026, 9, 30, 20, tzinfo=UTC)
SECRET_NAME = "Quillfeather"
ASSEMBLE = Assembler(FEEDS, SECRET, (uk_core.HEALTH_TEST_DATA,))
Said = tuple[Source, Sequence[FoldedEvent], Sequence[Submission]]


@lru_cache
def everything_said() -> tuple[Said, ...]:
    """Every source patient of a synthetic neighbourhood with their statements in total order, as the pipeline reads
    them."""
    events: dict[tuple[str, SourcePatient], dict[tuple[Any, ...], FoldedEvent]] = defaultdict(dict)
    submissions: dict[str, dict[str, Submission]] = defaultdict(dict)
    world = build(30)
    for file in (*feed_files(world), *pds.feed_files(world)):
        parsed = FEEDS[file.feed].parse(file.content, name=file.name, sender=file.sender, as_of=file.as_of or RECEIPT)
        sha = hashlib.sha256(file.content).hexdigest()
        if parsed.submission:
            submissions[file.feed][sha] = msgspec.structs.replace(parsed.submission, digest=sha)
        for position, event in enumerate(parsed.events):
            key = (event.at, event.sent, sha, position)
            said = FoldedEvent(at=event.at, sent=event.sent, digest=sha, name=file.name, record=event.record)
            events[file.feed, event.patient][key] = said
    return tuple(
        (
            Source(number, UUID(Ids(SECRET, patient, feed).own("Patient")), feed, patient),
            [said[key] for key in sorted(said)],
            sorted(submissions[feed].values(), key=lambda one: (one.as_of, one.digest)),
        )
        for number, ((feed, patient), said) in enumerate(events.items())
    )


@lru_cache
def everything_assembled() -> tuple[Assembled, ...]:
    return tuple(ASSEMBLE(*said) for said in everything_said())


def resources(assembled: Assembled) -> list[Resource]:
    return [*map(read, assembled.resources), *(orjson.loads(one.body) for one in assembled.directory)]


def content(one: Labelled) -> Content:
    assert one.content is not None
    return one.content


def read(one: Labelled) -> Resource:
    resource: Resource = msgspec.json.decode(content(one).body)
    assert (UUID(resource["id"]), resource["resourceType"]) == (one.id, one.type)
    return resource


def test_every_feed_says_something() -> None:
    assert {one.source.feed for one in everything_assembled() if one.resources} == FEEDS.keys()


def test_every_synthetic_resource_is_valid_and_none_is_left_out() -> None:
    for assembled in everything_assembled():
        assert not assembled.defects
        for resource in resources(assembled):
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)
            assert invalidity(resource) is None


def test_every_source_patient_has_one_patient_and_one_provenance_for_each_label() -> None:
    for assembled in everything_assembled():
        if not assembled.resources:
            continue
        by_type: dict[str, list[Resource]] = defaultdict(list)
        for resource in resources(assembled):
            by_type[resource["resourceType"]].append(resource)
        (patient,) = by_type["Patient"]
        assert UUID(patient["id"]) == assembled.source.id
        assert len(by_type["Provenance"]) == len({one.label for one in assembled.resources})
        told = {target["reference"] for one in by_type["Provenance"] for target in one["target"]}
        assert told == {f"{one.type}/{one.id}" for one in assembled.resources if one.type != "Provenance"}


def test_a_provenance_has_the_label_of_its_targets() -> None:
    for assembled in everything_assembled():
        labels = {
            f"{one.type}/{one.id}": one.label
            for one in assembled.resources
        }  # fmt: skip
        for one in assembled.resources:
            if one.type == "Provenance":
                assert {labels[target["reference"]] for target in read(one)["target"]} == {one.label}


def test_ids_are_nobodys_twice_and_references_lead_to_what_is_there() -> None:
    ids: dict[str, UUID] = {}
    for assembled in everything_assembled():
        own = {one.id for one in assembled.resources}
        entries = {one.id for one in assembled.directory}
        assert len(own) == len(assembled.resources)
        for one in assembled.resources:
            assert ids.setdefault(str(one.id), assembled.source.id) == assembled.source.id
            merged = {UUID(other) for other in assembled.merged_into}
            replaces = {UUID(link["other"]["reference"].removeprefix("Patient/")) for link in read(one).get("link", ())}
            assert set(map(UUID, content(one).columns.refs)) <= own | merged | replaces
            assert set(map(UUID, content(one).columns.entries)) <= entries


def test_what_is_said_of_the_person_names_its_source_and_is_marked_as_test_data() -> None:
    for assembled in everything_assembled():
        source = f"urn:toldonce:source:{assembled.source.patient.organisation}:{assembled.source.feed}"
        for resource in resources(assembled):
            assert uk_core.HEALTH_TEST_DATA in resource["meta"]["tag"]
            assert resource["meta"].get("source", source) == source
            assert ("source" in resource["meta"]) == (resource["resourceType"] not in DIRECTORY)
        assert {one.label.organisation for one in assembled.resources} <= {assembled.source.patient.organisation}


@settings(max_examples=25, deadline=None)
@given(st.data(), st.randoms(use_true_random=False))
def test_it_is_a_function_of_what_was_said(data: st.DataObject, random: Random) -> None:
    """The same again, and the same with every statement twice; what is stored already is left as it is."""
    said = data.draw(st.sampled_from(everything_said()))
    source, events, submissions = said
    first = ASSEMBLE(*said)
    half = random.sample(list(first.resources), len(first.resources) // 2)
    stored = {one.content.columns.digest: one.label for one in half if one.content}
    twice = [event for event in events for _ in range(2)] if source.feed == "acute" else events
    again = ASSEMBLE(source, twice, submissions, stored)
    left = [one if one not in half else one._replace(content=None) for one in first.resources]
    assert replace(again, resources=list(again.resources)) == replace(first, resources=left)


def spoilt(element: str, value: Any, of: str = "Patient") -> Assembler:
    """An assembler whose mapping of every feed writes this value into every resource of a type."""

    def mapping(feed: str) -> Any:
        return lambda state, ids: [
            one | {element: value} if one["resourceType"] == of else one for one in FEEDS[feed].to_resources(state, ids)
        ]

    feeds = {name: replace(feed, to_resources=mapping(name)) for name, feed in FEEDS.items()}
    return Assembler(feeds, SECRET)


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("birthDate", SECRET_NAME),
        ("birthDate", "1931-02-33"),
        ("name", [{"family": {"text": SECRET_NAME}}]),
        ("identifier", [{"value": 9990000018}]),
        ("favouriteColour", SECRET_NAME),
        ("active", SECRET_NAME),
    ],
)
@pytest.mark.parametrize("feed", FEEDS)
def test_an_invalid_resource_is_a_defect_without_values_and_the_rest_is_kept(
    feed: str, element: str, value: Any
) -> None:
    said = next(one for one in everything_said() if one[0].feed == feed and ASSEMBLE(*one).resources)
    assembled = spoilt(element, value)(*said)
    (defect,) = assembled.defects
    assert defect.code == "invalid-resource"
    words = f"{defect.reason} {defect.where} {defect.remedy}"
    for secret in (SECRET_NAME, "1931-02-33", "9990000018", said[0].patient.local_id):
        assert secret not in words
    assert str(said[0].id) in defect.where
    assert msgspec.json.decode(defect.fragment)[element] == value
    kept = {str(one.id) for one in assembled.resources if one.type != "Provenance"}
    whole = {str(one.id) for one in ASSEMBLE(*said).resources if one.type != "Provenance"}
    assert whole - kept == {str(said[0].id)}


def test_who_says_nothing_has_nothing() -> None:
    source, events, submissions = next(one for one in everything_said() if one[0].feed == "gp")
    silent = replace(FEEDS["gp"], fold=lambda *_: None)
    assembled = Assembler({**FEEDS, "gp": silent}, SECRET)(source, events, submissions)
    assert assembled == Assembled(source)
