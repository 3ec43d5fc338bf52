"""A person's copy of their record: complete as far as the reviewer may see, apart from it what is about others, who has
seen it and what was corrected; made with a Grant, audited, and readable by nobody else."""

import csv
import io
import json
import re
import stat
from pathlib import Path
from zipfile import ZipFile

import pytest

from integration.audit.readable import lines
from integration.commands.subject_access import Asked, write
from integration.errors import FhirError, NotPossible
from tests.spec.neighbourhood import MRS_T, NUMBER, Neighbourhood, resources

GP = Asked(MRS_T, "gp-system", "GP", "TREAT", "Dr Patel")


@pytest.fixture
async def copy(coventry: Neighbourhood, tmp_path: Path) -> ZipFile:
    out = tmp_path / "copy.zip"
    await write(coventry.settings, GP, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with ZipFile(out) as archive:
        yield archive


def entries(copy: ZipFile, name: str) -> list[dict]:
    return [entry["resource"] for entry in json.loads(copy.read(name)).get("entry", ())]


def rows(copy: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(copy.read(name).decode("utf-8-sig"))))


async def test_it_is_the_record_that_the_reviewer_may_see_and_no_more(coventry: Neighbourhood, copy: ZipFile) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr Patel")
    whole = resources((await gp.everything(await coventry.person())).json())
    here = entries(copy, "for-the-person/record.json")
    apart = entries(copy, "for-review/others-and-sensitive.json")
    stored = {one["id"] for one in whole if one["resourceType"] != "Provenance"}
    assert stored <= {one["id"] for one in [*here, *apart]}
    both = {one["id"] for one in here} & {one["id"] for one in apart}
    assert {one["resourceType"] for one in apart if one["id"] in both} <= {"Patient", "CareTeam"}, "they name relatives"
    types = {one["resourceType"] for one in apart}
    assert "RelatedPerson" in types
    assert "RelatedPerson" not in {one["resourceType"] for one in here}


async def test_next_of_kin_are_reviewed_first(copy: ZipFile) -> None:
    (whole,) = [
        one for one in entries(copy, "for-review/others-and-sensitive.json") if one["resourceType"] == "Patient"
    ]
    (here,) = [one for one in entries(copy, "for-the-person/record.json") if one["resourceType"] == "Patient"]
    phones = {point["value"] for one in whole["contact"] for point in one["telecom"]}
    assert phones
    assert here == {name: value for name, value in whole.items() if name != "contact"}
    given = [copy.read(name).decode() for name in copy.namelist() if name.startswith("for-the-person/")]
    assert not [phone for phone in phones for text in given if phone in text]


async def test_everything_of_it_is_told_in_words(copy: ZipFile) -> None:
    text = copy.read("for-the-person/record.html").decode()
    patient = next(one for one in entries(copy, "for-the-person/record.json") if one["resourceType"] == "Patient")
    assert patient["name"][0]["family"] in text
    assert "<script" not in text
    assert len(re.findall("<section>", text)) > 20
    names = {row["organisation"] for row in rows(copy, "for-the-person/sources.csv")}
    assert {"Earlsdon Avenue Practice", "Coventry Synthetic Hospitals NHS Trust"} <= names


async def test_who_has_seen_it_names_organisations_and_no_staff(coventry: Neighbourhood, tmp_path: Path) -> None:
    doctor = await coventry.as_caller("hospital-epr", user="Dr Secret")
    await doctor.get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"})
    await write(coventry.settings, GP, out := tmp_path / "again.zip")
    with ZipFile(out) as again:
        seen = again.read("for-the-person/who-has-seen-it.csv").decode("utf-8-sig")
        assert "Coventry Synthetic Hospitals NHS Trust" in seen
        assert all(b"Dr Secret" not in again.read(name) for name in again.namelist())


async def test_it_is_audited_with_its_decision(coventry: Neighbourhood, copy: ZipFile) -> None:
    row = await coventry.owner.fetchrow(
        "select * from toldonce.audit_event where kind = 'export' order by recorded desc, id desc limit 1"
    )
    assert row["person"] == await coventry.person()
    content = json.loads(row["content"])
    assert content["caller"][:5] == ["gp-system", "X90401", "GP", "TREAT", "Dr Patel"]
    assert content["granted"]
    assert content["counts"]["Patient"] >= 1


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"nhs_number": "9990000019"}, NotPossible),
        ({"user": " "}, NotPossible),
        ({"client": "nobody"}, NotPossible),
        ({"role": "paramedic"}, NotPossible),
        ({"purpose": "HRESCH"}, NotPossible),
        ({"client": "distant-hospital", "role": "hospital doctor"}, FhirError),
        ({"nhs_number": "9434765919"}, FhirError),
    ],
    ids=str,
)
async def test_whoever_may_not_see_it_makes_no_copy(coventry: Neighbourhood, tmp_path: Path, changed, error) -> None:
    with pytest.raises(error):
        await write(coventry.settings, GP._replace(**changed), tmp_path / "copy.zip")
    assert list(tmp_path.iterdir()) == []


async def test_an_officer_s_copy_has_no_clinical_content(coventry: Neighbourhood, tmp_path: Path) -> None:
    officer = Asked(MRS_T, "ig-office", "information governance officer", "HCOMPL", "R. Okafor")
    await write(coventry.settings, officer, out := tmp_path / "copy.zip")
    with ZipFile(out) as made:
        assert {one["resourceType"] for one in entries(made, "for-the-person/record.json")} <= {
            "Consent",
            "Organization",
            "Provenance",
        }


async def test_a_file_is_never_replaced(coventry: Neighbourhood, tmp_path: Path) -> None:
    out = tmp_path / "kept"
    out.write_text("kept")
    with pytest.raises(NotPossible):
        await write(coventry.settings, GP, out)
    assert out.read_text() == "kept"


def test_what_a_resource_says_in_words() -> None:
    told = lines(
        {
            "resourceType": "Condition",
            "id": "1",
            "code": {"coding": [{"system": "s", "code": "1", "display": "Asthma <b>"}]},
            "onsetDateTime": "2026-01-31T09:30:00+00:00",
            "asserter": {"display": "Dr A"},
            "subject": {"reference": "Patient/1"},
            "extension": [{"url": "https://x/Extension-UKCore-Thing", "valueBoolean": True}],
            "note": [{"text": "as it was said"}],
        }
    )
    assert told == [
        ("code", "Asthma <b>"),
        ("onset date time", "31 January 2026, 09:30"),
        ("asserter, display", "Dr A"),
        ("thing", "yes"),
        ("note, text", "as it was said"),
    ]
