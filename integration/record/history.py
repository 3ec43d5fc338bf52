"""Versions of resources, as one caller may see them today.

A version is shown by its own label, and only where the newest one may be seen too: what has become sensitive since, or
was withheld, is so in every version of it. What was corrected because it said too much stays hidden by its own label.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from integration.record.consult import Consultation
from integration.record.reader import Query, Version

Place = tuple[datetime, UUID, int]
"""Of a version among others: when it was recorded, id, number."""


async def versions(
    consultation: Consultation,
    resource_type: str,
    ids: Sequence[UUID] = (),
    *,
    since: datetime | None = None,
    behind: Place | None = None,
    limit: int | None = None,
) -> list[Version]:
    """The versions of one person's resources of a type, or of some of them, the newest first; `behind` a place."""
    reader = consultation.reader
    seen = await reader.newest(Query(types=(resource_type,), ids=ids))
    newest = await consultation.newest(resource_type)
    shown = [id_ for id_, number in seen.items() if number == newest.get(id_)] or [UUID(int=0)]
    return await reader.versions(Query(types=(resource_type,), ids=shown, since=since, limit=limit), behind)
