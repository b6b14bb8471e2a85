"""Triggers that make tables append-only, whatever program writes to the database."""

APPEND_ONLY = ("audit_entry", "alert_transition", "inspection", "attachment", "rectification_step")

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation';
END $$
"""


def create_statements(dialect: str, tables: tuple[str, ...] = APPEND_ONLY) -> list[str]:
    """The statements that forbid UPDATE and DELETE (PostgreSQL: TRUNCATE too) on the tables.

    `dialect` is `sqlite` or `postgresql`; the tables must exist.
    """
    if dialect == "sqlite":
        return [_sqlite_trigger(table, verb) for table in tables for verb in ("UPDATE", "DELETE")]
    statements = [_POSTGRESQL_FUNCTION]
    for table in tables:
        statements += [
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        ]
    return statements


def drop_statements(dialect: str, tables: tuple[str, ...] = APPEND_ONLY) -> list[str]:
    """Undoes `create_statements`; to be run before the tables are dropped."""
    if dialect == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_no_{verb}" for table in tables for verb in ("update", "delete")
        ]
    statements = []
    for table in tables:
        statements += [
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
            f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
        ]
    return [*statements, "DROP FUNCTION IF EXISTS refuse_change()"]


def trigger_names(dialect: str, tables: tuple[str, ...] = APPEND_ONLY) -> set[str]:
    """What `create_statements` leaves in the database; without any of them a table can be rewritten."""
    endings = ("no_update", "no_delete") if dialect == "sqlite" else ("append_only", "no_truncate")
    return {f"{table}_{ending}" for table in tables for ending in endings}


def _sqlite_trigger(table: str, verb: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
