"""A migration that changes the search parameters indexes what is stored anew, and nothing else of it changes."""

from sqlalchemy.ext.asyncio import create_async_engine

from integration.store.reindex import reindex
from tests.spec.neighbourhood import Neighbourhood

STORED = "select id, version, recorded, digest, body, tokens from toldonce.resource order by id"
DIRECTORY = "select id, version, recorded, rank, body, tokens from toldonce.directory_resource order by id"


async def test_the_index_is_made_anew_from_what_is_stored(coventry: Neighbourhood):
    before = [await coventry.owner.fetch(STORED), await coventry.owner.fetch(DIRECTORY)]
    assert all(any(row["tokens"] for row in rows) for rows in before)
    await coventry.owner.execute("update toldonce.resource set tokens = '{}' where type <> 'Flag'")
    await coventry.owner.execute("update toldonce.directory_resource set tokens = '{gone=x|y}'")
    engine = create_async_engine(coventry.database.owner_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(reindex)
    finally:
        await engine.dispose()

    assert [await coventry.owner.fetch(STORED), await coventry.owner.fetch(DIRECTORY)] == before
