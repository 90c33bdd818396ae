"""A database restart is survived: nothing kept is lost, nothing lost is called kept, and work goes on by itself."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from db.seal import Vault
from db.session import CommitUnknown, Database, DatabaseBusy
from db.tables import Team

END_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Server(Protocol):
    def restart(self) -> None: ...


def add(name: str) -> Callable[[Session, Vault], None]:
    return lambda session, _: session.add(Team(name=name))


def teams(database: Database) -> set[str]:
    return set(database.read(lambda session, _: session.exec(select(Team.name)).all()))


def fill_the_pool(database: Database) -> None:
    held = [database.engine.connect() for _ in range(8)]
    for connection in held:
        connection.close()


def end_all_connections(database: Database) -> int:
    other = Database(database.url, database.master)
    with other.engine.connect() as connection:
        ended = int(connection.execute(END_OTHERS).scalar_one())
    other.dispose()
    return ended


def test_connections_ended_while_idle_are_noticed_before_they_are_used(postgres_database: Database) -> None:
    fill_the_pool(postgres_database)
    assert end_all_connections(postgres_database) == 8
    runs = []

    def work(session: Session, vault: Vault) -> None:
        runs.append(1)
        add("Engines")(session, vault)

    postgres_database.write("test", work)
    assert (len(runs), teams(postgres_database)) == (1, {"Engines"})


def test_a_write_whose_connection_is_ended_half_way_runs_again_as_a_whole(postgres_database: Database) -> None:
    runs = []

    def work(session: Session, vault: Vault) -> None:
        add("Engines")(session, vault)
        session.flush()
        runs.append(1)
        if len(runs) == 1:
            end_all_connections(postgres_database)
        add("Hulls")(session, vault)

    postgres_database.write("test", work)
    assert (len(runs), teams(postgres_database)) == (2, {"Engines", "Hulls"})


def test_a_read_whose_connection_is_ended_half_way_runs_again(postgres_database: Database) -> None:
    postgres_database.write("test", add("Engines"))
    runs = []

    def work(session: Session, _vault: Vault) -> list[str]:
        session.exec(select(Team.id)).all()
        runs.append(1)
        if len(runs) == 1:
            end_all_connections(postgres_database)
        return list(session.exec(select(Team.name)).all())

    assert (postgres_database.read(work), len(runs)) == (["Engines"], 2)


def test_a_restart_between_two_writes_is_not_noticed(postgres: Server, postgres_database: Database) -> None:
    fill_the_pool(postgres_database)
    postgres_database.write("test", add("Engines"))
    postgres.restart()
    postgres_database.write("test", add("Hulls"))
    assert teams(postgres_database) == {"Engines", "Hulls"}


class Writer:
    """Adds teams one after the other and remembers what it was told about each."""

    def __init__(self, database: Database, number: int, stop: threading.Event) -> None:
        self.kept: set[str] = set()
        self.unknown: set[str] = set()
        self._database, self._number, self._stop = database, number, stop

    def run(self) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            name = f"{self._number}.{turn}"
            try:
                self._database.write("test", add(name))
            except CommitUnknown:
                self.unknown.add(name)
            except (DatabaseBusy, DBAPIError):
                continue  # told that nothing was kept
            else:
                self.kept.add(name)


@pytest.mark.parametrize("writers", [4])
def test_restarts_under_load_lose_nothing_that_was_kept(
    postgres: Server, postgres_database: Database, writers: int
) -> None:
    stop = threading.Event()
    crew = [Writer(postgres_database, number, stop) for number in range(writers)]
    with ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(writer.run) for writer in crew]
        try:
            for _ in range(2):
                _wait_for_progress(crew)
                postgres.restart()
            _wait_for_progress(crew)
        finally:
            stop.set()
        for future in running:
            future.result()
    kept = set().union(*(writer.kept for writer in crew))
    unknown = set().union(*(writer.unknown for writer in crew))
    stored = teams(postgres_database)
    assert kept <= stored <= kept | unknown


def _wait_for_progress(crew: list[Writer]) -> None:
    """Until every writer has stored something more: if work did not go on, the test's own time limit ends it."""
    goals = [len(writer.kept) + 3 for writer in crew]
    pause = threading.Event()
    while any(len(writer.kept) < goal for writer, goal in zip(crew, goals, strict=True)):
        pause.wait(0.01)
