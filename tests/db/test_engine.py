from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from db.engine import make_engine
from db.seal import Vault
from db.session import Database


def ask(database: Database, statement: str, *, writing: bool = True) -> Any:
    def work(session: Session, _vault: Vault) -> Any:
        return session.connection().execute(text(statement)).scalar()

    return database.write("ask", work) if writing else database.read(work)


@pytest.mark.parametrize("writing", [True, False])
@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("foreign_keys", 1),
        ("recursive_triggers", 1),
        ("secure_delete", 1),
        ("busy_timeout", 30_000),
    ],
)
def test_sqlite_settings_are_in_force(sqlite_database: Database, pragma: str, value: object, writing: bool) -> None:
    assert ask(sqlite_database, f"PRAGMA {pragma}", writing=writing) == value


@pytest.mark.parametrize("writing", [True, False])
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lock_timeout", "10s"),
        ("statement_timeout", "2min"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("timezone", "UTC"),
    ],
)
def test_postgresql_settings_are_in_force(postgres_database: Database, setting: str, value: str, writing: bool) -> None:
    assert ask(postgres_database, f"SHOW {setting}", writing=writing) == value


def test_postgresql_writes_read_committed_and_reads_one_snapshot(postgres_database: Database) -> None:
    for _ in range(2):  # the second time on a connection that was used the other way before
        assert ask(postgres_database, "SHOW transaction_isolation") == "read committed"
        assert ask(postgres_database, "SHOW transaction_read_only") == "off"
        assert ask(postgres_database, "SHOW transaction_isolation", writing=False) == "repeatable read"
        assert ask(postgres_database, "SHOW transaction_read_only", writing=False) == "on"


def test_listeners_wait_two_seconds_at_most(fresh_url: Callable[[], str]) -> None:
    engine = make_engine(fresh_url(), busy_seconds=2.0)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 2000
        else:
            assert connection.execute(text("SHOW lock_timeout")).scalar() == "2s"
    engine.dispose()


def test_sqlite_reads_cannot_write_and_writes_can_again(sqlite_database: Database) -> None:
    for _ in range(2):
        assert ask(sqlite_database, "PRAGMA query_only", writing=False) == 1
        assert ask(sqlite_database, "PRAGMA query_only") == 0


def test_errors_never_name_what_was_to_be_stored(database: Database) -> None:
    def work(session: Session, _vault: Vault) -> None:
        session.connection().execute(text("INSERT INTO nowhere VALUES (:pay)"), {"pay": "185000"})

    with pytest.raises(DBAPIError) as caught:
        database.write("test", work)
    assert "nowhere" in str(caught.value)
    assert "185000" not in str(caught.value)


def test_making_an_engine_connects_to_nobody() -> None:
    make_engine("postgresql+psycopg://nobody@203.0.113.1/none").dispose()
    make_engine("sqlite:////no/such/folder/stipend.db").dispose()
