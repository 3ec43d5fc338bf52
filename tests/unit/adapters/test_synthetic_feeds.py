"""A synthetic neighbourhood as a folder of files, as `toldonce generate` writes it."""

import json
from datetime import datetime

import pytest

from adapters.synthetic.feeds import MANIFEST, feed_files, write_folder
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.organisations import BY_CODE
from adapters.synthetic.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return build(30)


def test_all_five_sectors_send_files_of_known_organisations(world):
    files = list(feed_files(world))
    assert {file.feed for file in files} == {"gp", "acute", "community", "mental_health", "social_care", "vcfse"}
    assert {file.sender for file in files} <= set(BY_CODE)
    assert all(file.content for file in files)
    assert all(file.as_of.tzinfo for file in files if file.as_of)


def test_the_same_world_gives_the_same_files(world):
    assert list(feed_files(world)) == list(feed_files(build(30)))


def test_folder_holds_every_file_and_the_manifest_names_them_in_delivery_order(world, tmp_path):
    seen = []
    counts = write_folder(world, tmp_path, seen.append)
    manifest = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    on_disk = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} - {MANIFEST}
    named = [f"{entry['feed']}/{entry['sender']}/{entry['name']}" for entry in manifest]
    assert len(named) == len(set(named)) == sum(counts.values()) == len(seen)
    assert set(named) == on_disk
    times = [datetime.fromisoformat(entry["as_of"]) for entry in manifest if entry["as_of"]]
    assert times == sorted(times)
    assert times


def test_a_file_sent_again_is_kept_beside_the_first(world, tmp_path):
    write_folder(world, tmp_path)
    files = list(feed_files(world))
    again = list(tmp_path.rglob("*~2.*"))
    repeated = len(files) - len({(file.feed, file.sender, file.name) for file in files})
    assert len(list(tmp_path.rglob("*~*"))) == repeated
    assert all((path.parent / path.name.replace("~2", "")).exists() for path in again)
