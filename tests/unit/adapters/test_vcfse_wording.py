"""A charity's own words: in a sheet, above a CSV table or in a file, and every mistake with its line."""

from datetime import UTC, datetime

import msgspec
import pytest

from adapters.errors import Unreadable
from adapters.records import Parsed
from adapters.vcfse import wording
from adapters.vcfse.embed import embed
from adapters.vcfse.parse import parse
from adapters.vcfse.records import Entry
from adapters.vcfse.wording import WordingError
from tests.unit.adapters.vcfse_sheets import workbook

AS_OF = datetime(2026, 9, 30, 17, tzinfo=UTC)
TABLE = [
    ["Member", "Came on", "OK?", "Walks", "Room"],
    ["17", "04/03/2026", "jawohl", "x", "2"],
    ["18", "05/13/2026", "nope"],
]
MAPPING = """\
# ours: theirs
Referrals sheet: Walkers
Date order: month first
Client ID: Member
Referral date: [Came on, Start]
Consent to share: OK?
Yes: [jawohl, aye]
No: nope
Ignore: [Walks, Room]
"""


def read(content: bytes) -> Parsed:
    return parse(content, name="f", sender="X9V01", as_of=AS_OF)


def said(parsed: Parsed) -> list[tuple[str | None, ...]]:
    rows = [msgspec.json.decode(event.record, type=Entry) for event in parsed.events]
    return [(row.client.client_id, row.referred_on, row.sharing.share) for row in rows]


def csv_of(rows: list[list[str]]) -> bytes:
    return "\n".join(";".join(row) for row in rows).encode("cp1252")


UNDERSTOOD = [("17", "2026-04-03", "yes"), ("18", "2026-05-13", "no")]


def test_a_mapping_file_put_into_a_workbook_is_understood():
    content = workbook({"Walkers": TABLE})
    with pytest.raises(Unreadable):
        read(content)
    parsed = read(embed(content, wording.from_yaml(MAPPING)))
    assert (said(parsed), parsed.defects) == (UNDERSTOOD, [])


def test_a_mapping_file_put_above_a_csv_table_is_understood_and_replaces_an_earlier_one():
    content = embed(csv_of(TABLE), wording.from_yaml("Client ID: nonsense"))
    parsed = read(embed(content, wording.from_yaml(MAPPING)))
    assert (said(parsed), parsed.defects) == (UNDERSTOOD, [])


def test_a_mapping_sheet_typed_by_hand_is_understood():
    mapping = [
        ["Our name", "Your name"], ["client id", "Member"], ["Referral date", "Start", "Came on"], ["DOB", None],
        ["Consent to share", "Consent;OK?"], ["Referrals sheet", "Walkers"], ["date order", "mm/dd/yyyy"],
        ["YES", "jawohl"], ["No", "nope"], ["Ignore", "Walks"], ["Ignore", "Room"],
    ]  # fmt: skip
    parsed = read(workbook({"toldonce mapping": mapping, "Walkers": TABLE}))
    assert (said(parsed), parsed.defects) == (UNDERSTOOD, [])


def test_own_words_come_before_ours_and_a_blank_word_is_nothing():
    rows = [["Ref", "Name", "Client ref", "Date referred", "Consent"], ["R1", "Lunch club", "17", "keine", "Y"]]
    mapping = "Referral ID: Ref\nIgnore: Name\nBlank: keine\n"
    parsed = read(embed(csv_of(rows), wording.from_yaml(mapping)))
    [row] = [msgspec.json.decode(event.record, type=Entry) for event in parsed.events]
    assert (row.referral_id, row.client.client_id, row.client.name, row.referred_on) == ("R1", "17", None, None)


def test_a_yes_word_means_yes_in_consent_columns_only():
    rows = [["Client ID", "Referral date", "Consent", "Reason"], ["17", "05/01/2026", "Ada", "Ada"]]
    [row] = [
        msgspec.json.decode(event.record, type=Entry)
        for event in read(embed(csv_of(rows), wording.from_yaml("Yes: Ada"))).events
    ]
    assert (row.sharing.share, row.reason) == ("yes", "Ada")


def test_a_mapping_longer_than_the_search_for_the_header_is_no_obstacle():
    lines = wording.from_yaml("".join(f"Outcome: word{n}\n" for n in range(60)))
    parsed = read(embed(csv_of([["Client ID", "Referral date", "Consent"], ["17", "05/01/2026", "Y"]]), lines))
    assert len(parsed.events) == 1


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("Client ID: a\nClint ID: b\n", ["line 2: no column of ours has this name: do you mean Client ID?"]),
        ("zzz: b\n", ["line 1: no column of ours has this name"]),
        ("Date order: american\n", ["line 1: Date order is `day first` or `month first`, once"]),
        (
            "Date order: day first\n\nDate order: month first\n",
            ["line 3: Date order is `day first` or `month first`, once"],
        ),
        ("Yes: [N]\n", ["line 1: a word of Yes already means No"]),
        ("No: ja\nYes: ja\n", ["line 2: one of these words was given to another name above"]),
        ("DOB: Start\nReferral date: Start\n", ["line 2: one of these words was given to another name above"]),
        ("Client ID: '?'\n", ["line 1: a word has no letters or digits"]),
        ("Client ID:\n  - {a: b}\n", ["line 1: write a word, or several as [one, two]"]),
        ("- Client ID\n", ["line 1: write one line for each name: `Client ID: Member number`"]),
        ("Client ID: [a\n", ["line 2: this is not readable as YAML"]),
    ],
)
def test_every_mistake_has_its_line(text, problems):
    with pytest.raises(WordingError) as raised:
        wording.guide(wording.from_yaml(text))
    assert str(raised.value).split("\n") == problems


def test_a_mapping_with_mistakes_makes_the_file_unreadable_and_says_which_rows():
    sheet = [["Our name", "Your name"], ["Client ID", "Member"], ["Zzz Mrs Hill", "b"], ["Date order", "us"]]
    with pytest.raises(Unreadable) as raised:
        read(workbook({"ToldOnce mapping": sheet, "Referrals": TABLE}))
    defect = raised.value.defect
    assert (defect.code, defect.where, defect.row) == ("bad-mapping", "ToldOnce mapping row 3", 3)
    assert "3, 4" in defect.reason
    assert "Hill" not in defect.reason + defect.remedy
