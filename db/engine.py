"""Engines for SQLite and PostgreSQL, with the settings that the promises rest on."""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

LISTENER_BUSY_SECONDS = 2.0
"""Slack waits three seconds for an answer, so a listener gives up on a busy database before that."""

_LOCK_TIMEOUT_MS = 10_000
_STATEMENT_TIMEOUT_MS = 120_000
_CONNECTIONS = 10  # kept open; twice as many at most


def make_engine(url: str, busy_seconds: float = 30.0) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`; connects only when first used.

    Errors of either name the statement and never its parameters. Transactions write with the execution option
    `stipend_write`, and cannot change anything with `stipend_read`.
    `busy_seconds` is how long a statement waits for somebody else's lock before it fails.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, busy_seconds)
    return _postgresql(url, busy_seconds)


def _sqlite(url: str, busy_seconds: float) -> Engine:
    # isolation_level = None hands transactions to us: the driver begins a deferred one, and two deferred transactions
    # that both come to write fail at once, whatever the busy timeout says.
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        pool_timeout=busy_seconds,
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # without it REPLACE deletes rows past their triggers
            "secure_delete=ON",  # without it deleted plain text stays readable in the file
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if options.get('stipend_read') else 'OFF'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("stipend_write") else "BEGIN")

    return engine


def _postgresql(url: str, busy_seconds: float) -> Engine:
    lock_ms = min(_LOCK_TIMEOUT_MS, int(busy_seconds * 1000))
    options = (
        f"-c lock_timeout={lock_ms} -c statement_timeout={_STATEMENT_TIMEOUT_MS}"
        " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    )
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=_CONNECTIONS,
        pool_timeout=busy_seconds,
        connect_args={"options": options, "connect_timeout": max(2, int(busy_seconds))},
    )
