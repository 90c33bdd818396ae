"""Each person is granted each period once: never twice, never not at all, whatever clock, zone, outage or crash."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.clock import FixedClock
from bot.services import allotment, ledger, policy
from bot.services.policy import start_company
from bot.services.tick import run_tick
from bot.services.verb import Company, Tx
from db.session import Database
from tests.conftest import MASTER, UrlMaker
from tests.services.books import bring, ensure, id_of, spend, transfers

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Tehran", "Pacific/Apia",
    "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca",
)  # fmt: skip
SALARY = 120_000
HOURS = (0.01, 0.5, 1, 7, 23, 25, 24 * 6, 24 * 29, 24 * 31, 24 * 40)


class Killed(BaseException):
    """The process dies here."""


def months(zone: str, first: date, now: datetime) -> Iterator[str]:
    """The labels of the calendar months from a day to now in a zone: the oracle, which knows no calendar of ours."""
    last = now.astimezone(ZoneInfo(zone)).date()
    month = first.replace(day=1)
    while month <= last:
        yield month.strftime("%Y-%m")
        month = (month + timedelta(days=32)).replace(day=1)


def grants(company: Company, kind: str = "allotment") -> Counter[str]:
    return Counter(key for key, _ in transfers(company, kind))


class Life:
    """A bot that is looked at now and then over the years, is down, dies, and whose clock is set back."""

    def __init__(self, url: str, zone: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.url, self.zone = url, zone
        self.clock = FixedClock(datetime(2024, 1, 15, 12, tzinfo=UTC) + timedelta(days=self.random.randrange(900)))
        self.dies_at = ""
        self._wake()
        start_company(self.company, zone)
        bring(self.company, f"ada {SALARY},,,USD,,")
        self.ada = id_of(self.company, "ada")
        self.first = self.clock.at.astimezone(ZoneInfo(zone)).date().replace(day=1)
        self.latest = self.clock.at

    def _wake(self) -> None:
        self.database = Database(self.url, MASTER, crash=self._edge)
        self.company = Company(self.database, self.clock)

    def _edge(self, point: str) -> None:
        if self.dies_at and point.endswith(self.dies_at):
            raise Killed

    def live(self, turns: int) -> None:
        for turn in range(turns):
            back = self.random.random() < 0.15
            step = timedelta(hours=-self.random.uniform(0, 30) if back else self.random.choice(HOURS))
            self.clock.at = max(self.clock.at + step, datetime(2024, 1, 1, tzinfo=UTC))
            self.dies_at = self.random.choice(["", "", ".before_commit", ".after_commit"])
            try:
                self._touch(turn)
            except Killed:
                self.dies_at = ""
                self.database.dispose()
                self._wake()
                self._touch(turn)
            self.dies_at = ""
            self.latest = max(self.latest, self.clock.at)
            self.check()

    def _touch(self, turn: int) -> None:
        which = self.random.randrange(4)
        if which == 0:
            ledger.balance(self.company, self.ada)
        elif which == 1:
            spend(self.company, "ada", 10**9, self.clock.at, f"turn {turn}")
            ensure(self.company, self.ada)
        elif which == 2:
            run_tick(self.company, "periods")
            ledger.close_due(self.company)
        else:
            ensure(self.company, self.ada)

    def check(self) -> None:
        owed = Counter(f"allotment:{self.ada}:{label}" for label in months(self.zone, self.first, self.latest))
        assert grants(self.company) == owed, (self.zone, self.clock.at)
        assert grants(self.company, "adjustment") == Counter()


@pytest.mark.parametrize("zone", ZONES)
def test_a_life(zone: str, sqlite_url: UrlMaker) -> None:
    life = Life(sqlite_url(), zone, seed=len(zone))
    life.live(12)
    assert ledger.check_books(life.company) == []
    life.database.dispose()


@pytest.mark.long
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("seed", range(3))
def test_a_long_life(zone: str, seed: int, fresh_url: UrlMaker) -> None:
    life = Life(fresh_url(), zone, seed)
    life.live(100)
    assert ledger.check_books(life.company) == []
    life.database.dispose()


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_and_the_last_instant_of_each_month(zone: str, sqlite_url: UrlMaker) -> None:
    """Around every month's end, in summer time and out of it, the month on the wall is the one that is granted."""
    clock = FixedClock(datetime(2026, 1, 10, tzinfo=UTC))
    database = Database(sqlite_url(), MASTER)
    company = Company(database, clock)
    start_company(company, zone)
    bring(company, f"ada {SALARY},,,USD,,")
    ada, first = id_of(company, "ada"), clock.at.astimezone(ZoneInfo(zone)).date().replace(day=1)
    for month in (2, 4, 11, 13):
        begins = datetime(2026 + month // 13, (month - 1) % 12 + 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for instant in (begins - timedelta(microseconds=1), begins):
            clock.at = instant
            ensure(company, ada)
            assert grants(company) == Counter(f"allotment:{ada}:{label}" for label in months(zone, first, instant))
    database.dispose()


def test_a_change_of_zone_or_length_leaves_no_gap_and_no_second_grant(company: Company, clock: FixedClock) -> None:
    bring(company, f"ada {SALARY},,,USD,,")
    ada = id_of(company, "ada")
    ensure(company, ada)
    for number, rules in enumerate(
        ['timezone = "Pacific/Kiritimati"', '[allotment]\nperiod = "quarter"', 'timezone = "Pacific/Pago_Pago"', ""]
    ):
        policy.import_policy(company, f"# {number}\n{rules}\n", by="test")
        for _ in range(8):
            clock.at += timedelta(hours=305)
            ensure(company, ada)
        ledger.close_due(company)
    labels = [key.rpartition(":")[2] for key, _ in transfers(company, "allotment")]
    # A version that does not say how long a period is says: a month.
    assert labels == [
        "2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-Q2",
        "2027-07", "2027-08", "2027-09", "2027-10", "2027-11", "2027-12",
    ]  # fmt: skip


@pytest.mark.parametrize("looks", [2, 6])
def test_many_look_at_once(company: Company, clock: FixedClock, looks: int) -> None:
    names = ["ada", "bob", "eve"]
    bring(company, *(f"{name} {SALARY},,,USD,," for name in names))
    ids = [id_of(company, name) for name in names]
    for _ in range(4):
        clock.at += timedelta(days=31)
        race(company, ids, looks)
    labels = list(months("UTC", date(2026, 11, 1), clock.at))
    assert grants(company) == Counter(f"allotment:{one}:{label}" for one in ids for label in labels)


def test_who_looked_before_a_raise_does_not_take_it_back(
    postgres_database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company(postgres_database, clock)
    start_company(company, "UTC")
    bring(company, f"ada {SALARY},,,USD,,")
    ada = id_of(company, "ada")
    ensure(company, ada)
    looked, go_on, look = threading.Event(), threading.Event(), allotment.survey

    def slow_look(tx: Tx, person_id: int) -> allotment.Survey:
        found = look(tx, person_id)
        if not looked.is_set():
            looked.set()
            go_on.wait(10)
        return found

    monkeypatch.setattr(allotment, "survey", slow_look)
    early, late = (threading.Thread(target=ensure, args=(company, ada)) for _ in range(2))
    early.start()
    assert looked.wait(10)
    bring(company, f"ada {2 * SALARY},,,USD,,")
    late.start()
    late.join(0.3)  # it may have granted the raise by then, or wait for the one who came first
    go_on.set()
    early.join()
    late.join()
    assert [nanos > 0 for _, nanos in transfers(company, "adjustment")] == [True]
    assert ledger.check_books(company) == []


def race(company: Company, ids: list[int], looks: int) -> None:
    barrier = threading.Barrier(looks)
    failures: list[BaseException] = []

    def look(number: int) -> None:
        barrier.wait()
        try:
            for person_id in ids[number % 3 :] + ids[: number % 3]:
                ledger.balance(company, person_id)
            ledger.close_due(company)
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            failures.append(error)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(looks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
