"""What the second lock is told where nothing was granted: it must not keep what the person before was told."""

from integration.record.row_policy import told
from tests.unit.sharing.scene import asked, denied, facts


def test_of_a_denial_the_row_policy_is_told_that_nothing_may_be_seen() -> None:
    assert told(denied(asked(), facts(evidence=()))) == ("", "{}", "{}", "[]")
