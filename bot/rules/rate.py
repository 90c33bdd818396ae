"""Currency rates: reading the rates file, and which rate a period converts at."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO

from bot.rules.errors import Mistakes, quoted
from bot.rules.money import plain_number
from bot.rules.period import Period

HEADER = ("currency", "on_date", "usd_per_unit")
OLDEST_DAYS = 35
"""A rate older than this on a period's first day is no rate for it."""

_DECIMALS = 12
_CODE_LENGTH = 3
_LARGEST = Decimal(1_000_000)


class BadRatesFile(Mistakes):
    """There are mistakes in the rates file."""

    opening = "Nothing was imported, because of this:"


@dataclass(frozen=True, slots=True)
class Rate:
    """Dollars for one unit of a currency on a day."""

    currency: str
    on_date: date
    usd_per_unit: Decimal


def parse_rates(text: str) -> list[Rate]:
    """The rates of a CSV file. Raises BadRatesFile, whose `errors` has a sentence for each mistake, with its line."""
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    errors: list[str] = []
    rates: list[Rate] = []
    try:
        header = tuple(cell.strip().lower() for cell in next(reader, []))
        if header != HEADER:
            raise BadRatesFile([f"line 1: the header should be {','.join(HEADER)}."])
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _read(reader.line_num, [cell.strip() for cell in cells], rates, errors)
    except csv.Error:
        errors.append(f"line {reader.line_num}: the quotes do not match; the rest was not read.")
    if not rates and not errors:
        errors.append("The file has a header and no rate below it.")
    if errors:
        raise BadRatesFile(errors)
    return rates


def _read(line: int, cells: list[str], rates: list[Rate], errors: list[str]) -> None:
    if len(cells) != len(HEADER):
        errors.append(f"line {line}: it has {len(cells)} cells, and the header has {len(HEADER)}.")
        return
    currency, day, number = cells[0].upper(), _day(cells[1]), plain_number(cells[2], decimals=_DECIMALS)
    wrong = []
    if len(currency) != _CODE_LENGTH or not (currency.isascii() and currency.isalpha()) or currency == "USD":
        wrong.append(f"line {line}: currency {quoted(cells[0])} is not the code of a currency beside USD.")
    if day is None:
        wrong.append(f"line {line}: on_date {quoted(cells[1])} is not a day; write it like 2026-11-01.")
    if number is None or not 0 < number < _LARGEST:
        wrong.append(f"line {line}: usd_per_unit {quoted(cells[2])} is not a rate; write it like 1.0832.")
    if any(rate.currency == currency and rate.on_date == day for rate in rates):
        wrong.append(f"line {line}: there is a rate for {quoted(cells[0])} on that day already.")
    errors.extend(wrong)
    if not wrong and day is not None and number is not None:
        rates.append(Rate(currency, day, number))


def _day(cell: str) -> date | None:
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        return None
    return day if day.isoformat() == cell else None


def days_that_count(period: Period) -> tuple[date, date]:
    """The first and the last day whose rates may serve a period."""
    return period.first_on - timedelta(days=OLDEST_DAYS), period.last_on


def for_period(period: Period, rates: Iterable[tuple[str, date, Fraction]]) -> Mapping[str, Fraction]:
    """Dollars for one unit of each currency in a period: the rate of its first day, or the newest before it.

    Where there is none, the first one within the period serves: whoever imports their first rate in the middle of a
    month is not kept waiting for the next. `rates` come oldest first, from the days that count.
    """
    before: dict[str, Fraction] = {}
    within: dict[str, Fraction] = {}
    for currency, on_date, usd in rates:
        if on_date <= period.first_on:
            before[currency] = usd
        else:
            within.setdefault(currency, usd)
    return {"USD": Fraction(1)} | within | before
