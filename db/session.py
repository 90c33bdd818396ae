"""Transactions. The only file that commits."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlmodel import Session

from db import data_key
from db.engine import make_engine
from db.seal import MasterKey, Vault

T = TypeVar("T")
Work = Callable[[Session, Vault], T]

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05
_RESTART_SECONDS = 2.0  # how long a database may be away before we give up, if nobody's patience ends earlier
# Serialization failure, deadlock, unique violation: rolled back whole and safe to run again. PostgreSQL names them by
# SQLSTATE; SQLite knows the last one only, for unique and for primary keys.
_RUN_AGAIN = {"40001", "40P01", "23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_AWAY = {"57P01", "57P02", "57P03"}  # PostgreSQL is shutting down, has crashed, or is starting
_LOCK_NOT_AVAILABLE = "55P03"


class DatabaseBusy(Exception):
    """The database is busy. Nothing was changed; try again in a moment."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class CommitUnknown(DatabaseBusy):
    """The database was lost at the very moment of storing this. Look whether it was done before you try again."""


def nothing(_point: str) -> None:
    """In production a crash point does nothing."""


class Database:
    """An engine, the master key, and whole transactions over both.

    `busy_seconds` is how long to wait for a lock, a free connection or a database that is away. `crash` is called at
    the named edges of every write, `<verb>.before_commit` and `<verb>.after_commit`; the proofs kill the process there.
    """

    def __init__(
        self, url: str, master: MasterKey, *, busy_seconds: float = 30.0, crash: Callable[[str], None] = nothing
    ) -> None:
        self.url = url
        self.master = master
        self.engine: Engine = make_engine(url, busy_seconds)
        self._crash = crash
        self._restart_seconds = min(busy_seconds, _RESTART_SECONDS)
        self._writing = self.engine.execution_options(stipend_write=True)
        # Several statements must see the same moment, or a balance tears: on PostgreSQL that takes REPEATABLE READ.
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = self.engine.execution_options(stipend_read=True, **({} if self.is_sqlite else snapshot))

    def crash_point(self, name: str) -> None:
        """A named point outside of any transaction at which the proofs kill the process."""
        self._crash(name)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self.engine.dialect.name == "sqlite"

    def write(self, verb: str, work: Work[T]) -> T:
        """Run the work in one transaction and commit it.

        The whole work runs again, up to three times, when the engine rolled it back for a deadlock or when another
        transaction stored the same unique key first; and for two seconds when the connection was lost before the
        commit. Raises DatabaseBusy when somebody else's lock does not go away, and CommitUnknown when the connection
        was lost during the commit, because then a second run could do everything twice.
        """

        def once() -> T:
            with Session(self._writing, expire_on_commit=False) as session:
                result = work(session, data_key.vault(session, self.master))
                session.flush()
                self._crash(f"{verb}.before_commit")
                _commit(session)
            self._crash(f"{verb}.after_commit")
            return result

        return self._patiently(once)

    def read(self, work: Work[T]) -> T:
        """Run the work on one snapshot of the database, in which nothing can be changed. Raises DatabaseBusy."""

        def once() -> T:
            with Session(self._reading, expire_on_commit=False) as session:
                return work(session, data_key.vault(session, self.master, reading=True))

        return self._patiently(once)

    def inspect(self, work: Callable[[Connection], T]) -> T:
        """Run work that looks at the database itself and needs no key. Raises DatabaseBusy."""

        def once() -> T:
            with self._reading.connect() as connection:
                return work(connection)

        return self._patiently(once)

    def change_schema(self, work: Callable[[Connection], None]) -> None:
        """Run work that may change tables in one transaction. Raises DatabaseBusy."""

        def once() -> None:
            with self._writing.connect() as connection, _copying_tables(connection), connection.begin():
                work(connection)

        self._patiently(once)

    def _patiently(self, once: Callable[[], T]) -> T:
        give_up = time.monotonic() + self._restart_seconds
        attempt = 0
        while True:
            attempt += 1
            try:
                return once()
            except NoFreeConnection as error:
                raise DatabaseBusy from error
            except DBAPIError as error:
                if is_busy(error):
                    raise DatabaseBusy from error
                again = time.monotonic() < give_up if _is_lost(error) else attempt < _ATTEMPTS and _may_run_again(error)
                if not again:
                    raise
            time.sleep(_PAUSE_SECONDS * attempt)

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _commit(session: Session) -> None:
    try:
        session.commit()
    except DBAPIError as error:
        if _is_lost(error):
            raise CommitUnknown from error
        raise


@contextmanager
def _copying_tables(connection: Connection) -> Iterator[None]:
    # SQLite changes a table by copying it, and dropping the old one would break the rows that refer to it. The pragma
    # does nothing inside a transaction, so it goes past SQLAlchemy, which would begin one.
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    if driver is None:
        raise AssertionError("A connection that was just opened has a driver's connection.")
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def is_busy(error: DBAPIError) -> bool:
    """Whether the error says that a lock was not to be had in time."""
    return "database is locked" in str(error.orig) or _code(error) == _LOCK_NOT_AVAILABLE


def _is_lost(error: DBAPIError) -> bool:
    # Without a statement and a code the driver never came to talk to a server: it is away, or just starting.
    code = _code(error)
    return error.connection_invalidated or code in _AWAY or (error.statement is None and code is None)


def _may_run_again(error: DBAPIError) -> bool:
    # Where somebody stored the same unique key first, the work now finds their row and sees that nothing is owed.
    return _code(error) in _RUN_AGAIN


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
