from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.forecast import NoRunOut, RunOut, forecast, run_out
from bot.rules.money import NANOS

NOW = datetime(2026, 7, 21, 14, 5, tzinfo=UTC)
END = datetime(2026, 8, 1, tzinfo=UTC)


def test_an_even_rate_has_no_range() -> None:
    day = date(2026, 7, 28)
    assert run_out(700 * NANOS, [100 * NANOS] * 14, NOW, END) == RunOut(day, day, day)


def test_an_uneven_rate_has_one() -> None:
    found = run_out(700 * NANOS, [50 * NANOS, 150 * NANOS] * 7, NOW, END)
    assert found == RunOut(date(2026, 7, 28), date(2026, 7, 27), date(2026, 7, 29))


@pytest.mark.parametrize(
    ("available", "spend", "why"),
    [
        (0, [100] * 14, NoRunOut.OUT_ALREADY),
        (-5, [100] * 14, NoRunOut.OUT_ALREADY),
        (700, [], NoRunOut.TOO_FEW_DAYS),
        (700, [0] * 12 + [300, 300], NoRunOut.TOO_FEW_DAYS),
        (700, [1, 1, 1, -3], NoRunOut.NO_SPEND),
        (2_000, [100] * 14, NoRunOut.LASTS),
    ],
)
def test_no_day_is_given_without_ground(available: int, spend: list[int], why: NoRunOut) -> None:
    assert forecast(available, spend, NOW, END) is why
    assert run_out(available, spend, NOW, END) is None


def test_only_the_last_fourteen_days_count() -> None:
    assert run_out(700, [10_000] * 30 + [100] * 14, NOW, END) == run_out(700, [100] * 14, NOW, END)


def test_a_newcomers_rate_counts_from_their_first_day() -> None:
    assert run_out(700, [0] * 9 + [100] * 5, NOW, END) == run_out(700, [100] * 5, NOW, END)


def test_the_latest_day_is_in_the_period() -> None:
    found = run_out(900, [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1_300], NOW, END)
    assert found is not None
    assert found.latest == date(2026, 7, 31)


def test_days_are_those_of_the_readers_zone() -> None:
    tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    found = run_out(50, [100] * 14, tokyo, END)
    assert found is not None
    assert found.on == date(2026, 7, 22)


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.integers(-(10**12), 10**13), max_size=20),
    st.integers(0, 40 * 24).map(lambda hours: NOW + timedelta(hours=hours)),
)
def test_a_range_surrounds_its_day_and_stays_in_the_period(available: int, spend: list[int], end: datetime) -> None:
    found = run_out(available, spend, NOW, end)
    if found:
        assert NOW.date() <= found.earliest <= found.on <= found.latest <= (end - timedelta(microseconds=1)).date()
