"""The bulk statements of usage, for each engine.

They are written out because SQLAlchemy's own types and objects cost several times the row they store.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from db.listed import among, listed
from db.types import UtcDateTime

_TOKENS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
)
COLUMNS = (
    "source",
    "external_id",
    "account_id",
    "identity_id",
    "occurred_at",
    "recorded_at",
    "provider",
    "model",
    "agent",
    "session_id",
    *_TOKENS,
    "reasoning_tokens",
    "cost_nanos",
    "basis",
    "price_source",
    "price_rates",
    "informational",
)

_LIST = ", ".join(COLUMNS)
_KEY = "account_id, day, provider, model, agent"
_SUMS = ("events", "unpriced_events", *_TOKENS, "cost_nanos")
_DAY = {"sqlite": "date(occurred_at / 1000000, 'unixepoch')", "postgresql": "(occurred_at AT TIME ZONE 'UTC')::date"}

# What is put behind the id of an event that moves: no source's id can have it, because it cannot be printed.
_OUT, _IN = "\x1fout", "\x1fin"

# Working out a date for each row takes longer than summing it, so SQLite groups by the number of the day.
_GROUPED_DAY = {"sqlite": "occurred_at / 86400000000", "postgresql": _DAY["postgresql"]}

# A row that corrects another is no event of its own, but for the two that move one: it leaves one account for another.
_SIGN = (
    f"CASE WHEN corrects_id IS NULL THEN 1 WHEN external_id LIKE '%{_OUT}' THEN -1"
    f" WHEN external_id LIKE '%{_IN}' THEN 1 ELSE 0 END"
)


def _grouped(dialect: str, source: str, where: str, *, sign: str = _SIGN) -> str:
    """The select that sums posted usage as the rollups do, in the order of their key."""
    whole = "bigint" if dialect == "postgresql" else "integer"  # PostgreSQL's sums are numeric
    unpriced = f"CASE WHEN cost_nanos IS NULL THEN {sign} ELSE 0 END"
    summed = (sign, unpriced, *_TOKENS, "coalesce(cost_nanos, 0)")
    sums = [f"CAST(sum({one}) AS {whole})" for one in summed]
    return (
        f"SELECT account_id, {_DAY[dialect]}, provider, model, agent, {', '.join(sums)} FROM {source}"  # noqa: S608
        f" WHERE NOT informational AND {where}"
        f" GROUP BY account_id, {_GROUPED_DAY[dialect]}, provider, model, agent ORDER BY 1, 2, 3, 4, 5"
    )


def _into_rollups(select: str) -> str:
    added = ", ".join(f"{name} = usage_rollup.{name} + excluded.{name}" for name in _SUMS)
    return f"INSERT INTO usage_rollup ({_KEY}, {', '.join(_SUMS)}) {select} ON CONFLICT ({_KEY}) DO UPDATE SET {added}"


def _landed(source: str, where: str) -> str:
    return (
        "SELECT account_id, count(*), count(CASE WHEN cost_nanos IS NULL AND NOT informational THEN 1 END),"  # noqa: S608
        f" count(CASE WHEN informational THEN 1 END) FROM {source} WHERE {where} GROUP BY account_id"
    )


def insert_on_sqlite(session: Session, rows: Iterable[tuple[Any, ...]]) -> Sequence[Any]:
    """A writer is alone and ids only grow, so what is new is what has a higher id than there was."""
    connection = session.connection()
    before = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM usage_event").scalar_one()
    marks = ", ".join("?" * len(COLUMNS))
    connection.exec_driver_sql(
        f"INSERT INTO usage_event ({_LIST}) VALUES ({marks}) ON CONFLICT (source, external_id) DO NOTHING",  # noqa: S608
        list(rows),
    )
    connection.exec_driver_sql(_into_rollups(_grouped("sqlite", "usage_event", "id > ?", sign="1")), (before,))
    return connection.exec_driver_sql(_landed("usage_event", "id > ?"), (before,)).all()


def insert_on_postgresql(session: Session, rows: Iterable[tuple[Any, ...]]) -> Sequence[Any]:
    """COPY what is not there yet straight into the table: a conflict clause and another table cost half as much again.

    Whoever records holds the row of the source in `source_state`, so nobody stores an event of it between the look and
    the COPY; the unique key would refuse it. What is new is then what has a higher id, is of these sources, and does
    not correct another row: those are stored by whoever moves usage, who does not hold that row.
    """
    connection = session.connection()
    # Backwards, so that of the same event twice the first one stays.
    fresh = {(row[0], row[1]): row for row in reversed(list(rows))}
    by_source: dict[str, list[str]] = {}
    for source, external_id in fresh:
        by_source.setdefault(source, []).append(external_id)
    for source, ids in by_source.items():
        known = "SELECT external_id FROM usage_event WHERE source = %s AND external_id = ANY(%s)"
        for (external_id,) in connection.exec_driver_sql(known, (source, ids)):
            del fresh[source, external_id]
    before = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM usage_event").scalar_one()
    _copy_in(connection.connection.driver_connection, list(fresh.values()))
    new = "id > %s AND source = ANY(%s) AND corrects_id IS NULL"
    values = (before, list(by_source))
    connection.exec_driver_sql(_into_rollups(_grouped("postgresql", "usage_event", new, sign="1")), values)
    return connection.exec_driver_sql(_landed("usage_event", new), values).all()


def _copy_in(driver: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    statement = f"COPY usage_event ({_LIST}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:  # past SQLAlchemy, so it must be made what everybody else expects of a database
        lost = driver.closed
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=lost
        ) from error


def add_to_rollups(session: Session, where: str, values: Mapping[str, Any]) -> None:
    """Add the events that `where` picks to the rollups."""
    grouped = _grouped(_dialect(session), "usage_event", where)
    session.execute(text(_into_rollups(grouped)), values)


def lock_rollups(session: Session) -> None:
    """Wait until nobody is recording, and keep everybody from it until the end."""
    if _dialect(session) == "postgresql":
        session.execute(text("LOCK TABLE usage_rollup IN SHARE ROW EXCLUSIVE MODE"))


def count_wrong_rollups(session: Session) -> int:
    """How many rows stand only among the rollups, or only among the sums of the events."""
    events = _grouped(_dialect(session), "usage_event", "TRUE").partition(" ORDER BY")[0]
    stored = f"SELECT {_KEY}, {', '.join(_SUMS)} FROM usage_rollup"  # noqa: S608
    both_ways = (
        f"SELECT count(*) FROM (SELECT * FROM ({events}) AS a EXCEPT {stored}) AS c"  # noqa: S608
        f" UNION ALL SELECT count(*) FROM (SELECT * FROM ({stored}) AS b EXCEPT {events}) AS d"
    )
    return int(sum(session.execute(text(both_ways)).scalars()))


def insert_ignoring(session: Session, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows into one of our small tables; those that are there already stay as they are."""
    if not rows:
        return
    values = ", ".join(f":{name}" for name in columns)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608
    session.execute(text(statement), [dict(zip(columns, row, strict=True)) for row in rows])


def find_identities(session: Session, kind: str, values: Iterable[str]) -> Sequence[Any]:
    """(value, id, person, team) of those identities that are known; the latest link holds."""
    statement = (
        "SELECT i.value, i.id, l.person_id, l.team_id FROM identity AS i"  # noqa: S608
        " LEFT JOIN identity_link AS l ON l.identity_id = i.id AND l.revision ="
        " (SELECT max(m.revision) FROM identity_link AS m WHERE m.identity_id = i.id)"
        f" WHERE i.kind = :kind AND {among(session, 'i.value')}"
    )
    return session.execute(text(statement), {"kind": kind, "listed": listed(session, values)}).all()


def lock_accounts(session: Session, ids: Iterable[int]) -> set[int]:
    """Lock accounts in the order of their ids; returns those that are closed."""
    lock = "" if _dialect(session) == "sqlite" else " FOR NO KEY UPDATE"
    statement = f"SELECT id, closed_at FROM account WHERE {among(session, 'id')} ORDER BY id{lock}"  # noqa: S608
    found = session.execute(text(statement), {"listed": listed(session, ids)})
    return {account_id for account_id, closed_at in found if closed_at is not None}


# Usage is moved off an account once: what has been moved has its opposite beside it.
_TO_MOVE = (
    " FROM usage_event AS e WHERE e.identity_id = :identity AND e.account_id = :account AND e.corrects_id IS NULL"  # noqa: S608
    " AND NOT e.informational AND NOT EXISTS (SELECT 1 FROM usage_event AS o"
    f" WHERE o.source = e.source AND o.external_id = e.external_id || '{_OUT}')"
)
_WITHIN = " AND e.occurred_at >= :start AND e.occurred_at < :end"
_INSTANTS = tuple(bindparam(name, type_=UtcDateTime()) for name in ("start", "end"))


def span_to_move(session: Session, identity_id: int, account: int) -> tuple[datetime, datetime] | None:
    """First and last instant of usage that is to be moved."""
    statement = text(f"SELECT min(e.occurred_at) AS first, max(e.occurred_at) AS last{_TO_MOVE}")
    row = session.execute(
        statement.columns(first=UtcDateTime(), last=UtcDateTime()), {"identity": identity_id, "account": account}
    ).one()
    return None if row.first is None else (row.first, row.last)


def has_to_move(session: Session, identity_id: int, account: int, start: datetime, end: datetime) -> bool:
    """Whether usage of this span is to be moved."""
    statement = text(f"SELECT 1{_TO_MOVE}{_WITHIN} LIMIT 1").bindparams(*_INSTANTS)
    values = {"identity": identity_id, "account": account, "start": start, "end": end}
    return session.execute(statement, values).first() is not None


def copy_in(session: Session, move: tuple[int, int, datetime], to_account: int, span: tuple[datetime, datetime]) -> int:
    """Copy the usage of a span onto another account."""
    return _copy_over(session, move, ":to", "", _IN, _WITHIN, {"to": to_account, "start": span[0], "end": span[1]})


def copy_out(session: Session, move: tuple[int, int, datetime]) -> int:
    """Store the opposite of all usage that is to be moved."""
    return _copy_over(session, move, "e.account_id", "-", _OUT, "", {})


def _copy_over(
    session: Session,
    move: tuple[int, int, datetime],
    account: str,
    sign: str,
    mark: str,
    where: str,
    values: Mapping[str, Any],
) -> int:
    changed = {name: f"{sign}e.{name}" for name in (*_TOKENS, "reasoning_tokens", "cost_nanos")}
    changed |= {"account_id": account, "recorded_at": ":now", "external_id": f"e.external_id || '{mark}'"}
    picked = ", ".join(changed.get(name, f"e.{name}") for name in COLUMNS)
    statement = text(
        f"INSERT INTO usage_event ({_LIST}, corrects_id) SELECT {picked}, e.id{_TO_MOVE}{where}"
    ).bindparams(bindparam("now", type_=UtcDateTime()), *(_INSTANTS if where else ()))
    identity_id, account_id, now = move
    found: Any = session.execute(statement, {"identity": identity_id, "account": account_id, "now": now, **values})
    return int(found.rowcount)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
