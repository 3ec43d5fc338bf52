"""What somebody recorded here through the API: one request is one envelope, with who, when, why and about whom.

A request holds one write, or the writes of a transaction, about one person. A resource is kept as it was sent: what is
made of it is the mapping's part (`mappings.recorded`).
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

Json = dict[str, Any]
Interaction = Literal["create", "update", "delete"]


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who recorded it, as their access token said. `organisation` is an ODS code; `authenticated`: the user was, by an
    identity provider, and not only named by the client system."""

    client: str
    organisation: str
    role: str
    purpose: str
    user: str
    authenticated: bool = False


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One statement: a resource as it is from now on, or that it is not any more (`resource` None).

    `key` tells it from the organisation's other statements of this type about the person. `based_on` is the version
    that the author saw; `reason` why it was removed."""

    interaction: Interaction
    type: str
    key: str
    based_on: int | None = None
    reason: str = ""
    resource: Json | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One envelope. `at`: UTC, from `adapters.records.instant`; of one organisation's requests about one person no two
    are at the same instant. `person` is the id under which the author saw the person, `issued_for` the id of the source
    patient for whom that id was issued."""

    at: str
    by: Author
    person: str
    issued_for: str
    request: str = ""
    """X-Request-ID, for whoever looks for the request in another system's log."""
    writes: Sequence[Write]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One write as an event of its source patient."""

    at: str
    by: Author
    write: Write


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation's people have recorded here of one person, as it stands; ordered by type and key."""

    organisation: str
    standing: Sequence[Said]
