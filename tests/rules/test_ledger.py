"""How spend burns grants, what expires and is carried, and the identity."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.ledger import Grant, NotConserved, Settlement, Standing, burn_order, closes_on, settle

Drawn = list[tuple[int, int, int | None, int]]
Spent = list[tuple[int, int]]
START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def spends(*pairs: tuple[int, int]) -> Callable[[datetime | None], int]:
    """(day, amount) as the function that the rule asks."""
    return lambda instant: sum(amount for day, amount in pairs if instant is None or at(day) < instant)


def grant(number: int, amount: int, *, since: int = 0, until: int | None = None, priority: int = 10) -> Grant:
    return Grant(number, amount, priority, at(since), at(until) if until is not None else None)


def settled(grants: list[Grant], *pairs: tuple[int, int], now: int = 29, closing: bool = False) -> Settlement:
    return settle(grants, spends(*pairs), now=at(now), closing=closing, period_end=END)


def test_the_identity_is_held() -> None:
    assert Standing(100, 20, 30, 40, 5, 45).available == 45
    with pytest.raises(NotConserved) as error:
        Standing(100, 20, 30, 40, 5, 46)
    assert "100" not in str(error.value)
    assert "100" not in repr(Standing(100, 0, 0, 0, 0, 100))


def test_what_ends_first_burns_first_and_ends_when_it_should() -> None:
    grants = [grant(1, 100), grant(2, 30, since=5, until=10)]
    assert settled(grants, (6, 20)).expired == {2: 10}
    assert settled(grants, (6, 20)).left == {2: 0, 1: 100}
    assert settled(grants, (6, 50)).left == {2: 0, 1: 80}
    assert settled(grants, (6, 20), now=9).expired == {}


def test_spend_before_a_grant_does_not_burn_it_while_something_else_covers_it() -> None:
    assert settled([grant(1, 100), grant(2, 30, since=5, until=10)], (2, 50)).expired == {2: 30}


def test_a_later_grant_covers_what_was_still_due() -> None:
    found = settled([grant(1, 100), grant(2, 30, since=5, until=10)], (2, 120))
    assert found.expired == {2: 10}
    assert found.left[1] == 0


def test_closing_ends_what_ends_with_the_period_and_carries_what_outlives_it() -> None:
    grants = [grant(1, 100), grant(2, 30, since=5, until=45), grant(3, 5, since=5, until=30)]
    found = settled(grants, (6, 50), now=35, closing=True)
    assert found.expired == {1: 50, 3: 5}
    assert found.carried == {2: 30}
    assert set(found.left.values()) == {0}


def test_priority_comes_first() -> None:
    found = settled([grant(1, 100, priority=20), grant(2, 30, until=60, priority=5)], (3, 40))
    assert found.left == {2: 0, 1: 90}


def test_overspend_leaves_nothing_to_end() -> None:
    found = settled([grant(1, 100)], (3, 140), closing=True)
    assert found.expired == {1: 0}


grants_of = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 29), st.none() | st.integers(0, 60), st.sampled_from([5, 10])),
    max_size=5,
)
spends_of = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 600)), max_size=8)


def made(drawn: Drawn) -> list[Grant]:
    return [
        grant(number, amount, since=since, until=None if until is None else max(since, until), priority=priority)
        for number, (amount, since, until, priority) in enumerate(drawn, 1)
    ]


@given(grants_of, spends_of)
def test_no_grant_gives_more_than_it_has_and_nothing_is_lost(drawn: Drawn, spent: Spent) -> None:
    grants = made(drawn)
    found = settled(grants, *spent, now=31, closing=True)
    ended = {one.id: found.expired.get(one.id, 0) + found.carried.get(one.id, 0) for one in grants}
    assert all(0 <= ended[one.id] <= one.amount for one in grants)
    burnt = sum(one.amount for one in grants) - sum(ended.values())
    assert 0 <= burnt <= sum(amount for _, amount in spent)
    assert set(found.carried) <= {one.id for one in grants if one.expires_at and one.expires_at > END}


@given(grants_of, spends_of, st.integers(0, 29), st.integers(1, 600))
def test_more_usage_never_lets_more_end(drawn: Drawn, spent: Spent, day: int, more: int) -> None:
    grants = made(drawn)
    before = settled(grants, *spent, now=31, closing=True)
    after = settled(grants, *spent, (day, more), now=31, closing=True)
    total = [sum(found.expired.values()) + sum(found.carried.values()) for found in (before, after)]
    assert total[1] <= total[0]


@given(grants_of, spends_of)
def test_the_order_in_which_usage_arrives_does_not_matter(drawn: Drawn, spent: Spent) -> None:
    grants = made(drawn)
    assert settled(grants, *spent, closing=True) == settled(grants[::-1], *spent[::-1], closing=True)
    assert burn_order(grants, END) == burn_order(grants[::-1], END)


@pytest.mark.parametrize(
    ("last_on", "closes"),
    [
        (date(2026, 11, 30), date(2026, 12, 3)),  # Tuesday, Wednesday, Thursday
        (date(2026, 7, 31), date(2026, 8, 5)),  # a weekend first
        (date(2026, 10, 31), date(2026, 11, 4)),
    ],
)
def test_a_period_may_close_on_the_third_working_day(last_on: date, closes: date) -> None:
    assert closes_on(last_on) == closes
