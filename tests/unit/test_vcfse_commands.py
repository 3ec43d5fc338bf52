"""`toldonce vcfse` as it is typed: the template, mappings, and the report of a file."""

import re
from datetime import UTC, datetime
from pathlib import Path

import yaml
from openpyxl import load_workbook
from typer.testing import CliRunner

from adapters.vcfse import wording
from adapters.vcfse.parse import parse
from adapters.vcfse.template import template
from integration.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "charities.md"
AS_OF = datetime(2026, 9, 30, 17, tzinfo=UTC)


def toldonce(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["vcfse", *map(str, words)])
    return result.exit_code, " ".join(result.output.split())


def test_the_template_is_written(tmp_path):
    assert toldonce("template", "--out", tmp_path / "t.xlsx")[0] == 0
    assert (tmp_path / "t.xlsx").read_bytes() == template()
    assert toldonce("template", "--out", tmp_path / "t.csv")[0] == 1


def test_a_mapping_is_printed_checked_and_put_into_a_sheet(tmp_path):
    started = CliRunner().invoke(app, ["vcfse", "mapping"]).output
    assert set(yaml.load(started, Loader=yaml.BaseLoader)) == set(wording.names())
    file, sheet, out = tmp_path / "m.yaml", tmp_path / "s.csv", tmp_path / "o.csv"
    file.write_text(started)
    assert toldonce("mapping", file) == (0, "0 lines, nothing wrong")
    file.write_text("Client ID: Member\nClint ID: x\n")
    assert toldonce("mapping", file)[0] == 1
    file.write_text("Client ID: Member\n")
    sheet.write_text("Member,Referral date,Consent\n17,05/01/2026,Y\n")
    assert toldonce("mapping", file, "--into", sheet)[0] == 2
    assert toldonce("mapping", file, "--into", sheet, "--out", out)[0] == 0
    assert len(parse(out.read_bytes(), name="o", sender="X9V01", as_of=AS_OF).events) == 1


def test_a_report_of_a_file_is_written_in_the_file_s_own_format(tmp_path):
    sheet, out = tmp_path / "s.csv", tmp_path / "o.csv"
    sheet.write_text("Client ID,Referral date,Consent\n17,soon,Y\n")
    assert toldonce("report", sheet, "--out", out)[0] == 0
    assert "Column B" in out.read_text()
    assert toldonce("report", sheet, "--out", tmp_path / "o.xlsx")[0] == 1
    assert toldonce("report", tmp_path / "nothing.csv", "--out", out)[0] == 1
    sheet.write_bytes(template())
    assert toldonce("report", sheet, "--out", tmp_path / "o.xlsx")[0] == 0
    assert "no row about anybody" in load_workbook(tmp_path / "o.xlsx").worksheets[0]["A1"].value


def test_the_examples_of_the_page_are_understood():
    text = PAGE.read_text()
    table = re.search(r"(?:^    .*\n)+", text[text.index("In a CSV file the same") :], re.MULTILINE)[0]
    content = re.sub(r"^    ", "", table, flags=re.MULTILINE).encode()
    parsed = parse(content, name="page", sender="X9V01", as_of=AS_OF)
    assert ([event.patient.local_id for event in parsed.events], parsed.defects) == (["17"], [])
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", text[text.index("| Our name |") :].split("\n\n")[0], re.MULTILINE)
    assert wording.guide(wording.from_rows(enumerate([list(row) for row in rows if row[0] != "---"])))
