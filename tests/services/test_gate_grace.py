"""The grace of hard mode: while a request waits, calls go on a little below zero, once in a period."""

from datetime import timedelta

import pytest

from bot.clock import FixedClock
from bot.rules.top_up_reply import Approve
from bot.services import top_up
from bot.services.verb import Company
from tests.services.gate_desk import USD, Desk, open_desk, policy
from tests.services.top_up_town import Town, make_town
from tests.services.usage_facts import rows

RULES = "reserve_usd = 1\ngrace_usd = 10\n[top_up]\nauto_approve_usd = 0\n"


@pytest.fixture
def town(company: Company) -> Town:
    return make_town(company)


@pytest.fixture
def desk(town: Town) -> Desk:
    """Ada has spent all of her $100."""
    made = open_desk(town.company, policy("hard", more=RULES))
    made.spend_evenly(100, USD)
    return made


def ask(town: Town, key: str) -> int:
    return top_up.ask(town.company, town["ada"], 200 * USD, "more", key).id


def approve(town: Town, top_up_id: int) -> None:
    top_up.decide(town.company, top_up_id, town["grace"], Approve(100 * USD))


def used(desk: Desk, prefix: str) -> int:
    """How many calls pass until one is refused."""
    count = 0
    while desk.allows(f"{prefix}{count}"):
        count += 1
    return count


def test_without_a_request_there_is_no_grace(desk: Desk) -> None:
    assert used(desk, "a") == 0


def test_while_a_request_waits_calls_go_on_as_far_as_the_grace(desk: Desk, town: Town) -> None:
    ask(town, "k1")
    assert used(desk, "a") == 10
    desk.spend("a0", 3 * USD)  # dearer than what was set aside
    assert used(desk, "b") == 0
    desk.spend("a1", 0)
    assert used(desk, "c") == 0  # what is left of the grace is 10 - 3, and 8 calls run


def test_the_next_request_of_the_period_has_none_and_the_next_period_has_one_again(
    desk: Desk, town: Town, clock: FixedClock
) -> None:
    first = ask(town, "k1")
    assert desk.allows("a")
    desk.spend("a", USD)
    approve(town, first)
    clock.at += timedelta(minutes=1)
    desk.spend_evenly(99, USD)
    assert not desk.allows("b")
    ask(town, "k2")
    assert not desk.allows("c")
    clock.at = clock.at.replace(month=12, day=2)
    assert desk.allows("d")
    desk.spend("d", USD)
    desk.spend_evenly(99, USD)
    ask(town, "k3")
    assert desk.allows("e")


def test_what_was_not_needed_is_not_used_up(desk: Desk, town: Town, clock: FixedClock) -> None:
    approve(town, ask(town, "k1"))
    clock.at += timedelta(minutes=1)
    desk.spend_evenly(100, USD)
    ask(town, "k2")
    assert used(desk, "b") == 10


def test_when_it_was_begun_is_not_told_by_a_dump(desk: Desk, town: Town) -> None:
    ask(town, "k1")
    desk.allows("a")
    [(key, state)] = rows(town.company, "SELECT key, state FROM gate_grace")
    assert len(key) == 64
    assert b"top_up_id" not in bytes(state)
