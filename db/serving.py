"""Only one bot serves from one SQLite file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url


class AlreadyServing(Exception):
    """Another bot is running on this SQLite database. Stop it first, or use PostgreSQL to run several."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or self.__doc__)


@contextmanager
def serving_lock(database_url: str) -> Iterator[None]:
    """Hold the right to serve from this database; raises AlreadyServing when another process has it.

    The lock is the operating system's, on a file beside the database, so it ends with the process however that ends;
    the file itself stays, because removing it could let two processes lock two files of the same name. PostgreSQL
    serves several bots, and a database in memory belongs to its process anyway: both need no lock.
    """
    path = _lock_file(database_url)
    if path is None:
        yield
        return
    descriptor = _open(path)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock_file(database_url: str) -> Path | None:
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    # Two ways to write the same file's name are the same database.
    database = Path(str(url.database).removeprefix("file:")).resolve()
    return database.with_name(f"{database.name}.lock")


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AlreadyServing(f"{path} cannot be opened, so nobody knows who serves: {error.strerror}.") from error


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        who = f" It is process {owner}." if owner.isdigit() else ""
        raise AlreadyServing(f"{AlreadyServing.__doc__}{who}") from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
