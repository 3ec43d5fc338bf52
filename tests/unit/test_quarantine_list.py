"""`toldonce quarantine list` on a page of 120 characters."""

from datetime import UTC, datetime

import pytest

from integration.cli.output import out, show
from integration.cli.quarantine import brief

ROW = {
    "id": 123456,
    "feed": "mental_health",
    "sender": "X9C",
    "name": "the-second-submission-of-the-third-quarter.zip",
    "code": "duplicate-source-patient",
    "location": "CLD_2026_Q2.csv row 17, column Client Type",
    "reason": "the words of the reason, " * 9,
    "remedy": "send one of the codes of the data item's list, or leave it empty " * 2,
    "first_seen": datetime(2026, 9, 1, 9, 30, tzinfo=UTC),
    "last_seen": datetime(2026, 9, 30, 9, 30, tzinfo=UTC),
    "bytes": 4711,
}


def test_what_replay_takes_and_when_it_was_seen_are_read_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(out, "width", 120)
    show([brief(ROW)], as_json=False, title="Quarantine")
    printed = capsys.readouterr().out.splitlines()
    (first,) = (line for line in printed if "123456" in line)
    for piece in ("mental_health", "duplicate-source-patient", "2026-09-30"):
        assert piece in first
    assert len(printed) < 12, "no column is a ladder of letters"
