"""Values in the form that costs least to take from PostgreSQL, and to hand to it: an answer has hundreds of ids and
moments, and making an object of each would be a tenth of what the server does for a read. Most are the same ones again,
or never looked at.

An array of ids comes as PostgreSQL sends it (`array_send`): 20 bytes of head, and for each id its length and 16 bytes.
A moment comes as microseconds since 1970.
https://www.postgresql.org/docs/18/protocol-overview.html#PROTOCOL-FORMAT-CODES
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct, calcsize
from typing import Any
from uuid import UUID

from asyncpg.pgproto import pgproto

MOMENT = "(date_part('epoch', recorded) * 1000000)::bigint as recorded"
"""SQL: of the column `recorded`. A double holds microseconds exactly until the year 2255."""
REFS, ENTRIES = "array_send(refs) as refs", "array_send(entries) as entries"
"""SQL: of columns of ids."""
_HEAD, _ID = 20, "4x16s"
_OFTEN = 5000
"""Bytes: how a longer array is taken apart is worked out each time, for it is seldom, and is much to keep."""
_START = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def moment(microseconds: int) -> datetime:
    """The moment; what was recorded together has the same one."""
    return _START + timedelta(microseconds=microseconds)


@lru_cache(maxsize=4096)
def ids(array: bytes) -> tuple[UUID, ...]:
    """The ids of an array. For what many rows name together: places, practices, practitioners. They are of asyncpg's
    own class, as the other columns' are: it is made, compared and written in a fraction of the time."""
    return tuple(map(pgproto.UUID, each_id(array)))


def as_array(values: Sequence[Any]) -> str:
    """An array as PostgreSQL writes one: as text it is sent in a tenth of the time that a list takes."""
    return "{" + ",".join(map(str, values)) + "}"


def each_id(array: bytes) -> tuple[bytes, ...]:
    """Every id in an array, as its 16 bytes."""
    form = _form if len(array) <= _OFTEN else _form.__wrapped__
    return form(len(array)).unpack(array)


@lru_cache(maxsize=256)
def _form(length: int) -> Struct:
    """How an array of so many bytes is taken apart; an empty one is shorter than the head of others."""
    return Struct(f"{_HEAD}x{_ID * ((length - _HEAD) // calcsize(_ID))}" if length > _HEAD else f"{length}x")
