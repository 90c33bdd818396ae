import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Inspector, String, inspect, text
from sqlmodel import Session, SQLModel, select

from db import schema, triggers
from db.seal import KEY_BYTES, MasterKey, Sealed, Vault
from db.session import Database
from db.tables import IMMUTABLE_TABLES, Person, Team, Terms

ROOT = Path(__file__).parent.parent.parent
MIGRATIONS = sorted((ROOT / "db" / "migrations" / "versions").glob("[0-9]*.py"))


@pytest.fixture
def empty_url(database_engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database without any table."""
    if database_engine == "sqlite":
        return f"sqlite:///{tmp_path}/100%25 empty.db"
    return str(request.getfixturevalue("postgres").create())


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url, MasterKey(bytes(KEY_BYTES)))
    yield database
    database.dispose()


def tables(database: Database) -> set[str]:
    return database.inspect(lambda connection: set(inspect(connection).get_table_names()))


def test_an_upgrade_brings_an_empty_database_to_the_head_and_a_second_changes_nothing(empty: Database) -> None:
    assert not schema.at_head(empty)
    for _ in range(2):
        schema.upgrade(empty)
        assert schema.at_head(empty)
        assert schema.missing_triggers(empty) == []
        assert tables(empty) == {*SQLModel.metadata.tables, "alembic_version"}


UPGRADE = """
import sys
from db import schema
from db.seal import MasterKey
from db.session import Database
schema.upgrade(Database(sys.argv[1], MasterKey(bytes(32))))
"""


def test_three_processes_that_upgrade_at_once_do_not_clash(empty: Database) -> None:
    command = [sys.executable, "-c", UPGRADE, empty.url]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [""] * 3
    assert schema.at_head(empty)
    assert schema.missing_triggers(empty) == []


def test_a_database_of_a_version_to_come_is_refused_with_a_sentence(database: Database) -> None:
    def set_version(session: Session, _vault: Vault) -> None:
        session.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))

    database.write("test", set_version)
    assert not schema.at_head(database)
    with pytest.raises(schema.NewerSchema, match="newer version of Stipend"):
        schema.upgrade(database)


def test_alembic_sees_no_difference_between_migrations_and_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata))

    assert database.inspect(differences) == []


def described(connection: Connection) -> dict[str, Any]:
    """All that an engine can say about its tables, in an order that does not depend on how they were made."""
    seen: Inspector = inspect(connection)
    kinds = ("columns", "check_constraints", "unique_constraints", "foreign_keys", "indexes")
    return {
        f"{kind} of {name}": sorted(
            json.dumps(one, default=str, sort_keys=True) for one in getattr(seen, f"get_{kind}")(name)
        )
        for name in seen.get_table_names()
        for kind in kinds
        if name != "alembic_version"
    }


def test_migrated_tables_equal_those_made_from_the_models(database: Database, empty: Database) -> None:
    empty.change_schema(SQLModel.metadata.create_all)
    assert database.inspect(described) == empty.inspect(described)


def test_a_migration_that_fails_half_way_leaves_nothing(empty: Database) -> None:
    def fail(connection: Connection) -> None:
        SQLModel.metadata.create_all(connection)
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        empty.change_schema(fail)
    assert tables(empty) == set()


def hire(session: Session, _vault: Vault) -> None:
    at = datetime(2026, 11, 16, tzinfo=UTC)
    session.add_all([Team(id=1, name="Engines"), Person(id=1, email="ada@example.com", name="Ada", recorded_at=at)])
    session.flush()
    pay = Sealed(b"sealed")
    session.add(Terms(person_id=1, effective_from=date(2026, 11, 1), revision=1, team_id=1, pay=pay, recorded_at=at))


@pytest.mark.parametrize("table", ["terms", "person"])
def test_copying_a_table_keeps_its_rows_and_references_but_drops_triggers_until_they_are_made_anew(
    sqlite_database: Database, table: str
) -> None:
    database = sqlite_database  # PostgreSQL changes tables in place
    database.write("test", hire)

    def copy(connection: Connection) -> None:
        with Operations(MigrationContext.configure(connection)).batch_alter_table(table, recreate="always") as batch:
            batch.add_column(Column("nickname", String))

    database.change_schema(copy)
    terms = database.read(lambda session, _: session.exec(select(Terms)).one())
    assert (terms.person_id, terms.pay) == (1, Sealed(b"sealed"))
    assert database.inspect(lambda connection: connection.execute(text("PRAGMA foreign_key_check")).all()) == []
    assert database.inspect(lambda connection: connection.execute(text("PRAGMA foreign_keys")).scalar()) == 1
    assert bool(schema.missing_triggers(database)) == (table == "terms")
    database.change_schema(lambda connection: triggers.create_triggers(connection, IMMUTABLE_TABLES))
    assert schema.missing_triggers(database) == []


def test_a_migration_that_would_break_references_is_taken_back(sqlite_database: Database) -> None:
    sqlite_database.write("test", hire)

    def break_them(connection: Connection) -> None:
        connection.execute(text("DELETE FROM person"))
        schema._check_references(connection)

    with pytest.raises(schema.BrokenReferences, match="Rows of terms refer to rows of person"):
        sqlite_database.change_schema(break_them)
    assert sqlite_database.read(lambda session, _: session.exec(select(Person.name)).all()) == ["Ada"]


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_every_migration_makes_the_triggers_anew_as_its_last_act(path: Path) -> None:
    upgrades = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef) and n.name == "upgrade"]
    assert ast.unparse(upgrades[0].body[-1]) == "create_triggers(op.get_bind(), IMMUTABLE)"


def test_a_new_migration_is_drafted_with_its_triggers() -> None:
    template = (ROOT / "db" / "migrations" / "script.py.mako").read_text()
    assert template.rstrip().endswith("create_triggers(op.get_bind(), IMMUTABLE)")
