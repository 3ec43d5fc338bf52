"""What somebody is asked to do next for a person: UKCore-Task.

https://simplifier.net/hl7fhirukcorer4/ukcoretask, http://hl7.org/fhir/R4/task.html
"""

from collections.abc import Iterator

from adapters.recorded.records import Said, State
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.recorded.parties import organisations, party
from mappings.recorded.provenance import contained
from mappings.uk_core import Resource


def tasks(state: State, ids: Ids) -> Iterator[Resource]:
    """Every task that stands, whatever its status, and the organisations that it names."""
    for said in state.standing:
        if said.write.type == "Task" and said.write.resource:
            sent = said.write.resource
            yield _task(said, sent, ids)
            yield from organisations((sent[name] for name in ("owner", "requester") if name in sent), ids)


def _task(said: Said, sent: Json, ids: Ids) -> Resource:
    requester = sent.get("requester")
    by = datatypes.organisation_reference(ids, said.by.organisation)
    return uk_core.resource(
        "Task",
        ids.own("Task", said.write.key),
        contained=contained(said, ids),
        partOf=sent.get("partOf"),
        status=sent["status"],
        statusReason=sent.get("statusReason"),
        intent=sent["intent"],
        priority=sent.get("priority"),
        code=_code(sent.get("code", {})),
        description=sent.get("description"),
        focus=sent.get("focus"),
        for_=datatypes.subject(),
        executionPeriod=sent.get("executionPeriod"),
        authoredOn=sent.get("authoredOn", said.at),
        lastModified=said.at,
        requester=party(requester, ids) if requester else by,
        owner=party(sent["owner"], ids),
        note=sent.get("note"),
        restriction=sent.get("restriction"),
    )


def _code(sent: Json) -> Json:
    """What is to be done, marked as a next step: other tasks, such as a waiting time that is measured, are not."""
    others = [one for one in sent.get("coding", ()) if one.get("system") != uk_core.TASK_CODE]
    return {**sent, "coding": [uk_core.NEXT_STEP, *others]}
