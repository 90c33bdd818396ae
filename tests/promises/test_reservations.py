"""Nothing that is set aside is lost or kept: reservations are conserved, never negative, and end."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.clock import FixedClock
from bot.rules.gate import RESERVED_FOR
from bot.rules.usage import call_key
from bot.services import gate as gates
from bot.services import ledger
from bot.services.policy import start_company
from bot.services.usage import record
from bot.services.verb import Company
from tests.conftest import NOW, DatabaseMaker
from tests.services.books import id_of
from tests.services.gate_desk import KEY_HASH, USD, Desk, open_desk, policy
from tests.services.usage_facts import add_people, fact

BUDGET = 4
IDS = st.sampled_from([f"call-{number}" for number in range(4)])  # few, so that callers use one twice


class Reservations(RuleBasedStateMachine):
    """Calls are asked for, succeed at most at what was set aside for them, fail, or are never heard of again."""

    make: DatabaseMaker

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock(NOW)
        self.company = Company(self.make(), self.clock)
        start_company(self.company, "UTC")
        add_people(self.company, "ada@example.com")
        self.desk: Desk = open_desk(self.company, policy("hard", budget=BUDGET, more="reserve_usd = 1\n"))
        self.running: list[tuple[str, int]] = []  # (call id, minute at which it expires), oldest first
        self.minute = 0
        self.events = 0
        self.spent = 0

    def live(self) -> list[tuple[str, int]]:
        return [one for one in self.running if one[1] > self.minute]

    @rule(call_id=IDS)
    def ask(self, call_id: str) -> None:
        fits = BUDGET * USD - self.spent - len(self.live()) * USD >= USD
        assert self.desk.allows(call_id) == fits
        if fits:
            self.running.append((call_id, self.minute + RESERVED_FOR // timedelta(minutes=1)))

    @precondition(lambda self: self.live())
    @rule(data=st.data(), cents=st.integers(0, 100))
    def succeed(self, data: st.DataObject, cents: int) -> None:
        call_id, _ = data.draw(st.sampled_from(self.live()))
        self.events += 1
        self.forget(call_id)
        self.spent += cents * USD // 100
        nanos, key = cents * USD // 100, call_key(KEY_HASH, call_id)
        event = fact(f"event-{self.events}", cost_nanos=nanos, occurred_at=self.clock.at, call_key=key)
        record(self.company, [event])
        available = ledger.balance(self.company, id_of(self.company, "ada")).available
        assert available == BUDGET * USD - self.spent >= 0

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        call_id, _ = data.draw(st.sampled_from(self.live()))
        self.forget(call_id)
        gates.release_calls(self.company, [call_key(KEY_HASH, call_id) or ""])

    @rule(minutes=st.integers(1, 10))
    def wait(self, minutes: int) -> None:
        self.minute += minutes
        self.clock.at += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        gates.forget_expired(self.company)
        self.running = self.live()

    def forget(self, call_id: str) -> None:
        """The oldest of this id is given back, expired or not."""
        self.running.remove(next(one for one in self.running if one[0] == call_id))

    @invariant()
    def what_is_stored_is_what_runs(self) -> None:
        assert self.desk.reserved() == [USD] * len(self.running)

    def teardown(self) -> None:
        self.company.database.dispose()


def prove(make: DatabaseMaker, examples: int, steps: int) -> None:
    machine = type("Reserving", (Reservations,), {"make": staticmethod(make)})
    bounds = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=bounds)


def test_reservations_are_conserved(fresh_database: DatabaseMaker) -> None:
    prove(fresh_database, examples=5, steps=15)


@pytest.mark.long
def test_reservations_are_conserved_for_long(fresh_database: DatabaseMaker) -> None:
    prove(fresh_database, examples=60, steps=40)
