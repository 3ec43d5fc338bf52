"""What a service's headers make us wait."""

import pytest

from adapters.transport.asking import Reply


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("0", 0), ("9" * 15, 86_400), ("9" * 5000, 86_400), ("-1", 0), ("1e9", 0), ("٣", 0), ("soon", 0)],
)
def test_nobody_makes_us_wait_for_longer_than_a_day(header: str, seconds: float) -> None:
    assert Reply(status=429, headers={"Retry-After": header}, content=b"").failure(None).wait == seconds
