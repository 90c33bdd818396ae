from contextlib import suppress
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.money import NANOS, BadAmount, parse_usd, plain_number, round_up_125, split, to_nanos


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_dollars_round_half_even_to_nanos(value: Decimal) -> None:
    with localcontext(prec=1000):
        expected = int((value * NANOS).to_integral_value(ROUND_HALF_EVEN))
    assert to_nanos(value) == expected == to_nanos(Fraction(value))


def test_halves_go_to_the_even_nano() -> None:
    assert to_nanos(Decimal("0.0000000005")) == 0
    assert to_nanos(Decimal("0.0000000015")) == 2
    assert to_nanos(Fraction(-5, 2 * NANOS)) == -2


@pytest.mark.parametrize("value", [1.5, True, "1", None])
def test_only_exact_numbers_are_money(value: Any) -> None:
    with pytest.raises(TypeError, match="Money is exact"):
        to_nanos(value)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999"])
def test_no_amount_is_endless(value: str) -> None:
    with pytest.raises(BadAmount):
        to_nanos(Decimal(value))


def test_a_speck_is_nothing() -> None:
    assert to_nanos(Decimal("1e-999999")) == 0


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("$1,300", 130_000),
        ("1300.50", 130_050),
        ("1,300.5", 130_050),
        ("1300 usd", 130_000),
        ("USD 500", 50_000),
        ("US$5", 500),
        (" $ 12,345,678.90 ", 1_234_567_890),
        ("500 dollars", 50_000),
        ("1 dollar", 100),
        ("500$", 50_000),
        (".5", 50),
        ("0", 0),
        ("007", 700),
        ("1000000000", 100_000_000_000),
    ],
)
def test_what_people_type_is_read(typed: str, cents: int) -> None:
    assert parse_usd(typed) * 100 == cents * NANOS


@pytest.mark.parametrize(
    "typed",
    [
        *("", "   ", "$", "usd", "NaN", "inf", "1e99", "1e3", "-5", "+5", "$-5", "5-", "1_000", "0x10"),
        *("13,00", "1,3000", ",500", "1300,", "1.300,50", "5.", "5.005", "1 300", "1..5", "5 5", "€5", "5 eur"),
        *(
            "500k",
            "10%",
            "20M tokens",
            "\u0665",
            "\u22125",
            "\uff15",
            "<!channel>",
            "1000000000.01",
            "9" * 10_000,
            " " * 10_000,
        ),
    ],
)
def test_anything_else_is_refused_with_what_to_type(typed: str) -> None:
    with pytest.raises(BadAmount, match="Type dollars like 500, 1,300 or") as caught:
        parse_usd(typed)
    assert len(str(caught.value)) < 160


@given(st.text(alphabet="0123456789.,$ usdUSDe-+%\n", max_size=80) | st.text())
def test_any_text_is_read_or_refused(typed: str) -> None:
    with suppress(BadAmount):
        assert 0 <= parse_usd(typed) <= 10**9 * NANOS


@given(st.integers(0, 10**11))
def test_what_is_written_is_read_back(cents: int) -> None:
    written = f"{Decimal(cents) / 100:,.2f}"
    assert parse_usd(f"${written}") * 100 == cents * NANOS
    assert plain_number(written, decimals=2) == Decimal(cents) / 100


def test_decimals_are_counted() -> None:
    assert plain_number("0.0034125", decimals=7) == Decimal("0.0034125")
    assert plain_number("0.0034125", decimals=6) is None


@given(st.integers(-(10**20), 10**20), st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_parts_add_up_and_keep_proportion(total: int, weights: list[int]) -> None:
    if not any(weights):
        weights = [1, *weights]
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


def test_the_largest_remainders_get_the_odd_nanos() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]
    assert split(10, [1, 2, 4]) == [1, 3, 6]
    assert split(0, []) == []
    assert split(0, [0, 0]) == [0, 0]


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0]), (1, [-1, 2])])
def test_what_nothing_carries_is_not_split(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"[Ww]eights"):
        split(total, weights)


@given(st.integers(1, 10**19))
def test_rounding_up_gives_1_2_or_5_and_the_least(nanos: int) -> None:
    rounded = round_up_125(nanos)
    dollars = str(rounded // NANOS)
    assert rounded % NANOS == 0
    assert dollars[0] in "125"
    assert set(dollars[1:]) <= {"0"}
    assert rounded >= nanos
    assert rounded == NANOS or round_up_125(rounded * 2 // 5) < rounded
    assert round_up_125(rounded) == rounded


@pytest.mark.parametrize(("dollars", "up"), [(0, 0), (-3, 0), (1, 1), (3, 5), (51, 100), (137, 200), (2001, 5000)])
def test_rounding_up(dollars: int, up: int) -> None:
    assert round_up_125(dollars * NANOS) == up * NANOS
