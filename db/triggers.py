"""The triggers that keep rows of the immutable tables from ever changing, on both engines.

SQLite has one trigger for each table and kind of change; a REPLACE deletes first, which fires the trigger because the
engine sets `recursive_triggers`. PostgreSQL has one trigger for each table; it is of the statement, so that TRUNCATE
and an upsert that would update are refused before they touch a row, and fires always, even in a session that plays
a replica.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

_FUNCTION = "stipend_refuse_change"
_FUNCTION_BODY = (
    "BEGIN RAISE EXCEPTION '% of % is refused: its rows never change', TG_OP, TG_TABLE_NAME"
    " USING ERRCODE = 'restrict_violation'; END"
)


def create_triggers(connection: Connection, tables: Iterable[str]) -> None:
    """Make the triggers of these tables anew. Every migration calls it last: batch mode drops them silently."""
    if connection.dialect.name == "sqlite":
        for name, statement in _sqlite_triggers(tables).items():
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            connection.execute(text(statement))
        return
    connection.execute(
        text(f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${_FUNCTION_BODY}$$")
    )
    for table in tables:
        name = _postgresql_name(table)
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
        connection.execute(
            text(
                f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()"
            )
        )
        connection.execute(text(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"))


def missing_triggers(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Names of triggers that are not there, are switched off or do something else than they should."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        there = {row.name: row.sql for row in found}
        return [name for name, sql in _sqlite_triggers(tables).items() if there.get(name) != sql]
    return _missing_on_postgresql(connection, tables)


def _sqlite_triggers(tables: Iterable[str]) -> Mapping[str, str]:
    return {
        f"{table}_refuses_{change.lower()}": (
            f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{change} of {table} is refused: its rows never change'); END"
        )
        for table in tables
        for change in ("UPDATE", "DELETE")
    }


def _postgresql_name(table: str) -> str:
    return f"{table}_refuses_change"


# tgtype 58 = BEFORE (2) + DELETE (8) + UPDATE (16) + TRUNCATE (32), of the statement; no WHEN, no list of columns;
# 'A' = fires always.
_SOUND = text(
    "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
    " WHERE tgrelid = to_regclass(:table) AND tgname = :name AND tgtype = 58 AND tgenabled = 'A'"
    " AND tgqual IS NULL AND cardinality(tgattr::int2[]) = 0 AND prosrc = :body"
)


def _missing_on_postgresql(connection: Connection, tables: Iterable[str]) -> list[str]:
    return [
        _postgresql_name(table)
        for table in tables
        if connection.execute(_SOUND, {"table": table, "name": _postgresql_name(table), "body": _FUNCTION_BODY}).first()
        is None
    ]
