"""Who is named in what was recorded here: the person, an organisation by its ODS code, or somebody as they were named.

An organisation's reference is ours and carries its code, so that it can be found, and read as evidence.
"""

from collections.abc import Iterator

from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource


def party(sent: Json, ids: Ids) -> Json:
    """A Reference as it was sent, made one of ours."""
    if sent.get("reference", "").startswith("Patient/"):
        return datatypes.subject(sent.get("display"))
    if (code := ods_code(sent)) is not None:
        return datatypes.organisation_reference(ids, code, sent.get("display"))
    return sent


def ods_code(sent: Json) -> str | None:
    """The ODS code by which a Reference names an organisation."""
    identifier = sent.get("identifier", {})
    return identifier.get("value") if identifier.get("system") == uk_core.ODS_ORGANISATION else None


def organisations(named: Iterator[Json], ids: Ids) -> Iterator[Resource]:
    """The directory entries of those who are organisations, as far as they are known from this."""
    for code in sorted({code for one in named if (code := ods_code(one)) is not None}):
        yield datatypes.organisation(ids, code, None)
