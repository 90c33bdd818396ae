"""The clocks."""

from datetime import UTC, datetime, timedelta

from bot.clock import ShiftedClock, SystemClock

THEN = datetime(2026, 10, 20, 14, 5, tzinfo=UTC)


def test_a_shifted_clock_shows_the_day_it_was_given_and_goes_on_with_the_machines_time() -> None:
    before = SystemClock().now()
    clock = ShiftedClock(THEN)
    first = clock.now()
    second = clock.now()
    passed = SystemClock().now() - before
    assert THEN <= first <= second <= THEN + passed


def test_a_shifted_clock_moves_ahead_and_never_back() -> None:
    clock = ShiftedClock(THEN)
    clock.move_to(THEN + timedelta(days=3))
    clock.move_to(THEN + timedelta(days=1))
    assert clock.now() >= THEN + timedelta(days=3)
