"""What a database connection is here: one of our own, or one lent by a pool."""

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
