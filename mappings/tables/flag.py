"""What those who care must see at once -> Flag, alike for every table data set."""

from mappings import uk_core
from mappings.datatypes import Json, concept, period, subject
from mappings.ids import Ids

SAFETY = concept(uk_core.FLAG_CATEGORY, "safety", "Safety")


def flag(
    key: tuple[str, ...], ids: Ids, code: Json, category: Json, *, start: str | None = None, end: str | None = None
) -> uk_core.Resource:
    """UKCore-Flag, active until its end; `start` and `end` are dates."""
    return uk_core.resource(
        "Flag",
        ids.own("Flag", *key),
        status="inactive" if end else "active",
        category=[category],
        code=code,
        subject=subject(),
        period=period(start, end),
    )


def marked(resource: uk_core.Resource, *marks: Json) -> uk_core.Resource:
    """The resource with the source's marks that it is not for everybody: meta.security."""
    return {**resource, "meta": {**resource["meta"], "security": list(marks)}}
