import threading

from bot.clock import FixedClock
from bot.schedule import EVERY_SECONDS, Schedule
from bot.services.tick import TICKS
from bot.services.verb import Company
from bot.services.vitals import vitals


def test_every_tick_is_scheduled() -> None:
    assert set(EVERY_SECONDS) == set(TICKS)


def test_everything_runs_once_right_after_the_start(company: Company, clock: FixedClock) -> None:
    schedule = Schedule(company)
    assert not schedule.is_running()
    schedule.start()
    assert schedule.is_running()
    waiting = threading.Event()
    for _turn in range(200):
        if set(vitals(company).tick_age_seconds) == set(TICKS):
            break
        waiting.wait(0.05)
    schedule.stop()
    assert not schedule.is_running()
    assert set(vitals(company).tick_age_seconds) == set(TICKS)
    assert clock.at == company.clock.now()


def test_stopping_before_the_start_is_no_error(company: Company) -> None:
    schedule = Schedule(company)
    schedule.stop()
    assert not schedule.is_running()
