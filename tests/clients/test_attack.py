"""Requests that schemathesis makes up from the OpenAPI document: no fault of ours, every refusal an OperationOutcome,
and nothing that the caller may not see. `make attack` is the long form."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.attacking import MANY, attack, forbidden
from tests.clients.served import Served, serving
from tests.spec.neighbourhood import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
EXAMPLES = int(os.environ.get("ATTACK_EXAMPLES", "3"))
"""Requests made up for each of about 210 operations."""
LEAST = 20_000 * EXAMPLES // MANY
"""Requests that each caller makes, at least: 20,000 in the long form."""
CALLERS = ("link worker", "unrelated hospital") if EXAMPLES >= MANY else ("link worker",)
"""Who may see little; the hospital, which may see nothing, in the long form only."""
WRITES = "system/*.rs system/Flag.cud system/Condition.cud system/Consent.cu"


@pytest.fixture(scope="module")
async def served(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A neighbourhood of its own, for things are recorded."""
    async with running(server_url, tmp_path_factory.mktemp("attack")) as neighbourhood:
        async with serving(neighbourhood) as found:
            yield found


async def test_whatever_is_asked_nothing_fails_and_every_refusal_is_an_operation_outcome(
    served: Served, tmp_path: Path
) -> None:
    of = served.neighbourhood
    gp = await of.as_caller("gp-system", scope=WRITES)
    answers = await attack(served, gp.token, set(), tmp_path, examples=EXAMPLES)

    assert answers.get("200", 0) > 10
    assert answers.get("401", 0) < LEAST / 10, "what is refused at the door attacks nothing"
    assert sum(answers.values()) >= LEAST


@pytest.mark.parametrize("name", CALLERS)
async def test_whatever_is_asked_nothing_outside_the_grant_is_told(served: Served, tmp_path: Path, name: str) -> None:
    of = served.neighbourhood
    caller = await of.asker(name)
    hidden = await forbidden(of, caller)
    assert len(hidden) > 100
    answers = await attack(served, caller.token, hidden, tmp_path, examples=EXAMPLES)

    assert sum(answers.values()) >= LEAST
