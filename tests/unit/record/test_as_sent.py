"""Arrays of ids as PostgreSQL sends them, taken apart."""

from struct import pack
from uuid import UUID

import pytest

from integration.record.as_sent import each_id, ids


def sent(*of: UUID) -> bytes:
    """`array_send`: dimensions, whether there are nulls, the type of elements; length and first index of the one."""
    if not of:
        return pack(">iii", 0, 0, 2950)
    return pack(">iiiii", 1, 0, 2950, len(of), 1) + b"".join(pack(">i", 16) + one.bytes for one in of)


@pytest.mark.parametrize("length", [0, 1, 2, 249, 250, 6000])
def test_every_id_comes_out_in_its_order(length: int):
    of = [UUID(int=number) for number in range(length)]
    assert each_id(sent(*of)) == tuple(one.bytes for one in of)
    assert ids(sent(*of)) == tuple(of)
