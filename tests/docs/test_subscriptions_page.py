"""docs/subscriptions.md: what it shows works, and its tables name what there is."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from integration.store.events import NEW_ENOUGH, Topic
from integration.teams.subscriptions.delivery import PATIENCE
from integration.teams.subscriptions.dispatch import KEPT
from integration.teams.subscriptions.resource import faults
from integration.teams.subscriptions.signature import endpoint_secret, shown, signed
from integration.teams.subscriptions.topics import TOPICS

PAGE = (Path(__file__).parents[2] / "docs" / "subscriptions.md").read_text()


def test_the_ten_lines_verify_a_signature() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    given: dict[str, Any] = {}
    exec(code, given)
    secret, other = (endpoint_secret(b"deployment", 1, "int-south", generation) for generation in (1, 2))
    now, body = datetime.now(UTC), b'{"resourceType":"Bundle"}'
    headers = dict(signed([other, secret], "a.1", now, body))
    assert given["is_ours"](headers, body, shown(secret))
    assert given["is_ours"](headers, body, shown(other))
    assert not given["is_ours"](headers, body + b" ", shown(secret))
    assert not given["is_ours"](headers, body, shown(endpoint_secret(b"deployment", 2, "int-south", 1)))
    assert not given["is_ours"](headers | {"webhook-id": "a.2"}, body, shown(secret))
    old = dict(signed([secret], "a.1", datetime.fromtimestamp(time.time() - 301, UTC), body))
    assert not given["is_ours"](old, body, shown(secret))


def test_the_subscription_it_shows_is_taken() -> None:
    whole, channel = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    sent = orjson.loads(whole)
    assert faults(sent, datetime.now(UTC)) == []
    assert faults(sent | orjson.loads("{" + channel + "}"), datetime.now(UTC)) == []


def test_every_topic_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([A-Za-z]+) \|", PAGE, re.MULTILINE))
    assert rows == {str(topic): TOPICS[topic].focus for topic in Topic}


def test_its_days_are_those_of_the_code() -> None:
    assert (NEW_ENOUGH.days, PATIENCE.days, KEPT.days) == (7, 3, 30)
