import pytest
from sqlalchemy import Connection, text

from db import schema
from db.session import Database
from db.tables import IMMUTABLE_TABLES
from db.triggers import create_triggers

REFUSE = "FOR EACH STATEMENT EXECUTE FUNCTION stipend_refuse_change()"


def change(database: Database, *statements: str) -> None:
    def work(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    database.change_schema(work)


@pytest.mark.parametrize("table", IMMUTABLE_TABLES)
def test_a_dropped_trigger_is_missed_until_it_is_made_anew(database: Database, table: str) -> None:
    if database.is_sqlite:
        change(database, f"DROP TRIGGER {table}_refuses_update", f"DROP TRIGGER {table}_refuses_delete")
        assert schema.missing_triggers(database) == [f"{table}_refuses_update", f"{table}_refuses_delete"]
    else:
        change(database, f"DROP TRIGGER {table}_refuses_change ON {table}")
        assert schema.missing_triggers(database) == [f"{table}_refuses_change"]
    database.change_schema(lambda connection: create_triggers(connection, IMMUTABLE_TABLES))
    assert schema.missing_triggers(database) == []


def test_a_trigger_that_was_made_toothless_on_sqlite_is_missed(sqlite_database: Database) -> None:
    change(
        sqlite_database,
        "DROP TRIGGER transfer_refuses_update",
        "CREATE TRIGGER transfer_refuses_update BEFORE UPDATE ON transfer WHEN 0 BEGIN SELECT 1; END",
    )
    assert schema.missing_triggers(sqlite_database) == ["transfer_refuses_update"]


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE transfer DISABLE TRIGGER transfer_refuses_change"],
        ["ALTER TABLE transfer DISABLE TRIGGER ALL"],
        ["ALTER TABLE transfer ENABLE REPLICA TRIGGER transfer_refuses_change"],
        ["ALTER TABLE transfer ENABLE TRIGGER transfer_refuses_change"],
        [
            "DROP TRIGGER transfer_refuses_change ON transfer",
            f"CREATE TRIGGER transfer_refuses_change BEFORE UPDATE OR DELETE ON transfer {REFUSE}",
            "ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_refuses_change",
        ],
        [
            "DROP TRIGGER transfer_refuses_change ON transfer",
            f"CREATE TRIGGER transfer_refuses_change BEFORE UPDATE OF cause OR DELETE OR TRUNCATE ON transfer {REFUSE}",
            "ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_refuses_change",
        ],
    ],
    ids=["disabled", "all disabled", "for replicas only", "not in replicas", "without truncate", "one column only"],
)
def test_a_trigger_that_was_made_toothless_on_postgresql_is_missed(
    postgres_database: Database, statements: list[str]
) -> None:
    change(postgres_database, *statements)
    assert schema.missing_triggers(postgres_database) == ["transfer_refuses_change"]


def test_a_function_that_was_made_toothless_is_missed_everywhere(postgres_database: Database) -> None:
    change(
        postgres_database,
        "CREATE OR REPLACE FUNCTION stipend_refuse_change() RETURNS trigger LANGUAGE plpgsql"
        " AS $$BEGIN RETURN NULL; END$$",
    )
    assert len(schema.missing_triggers(postgres_database)) == len(IMMUTABLE_TABLES)
