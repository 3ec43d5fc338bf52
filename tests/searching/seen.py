"""What a caller is served, all that the brute-force evaluator is given: `$everything` of a person, the Patients that
are linked from the golden one, read one by one, and the whole directory."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from tests.searching.expressions import R4
from tests.searching.oracle import Json, meets, search
from tests.searching.queries import Query
from tests.spec.neighbourhood import NOW, Neighbourhood, resources


class Seen:
    """Reads each record once for each caller: in between, nothing may change."""

    def __init__(self, coventry: Neighbourhood) -> None:
        self._coventry = coventry
        self._kept: dict[tuple[str, UUID], list[Json]] = {}
        self._directory: list[Json] = []

    async def directory(self) -> list[Json]:
        """Every entry."""
        if not self._directory:
            rows = await self._coventry.owner.fetch("select body from toldonce.directory_resource order by id")
            self._directory = [orjson.loads(row["body"]) for row in rows]
        return self._directory

    async def record(self, caller: str, person: UUID) -> list[Json]:
        """What this caller is served of a person, beside the directory. The Patients are those of the sources."""
        if (caller, person) not in self._kept:
            self._kept[caller, person] = await self._read(caller, person)
        return self._kept[caller, person]

    async def _read(self, caller: str, person: UUID) -> list[Json]:
        connected = await self._coventry.asker(caller)
        answer = await connected.everything(person)
        if answer.status_code != 200:
            return []
        served = resources(answer.json(), "match")
        found = [one for one in served if one["resourceType"] in R4 and one["resourceType"] != "Patient"]
        for golden in (one for one in served if one["resourceType"] == "Patient"):
            for link in golden["link"]:
                found.append((await connected.get(link["other"]["reference"])).json())
        return found

    async def expected(self, caller: str, person: UUID, query: Query) -> list[str]:
        """The ids that a search must find, in order."""
        type_, parameters = query
        if type_ == "Patient":
            return await self._patients(caller, parameters)
        record = await self.record(caller, person)
        if type_ == "Flag":
            record = await self._with_each_own(caller, record, [value for name, value in parameters if name == "_id"])
        return [one["id"] for one in search([*record, *await self.directory()], type_, parameters, NOW)]

    async def _with_each_own(self, caller: str, record: Sequence[Json], asked: Sequence[str]) -> list[Json]:
        """With the Flags that are asked for by id as they are read by id: each source's own top flag, where otherwise
        one unites them (`record.adjustments`)."""
        connected = await self._coventry.asker(caller)
        answers = [await connected.get(f"Flag/{id_}") for one in asked for id_ in dict.fromkeys(one.split(","))]
        own = {one.json()["id"]: one.json() for one in answers if one.status_code == 200}
        return [*(one for one in record if one["id"] not in own), *own.values()]

    async def _patients(self, caller: str, parameters: Sequence[tuple[str, str]]) -> list[str]:
        """The persons of whom one Patient of a source meets everything; a source's own, where its id is asked for."""
        asked = dict(parameters)
        rest = [(name, value) for name, value in parameters if name not in ("_id", "identifier", "_count")]
        if "identifier" in asked:
            system, number = asked["identifier"].split("|")
            return [
                str(person)
                for person in await self._named(number)
                if await self._meets(caller, person, [*rest, ("identifier", f"{system}|{number}")])
            ]
        persons = {str(one): one for one in await self._coventry.persons()}
        found = []
        for id_ in dict.fromkeys(asked["_id"].split(",")):
            if id_ in persons:
                found += [id_] if await self._meets(caller, persons[id_], rest) else []
            elif (person := await self._about(id_)) is not None:
                found += [id_] if await self._meets(caller, person, [*rest, ("_id", id_)]) else []
        return found

    async def _meets(self, caller: str, person: UUID, parameters: Sequence[tuple[str, str]]) -> bool:
        record = await self.record(caller, person)
        beside = await self.directory()
        return any(
            all(meets(one, name, value, beside, NOW) for name, value in parameters)
            for one in record
            if one["resourceType"] == "Patient"
        )

    async def _named(self, number: str) -> list[UUID]:
        """Those of whom anything that a source says of a Patient holds this number."""
        rows = await self._coventry.owner.fetch(
            "select distinct person from toldonce.resource where type = 'Patient' "
            "and position(convert_to($1, 'UTF8') in body) > 0 order by person",
            number,
        )
        return [row["person"] for row in rows]

    async def _about(self, source: str) -> UUID | None:
        found: UUID | None = await self._coventry.owner.fetchval(
            "select person from toldonce.source_patient where id = $1", UUID(source)
        )
        return found
