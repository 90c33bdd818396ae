"""One request's life, whatever people do to it in whatever order: conservation, one decision, nobody's own, never more.

The oracle remembers what each call was told had happened; everything else is read from the stored rows.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import select

from bot.clock import FixedClock
from bot.rules.errors import Refused
from bot.rules.top_up_reply import Approve, Deny
from bot.services import delegation, ledger, top_up
from bot.services.policy import start_company
from bot.services.top_up import Request
from bot.services.verb import Channels, Company, Tx, look
from db.session import Database
from db.tables.top_up import TopUpStep
from tests.conftest import MASTER, NOW, UrlMaker
from tests.services.top_up_town import TWO_STEPS, USD, Town, make_large_town

WHO = st.sampled_from(["ada", "eve", "grace", "mia", "nan", "del", "fin", "flo", "lev"])
DOLLARS = st.sampled_from([20, 40, 300, 900, 1500, 5000])
VERSIONS = st.integers(0, 1)  # how many versions ago was what they saw drawn


class Killed(BaseException):
    """The process dies here."""


@look
def _every_step(tx: Tx, top_up_id: int) -> list[TopUpStep]:
    return list(tx.session.exec(select(TopUpStep).where(TopUpStep.top_up_id == top_up_id)).all())


class Life(RuleBasedStateMachine):
    """Ada asks; everybody does everything, allowed or not; the process dies at any edge of a commit."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.clock = FixedClock(NOW)
        self.dies_at: str | None = None
        self.number = 0
        self.ids: list[int] = []
        self.finals: dict[int, object] = {}
        self._wake()
        start_company(self.company, "UTC")

    def _wake(self) -> None:
        self.database = Database(self.url, MASTER, crash=self._edge)
        self.company = Company(self.database, self.clock, Channels(approvals="C0APPROVE"))

    def _edge(self, point: str) -> None:
        if self.dies_at and point.endswith(self.dies_at):
            raise Killed

    @initialize()
    def people(self) -> None:
        self.town = make_large_town(self.company, f"{TWO_STEPS}[team.Engines.cap]\ncap_usd = 140000\n")
        self.id = {name: self.town[name] for name in ("ada", "eve", "grace", "mia", "nan", "del", "fin", "flo", "lev")}

    def _do(self, work: Callable[[], Request | None]) -> None:
        try:
            found = work()
        except Refused:
            found = None
        except Killed:
            self.dies_at = None
            self.database.dispose()
            self._wake()
            self.town = Town(self.company)
            found = None
        if found is not None and found.id not in self.ids:
            self.ids.append(found.id)

    def _last(self) -> Request | None:
        return top_up.request(self.company, self.ids[-1]) if self.ids else None

    @rule(edge=st.sampled_from([".before_commit", ".after_commit"]))
    def crash(self, edge: str) -> None:
        self.dies_at = edge

    @rule(dollars=DOLLARS, fresh=st.booleans())
    def ask(self, dollars: int, fresh: bool) -> None:
        self.number += fresh
        key = f"k{self.number}"
        self._do(lambda: top_up.ask(self.company, self.id["ada"], dollars * USD, "work", key))
        # Whoever died after the commit asks again, and is given what was made.
        self._do(lambda: top_up.ask(self.company, self.id["ada"], dollars * USD, "work", key))

    @rule(who=WHO, dollars=st.none() | DOLLARS, ago=VERSIONS)
    def approve(self, who: str, dollars: int | None, ago: int) -> None:
        seen = self._last()
        if seen is not None:
            verdict = Approve(None if dollars is None else dollars * USD)
            self._do(lambda: top_up.decide(self.company, seen.id, self.id[who], verdict, seen.version - ago))

    @rule(who=WHO, ago=VERSIONS)
    def deny(self, who: str, ago: int) -> None:
        seen = self._last()
        if seen is not None:
            self._do(lambda: top_up.decide(self.company, seen.id, self.id[who], Deny("no"), seen.version - ago))

    @rule(who=WHO, dollars=DOLLARS, ago=VERSIONS)
    def edit(self, who: str, dollars: int, ago: int) -> None:
        seen = self._last()
        if seen is not None:
            by = self.id["ada"] if dollars != 300 else self.id[who]
            self._do(lambda: top_up.edit(self.company, seen.id, by, dollars * USD, "work", seen.version - ago))

    @rule(who=WHO, dollars=DOLLARS)
    def offer(self, who: str, dollars: int) -> None:
        seen = self._last()
        if seen is not None:
            self._do(lambda: top_up.offer(self.company, seen.id, self.id[who], dollars * USD, seen.version))

    @rule(takes=st.booleans(), who=st.sampled_from(["ada", "ada", "grace"]))
    def answer(self, takes: bool, who: str) -> None:
        seen = self._last()
        if seen is None:
            return
        nanos = seen.offered_nanos or 7 * USD
        if takes:
            self._do(lambda: top_up.accept(self.company, seen.id, self.id[who], nanos, seen.version))
        else:
            self._do(lambda: top_up.keep(self.company, seen.id, self.id[who], seen.version))

    @rule(who=st.sampled_from(["ada", "grace"]))
    def withdraw(self, who: str) -> None:
        seen = self._last()
        if seen is not None:
            self._do(lambda: top_up.withdraw(self.company, seen.id, self.id[who]))

    @rule(who=st.sampled_from(["grace", "mia", "nan", "ada"]), to=WHO)
    def delegate(self, who: str, to: str) -> None:
        day = (self.clock.at + timedelta(days=5)).date()

        def work() -> None:
            delegation.delegate(self.company, self.id[who], self.id[to], day, by="test")

        self._do(work)

    @rule(hours=st.sampled_from([1, 30, 24 * 6]))
    def time_passes(self, hours: int) -> None:
        self.clock.at += timedelta(hours=hours)
        self._do(self._end)

    def _end(self) -> None:
        top_up.expire_due(self.company)

    @invariant()
    def everything_is_in_order(self) -> None:
        edge, self.dies_at = self.dies_at, None
        granted = {grant.cause for grant in self.town.grants()}
        for top_up_id in self.ids:
            self._check(top_up_id, granted)
        assert granted <= {f"top_up:{top_up_id}" for top_up_id in self.ids}
        self.dies_at = edge

    def _check(self, top_up_id: int, granted: set[str]) -> None:
        row, ada = self.town.row(top_up_id), self.id["ada"]
        steps = _every_step(self.company, top_up_id)
        mine = [step for step in steps if step.version == row.version]
        assert (f"top_up:{top_up_id}" in granted) == (row.status == "approved")
        for step in steps:
            assert ada not in {step.decided_by, step.on_behalf_of}
        people = [one for step in mine for one in (step.decided_by, step.on_behalf_of) if one is not None]
        assert len(people) == len(set(people))
        if row.status == "approved":
            assert row.approved_nanos is not None
            assert row.approved_nanos <= min([row.asked_nanos, *(step.allowed_nanos or 0 for step in mine)])
            assert all(step.allowed_nanos for step in mine)
        final = None if row.status == "pending" else (row.status, row.decided_by, row.approved_nanos, row.version)
        if top_up_id in self.finals:
            assert final == self.finals[top_up_id]
        elif final is not None:
            self.finals[top_up_id] = final

    def teardown(self) -> None:
        self.dies_at = None
        assert ledger.check_books(self.company) == []
        self.database.dispose()


def live(url_maker: UrlMaker, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Life(url_maker()),  # type: ignore[arg-type] # any maker will do
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_one_requests_life(sqlite_url: UrlMaker) -> None:
    live(sqlite_url, 5, 25)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_many_lives(fresh_url: UrlMaker) -> None:
    live(fresh_url, 60, 40)
