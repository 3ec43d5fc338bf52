"""One resource by its id, as one caller may see it.

A person's present id means the golden Patient; a former one the link to it; the id of a source's Patient that source's
statement.
"""

from uuid import UUID

import orjson

from integration.record.adjustments import with_one_top_flag
from integration.record.consult import Consultation
from integration.record.longitudinal import read_patient
from integration.record.patient import replaced, statement
from integration.record.reader import Query, Reader
from integration.record.sources import provenances
from integration.sharing.request import Decision, Grant


async def find(consultation: Consultation, resource_type: str, key: UUID) -> bytes | None:
    """The resource, as this caller may see it. For a Denial the same queries run over nothing."""
    decision, reader = consultation.decision, consultation.reader
    query = Query(types=(resource_type,), ids=() if resource_type == "Flag" else (key,))
    rows = await reader.rows(query)
    if resource_type == "Provenance" and not rows:
        return await _made_provenance(reader, decision, key)
    if isinstance(decision, Grant) and resource_type == "Patient" and consultation.by_person:
        golden = await read_patient(reader, decision)
        if golden is None:
            return None
        return golden.body if decision.person == key else orjson.dumps(replaced(key, golden.resource))
    if isinstance(decision, Grant) and decision.location_withheld and resource_type == "Patient":
        return next((orjson.dumps(statement(decision, row)) for row in rows), None)
    shown = {row.id: row.body for row in (*rows, *await with_one_top_flag(reader, query, rows))}
    return shown.get(key)


async def _made_provenance(reader: Reader, decision: Decision, key: UUID) -> bytes | None:
    """The Provenance of what one source gave to the golden Patient."""
    if not isinstance(decision, Grant):
        await reader.rows(Query(types=("Patient",)))
        return None
    golden = await read_patient(reader, decision)
    made = provenances(decision, golden) if golden else ()
    return next((orjson.dumps(one) for one in made if one["id"] == str(key)), None)
