"""Runs the migrations on the connection that the program hands over, or on the database of the settings."""

from alembic import context
from sqlalchemy import Connection

from safety_service.settings import Settings
from safety_service.store.migrations import mapped
from safety_service.store.schema import METADATA
from safety_service.store.session import open_engine


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        include_name=mapped,
        # SQLite rolls back DDL as well, once the driver leaves the transaction alone (see store/session.py).
        transactional_ddl=True,
        transaction_per_migration=False,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    engine = open_engine(Settings().resolved_database_url)
    with engine.execution_options(writes=True).begin() as own:
        run(own)
    engine.dispose()
