"""Every dollar granted is available, spent, expired or carried, to the nano-dollar, whatever happens in between.

The oracle works from the stored rows and from its own memory of what was done; it asks no service and no rule.
"""

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, col, select

from bot.clock import FixedClock
from bot.services import ledger, policy
from bot.services.policy import start_company
from bot.services.roster import import_rates
from bot.services.verb import Company
from db.seal import MasterKey, Vault
from db.session import Database
from db.tables.ledger import Account, Transfer
from db.tables.usage import UsageEvent
from tests.conftest import MASTER, NOW, UrlMaker
from tests.services.books import USD, bring, ensure, id_of, spend, standings, top_up, within

T = TypeVar("T")
NAMES = ("ada", "bob", "eve")
RATES = "currency,on_date,usd_per_unit\nEUR,2026-11-01,1.1\nEUR,2026-12-01,1.2\nEUR,2027-01-01,1.3\n"


class Killed(BaseException):
    """The process dies here."""


class Oracle:
    """The sums of the rows as they are stored."""

    def __init__(self, session: Session, vault: Vault) -> None:
        self.accounts = {row.id: row for row in session.exec(select(Account))}
        self.balance: dict[int | None, int] = defaultdict(int)
        self.used: dict[int | None, int] = defaultdict(int)
        self.top_ups: dict[str, int] = {}
        self.ends_early: set[int] = set()
        self.expired: dict[int | None, int] = defaultdict(int)
        for row in session.exec(select(Transfer).order_by(col(Transfer.id))):
            self._move(row, int(vault.open(row.owner, row.amount, f"transfer:{row.key}")))
        for event in session.exec(select(UsageEvent)):
            self.used[event.account_id] += event.cost_nanos or 0
            self.balance[event.account_id] -= event.cost_nanos or 0

    def _move(self, row: Transfer, nanos: int) -> None:
        self._goes_its_way(row, nanos)
        self.balance[row.from_account_id] -= nanos
        self.balance[row.to_account_id] += nanos
        if row.kind == "top_up":
            self.top_ups[row.key] = nanos
        for account in (row.from_account_id, row.to_account_id):
            end = self.accounts[account].period_end
            if row.expires_at is not None and end is not None and row.expires_at < end:
                self.ends_early.add(account)
        if row.kind == "expiry":
            sides = (row.from_account_id, nanos), (row.to_account_id, -nanos)
            for account, out in sides:
                self.expired[account] += out

    def _goes_its_way(self, row: Transfer, nanos: int) -> None:
        """Differences go one way and may be anything, an allotment may be nothing; all else moves more than nothing."""
        source, target = self.accounts[row.from_account_id], self.accounts[row.to_account_id]
        match row.kind:
            case "adjustment":
                assert (source.kind, target.kind) == ("issued", "person")
            case "expiry":
                assert (source.kind, target.kind) == ("person", "expired")
            case "carry":
                assert source.period_end == target.period_start
                assert source.person_id == target.person_id
            case "allotment":
                assert nanos >= 0
            case _:
                assert nanos > 0

    def of(self, kind: str) -> int:
        return sum(self.balance[row.id] for row in self.accounts.values() if row.kind == kind)


class Books(RuleBasedStateMachine):
    """People come, spend, are granted, get raises; periods end and close; the process dies at any edge."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.clock = FixedClock(NOW)
        self.dies_at: str | None = None
        self.keys = (f"k{number}" for number in itertools.count())
        self.usage: dict[str, dict[str, int]] = defaultdict(dict)
        self.granted: dict[str, int] = {}
        self._wake()
        start_company(self.company, "Europe/Berlin")
        import_rates(self.company, RATES, by="test")

    def _wake(self) -> None:
        """A new process: nothing is remembered but what the database holds."""
        self.database = Database(self.url, MasterKey(MASTER._key), crash=self._edge)
        self.company = Company(self.database, self.clock)

    def _edge(self, point: str) -> None:
        if self.dies_at and point.endswith(self.dies_at):
            raise Killed

    def _do(self, work: Callable[[], T], committed: Callable[[], Any] = lambda: None) -> None:
        """Work, perhaps dying at an edge of its first commit; `committed` notes what then must be there."""
        dies_at, fate = self.dies_at, None
        try:
            work()
        except Killed:
            fate = dies_at
            self.dies_at = None
            self.database.dispose()
            self._wake()
        if fate != ".before_commit":
            committed()
        self.dies_at = None

    @rule(edge=st.sampled_from([".before_commit", ".after_commit"]))
    def crash(self, edge: str) -> None:
        self.dies_at = edge

    @initialize(pay=st.lists(st.integers(0, 900_000), min_size=3, max_size=3))
    def people(self, pay: list[int]) -> None:
        paid = zip(NAMES, pay, ("USD", "EUR", "USD"), strict=True)
        bring(self.company, *(f"{name} {amount},,,{currency},," for name, amount, currency in paid))
        self.ids = {name: id_of(self.company, name) for name in NAMES}

    @rule(name=st.sampled_from(NAMES), pay=st.integers(0, 900_000), leaves=st.none() | st.integers(0, 40))
    def change(self, name: str, pay: int, leaves: int | None) -> None:
        ends_on = "" if leaves is None else (self.clock.at + timedelta(days=leaves)).date().isoformat()
        currency = "EUR" if name == "bob" else "USD"
        self._do(lambda: bring(self.company, f"{name} {pay},,,{currency},,{ends_on}"))

    @rule(share=st.sampled_from(["0.1", "0.5", "0.333"]))
    def new_policy(self, share: str) -> None:
        self._do(lambda: policy.import_policy(self.company, f"[allotment]\nshare = {share}\n", by="test"))

    @rule(name=st.sampled_from(NAMES), nanos=st.integers(0, 30_000 * USD), age=st.integers(0, 60 * 24 * 60))
    def use(self, name: str, nanos: int, age: int) -> None:
        key, at = next(self.keys), self.clock.at - timedelta(minutes=age)
        self._do(
            lambda: spend(self.company, name, nanos, at, key),
            lambda: self.usage[name].__setitem__(key, nanos),
        )

    @rule(name=st.sampled_from(NAMES), nanos=st.integers(1, 5_000 * USD), days=st.none() | st.integers(0, 70))
    def grant(self, name: str, nanos: int, days: int | None) -> None:
        key = f"top_up:{next(self.keys)}"
        until = None if days is None else self.clock.at + timedelta(days=days, hours=1)
        self._do(
            lambda: top_up(self.company, self.ids[name], nanos, key, expires_at=until),
            lambda: self.granted.__setitem__(key, nanos),
        )

    @rule(name=st.sampled_from(NAMES))
    def look(self, name: str) -> None:
        self._do(lambda: ledger.balance(self.company, self.ids[name]))

    @rule(name=st.sampled_from(NAMES))
    def tick(self, name: str) -> None:
        self._do(lambda: ensure(self.company, self.ids[name]))

    @rule(hours=st.sampled_from([24 * 4, 24 * 20, 24 * 40]))
    def close(self, hours: int) -> None:
        self.clock.at += timedelta(hours=hours)
        edge, self.dies_at = self.dies_at, None
        spend(self.company, "ada", 0, self.clock.at, f"complete {next(self.keys)}")  # the source is past every end
        self.dies_at = edge
        self._do(lambda: ledger.close_due(self.company))

    @rule(hours=st.sampled_from([1, 20, 24 * 3, 24 * 15, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        self.clock.at += timedelta(hours=hours)

    @precondition(lambda self: self.clock.at > NOW + timedelta(days=1))
    @rule(minutes=st.integers(1, 600))
    def clock_is_set_back(self, minutes: int) -> None:
        self.clock.at -= timedelta(minutes=minutes)

    @invariant()
    def everything_is_accounted_for(self) -> None:
        now = self.database.read(Oracle)
        granted, expired = -now.of("issued"), now.of("expired")
        assert granted == now.of("person") + sum(now.used.values()) + expired
        assert now.of("unattributed") == 0
        assert now.top_ups == self.granted
        for name, person_id in getattr(self, "ids", {}).items():
            mine = [row.id for row in now.accounts.values() if row.person_id == person_id]
            assert sum(now.used[one] for one in mine) == sum(self.usage[name].values())

    @invariant()
    def closed_is_closed_and_every_answer_agrees(self) -> None:
        now = self.database.read(Oracle)
        said = standings(self.company)
        for row in now.accounts.values():
            if row.kind != "person":
                continue
            found = said[row.person_id, row.period]
            assert found.available == now.balance[row.id]
            assert found.spent == now.used[row.id]
            assert found.expired == now.expired[row.id] >= 0
            assert found.carried_in >= 0
            assert found.carried_out >= 0
            if row.closed_at is not None:
                self._is_well_closed(found, ends_early=row.id in now.ends_early)

    @staticmethod
    def _is_well_closed(found: Any, *, ends_early: bool) -> None:
        """What was not spent has ended, and nothing else; what ended before it was needed may be overspent beside."""
        unspent = found.granted + found.carried_in - found.spent
        ended = found.expired + found.carried_out
        if ends_early:
            assert max(0, unspent) <= ended <= found.granted + found.carried_in
        else:
            assert ended == max(0, unspent)
        assert found.available == unspent - ended <= 0

    def teardown(self) -> None:
        self.dies_at = None
        assert ledger.check_books(self.company) == []
        self.database.dispose()


def explore(url_maker: UrlMaker, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Books(url_maker()),  # type: ignore[arg-type] # any maker will do
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_conservation(sqlite_url: UrlMaker) -> None:
    explore(sqlite_url, 15, 25)


@pytest.mark.long
def test_conservation_at_length(sqlite_url: UrlMaker) -> None:
    explore(sqlite_url, 100, 50)


WRITERS = 8
ROUNDS = 6


def test_writers_and_a_reader(company: Company) -> None:
    """Eight spend, grant and look at once, on open and closed periods, while one sums: the sum never tears."""
    paid = zip(NAMES, (500_000, 300_000, 90_000), strict=True)
    bring(company, *(f"{name} {pay},,,USD,2026-10-01," for name, pay in paid))
    ids = {name: id_of(company, name) for name in NAMES}
    for person_id in ids.values():
        ensure(company, person_id)
    ledger.close_due(company)
    failures: list[BaseException] = []
    done = threading.Event()
    barrier = threading.Barrier(WRITERS + 1)

    def write(number: int) -> None:
        barrier.wait()
        for turn in range(ROUNDS):
            name = NAMES[(number + turn) % len(NAMES)]
            at = datetime(2026, 10 + (number + turn) % 2, 5, tzinfo=UTC)
            spend(company, name, 1_234_567_891 * (number + 1), at, f"{number}-{turn}")
            ledger.balance(company, ids[name])
            top_up(company, ids[name], 7 * USD + turn, f"top_up:{number}-{turn}")

    def read() -> None:
        barrier.wait()
        while not done.is_set():
            now = company.database.read(Oracle)
            assert -now.of("issued") == now.of("person") + sum(now.used.values()) + now.of("expired")

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            failures.append(error)

    writers = [threading.Thread(target=guarded, args=(partial(write, number),)) for number in range(WRITERS)]
    reader = threading.Thread(target=guarded, args=(read,))
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert failures == []
    now = company.database.read(Oracle)
    assert sum(now.used.values()) == ROUNDS * 1_234_567_891 * sum(range(1, WRITERS + 1))
    assert sum(now.top_ups.values()) == WRITERS * sum(7 * USD + turn for turn in range(ROUNDS))
    assert within(company, ledger.check_ledger) == []
