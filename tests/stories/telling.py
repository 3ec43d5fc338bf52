"""How a story is told: who opens whose record, and what they find in it, in a few plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson

from integration import demo
from integration.record.coordinator import Coordinator, coordinating
from mappings import uk_core
from tests.database.recording import send
from tests.spec.neighbourhood import NOW, Connected, Neighbourhood, resources

TODAY = NOW.date()
Resource = dict[str, Any]


@dataclass(frozen=True)
class Opened:
    """What one caller is shown of one person in one call."""

    entries: list[Resource]
    withheld: list[str]
    """What the answer says of what it does not hold."""

    def of(self, type_: str, **elements: str) -> list[Resource]:
        """The resources of a type with these elements."""
        return [
            one
            for one in self.entries
            if one["resourceType"] == type_
            and elements.items() <= {k: v for k, v in one.items() if isinstance(v, str)}.items()
        ]

    def tells(self, type_: str, words: str) -> bool:
        """Whether some resource of the type holds these words."""
        return any(words.lower() in orjson.dumps(one).decode().lower() for one in self.of(type_))

    def sectors(self) -> set[str]:
        """Feeds of which something is shown."""
        sources = (one.get("meta", {}).get("source", "") for one in self.entries)
        return {one.rpartition(":")[2] for one in sources if one}


@dataclass(frozen=True)
class Somebody:
    """Somebody at work: a client system with a token, and the person whose record it is about."""

    caller: Connected
    person: UUID

    async def opens(self) -> Opened:
        """The whole record, in one call."""
        answer = await self.caller.everything(self.person, {"_count": "2000"})
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        said = [issue["diagnostics"] for one in resources(bundle, "outcome") for issue in one["issue"]]
        return Opened(resources(bundle, "match", "include"), said)

    async def knows_nobody_of_that_id(self) -> bool:
        """Whether it is answered as for somebody who does not exist."""
        return (await self.caller.everything(self.person)).status_code == 404

    async def finds(self, type_: str, **criteria: str) -> list[Resource]:
        """What a search finds; `class_` stands for `class`, `part__of` for `part-of`."""
        asked = {name.rstrip("_").replace("__", "-"): value for name, value in criteria.items()}
        answer = await self.caller.get(type_, {"patient": str(self.person), "_count": "200", **asked})
        assert answer.status_code == 200, answer.text
        return resources(answer.json(), "match")

    async def counts(self, type_: str, *criteria: tuple[str, str]) -> int:
        """How many a search would find."""
        asked = [("patient", str(self.person)), *criteria, ("_summary", "count")]
        answer = await self.caller.get(type_, asked)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["total"])

    async def contacts(self, organisation: str, days: int) -> tuple[int, int]:
        """How many contacts an organisation had with the person in so many days: at least, and at most. Of some a
        feed says no more than the year."""
        there = ("service-provider:Organization.identifier", f"{uk_core.ODS_ORGANISATION}|{organisation}")
        certain, possible = ("date", f"sa{ago(days + 1)}"), ("date", f"ge{ago(days)}")
        return await self.counts("Encounter", there, certain), await self.counts("Encounter", there, possible)

    async def who_coordinates(self) -> Coordinator:
        """Whoever was named last, in one call."""
        teams = await self.finds("CareTeam", participant__role="http://snomed.info/sct|768820003", status="active")
        return coordinating(teams, TODAY)[0]

    async def changes_caseload(self, caseload: str, how: str, reason: str) -> None:
        """The person comes on a caseload (`how`: add), or leaves it (remove)."""
        told = [
            {"name": "patient", "valueReference": {"reference": f"Patient/{self.person}"}},
            {"name": "reason", "valueCode": reason},
        ]
        body = {"resourceType": "Parameters", "parameter": told}
        answer = await send(self.caller, "POST", f"Group/{caseload}/$member-{how}", body)
        assert answer.status_code == 200, answer.text

    async def records(self, body: Mapping[str, Any]) -> Resource:
        """It is recorded; as it is answered."""
        answer = await send(self.caller, "POST", body["resourceType"], body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def at_work(
    site: Neighbourhood, person: UUID, client: str, role: str, purpose: str = "TREAT", **rest: Any
) -> Somebody:
    """Somebody of this client system, in this role."""
    scope = " ".join(demo.BY_ID[client].scopes)
    return Somebody(await site.as_caller(client, role, purpose, scope=scope, **rest), person)


def ago(days: int) -> str:
    """A day, as a search has it."""
    return (TODAY - timedelta(days=days)).isoformat()


def day(text: str) -> date:
    return date.fromisoformat(text[:10])
