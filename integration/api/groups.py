"""FHIR Group: caseloads, for the organisations that own or work with them. http://hl7.org/fhir/R4/group.html

Read and search; `$member-add` and `$member-remove` for whoever looks after the person (docs/caseloads.md). A caseload
of others does not exist. One audit event is written for each person who is shown, and one for the answer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from starlette.responses import Response

from adapters.recorded.records import Json
from integration.api.bundle import searchset
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import Endpoint, FhirRouter, Interaction, SearchParam
from integration.api.outcome import FhirResponse, information
from integration.api.writing import body
from integration.audit.codes import Kind
from integration.errors import BadRequest, NotFound, Unprocessable
from integration.ingest.validity import invalidity
from integration.record.consult import NOBODY
from integration.sharing.request import Decision, Denial, Grant
from integration.store.database import act_as
from integration.teams.caseloads import register
from integration.teams.caseloads.document import Caseload
from integration.teams.caseloads.group import IDENTIFIER, group
from integration.teams.caseloads.keeper import Keeper, Told, require_care
from integration.teams.caseloads.overview import known
from integration.teams.caseloads.register import Member
from mappings import uk_core
from mappings.uk_core import Resource

ENDED_LATELY = timedelta(days=90)
"""For how long a member who left is shown as inactive, so that whoever keeps a copy learns of it; only where the caller
may still know of the person."""
_DEFINED = "http://hl7.org/fhir/SearchParameter/"
_BY = (
    SearchParam("_id", "token", "ids, with commas between", f"{_DEFINED}Resource-id"),
    SearchParam("identifier", "token", f"[{IDENTIFIER}|]id", f"{_DEFINED}Group-identifier"),
    SearchParam(
        "managing-entity", "reference", ":identifier=[system|]ODS code, or Organization/<id>",
        f"{_DEFINED}Group-managing-entity",
    ),
    SearchParam("member", "reference", "Patient/<id>", f"{_DEFINED}Group-member"),
)  # fmt: skip
_OPERATION = "https://toldonce.example/OperationDefinition/"


def serve_groups(router: FhirRouter, tags: Sequence[Resource]) -> None:
    """Serve read and search. `tags`: what every resource is tagged with."""
    read = Interaction("Group", "read", "A caseload, with the members whom the caller may know of.")
    router.serve("/Group/{id_}", read)(_read(tags))
    search = Interaction("Group", "search-type", "The caseloads of the caller's organisation.", search_params=_BY)
    router.serve("/Group", search)(_search(tags))


def serve_member_changes(router: FhirRouter, keeper: Keeper) -> None:
    """Serve the two operations by which members come and go by hand."""
    for name, doc, endpoint in (
        ("member-add", "Adds a person whom the caller looks after: `patient`, `reason`.", _add(keeper)),
        ("member-remove", "Ends a person's membership: `patient`, `reason`.", _remove(keeper)),
    ):
        interaction = Interaction("Group", "operation", doc, operation=name, definition=f"{_OPERATION}caseload-{name}")
        router.serve(f"/Group/{{id_}}/${name}", interaction, method="POST")(endpoint)


def _read(tags: Sequence[Resource]) -> Endpoint:
    async def read(id_: str, exchange: Exchange) -> Response:
        """authenticate -> whose is it -> of each member: facts, decide -> audit -> answer"""
        exchange.require("Group", "r")
        found = [one for one in await _own(exchange) if one[0].id == id_]
        shown = [await _group(exchange, one, described, tags) for one, described in found]
        counts = {"Group": len(shown)}
        await exchange.audit(Kind.READ, "read", counts=counts, target=f"Group/{id_}" if shown else "")
        if not shown:
            raise NotFound
        return FhirResponse(orjson.dumps(shown[0]), headers={"ETag": f'W/"{shown[0]["meta"]["versionId"]}"'})

    return read


def _search(tags: Sequence[Resource]) -> Endpoint:
    async def search(exchange: Exchange) -> Response:
        """authenticate -> whose are they -> of each member: facts, decide -> audit -> answer"""
        exchange.require("Group", "s")
        parameters = exchange.parameters()
        wanted = await _own(exchange)
        members: set[str] | None = None
        for name, value in parameters:
            if name == "member":
                members = await _with(exchange, value) & (
                    members if members is not None else {one.id for one, _ in wanted}
                )
            else:
                ids = await _matching(exchange, name, value, [one for one, _ in wanted])
                wanted = [one for one in wanted if one[0].id in ids]
        wanted = [one for one in wanted if members is None or one[0].id in members]
        shown = [await _group(exchange, one, described, tags) for one, described in wanted]
        await exchange.audit(Kind.QUERY, "search-type", counts={"Group": len(shown)})
        bundle = searchset(
            [orjson.dumps(one) for one in shown],
            base=exchange.services.base_url,
            links=exchange.links("Group", parameters),
            total=len(shown),
        )
        return FhirResponse(bundle)

    return search


async def _own(exchange: Exchange) -> list[tuple[Caseload, datetime]]:
    """The caseloads that are the caller's to see, and since when each is described as it is."""
    require_care(exchange.records.policy(), exchange.session.caller)
    async with exchange.records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        return await register.described(connection, exchange.session.caller.organisation)


async def _group(exchange: Exchange, caseload: Caseload, described: datetime, tags: Sequence[Resource]) -> Resource:
    """The Group as the caller may see it; each member who is shown is audited."""
    async with exchange.records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        members = await register.lately(connection, caseload.id, exchange.when - ENDED_LATELY)
    known = await _known(exchange, members)
    policy = exchange.records.policy()
    return group(caseload, described, [one for one in members if one.person in known], policy.names, tags)


async def _known(exchange: Exchange, members: Sequence[Member]) -> set[UUID]:
    """Of which members the caller may know, who says so in the audit."""
    grants: list[Grant] = []
    async with exchange.records.consult_many(exchange.question, sorted({one.person for one in members})) as each:
        async for one in each:
            if known(one.decision):
                grants.append(one.decision)
    await exchange.audit_each(Kind.QUERY, "search-type", [(one, {"Group": 1}) for one in grants])
    return {one.person for one in grants}


async def _with(exchange: Exchange, value: str) -> set[str]:
    """The caseloads that a person is on, whom the caller may know of; none, for anybody else."""
    kind, _, id_ = value.rpartition("/")
    if kind not in ("", "Patient"):
        raise BadRequest("Say Patient/<id>.", parameter="member")
    async with exchange.records.consult(exchange.question, _uuid(id_) or NOBODY) as consultation:
        decision = consultation.decision
    if isinstance(decision, Denial):
        await exchange.audit_each(Kind.QUERY, "search-type", [(decision, {})])
    async with exchange.records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        whom = [decision.person] if known(decision) else []
        return {one.caseload for one in await register.on_which(connection, whom)}


async def _matching(exchange: Exchange, name: str, value: str, among: Sequence[Caseload]) -> set[str]:
    """Ids of those that meet one search parameter."""
    values = value.split(",")
    if name == "_id":
        return {one.id for one in among if one.id in values}
    if name == "identifier":
        return {one.id for one in among if one.id in values or f"{IDENTIFIER}|{one.id}" in values}
    if name == "managing-entity:identifier":
        return {
            one.id
            for one in among
            if one.organisation in values or f"{uk_core.ODS_ORGANISATION}|{one.organisation}" in values
        }
    if name == "managing-entity":
        codes = {await _code(exchange, one) for one in values}
        return {one.id for one in among if one.organisation in codes}
    raise BadRequest("Group is searched by _id, identifier, managing-entity and member.", parameter=name)


async def _code(exchange: Exchange, reference: str) -> str | None:
    """ODS code of the Organization that a reference names; None where none such is known."""
    type_, _, id_ = reference.rpartition("/")
    if type_ not in ("", "Organization"):
        raise BadRequest(
            "Say Organization/<id>, or managing-entity:identifier=<ODS code>.", parameter="managing-entity"
        )
    key = _uuid(id_)
    found = await exchange.records.directory_entry("Organization", key) if key else None
    named = orjson.loads(found).get("identifier", ()) if found else ()
    return next((one["value"] for one in named if one.get("system") == uk_core.ODS_ORGANISATION), None)


def _uuid(text: str) -> UUID | None:
    """An id of ours; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _add(keeper: Keeper) -> Endpoint:
    async def add(id_: str, exchange: Exchange) -> Response:
        """authenticate -> facts, decide -> added, audited -> answer"""
        exchange.writes = Kind.CREATE
        exchange.require("Group", "u")
        person, reason = _asked(await body(exchange))
        new = await keeper.add(exchange.question, id_, person, reason, _told(exchange, id_, reason))
        text = "The person is on the caseload." if new else "The person was on it already by your organisation's word."
        return FhirResponse(information("MEMBER_ADDED" if new else "ALREADY_A_MEMBER", "Member of the caseload", text))

    return add


def _remove(keeper: Keeper) -> Endpoint:
    async def remove(id_: str, exchange: Exchange) -> Response:
        """authenticate -> facts, decide -> ended, audited -> answer"""
        exchange.writes = Kind.DELETE
        exchange.require("Group", "u")
        person, reason = _asked(await body(exchange))
        ended = await keeper.end(exchange.question, id_, person, reason, _told(exchange, id_, reason))
        text = "The person is not on the caseload any more." if ended else "The person was not on the caseload."
        return FhirResponse(information("MEMBER_REMOVED" if ended else "NOT_A_MEMBER", "Membership ended", text))

    return remove


def _told(exchange: Exchange, id_: str, reason: str) -> Told:
    async def told(decision: Decision, _person: UUID) -> None:
        kind = exchange.writes or Kind.UPDATE
        await exchange.audit(kind, "operation", decision, target=f"Group/{id_}", details=[("reason", reason)])

    return told


def _asked(sent: Json) -> tuple[UUID, str]:
    """Whom, and why: a Parameters resource with `patient` (a Reference) and `reason` (a code of the caseload's, or why
    it ends)."""
    if sent.get("resourceType") != "Parameters" or invalidity(sent) is not None:
        raise BadRequest("Send a Parameters resource with `patient` and `reason`.")
    given = {one["name"]: one for one in sent.get("parameter", ())}
    reference = given.get("patient", {}).get("valueReference", {}).get("reference", "")
    reason = given.get("reason", {}).get("valueCode", "")
    if len(sent.get("parameter", ())) != len(given) or given.keys() != {"patient", "reason"} or not reason:
        raise Unprocessable("Send `patient` (valueReference Patient/<id>) and `reason` (valueCode), and nothing else.")
    if not reference.startswith("Patient/"):
        raise Unprocessable("`patient` is a reference to Patient/<id>.")
    return resource_id(reference.removeprefix("Patient/")), reason
