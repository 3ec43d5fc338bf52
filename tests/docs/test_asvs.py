"""docs/asvs.md: each item once, in order, with something that shows it. That what it names exists is tested with all
pages, in test_repository.py."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "asvs.md").read_text()
ROWS = re.findall(r"^\| ([\d.]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_every_item_is_there_once_with_what_shows_it() -> None:
    items = [item for item, _, _ in ROWS]
    assert len(items) == len(set(items)) > 80
    chapters = [int(item.partition(".")[0]) for item in items]
    assert chapters == sorted(chapters)
    assert set(chapters) == set(range(1, 15))
    for item, asks, shown in ROWS:
        assert asks.strip(), item
        assert "`" in shown or "ot met" in shown or "operator" in shown or item in ("5.5.3", "6.2.2", "8.2.1"), item


def test_no_row_is_lost_to_a_slip() -> None:
    assert len(ROWS) == sum(bool(re.match(r"\| \d", line)) for line in PAGE.splitlines())
