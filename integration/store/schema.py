"""The schema, brought up to date by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"


async def upgrade(url: str) -> None:
    """Every step that the database of `url`, which names its owner, has not made yet; all of them or none."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: _upgrade(config, sync))
    finally:
        await engine.dispose()


def _upgrade(config: Config, connection: object) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
