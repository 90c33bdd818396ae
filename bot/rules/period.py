"""Budget periods: calendar months, quarters or years in the company's zone, computed from the policy's versions.

A period is a bound, never a job that must run. Months are counted as year * 12 + month - 1 in here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from bot.rules.errors import Refused, quoted

LENGTHS = (1, 3, 12)
"""Months in a period."""

_EVER = -1
_LABEL = re.compile(r"(?P<year>[12][0-9]{3})(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])))?")
_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")


class BadTimezone(Refused):
    """That is not a time zone. Write it like Europe/Berlin."""


class BadPeriodLabel(Refused):
    """That is not a budget period. Write it like 2026-11, 2026-Q4 or 2026."""


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises BadTimezone, with the nearest name where there is one."""
    try:
        if _ZONE_NAME.fullmatch(name):
            return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # "Europe" alone is a folder: an OSError
        pass
    raise BadTimezone(f"{quoted(name)} is not a time zone. {_hint(name[:64])}")


@lru_cache(maxsize=64)  # a people file has the same mistake in every row
def _hint(name: str) -> str:
    near = get_close_matches(name, sorted(available_timezones()), n=1)
    return f"Did you mean {near[0]}?" if near else "Write it like Europe/Berlin."


@dataclass(frozen=True, slots=True)
class Period:
    """One budget period: the instants `start` (in it) and `end` (after it), and its calendar days, both included.

    After a change of zone the first day begins when the period before ended, not at the new zone's midnight.
    """

    label: str
    start: datetime
    end: datetime
    first_on: date
    last_on: date

    def __contains__(self, instant: datetime) -> bool:
        """Whether the instant lies in it."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class _Regime:
    """A zone and a length, from a boundary between two months on."""

    first_month: int
    start: datetime | None  # None: since ever
    zone: ZoneInfo
    length: int

    def boundary(self, month: int) -> datetime:
        """The instant at which a month of this regime begins, in UTC."""
        if self.start is not None and month <= self.first_month:
            return self.start
        # With fold=0 a midnight that the clock jumps over is the instant of the jump, and one that it strikes twice
        # is the first.
        return datetime(month // 12, month % 12 + 1, 1, tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """All budget periods there ever are. They tile time: no gap, no overlap."""

    _regimes: tuple[_Regime, ...]

    @classmethod
    def from_versions(cls, versions: Sequence[tuple[datetime, str, int]]) -> "Calendar":
        """From (effective_from, zone name, months) of every policy version, in any order.

        The first version also holds for all time before it. A later one counts from the first period that begins at
        or after its `effective_from`. Of versions that would begin together the last one holds. After a change to a
        greater length the first period is what is left of the calendar quarter or year. Raises BadTimezone, and
        ValueError for no version at all or a length other than 1, 3 or 12.
        """
        ordered = sorted(versions, key=lambda version: version[0])
        if not ordered or any(months not in LENGTHS for _, _, months in ordered):
            raise ValueError("A calendar needs a version, and periods of 1, 3 or 12 months.")
        _, name, months = ordered[0]
        calendar = cls((_Regime(_EVER, None, zone_named(name), months),))
        for effective_from, later_name, later_months in ordered[1:]:
            calendar = calendar._changed(effective_from, zone_named(later_name), later_months)
        return calendar

    def _changed(self, effective_from: datetime, zone: ZoneInfo, length: int) -> "Calendar":
        last = self._regimes[-1]
        if (last.zone.key, last.length) == (zone.key, length):
            return self
        current = self.at(effective_from)
        begins = current if current.start == effective_from else self.next(current)
        kept = [regime for regime in self._regimes if regime.start is None or regime.start < begins.start]
        return Calendar((*kept, _Regime(_month_of(begins.first_on), begins.start, zone, length)))

    def at(self, instant: datetime) -> Period:
        """The period in which an (aware) instant lies."""
        regime = next(r for r in reversed(self._regimes) if r.start is None or r.start <= instant)
        month = max(_month_of(instant.astimezone(regime.zone).date()), regime.first_month)
        period = self._with_month(month)
        # Where a clock is set back over a month's first midnight, the wall shows the old month once more.
        return self.next(period) if instant >= period.end else period

    def begun_by(self, instant: datetime) -> "Calendar":
        """The calendar without later changes. Two of these that are equal have the same periods up to the instant's."""
        return Calendar(tuple(regime for regime in self._regimes if regime.start is None or regime.start <= instant))

    def labelled(self, label: str) -> Period:
        """The period of that name. Raises BadPeriodLabel for no name at all, and for one that no period bears."""
        match = _LABEL.fullmatch(label)
        if not match:
            raise BadPeriodLabel(f"{quoted(label)} is not a budget period. Write it like 2026-11, 2026-Q4 or 2026.")
        last = int(match["month"] or 3 * int(match["quarter"] or 4))
        period = self._with_month(int(match["year"]) * 12 + last - 1)
        if period.label != label:
            raise BadPeriodLabel(f"There is no budget period {label}: {period.label} is the one then.")
        return period

    def next(self, period: Period) -> Period:
        """The one after it."""
        return self._with_month(_month_of(period.last_on) + 1)

    def previous(self, period: Period) -> Period:
        """The one before it."""
        return self._with_month(_month_of(period.first_on) - 1)

    def _with_month(self, month: int) -> Period:
        regime = next(r for r in reversed(self._regimes) if r.first_month <= month)
        aligned = month - month % regime.length
        first, end = max(aligned, regime.first_month), aligned + regime.length
        return Period(
            label=_label(first, end),
            start=regime.boundary(first),
            end=regime.boundary(end),
            first_on=_first_day(first),
            last_on=_first_day(end) - timedelta(days=1),
        )


def _month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _label(first: int, end: int) -> str:
    """The name of what a period covers; what is left of a quarter or year after a change is named as the whole.

    At most one such rest ends with any quarter or year, and a single month is named as the month, so names are unique.
    """
    year = first // 12
    if end - first == 1:
        return f"{year:04}-{first % 12 + 1:02}"
    if (end - 1) // 3 == first // 3:
        return f"{year:04}-Q{first % 12 // 3 + 1}"
    return f"{year:04}"
