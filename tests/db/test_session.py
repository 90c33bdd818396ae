import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, select

from db.seal import COMPANY, KEY_BYTES, MasterKey, Vault
from db.session import CommitUnknown, Database, DatabaseBusy
from db.tables import Person, Team

UrlMaker = Callable[[], str]
KEY = MasterKey(bytes(KEY_BYTES))


@pytest.fixture
def another(database: Database) -> Iterator[Callable[..., Database]]:
    """Opens the same database again, as another process would."""
    made: list[Database] = []

    def open_again(busy_seconds: float = 30.0, crash: Callable[[str], None] = lambda _: None) -> Database:
        made.append(Database(database.url, database.master, busy_seconds=busy_seconds, crash=crash))
        return made[-1]

    yield open_again
    for one in made:
        one.dispose()


def add(*names: str) -> Callable[[Session, Vault], None]:
    return lambda session, _: session.add_all([Team(name=name) for name in names])


def teams(database: Database) -> list[str]:
    return list(database.read(lambda session, _: session.exec(select(Team.name).order_by(Team.name)).all()))


def test_a_write_commits_what_it_did(database: Database) -> None:
    database.write("test", add("Engines"))
    assert teams(database) == ["Engines"]


def test_rows_can_be_read_after_their_transaction(database: Database) -> None:
    def work(session: Session, _vault: Vault) -> Team:
        team = Team(name="Engines")
        session.add(team)
        return team

    team = database.write("test", work)
    assert (team.id, team.name) == (1, "Engines")


def test_an_error_takes_everything_back(database: Database) -> None:
    def work(session: Session, vault: Vault) -> None:
        add("Engines")(session, vault)
        vault.seal(COMPANY, 1, "x")
        session.flush()
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        database.write("test", work)
    assert teams(database) == []
    database.write("test", add("Hulls"))


def test_what_a_read_tries_to_change_is_refused(database: Database) -> None:
    def work(session: Session, vault: Vault) -> None:
        add("Engines")(session, vault)
        session.flush()

    with pytest.raises(DBAPIError):
        database.read(work)
    database.write("test", add("Hulls"))
    assert teams(database) == ["Hulls"]


def test_a_read_sees_one_moment_while_others_write(database: Database, another: Callable[..., Database]) -> None:
    database.write("test", add("Engines"))

    def work(session: Session, _vault: Vault) -> tuple[list[str], list[str]]:
        before = list(session.exec(select(Team.name)))
        another().write("test", add("Hulls"))
        return before, list(session.exec(select(Team.name)))

    assert database.read(work) == (["Engines"], ["Engines"])
    assert teams(database) == ["Engines", "Hulls"]


def test_whoever_comes_second_runs_again_and_finds_the_firsts_row(postgres_database: Database) -> None:
    runs = []

    def ensure(session: Session, _vault: Vault) -> int | None:
        runs.append(1)
        found = session.exec(select(Team).where(Team.name == "Engines")).first()
        if found is None:
            if len(runs) == 1:
                first = Database(postgres_database.url, postgres_database.master)
                first.write("first", add("Engines"))
                first.dispose()
            found = Team(name="Engines")
            session.add(found)
            session.flush()
        return found.id

    assert postgres_database.write("second", ensure) == 1
    assert (len(runs), teams(postgres_database)) == (2, ["Engines"])


def test_a_unique_key_that_is_always_taken_is_given_up_after_three_runs(database: Database) -> None:
    database.write("test", add("Engines"))
    runs = []

    def work(session: Session, vault: Vault) -> None:
        runs.append(1)
        add("Hulls", "Engines")(session, vault)

    with pytest.raises(IntegrityError):
        database.write("test", work)
    assert (len(runs), teams(database)) == (3, ["Engines"])


def test_a_broken_rule_of_a_table_is_not_tried_again(database: Database) -> None:
    runs = []

    def work(session: Session, _vault: Vault) -> None:
        runs.append(1)
        session.add(Person(email="ADA@example.com", name="Ada", recorded_at=datetime(2026, 11, 16, tzinfo=UTC)))

    with pytest.raises(IntegrityError):
        database.write("test", work)
    assert len(runs) == 1
    assert database.read(lambda session, _: session.exec(select(Person)).all()) == []


def test_a_deadlock_is_run_again_and_both_succeed(postgres_database: Database) -> None:
    postgres_database.write("test", add("a", "b"))
    met = threading.Barrier(2)
    runs = []

    def rename(first: str, second: str) -> None:
        turns = iter([met.wait])

        def work(session: Session, _vault: Vault) -> None:
            runs.append(first)
            session.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
            lock = text("SELECT id FROM team WHERE name = :name FOR UPDATE")
            session.execute(lock, {"name": first})
            for wait in turns:  # only in the first run
                wait(10)
            session.execute(lock, {"name": second})
            session.add(Team(name=f"{first} then {second}"))

        postgres_database.write("test", work)

    threads = [threading.Thread(target=rename, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert teams(postgres_database) == ["a", "a then b", "b", "b then a"]
    assert len(runs) > 2


def test_a_lock_that_stays_is_told_as_busy_and_nothing_was_changed(
    database: Database, another: Callable[..., Database]
) -> None:
    database.write("test", add("Engines"))
    rename = text("UPDATE team SET name = 'Hulls'")

    def hold(session: Session, _vault: Vault) -> None:
        session.execute(text("UPDATE team SET name = 'Wings'"))
        with pytest.raises(DatabaseBusy, match="Nothing was changed; try again"):
            another(busy_seconds=0.05).write("test", lambda session, _: session.execute(rename))

    database.write("test", hold)
    assert teams(database) == ["Wings"]


def test_nobody_waits_for_writers_to_read(database: Database, another: Callable[..., Database]) -> None:
    def hold(session: Session, vault: Vault) -> None:
        add("Engines")(session, vault)
        session.flush()
        assert teams(another(busy_seconds=0.05)) == []

    database.write("test", hold)


def test_no_free_connection_is_told_as_busy(another: Callable[..., Database]) -> None:
    full = another(busy_seconds=0.05)
    held: list[Connection] = [full.engine.connect() for _ in range(20)]
    with pytest.raises(DatabaseBusy):
        teams(full)
    for connection in held:
        connection.close()
    assert teams(full) == []


def test_eight_writers_at_once_who_look_before_they_write_lose_nothing(database: Database) -> None:
    def look_and_add(name: str) -> Callable[[Session, Vault], None]:
        def work(session: Session, vault: Vault) -> None:
            assert name not in session.exec(select(Team.name)).all()
            add(name)(session, vault)

        return work

    def write(number: int) -> None:
        for turn in range(10):
            database.write("test", look_and_add(f"{number}.{turn}"))

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(write, number) for number in range(8)]:
            future.result()
    assert len(teams(database)) == 80


def test_crash_points_stand_at_both_edges_of_the_commit(database: Database, another: Callable[..., Database]) -> None:
    seen: list[tuple[str, list[str]]] = []
    watched = another(crash=lambda point: seen.append((point, teams(database))))
    watched.write("team.add", add("Engines"))
    watched.crash_point("delivery.before_post")
    assert seen == [
        ("team.add.before_commit", []),
        ("team.add.after_commit", ["Engines"]),
        ("delivery.before_post", ["Engines"]),
    ]


KILL = """
import os, signal, sys
from db.seal import MasterKey
from db.session import Database
from db.tables import Team
def die(point):
    if point == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
database = Database(sys.argv[1], MasterKey(bytes(32)), crash=die)
database.write("team.add", lambda session, vault: session.add(Team(name="Engines")))
"""


@pytest.mark.parametrize(("point", "kept"), [("before", []), ("after", ["Engines"])])
def test_a_process_killed_at_the_edge_of_the_commit_leaves_all_or_nothing(
    fresh_url: UrlMaker, point: str, kept: list[str]
) -> None:
    database = Database(fresh_url(), KEY)
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-c", KILL, database.url, f"team.add.{point}_commit"]
    assert subprocess.run(command, cwd=root, check=False).returncode == -signal.SIGKILL
    assert teams(database) == kept
    database.write("team.add", add("Hulls"))  # the dead process holds no lock
    database.dispose()


def test_a_commit_of_unknown_outcome_is_told_and_never_repeated(postgres_database: Database) -> None:
    runs = []

    def lose(_point: str) -> None:
        end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
        with postgres_database.engine.connect() as connection:
            connection.execute(end)

    def work(session: Session, vault: Vault) -> None:
        runs.append(1)
        add("Engines")(session, vault)

    losing = Database(postgres_database.url, postgres_database.master, crash=lose)
    with pytest.raises(CommitUnknown, match="Look whether it was done"):
        losing.write("test", work)
    losing.dispose()
    assert (len(runs), teams(postgres_database)) == (1, [])


def test_a_database_that_is_not_there_is_said_and_not_waited_for_long(tmp_path: Path) -> None:
    for url, sentence in (
        (f"sqlite:///{tmp_path}/none/stipend.db", "unable to open database file"),
        (f"postgresql+psycopg://stipend@/none?host={tmp_path}", "connection to server on socket"),
    ):
        database = Database(url, KEY, busy_seconds=0.1)
        with pytest.raises(DBAPIError, match=sentence):
            teams(database)
        database.dispose()
