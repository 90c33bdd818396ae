from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.notice import (
    Announced,
    Band,
    Saying,
    Swept,
    advance,
    band,
    budget_line,
    counts,
    over,
    salary_step,
    slot_of,
    sweep,
)

HALF, MOST, ALL = Fraction(1, 2), Fraction(4, 5), Fraction(1)
LINES = (HALF, MOST, ALL)
DAY = date(2026, 11, 5)
NEXT = date(2026, 11, 6)
LATER = date(2026, 11, 7)


@pytest.mark.parametrize(
    ("spend", "line"),
    [(0, 0), (49, 0), (50, HALF), (51, HALF), (79, HALF), (80, MOST), (99, MOST), (100, ALL), (101, ALL), (-5, 0)],
)
def test_a_budget_line_counts_at_exactly_its_share(spend: int, line: Fraction) -> None:
    assert budget_line(spend, 100, LINES) == line


@pytest.mark.parametrize("budget", [0, -1])
def test_without_a_budget_there_are_no_lines(budget: int) -> None:
    assert budget_line(10**12, budget, LINES) == 0


def test_a_share_that_is_no_whole_nano_is_not_reached_early() -> None:
    third = Fraction(1, 3)
    assert budget_line(33, 100, (third,)) == 0
    assert budget_line(34, 100, (third,)) == third


@pytest.mark.parametrize(
    ("spend", "step"),
    [(0, 0), (79, 0), (80, 1), (99, 1), (100, 1), (101, 2), (149, 2), (150, 2), (151, 3), (200, 3), (201, 4), (251, 5)],
)
def test_near_counts_at_its_line_and_above_only_beyond_the_salary(spend: int, step: int) -> None:
    assert salary_step(spend, 100, MOST) == step


@pytest.mark.parametrize("salary", [0, -7])
def test_without_a_salary_nobody_is_near_it(salary: int) -> None:
    assert salary_step(10**12, salary, MOST) == 0


def test_steps_above_the_salary_are_for_the_person_and_finance_only() -> None:
    assert [band(step) for step in range(6)] == [Band.BELOW, Band.NEAR, *[Band.ABOVE] * 4]
    assert [over(step) for step in range(5)] == [None, None, Fraction(1), Fraction(3, 2), Fraction(2)]


def test_a_jump_announces_the_highest_line_only() -> None:
    state, line = advance(None, 100, budget_line(101, 100, LINES))
    assert line == ALL
    assert advance(state, 100, budget_line(102, 100, LINES))[1] is None


def test_falling_back_and_returning_announces_nothing() -> None:
    state = Announced(MOST, 100)
    for spend in (70, 80, 60, 95):
        state, line = advance(state, 100, budget_line(spend, 100, LINES))
        assert line is None


def test_a_raised_budget_lets_a_line_be_announced_again() -> None:
    state, line = advance(Announced(ALL, 100), 200, budget_line(110, 200, LINES))
    assert (state, line) == (Announced(HALF, 200), None)
    assert advance(state, 200, budget_line(160, 200, LINES))[1] == MOST


def test_a_budget_raised_while_spend_stays_over_the_line_announces_nothing() -> None:
    assert advance(Announced(ALL, 100), 110, budget_line(120, 110, LINES)) == (Announced(ALL, 110), None)


def test_a_budget_that_shrinks_can_reach_a_line() -> None:
    assert advance(Announced(HALF, 200), 100, budget_line(110, 100, LINES))[1] == ALL


def test_a_budget_of_zero_leaves_what_was_announced() -> None:
    before = Announced(MOST, 100)
    assert advance(before, 0, budget_line(90, 0, LINES)) == (before, None)


@given(st.lists(st.tuples(st.integers(-50, 400), st.sampled_from([100, 150, 200])), max_size=30))
def test_between_two_raises_each_line_is_announced_at_most_once_and_upwards(steps: list[tuple[int, int]]) -> None:
    state: Announced | None = None
    since_raise: list[Fraction] = []
    for spend, budget in steps:
        if state is not None and budget > state.base:
            since_raise = []
        reached = budget_line(spend, budget, LINES)
        state, line = advance(state, budget, reached)
        if line is not None:
            assert line == reached
            assert all(line > earlier for earlier in since_raise)
            since_raise.append(line)
        assert state.highest >= reached


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_on_one_budget_the_highest_line_is_announced_and_never_again(spends: list[int]) -> None:
    state: Announced | None = None
    told = []
    for spend in spends:
        state, line = advance(state, 100, budget_line(spend, 100, LINES))
        told += [line] if line is not None else []
    assert told == sorted(set(told))
    assert max(told, default=Fraction(0)) == budget_line(max(spends), 100, LINES)


def said(before: Swept, bands: Mapping[int, int], slot: date, mode: str = "counts") -> tuple[Swept, Saying]:
    return sweep(before, bands, mode, slot)


def test_the_first_sweep_with_somebody_posts_and_an_empty_one_keeps_its_slot() -> None:
    state, saying = said(Swept(), {1: 0}, DAY)
    assert saying is Saying.NOTHING
    state, saying = said(state, {1: Band.NEAR, 2: Band.ABOVE}, DAY)
    assert saying is Saying.FIRST
    assert counts(state.shown) == (1, 1)


def test_a_days_slot_says_something_once() -> None:
    state, _ = said(Swept(), {1: 1}, DAY)
    assert said(state, {1: 1, 2: 1}, DAY)[1] is Saying.NOTHING
    assert said(state, {1: 1, 2: 1}, NEXT)[1] is Saying.WORSE


def test_a_clock_that_goes_back_says_nothing_again() -> None:
    state, _ = said(Swept(), {1: 1}, NEXT)
    assert said(state, {1: 2}, DAY)[1] is Saying.NOTHING


def test_a_fall_only_changes_the_message_and_a_return_is_not_worse() -> None:
    state, _ = said(Swept(), {1: 1, 2: 2}, DAY)
    state, saying = said(state, {1: 1}, NEXT)
    assert saying is Saying.BETTER
    assert said(state, {1: 1, 2: 2}, LATER)[1] is Saying.BETTER


def test_from_near_to_above_is_worse() -> None:
    state, _ = said(Swept(), {1: 1}, DAY)
    assert said(state, {1: 2}, NEXT)[1] is Saying.WORSE


def test_counts_do_not_show_that_one_person_took_anothers_place() -> None:
    state, _ = said(Swept(), {1: 1}, DAY)
    assert said(state, {2: 1}, NEXT)[1] is Saying.NOTHING


def test_names_show_a_new_person_but_no_hover() -> None:
    state, _ = said(Swept(), {1: 1}, DAY, "names")
    state, saying = said(state, {2: 1}, NEXT, "names")
    assert saying is Saying.WORSE
    assert said(state, {1: 1, 2: 1}, LATER, "names")[1] is Saying.BETTER


def test_off_says_nothing() -> None:
    assert said(Swept(), {1: 2}, DAY, "off") == (Swept(), Saying.NOTHING)


def test_a_policy_that_stops_naming_takes_the_names_out_of_the_message() -> None:
    state, _ = said(Swept(), {1: 1}, DAY, "names")
    state, saying = said(state, {1: 1}, NEXT, "counts")
    assert saying is Saying.BETTER
    assert state.mode == "counts"


@given(st.lists(st.dictionaries(st.integers(1, 4), st.integers(0, 2)), max_size=20))
def test_worse_is_said_only_when_more_people_reach_a_line_than_ever_before(days: list[dict[int, int]]) -> None:
    state = Swept()
    most = (0, 0)
    for number, bands in enumerate(days):
        state, saying = said(state, bands, date.fromordinal(DAY.toordinal() + number))
        near, above = counts(bands)
        assert (saying in {Saying.FIRST, Saying.WORSE}) == (near + above > most[0] or above > most[1])
        most = (max(most[0], near + above), max(most[1], above))
        if state.said_on is not None:
            assert counts(state.shown) == (near, above)


@pytest.mark.parametrize(
    ("now", "zone", "day"),
    [
        (datetime(2026, 11, 5, 8, 59, tzinfo=UTC), "UTC", date(2026, 11, 4)),
        (datetime(2026, 11, 5, 9, 0, tzinfo=UTC), "UTC", date(2026, 11, 5)),
        (datetime(2026, 11, 5, 23, 59, tzinfo=UTC), "Pacific/Auckland", date(2026, 11, 6)),
        (datetime(2026, 11, 5, 0, 30, tzinfo=UTC), "America/Los_Angeles", date(2026, 11, 4)),
        (datetime(2026, 11, 1, 14, 0, tzinfo=UTC), "America/New_York", date(2026, 11, 1)),
        (datetime(2026, 11, 1, 13, 59, tzinfo=UTC), "America/New_York", date(2026, 10, 31)),
    ],
)
def test_a_slot_belongs_to_the_companys_day(now: datetime, zone: str, day: date) -> None:
    assert slot_of(now, time(9), ZoneInfo(zone)) == day
