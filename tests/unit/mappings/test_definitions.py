"""What we define ourselves: whatever stands under our own canonical base in our code has a sound definition."""

import re
from pathlib import Path

from integration.ingest.validity import invalidity
from mappings.definitions import definitions

ROOT = Path(__file__).parents[3]
URL = re.compile(r'"https://toldonce\.example/StructureDefinition/([a-z-]+[a-z])"')


def test_every_definition_is_valid_and_has_an_id_and_a_url_of_its_own() -> None:
    found = definitions()
    assert [(one["id"], why) for one in found if (why := invalidity(one))] == []
    assert len({one["url"] for one in found}) == len(found)
    assert len({(one["resourceType"], one["id"]) for one in found}) == len(found)


def test_every_extension_that_the_code_names_is_defined() -> None:
    named = {
        name
        for package in ("mappings", "integration")
        for path in (ROOT / package).rglob("*.py")
        for name in URL.findall(path.read_text())
    }
    defined = {one["id"] for one in definitions() if one["resourceType"] == "StructureDefinition"}
    assert named
    assert named <= defined


def test_a_code_table_that_a_map_translates_is_a_code_system_with_its_displays() -> None:
    (teams,) = [one for one in definitions() if one["url"] == "https://toldonce.example/CodeSystem/csds-team-type"]
    assert teams["content"] == "fragment"
    assert {"code": "04", "display": "Cardiac service"} in teams["concept"]
