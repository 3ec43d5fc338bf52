"""Alembic runs migrations on the connection that `store.database.Database.migrate` hands it."""

from alembic import context
from sqlalchemy import text

from integration.store.tables import SCHEMA, Table

connection = context.config.attributes["connection"]
connection.execute(text(f"create schema if not exists {SCHEMA}"))
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
