"""What may stand for a value in policy.toml: each reader gives the exact value or raises WrongValue, never a float.

A WrongValue's sentence follows the key's path, so it begins where "allotment.share " ends.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from bot.rules.errors import Refused, quoted
from bot.rules.money import MOST_USD, plain_number, to_nanos

Reader = Callable[[Any], Any]

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_FINEST = -9
_LARGEST = 12
_MOST_THRESHOLDS = 20
_HIGHEST_THRESHOLD = 100
_LONGEST_NAME = 200
_LONGEST_WAIT = 365
_LONGEST_HOURS = 24 * _LONGEST_WAIT


class WrongValue(Refused):
    """cannot be that."""


def one_of(values: Mapping[str, Any]) -> Reader:
    """A word out of some, each standing for a value."""

    def read(raw: Any) -> Any:
        if isinstance(raw, str) and raw in values:
            return values[raw]
        said = f"is {quoted(raw)}; it" if isinstance(raw, str) else "is no word in quotes; it"
        raise WrongValue(f"{said} can be " + ", ".join(f'"{value}"' for value in values) + ".")

    return read


def share(raw: Any) -> Fraction:
    """A share from 0 to 1."""
    number = _exact(raw)
    if number is None or not 0 <= number <= 1:
        raise WrongValue("must be a number from 0 to 1: write 0.5 for 50 %.")
    return number


def positive_share(raw: Any) -> Fraction:
    """A share above 0 and up to 1."""
    number = _exact(raw)
    if number is None or not 0 < number <= 1:
        raise WrongValue("must be a number above 0 and up to 1: write 0.8 for 80 %.")
    return number


def thresholds(raw: Any) -> tuple[Fraction, ...]:
    """Shares of a budget, rising; none at all is allowed."""
    numbers = [_exact(each) for each in raw] if isinstance(raw, list) else [None]
    found = tuple(number for number in numbers if number is not None)
    if len(found) < len(numbers) or len(found) > _MOST_THRESHOLDS:
        raise WrongValue(f"must be a list of at most {_MOST_THRESHOLDS} numbers, such as [0.5, 0.8, 1.0].")
    if any(not 0 < number <= _HIGHEST_THRESHOLD for number in found):
        raise WrongValue(f"must have numbers above 0 and up to {_HIGHEST_THRESHOLD}: write 0.8 for 80 %.")
    if len(set(found)) < len(found):
        raise WrongValue("names a threshold twice.")
    if list(found) != sorted(found):
        raise WrongValue("must rise from the first threshold to the last.")
    return found


def usd(raw: Any) -> int:
    """Dollars, as a number or in quotes, in nano-dollars."""
    number = plain_number(raw.strip().removeprefix("$"), decimals=-_FINEST) if isinstance(raw, str) else raw
    exact = _exact(number)
    if exact is None:
        raise WrongValue('must be an amount of dollars, such as 4000, 4000.50 or "4,000.50".')
    if not 0 <= exact <= MOST_USD:
        raise WrongValue(f"must be from 0 to {MOST_USD:,} dollars.")
    return to_nanos(exact)


def days(raw: Any) -> int:
    """Whole days, from 1 to a year."""
    if type(raw) is not int or not 1 <= raw <= _LONGEST_WAIT:
        raise WrongValue(f"must be a whole number of days from 1 to {_LONGEST_WAIT}.")
    return raw


def hours(raw: Any) -> int:
    """Whole hours, from 1 to a year's."""
    if type(raw) is not int or not 1 <= raw <= _LONGEST_HOURS:
        raise WrongValue(f"must be a whole number of hours from 1 to {_LONGEST_HOURS:,}.")
    return raw


def hours_or_never(raw: Any) -> int:
    """Whole hours, or 0 for never."""
    if type(raw) is not int or not 0 <= raw <= _LONGEST_HOURS:
        raise WrongValue(f"must be a whole number of hours up to {_LONGEST_HOURS:,}, or 0 for never.")
    return raw


def time_of_day(raw: Any) -> time:
    """A time of day, to the minute: `"09:00"`, or TOML's own 09:00:00."""
    if isinstance(raw, time) and raw.second == raw.microsecond == 0:
        return raw
    if isinstance(raw, str) and _TIME.fullmatch(raw):
        return time.fromisoformat(raw)
    raise WrongValue('must be a time of day in quotes, such as "09:00".')


def switch(raw: Any) -> bool:
    """On or off."""
    if not isinstance(raw, bool):
        raise WrongValue("must be true or false, without quotes.")
    return raw


def names(raw: Any) -> frozenset[str]:
    """A list of names."""
    if not isinstance(raw, list) or not all(isinstance(each, str) and 0 < len(each) <= _LONGEST_NAME for each in raw):
        raise WrongValue('must be a list of names in quotes, such as ["litellm"].')
    return frozenset(raw)


def some_of(known: Sequence[str]) -> Reader:
    """A list of some of these names; none at all is allowed."""

    def read(raw: Any) -> frozenset[str]:
        found = names(raw)
        strange = sorted(found - set(known))
        if strange:
            raise WrongValue(f"names {quoted(strange[0])}; it can name {', '.join(known)}.")
        return found

    return read


def instant(raw: Any, zone: ZoneInfo) -> datetime:
    """An instant with its offset, or a day, which begins at midnight in the zone."""
    if isinstance(raw, datetime):
        if raw.tzinfo is None:
            raise WrongValue("has no time zone: end it with Z or an offset such as +02:00, or give the day alone.")
        return raw
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day, tzinfo=zone)
    raise WrongValue("must be a day or an instant without quotes, such as 2026-12-01 or 2026-12-01T09:00:00Z.")


def _exact(raw: Any) -> Fraction | None:
    """An int, or a Decimal of sane size and fineness, as a fraction; None for anything else."""
    if isinstance(raw, Decimal):
        parts = raw.as_tuple()
        if not isinstance(parts.exponent, int) or parts.exponent < _FINEST or raw.adjusted() > _LARGEST:
            return None
        return Fraction(raw)
    if isinstance(raw, Fraction):
        return raw
    return Fraction(raw) if type(raw) is int else None
