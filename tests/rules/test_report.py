from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.report import FEWEST_PEOPLE, Spend, add, cache_share, days_up_to, may_show, shown, trend


def line(*spent: int, first: int = 1, shared: int = 0) -> Spend:
    return Spend({first + number: nanos for number, nanos in enumerate(spent)}, shared)


@pytest.mark.parametrize(
    ("spend", "visible"),
    [
        (line(), False),
        (line(1, 1, 1, 1), False),
        (line(1, 1, 1, 1, 1), True),
        (line(1, 1, 1, 1, 0), False),
        (line(4, 1, 1, 1, 1), True),
        (line(5, 1, 1, 1, 1), False),
        (line(1, 1, 1, 1, shared=100), False),
        (line(5, 1, 1, 1, 1, shared=100), False),
        (line(1, 1, 1, 1, 1, -1), True),
    ],
)
def test_a_line_needs_five_people_and_nobody_with_over_half(spend: Spend, visible: bool) -> None:
    assert may_show(spend) is visible


def test_one_line_left_out_takes_the_next_smallest_with_it() -> None:
    lines = {"A": line(9, 9, 9, 9, 9), "B": line(7, 7, 7, 7, 7, first=11), "C": line(1, 1, first=21)}
    assert shown(lines) == ["A"]


def test_nothing_left_out_shows_all_largest_first() -> None:
    lines = {"B": line(7, 7, 7, 7, 7, first=11), "A": line(9, 9, 9, 9, 9)}
    assert shown(lines) == ["A", "B"]


def test_two_single_people_left_out_together_would_know_each_other() -> None:
    large = {"A": line(9, 9, 9, 9, 9), "B": line(7, 7, 7, 7, 7, first=11)}
    lines = {**large, "C": line(1, first=21), "D": line(1, first=31)}
    assert shown(lines) == ["A"]


def test_who_is_in_no_line_cannot_be_had_by_subtraction_either() -> None:
    lines = {"A": line(9, 9, 9, 9, 9), "B": line(7, 7, 7, 7, 7, first=11)}
    assert shown(lines, line(3, first=21)) == ["A"]
    assert shown(lines, line(1, 1, 1, 1, 1, first=21)) == ["A", "B"]


def test_a_team_that_spent_nothing_is_no_line() -> None:
    assert shown({"A": line(9, 9, 9, 9, 9), "B": Spend()}) == ["A"]


people = st.dictionaries(st.integers(1, 40), st.integers(-5, 50), max_size=9)
teams = st.dictionaries(st.sampled_from("ABCDE"), people.map(Spend), max_size=5)


@given(teams)
def test_what_is_left_out_cannot_be_had_by_subtraction(lines: dict[str, Spend]) -> None:
    kept = shown(lines)
    left_out = [lines[name] for name in lines if name not in kept and lines[name].by_person]
    assert all(may_show(lines[name]) for name in kept)
    if kept and left_out:
        assert len(left_out) > 1
        assert may_show(add(left_out))


def test_the_trend_compares_with_the_daily_mean() -> None:
    assert trend(line(12, 12, 12, 12, 12), line(70, 70, 70, 70, 70), 7) == Fraction(1, 5)


def test_no_trend_where_the_days_before_would_tell_somebodys_spend() -> None:
    today = line(12, 12, 12, 12, 12)
    assert trend(today, line(70), 7) is None
    assert trend(today, Spend(), 7) is None
    assert trend(line(12), line(70, 70, 70, 70, 70), 7) is None


def test_cache_share() -> None:
    assert cache_share(3, 12) == Fraction(1, 4)
    assert cache_share(0, 0) is None


def test_days_in_order() -> None:
    assert days_up_to(date(2026, 3, 1), 2) == [date(2026, 2, 28), date(2026, 3, 1)]


def test_five() -> None:
    assert FEWEST_PEOPLE == 5
