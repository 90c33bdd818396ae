"""Each notice that is owed is owed once, and none that is not: against an oracle, through crashes and two processes."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.clock import FixedClock
from bot.services import ledger
from bot.services.notice import tell_people
from bot.services.notice_sweep import sweep
from bot.services.policy import start_company
from bot.services.verb import Channels, Company, Tx, verb
from db.session import Database
from tests.conftest import DatabaseMaker
from tests.promises.notice_oracle import Oracle, Told
from tests.services.notice_town import USD, Town, owed

TELLER = Path(__file__).with_name("notice_teller.py")
ROOT = Path(__file__).parents[2]
PEOPLE = ["ada", "bob", "cat"]
FIRST = datetime(2026, 11, 2, 12, tzinfo=UTC)
JUMPS = st.sampled_from([0, 1, 500, 1000, 1500, 2500, 4000, 7999])


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def month_of(at: datetime) -> str:
    return at.strftime("%Y-%m")


def open_months(at: datetime) -> list[str]:
    return [month_of(at.replace(day=1) - timedelta(days=1)), month_of(at)]


def slot(at: datetime) -> date:
    return at.date() if at.hour >= 9 else at.date() - timedelta(days=1)


def told_by(company: Company, names: dict[int, str]) -> Told:
    """What is in the outbox, in the oracle's words."""
    found: Told = Counter()
    for one in owed(company):
        if one.kind.startswith("notice."):
            who, what = _who_and_what(one, names)
            found[one.kind, who, one.facts["PERIOD"]["label"], what] += 1
    return found


def _who_and_what(one: Any, names: dict[int, str]) -> tuple[str, str]:
    if "SALARY_COUNTS" in one.facts:
        counts = one.facts["SALARY_COUNTS"]
        return "channel", f"{counts['near']} near, {counts['above']} above"
    if "BUDGET" in one.facts:
        line = one.facts["BUDGET"]["line"]
        return names[one.person_id], {"1/2": "0.5", "4/5": "0.8", "1": "1.0"}[line]
    who = one.facts["NAME"]["name"].lower() if "NAME" in one.facts else names[one.person_id]
    return who, str(one.facts["PAY"]["step"])


@verb("test.top_up")
def top_up(tx: Tx, person_id: int, usd: int, cause: str) -> None:
    account = ledger.ensure_periods(tx, person_id)
    ledger.grant_top_up(tx, account, usd * USD, expires_at=None, cause=cause)


def found_town(database: Database, clock: FixedClock) -> Town:
    company = Company(database, clock, Channels(alerts="C0ALERTS"))
    start_company(company, "UTC")
    town = Town(company)
    town.hire(*[(name, 120_000) for name in PEOPLE])
    town.hire(("fin", 120_000), team="Money", role="finance")
    return town


class Telling(RuleBasedStateMachine):
    """Spend goes up and is reversed, budgets rise, time passes, processes die, and two of them tell."""

    make: DatabaseMaker

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock(FIRST)
        self.database = type(self).make()
        self.town = found_town(self.database, self.clock)
        self.oracle = Oracle(PEOPLE)
        self.names = {self.town.id(name): name for name in [*PEOPLE, "fin"]}
        self.top_ups = 0

    @rule(who=st.sampled_from(PEOPLE), usd=JUMPS)
    def spend(self, who: str, usd: int) -> None:
        self.town.spend(who, usd)
        self.oracle.spend(who, month_of(self.clock.at), usd)

    @rule(who=st.sampled_from(PEOPLE), usd=JUMPS)
    def reverse(self, who: str, usd: int) -> None:
        self.town.spend(who, -usd)
        self.oracle.spend(who, month_of(self.clock.at), -usd)

    @rule(who=st.sampled_from(PEOPLE), usd=st.sampled_from([500, 1000, 5000]))
    def top_up(self, who: str, usd: int) -> None:
        self.top_ups += 1
        top_up(self.town.company, self.town.id(who), usd, f"top_up:{self.top_ups}")
        self.oracle.top_up(who, month_of(self.clock.at), usd)

    @rule(hours=st.sampled_from([1, 5, 24, 24 * 9]))
    def wait(self, hours: int) -> None:
        self.clock.at += timedelta(hours=hours)

    @rule(point=st.sampled_from([None, "notice.person.before_commit", "notice.person.after_commit"]))
    def tell(self, point: str | None) -> None:
        self._until_alive(point, tell_people)
        self.oracle.tell_people(open_months(self.clock.at))

    @rule(point=st.sampled_from([None, "notice.sweep.before_commit", "notice.sweep.after_commit"]))
    def sweep(self, point: str | None) -> None:
        self._until_alive(point, lambda company: sweep(company, scheduled=False))
        self.oracle.sweep(open_months(self.clock.at), slot(self.clock.at))

    def _until_alive(self, point: str | None, work: Any) -> None:
        """Die at the point, the first time it is passed; then a new process does what is left, and another looks on."""
        passed: list[str] = []

        def crash(name: str) -> None:
            if name == point and not passed:
                passed.append(name)
                raise Killed

        company = self.town.company
        dying = Database(self.database.url, self.database.master, crash=crash)
        try:
            work(Company(dying, self.clock, company.channels))
        except Killed:
            pass
        finally:
            dying.dispose()
        work(company)
        work(company)

    @invariant()
    def what_is_told_is_what_was_owed(self) -> None:
        assert told_by(self.town.company, self.names) == self.oracle.told

    def teardown(self) -> None:
        """Close its connections at once: a server allows a hundred, and a proof has as many examples."""
        self.database.dispose()


def prove(make: DatabaseMaker, examples: int, steps: int) -> None:
    Telling.make = staticmethod(make)
    run_state_machine_as_test(
        Telling,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_each_notice_once(fresh_database: DatabaseMaker) -> None:
    prove(fresh_database, 5, 20)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_each_notice_once_long(fresh_database: DatabaseMaker) -> None:
    prove(fresh_database, 100, 50)


@contextmanager
def tellers(database: Database, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    running = [
        subprocess.Popen(
            [sys.executable, str(TELLER), json.dumps({"database": database.url, "seed": seed})],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(count)
    ]
    yield running
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0


def tell_at(running: list["subprocess.Popen[str]"], at: datetime) -> int:
    """Let all of them tell as of an instant, at the same time; returns how many were killed at it."""
    for process in running:
        assert process.stdin is not None
        process.stdin.write(f"{at.isoformat()}\n")
        process.stdin.flush()
    killed = 0
    for process in running:
        assert process.stdout is not None
        lives = int(process.stdout.readline())
        assert lives > 0
        killed += lives - 1
    return killed


def days_of_two_processes(database: Database, days: int) -> int:
    clock, dice = FixedClock(FIRST), random.Random(days)
    town, oracle = found_town(database, clock), Oracle(PEOPLE)
    names = {town.id(name): name for name in [*PEOPLE, "fin"]}
    killed = 0
    with tellers(database, 2) as running:
        for number in range(days):
            clock.at = FIRST + timedelta(days=number)
            for who in PEOPLE:
                usd = dice.choice([0, 100, 500, 1500, -400])
                town.spend(who, usd)
                oracle.spend(who, month_of(clock.at), usd)
            if number % 7 == 3:
                top_up(town.company, town.id("ada"), 2000, f"top_up:{number}")
                oracle.top_up("ada", month_of(clock.at), 2000)
            killed += tell_at(running, clock.at)
            oracle.tell_people(open_months(clock.at))
            oracle.sweep(open_months(clock.at), slot(clock.at))
            assert told_by(town.company, names) == oracle.told
    digests = [one for one in owed(town.company) if one.kind == "report.digest"]
    assert len(digests) == days
    return killed


def test_two_processes_tell_each_notice_once(postgres_database: Database) -> None:
    assert days_of_two_processes(postgres_database, 8) > 0


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_processes_for_sixty_days(postgres_database: Database) -> None:
    assert days_of_two_processes(postgres_database, 60) > 20
