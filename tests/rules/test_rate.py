"""Currency rates: the file, and which rate serves a period."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from bot.rules.period import Calendar
from bot.rules.rate import BadRatesFile, days_that_count, for_period, parse_rates

HEADER = "currency,on_date,usd_per_unit\n"
NOVEMBER = Calendar.from_versions([(datetime(2020, 1, 1, tzinfo=UTC), "UTC", 1)]).labelled("2026-11")


def test_a_file_of_rates() -> None:
    [euro, yen] = parse_rates(f"\ufeff{HEADER}eur, 2026-11-01,1.0832\n\nJPY,2026-11-01,0.0065\n")
    assert (euro.currency, euro.on_date, str(euro.usd_per_unit)) == ("EUR", date(2026, 11, 1), "1.0832")
    assert yen.currency == "JPY"


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("EURO,2026-11-01,1", "line 2: currency"),
        ("USD,2026-11-01,1", "line 2: currency"),
        ("EUR,01.11.2026,1", "line 2: on_date"),
        ("EUR,20261101,1", "line 2: on_date"),
        ("EUR,2026-11-01,0", "line 2: usd_per_unit"),
        ("EUR,2026-11-01,-1", "line 2: usd_per_unit"),
        ("EUR,2026-11-01,1e9", "line 2: usd_per_unit"),
        ("EUR,2026-11-01,NaN", "line 2: usd_per_unit"),
        ("EUR,2026-11-01", "line 2: it has 2 cells"),
        ('EUR,2026-11-01,"1', "quotes"),
        ("EUR,2026-11-01,1\nEUR,2026-11-01,2", "line 3: there is a rate"),
        ("", "no rate below"),
    ],
)
def test_a_mistake_is_named_by_its_line(row: str, part: str) -> None:
    with pytest.raises(BadRatesFile, match=part):
        parse_rates(f"{HEADER}{row}\n")


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(BadRatesFile) as error:
        parse_rates(f"{HEADER}EURO,2026-11-01,1\nEUR,x,y\n")
    assert len(error.value.errors) == 3
    with pytest.raises(BadRatesFile, match="header"):
        parse_rates("currency,rate\nEUR,1\n")


def rates(*days: tuple[int, int]) -> list[tuple[str, date, Fraction]]:
    return [("EUR", date(2026, month, day), Fraction(month * 100 + day)) for month, day in days]


def test_the_first_day_counts_or_else_the_newest_before_it() -> None:
    assert for_period(NOVEMBER, rates((10, 1), (11, 1), (11, 2)))["EUR"] == 1101
    assert for_period(NOVEMBER, rates((10, 1), (10, 30), (11, 2)))["EUR"] == 1030


def test_the_first_within_the_period_serves_where_there_is_none_before() -> None:
    assert for_period(NOVEMBER, rates((11, 10), (11, 20)))["EUR"] == 1110
    assert for_period(NOVEMBER, []) == {"USD": 1}


def test_old_rates_do_not_count() -> None:
    assert days_that_count(NOVEMBER) == (date(2026, 9, 27), date(2026, 11, 30))
