"""Transactions. The only file that commits."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session

from db import data_key
from db.engine import make_engine
from db.seal import MasterKey, Vault

T = TypeVar("T")
Work = Callable[[Session, Vault], T]

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05
# PostgreSQL's SQLSTATE: serialization failure and deadlock, both rolled back whole and safe to run again.
_RUN_AGAIN = {"40001", "40P01"}
_LOCK_NOT_AVAILABLE = "55P03"


class DatabaseBusy(Exception):
    """The database is busy. Nothing was changed; please try again in a moment."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def nothing(_point: str) -> None:
    """In production a crash point does nothing."""


class Database:
    """An engine, the master key, and whole transactions over both.

    `crash` is called at the named edges of every write, `<verb>.before_commit` and `<verb>.after_commit`; the proofs
    kill the process there.
    """

    def __init__(
        self, url: str, master: MasterKey, *, busy_seconds: float = 30.0, crash: Callable[[str], None] = nothing
    ) -> None:
        self.url = url
        self.master = master
        self.engine: Engine = make_engine(url, busy_seconds)
        self._crash = crash

    def crash_point(self, name: str) -> None:
        """A named point outside of any transaction at which the proofs kill the process."""
        self._crash(name)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self.engine.dialect.name == "sqlite"

    def write(self, verb: str, work: Work[T]) -> T:
        """Run the work in one transaction and commit it.

        The whole work runs again, up to three times, when the engine rolled it back for a deadlock, when another
        transaction stored the same unique key first, or when the connection was lost before the commit. Raises
        DatabaseBusy when somebody else's lock does not go away.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._write_once(verb, work)
            except DBAPIError as error:
                if is_busy(error):
                    raise DatabaseBusy from error
                if attempt == _ATTEMPTS or not _may_run_again(error):
                    raise
                time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _write_once(self, verb: str, work: Work[T]) -> T:
        engine = self.engine.execution_options(stipend_write=True)
        with Session(engine, expire_on_commit=False) as session:
            result = work(session, data_key.vault(session, self.master))
            session.flush()
            self._crash(f"{verb}.before_commit")
            session.commit()
        self._crash(f"{verb}.after_commit")
        return result

    def read(self, work: Work[T]) -> T:
        """Run the work on one snapshot of the database; whatever it changes is rolled back.

        Several statements must see the same moment, or a balance tears: on PostgreSQL that takes REPEATABLE READ.
        """
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            with Session(self.engine.execution_options(**options), expire_on_commit=False) as session:
                return work(session, data_key.vault(session, self.master))
        except OperationalError as error:
            if is_busy(error):
                raise DatabaseBusy from error
            raise

    def inspect(self, work: Callable[[Connection], T]) -> T:
        """Run the work, which changes nothing, on a connection that needs no key. Raises DatabaseBusy."""
        try:
            with self.engine.connect() as connection:
                return work(connection)
        except DBAPIError as error:
            if is_busy(error):
                raise DatabaseBusy from error
            raise

    def change_schema(self, work: Callable[[Connection], None]) -> None:
        """Run the work, which may change tables, in one transaction. Raises DatabaseBusy."""
        try:
            with self.engine.connect().execution_options(stipend_write=True) as connection, _copying_tables(connection):
                with connection.begin():
                    work(connection)
        except DBAPIError as error:
            if is_busy(error):
                raise DatabaseBusy from error
            raise

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


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
    return "database is locked" in str(error.orig) or getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def _may_run_again(error: DBAPIError) -> bool:
    # Somebody stored the same unique key first: run again, the work now finds their row and sees that nothing is owed.
    if isinstance(error, IntegrityError):
        return True
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _RUN_AGAIN
