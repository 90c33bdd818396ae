"""An entry never changes: not by the ORM, not by SQL, not by a detour, on either engine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from db.seal import Sealed, Vault
from db.session import Database
from db.tables import (
    IMMUTABLE_TABLES,
    Account,
    Audit,
    Identity,
    IdentityLink,
    Person,
    PolicyVersion,
    Team,
    Terms,
    Transfer,
    UsageEvent,
)

AT = datetime(2026, 11, 16, 12, tzinfo=UTC)
PAY = Sealed(b"sealed")
TABLES = SQLModel.metadata.tables
NO_TOKENS: dict[str, Any] = dict.fromkeys(
    ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens"), 0
)
ONE_ROW_EACH: dict[str, Callable[[], SQLModel]] = {
    "transfer": lambda: Transfer(
        id=1, key="grant:1", kind="allotment", from_account_id=1, to_account_id=2, owner="person:1", amount=PAY,
        cause="terms:1", occurred_at=AT, recorded_at=AT,
    ),
    "usage_event": lambda: UsageEvent(
        id=1, source="csv", external_id="e1", account_id=2, occurred_at=AT, recorded_at=AT, provider="anthropic",
        model="claude", input_tokens=7, cost_nanos=5, basis="metered", **NO_TOKENS,
    ),
    "terms": lambda: Terms(
        id=1, person_id=1, effective_from=date(2026, 11, 1), revision=1, team_id=1, pay=PAY, recorded_at=AT
    ),
    "policy_version": lambda: PolicyVersion(
        id=1, effective_from=AT, timezone="UTC", key="k", body=PAY, recorded_by="command line", recorded_at=AT
    ),
    "audit": lambda: Audit(id=1, at=AT, actor="schedule", action="close", subject="1", previous_hash="0", hash="1"),
    "identity_link": lambda: IdentityLink(id=1, identity_id=1, revision=1, person_id=1, linked_at=AT),
}  # fmt: skip


def fill(session: Session, _vault: Vault) -> None:
    session.add_all([Person(id=1, email="ada@example.com", name="Ada", recorded_at=AT), Team(id=1, name="Engines")])
    session.add_all([Account(id=1, key="issued", kind="issued"), Identity(id=1, kind="email", value="ada@example.com")])
    session.flush()
    session.add(Account(id=2, key="person:1:2026-11", kind="person", person_id=1, period_start=AT, period_end=AT))
    session.flush()
    session.add_all([make() for make in ONE_ROW_EACH.values()])


@contextmanager
def unchanged(database: Database) -> Iterator[Database]:
    """One row in every immutable table; whatever a test does, the rows are the same afterwards."""
    database.write("fill", fill)
    before = everything(database)
    yield database
    assert everything(database) == before


@pytest.fixture
def filled(database: Database) -> Iterator[Database]:
    with unchanged(database):
        yield database


@pytest.fixture
def filled_sqlite(sqlite_database: Database) -> Iterator[Database]:
    with unchanged(sqlite_database):
        yield sqlite_database


@pytest.fixture
def filled_postgres(postgres_database: Database) -> Iterator[Database]:
    with unchanged(postgres_database):
        yield postgres_database


def everything(database: Database) -> dict[str, list[Any]]:
    def work(session: Session, _vault: Vault) -> dict[str, list[Any]]:
        return {name: list(session.connection().execute(TABLES[name].select()).all()) for name in IMMUTABLE_TABLES}

    return database.read(work)


def refused(database: Database, statement: Any, *, change: str = "UPDATE|DELETE|TRUNCATE") -> None:
    with pytest.raises(IntegrityError, match=f"({change}) of [a-z_]+ is refused: its rows never change"):
        database.write("test", lambda session, _: session.connection().execute(statement))


def column_of(table: str) -> str:
    """A column that is not of the key."""
    return {"transfer": "cause", "usage_event": "cost_nanos", "identity_link": "linked_at"}.get(table, "id")


def row(database: Database, table: str) -> dict[str, Any]:
    return dict(everything(database)[table][0]._mapping)


def test_every_immutable_table_is_tried() -> None:
    assert set(ONE_ROW_EACH) == set(IMMUTABLE_TABLES)


@pytest.mark.parametrize("table", IMMUTABLE_TABLES)
def test_no_update_and_no_delete_by_sql(filled: Database, table: str) -> None:
    column = column_of(table)
    refused(filled, text(f"UPDATE {table} SET {column} = {column}"), change="UPDATE")
    refused(filled, text(f"UPDATE {table} SET {column} = {column} WHERE id = 1"), change="UPDATE")
    refused(filled, text(f"DELETE FROM {table}"), change="DELETE")
    refused(filled, text(f"DELETE FROM {table} WHERE id = 1"), change="DELETE")


@pytest.mark.parametrize("table", IMMUTABLE_TABLES)
def test_no_update_and_no_delete_by_the_orm(filled: Database, table: str) -> None:
    model = type(ONE_ROW_EACH[table]())

    def update(session: Session, _vault: Vault) -> None:
        found = session.get_one(model, 1)
        setattr(found, "cause" if table == "transfer" else "id", "7" if table == "transfer" else 7)

    def delete(session: Session, _vault: Vault) -> None:
        session.delete(session.get_one(model, 1))

    for change in (update, delete):
        with pytest.raises(IntegrityError, match="is refused: its rows never change"):
            filled.write("test", change)


@pytest.mark.parametrize("table", IMMUTABLE_TABLES)
def test_no_replace_on_sqlite(filled_sqlite: Database, table: str) -> None:
    for verb in ("INSERT OR REPLACE", "REPLACE"):
        refused(filled_sqlite, text(f"{verb} INTO {table} SELECT * FROM {table}"), change="DELETE")
    refused(filled_sqlite, text(f"UPDATE OR REPLACE {table} SET id = id"), change="UPDATE")


@pytest.mark.parametrize("table", IMMUTABLE_TABLES)
def test_no_upsert_that_updates(filled: Database, table: str) -> None:
    upsert = (sqlite.insert if filled.is_sqlite else postgresql.insert)(TABLES[table]).values(row(filled, table))
    refused(filled, upsert.on_conflict_do_update(index_elements=["id"], set_={"id": 1}), change="UPDATE")


@pytest.mark.parametrize("table", IMMUTABLE_TABLES)
def test_what_is_there_already_may_be_offered_again(filled: Database, table: str) -> None:
    upsert = (sqlite.insert if filled.is_sqlite else postgresql.insert)(TABLES[table]).values(row(filled, table))
    filled.write("test", lambda session, _: session.connection().execute(upsert.on_conflict_do_nothing()))


def test_the_same_entry_a_second_time_is_told_apart_from_a_change(filled: Database) -> None:
    again = insert(TABLES["transfer"]).values(row(filled, "transfer") | {"id": 2})
    with pytest.raises(IntegrityError) as caught:
        filled.write("test", lambda session, _: session.connection().execute(again))
    assert "is refused" not in str(caught.value)


@pytest.mark.parametrize("table", [*IMMUTABLE_TABLES, "person", "team", "account", "identity"])
def test_no_truncate_directly_or_by_cascade_on_postgresql(filled_postgres: Database, table: str) -> None:
    refused(filled_postgres, text(f"TRUNCATE {table} CASCADE"), change="TRUNCATE")


@pytest.mark.parametrize("parent", ["person", "team", "account", "identity"])
def test_what_an_entry_refers_to_cannot_be_taken_away(filled: Database, parent: str) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        filled.write("test", lambda session, _: session.connection().execute(text(f"DELETE FROM {parent}")))


@pytest.mark.parametrize("table", IMMUTABLE_TABLES)
def test_no_detour_on_postgresql(filled_postgres: Database, table: str) -> None:
    column = column_of(table)
    merge = f"MERGE INTO {table} USING team ON {table}.id = 1 WHEN MATCHED THEN UPDATE SET {column} = {table}.{column}"
    refused(filled_postgres, text(merge), change="UPDATE")
    gone = f"WITH gone AS (DELETE FROM {table} RETURNING id) SELECT count(*) FROM gone"
    refused(filled_postgres, text(gone), change="DELETE")

    def as_a_replica(session: Session, _vault: Vault) -> None:
        session.connection().execute(text("SET LOCAL session_replication_role = replica"))
        session.connection().execute(text(f"DELETE FROM {table}"))

    with pytest.raises(IntegrityError, match="DELETE of"):
        filled_postgres.write("test", as_a_replica)


def test_no_detour_by_bulk_updates_of_the_orm(filled: Database) -> None:
    def work(session: Session, _vault: Vault) -> None:
        session.bulk_update_mappings(Transfer, [{"id": 1, "cause": "nothing"}])

    with pytest.raises(IntegrityError, match="UPDATE of transfer is refused"):
        filled.write("test", work)
