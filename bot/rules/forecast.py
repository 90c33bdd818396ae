"""When a budget runs out, if it does: a plain run rate, and honest about how little it knows.

Method: the rate is the mean of the daily spend over the last days, at most fourteen, counted from the first of them on
which anything was spent. The range is that mean plus and minus its standard error (the days' standard deviation over
the square root of their number): earliest at the higher rate, latest at the lower one. Weekends and idle days count as
days, so the rate is one of calendar days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from math import isqrt

DAYS_LOOKED_AT = 14
FEWEST_DAYS_OF_SPEND = 3

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND


class NoRunOut(Enum):
    """Why no day of running out is given."""

    OUT_ALREADY = auto()  # nothing is left
    TOO_FEW_DAYS = auto()  # fewer than three days of spend: no rate worth the name
    NO_SPEND = auto()  # what was spent has been taken back since
    LASTS = auto()  # at this rate it lasts to the end of the period


@dataclass(frozen=True, slots=True)
class RunOut:
    """The day on which a budget runs out at the present rate, and the range of days it may be. All in the period."""

    on: date
    earliest: date
    latest: date


def forecast(
    available_nanos: int, daily_spend: Sequence[int], now: datetime, period_end: datetime
) -> RunOut | NoRunOut:
    """When the budget runs out, or why there is no telling.

    `daily_spend` are nano-dollars by whole day, oldest first, the last one the day before today; idle days are zeros.
    Days are those of the zone of `now`.
    """
    if available_nanos <= 0:
        return NoRunOut.OUT_ALREADY
    recent = list(daily_spend[-DAYS_LOOKED_AT:])
    while recent and recent[0] <= 0:
        recent.pop(0)
    if sum(spent > 0 for spent in recent) < FEWEST_DAYS_OF_SPEND:
        return NoRunOut.TOO_FEW_DAYS
    days, total = len(recent), sum(recent)
    if total <= 0:
        return NoRunOut.NO_SPEND
    on = _day_after(available_nanos * days, total, now, period_end)
    if on is None:
        return NoRunOut.LASTS
    # All in whole numbers: the error of the total is the error of the mean times the number of days.
    squares = sum((days * spent - total) ** 2 for spent in recent)
    error = isqrt(squares // (days * (days - 1)))
    last_day = (period_end - _MICROSECOND).astimezone(now.tzinfo).date()
    earliest = _day_after(available_nanos * days, total + error, now, period_end)
    latest = _day_after(available_nanos * days, total - error, now, period_end) if error < total else None
    return RunOut(on, earliest or on, latest or last_day)


def run_out(available_nanos: int, daily_spend: Sequence[int], now: datetime, period_end: datetime) -> RunOut | None:
    """When the budget runs out, as `forecast` says; None when it lasts or there is no telling."""
    found = forecast(available_nanos, daily_spend, now, period_end)
    return found if isinstance(found, RunOut) else None


def _day_after(nanos: int, rate: int, now: datetime, period_end: datetime) -> date | None:
    """The day on which so much is spent at a daily rate; None when the period ends first."""
    takes = nanos * _DAY // rate
    if takes >= (period_end - now) // _MICROSECOND:
        return None
    return (now.astimezone(UTC) + takes * _MICROSECOND).astimezone(now.tzinfo).date()
