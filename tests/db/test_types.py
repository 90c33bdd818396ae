import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Dialect, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError
from sqlmodel import SQLModel

from db.seal import Sealed
from db.session import Database
from db.types import BigId, Nanos, SealedColumn, UtcDateTime

TABLE = Table(
    "typed",
    MetaData(),
    Column("id", BigId, primary_key=True),
    Column("at", UtcDateTime),
    Column("amount", Nanos),
    Column("sealed", SealedColumn),
)
on_one_table = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def typed(database: Database) -> Database:
    database.change_schema(TABLE.create)
    return database


def round_trip(database: Database, column: str, value: Any) -> Any:
    def work(session: Any, _vault: Any) -> Any:
        row = session.execute(insert(TABLE).values({column: value})).inserted_primary_key
        return session.execute(select(TABLE.c[column]).where(TABLE.c.id == row[0])).scalar()

    return database.write("test", work)


@on_one_table
@given(at=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_instants_come_back_equal_and_in_utc(typed: Database, at: datetime) -> None:
    found = round_trip(typed, "at", at)
    assert found == at.astimezone(UTC)  # between zones Python compares instants, but for the folds
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_the_machines_zone_does_not_matter(typed: Database, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for at in (
            datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1),
            datetime(2026, 3, 8, 2, 30, tzinfo=timezone(timedelta(hours=-5))),
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ):
            found = round_trip(typed, "at", at)
            assert (found, found.utcoffset()) == (at.astimezone(UTC), timedelta(0))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_instants_compare_in_the_database_as_they_do_in_time(typed: Database) -> None:
    early = datetime(2026, 11, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    late = datetime(2026, 11, 1, 1, tzinfo=UTC)
    round_trip(typed, "at", late)
    round_trip(typed, "at", early)

    def work(session: Any, _vault: Any) -> list[datetime]:
        found = select(TABLE.c.at).where(TABLE.c.at < late + timedelta(seconds=1)).order_by(TABLE.c.at)
        return list(session.execute(found).scalars())

    assert typed.read(work) == [early, late]


def test_a_naive_instant_is_refused(typed: Database) -> None:
    with pytest.raises(StatementError, match="needs a time zone"):
        round_trip(typed, "at", datetime(2026, 11, 16, 12))  # noqa: DTZ001


@on_one_table
@given(nanos=st.integers(-(2**63), 2**63 - 1))
def test_money_comes_back_to_the_nano_dollar(typed: Database, nanos: int) -> None:
    assert round_trip(typed, "amount", nanos) == nanos


@pytest.mark.parametrize("value", [1.0, 0.1, True, Decimal(1), "1", 2**63, -(2**63) - 1])
def test_what_is_not_a_possible_integer_of_nano_dollars_is_refused(typed: Database, value: object) -> None:
    with pytest.raises(StatementError, match="Money"):
        round_trip(typed, "amount", value)


@pytest.mark.parametrize("value", [b"plain", "plain", 185000, bytearray(b"plain")])
def test_only_sealed_values_go_into_a_sealed_column(typed: Database, value: object) -> None:
    with pytest.raises(StatementError, match="Only a Sealed value"):
        round_trip(typed, "sealed", value)


def test_sealed_values_come_back_sealed(typed: Database) -> None:
    assert round_trip(typed, "sealed", Sealed(b"\x00\xff")) == Sealed(b"\x00\xff")


@pytest.mark.parametrize("column", ["at", "amount", "sealed"])
def test_nothing_stays_nothing(typed: Database, column: str) -> None:
    assert round_trip(typed, column, None) is None


def test_ids_count_up_by_themselves_past_32_bits(typed: Database) -> None:
    def work(session: Any, _vault: Any) -> Any:
        session.execute(insert(TABLE).values(id=2**40))
        if not typed.is_sqlite:
            session.execute(text("SELECT setval('typed_id_seq', :last)"), {"last": 2**40})
        return session.execute(insert(TABLE).values(amount=1)).inserted_primary_key[0]

    assert typed.write("test", work) == 2**40 + 1


def test_no_column_of_any_table_holds_a_float_a_decimal_or_a_plain_datetime(database: Database) -> None:
    dialect: Dialect = database.engine.dialect
    names = {
        f"{table.name}.{column.name}": str(column.type.compile(dialect)).split("(")[0]
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if not isinstance(column.type, UtcDateTime)
    }
    assert set(names.values()) <= {"BIGINT", "INTEGER", "VARCHAR", "BLOB", "BYTEA", "DATE", "BOOLEAN"}


def test_money_is_always_nanos() -> None:
    money = [
        column
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_nanos")
    ]
    assert money
    assert [column for column in money if not isinstance(column.type, Nanos)] == []
    assert isinstance(Nanos().impl, BigInteger)
