"""What may be typed after /topup, and who decides."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.errors import Refused
from bot.rules.money import NANOS
from bot.rules.top_up import (
    MOST_USD,
    BadRequest,
    Dollars,
    ReasonMissing,
    ShareOfAllotment,
    TokenCount,
    UnitMissing,
    Wanted,
    Wish,
    cheapest_sufficient,
    clean_reason,
    parse_wanted,
    parse_wish,
    price,
    spell,
)

USD = NANOS


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("500", Dollars(500 * USD)),
        ("$500", Dollars(500 * USD)),
        ("$ 500", Dollars(500 * USD)),
        ("500$", Dollars(500 * USD)),
        ("1,300.50 usd", Dollars(130050 * USD // 100)),
        ("USD 1,300.50", Dollars(130050 * USD // 100)),
        ("500 dollars", Dollars(500 * USD)),
        (".5", Dollars(USD // 2)),
        ("$500k", Dollars(500_000 * USD)),
        ("$0.5 million", Dollars(500_000 * USD)),
        ("20M tokens", TokenCount(20_000_000)),
        ("20m tok", TokenCount(20_000_000)),
        ("20 M tokens", TokenCount(20_000_000)),
        ("2.5 million tokens", TokenCount(2_500_000)),
        ("1 token", TokenCount(1)),
        ("10%", ShareOfAllotment(Fraction(1, 10))),
        ("12.5 %", ShareOfAllotment(Fraction(1, 8))),
        ("10 percent", ShareOfAllotment(Fraction(1, 10))),
    ],
)
def test_amounts_are_read(typed: str, wanted: Wanted) -> None:
    assert parse_wish(f"{typed} finish the migration") == Wish(wanted, "finish the migration")
    assert parse_wanted(typed) == wanted


@pytest.mark.parametrize(
    ("typed", "says"), [("500k", "`$500k …` or `500k tokens …`"), ("2.5 million", "`$2.5 million …`")]
)
def test_thousands_of_what_is_asked_back(typed: str, says: str) -> None:
    for asked in (f"{typed} finish it", typed):
        with pytest.raises(UnitMissing, match="dollars or tokens") as refusal:
            parse_wish(asked)
        assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("-5", "more than zero"),
        ("$-5 x", "more than zero"),
        ("\u22125 x", "more than zero"),
        ("0 x", "more than zero"),
        ("0.00 x", "more than zero"),
        ("1e99 x", "write it out"),
        ("1e3", "write it out"),
        ("NaN", '"NaN" is not an amount'),
        ("inf x", '"inf" is not an amount'),
        ("a" * 10_000, "is not an amount"),
        ("9" * 10_000, "is not an amount"),
        ("500 " + "b" * 10_000, "at most 500 characters; this one has 10,000"),
        ("\u0665\u0660\u0660 x", "digits 0 to 9"),
        ("\uff15\uff10\uff10 x", "digits 0 to 9"),
        ("½ x", "digits 0 to 9"),
        ("$", "amount is missing"),
        ("$ x", "amount is missing"),
        ("500 600 finish", "more than one number"),
        ("500 or 600 finish", "more than one number"),
        ("$500 $600", "more than one number"),
        ("500-600 x", "is not an amount"),
        ("1.300,50 x", "is not an amount"),
        ("500.555 x", "finer than a cent"),
        ("500 eur x", "US dollars"),
        ("€500 x", "US dollars"),
        ("$500 tokens x", "at once"),
        ("$10% x", "at once"),
        ("1,000,000.01 x", "at most $1,000,000"),
        ("0.5 tokens x", "whole number"),
        ("0% x", "share"),
        ("1001% x", "share"),
        ("finish it", '"finish" is not an amount'),
        ("\x00 x", "is not an amount"),
    ],
)
def test_nonsense_gets_a_sentence(typed: str, says: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_wish(typed)
    assert says in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_a_reason_is_required_and_kept_on_one_line() -> None:
    for typed in ("500", "500 ", "500 …", "500 . . ."):
        with pytest.raises(ReasonMissing, match="/topup 500 finish the migration"):
            parse_wish(typed)
    assert parse_wish("500 a\n*b*\u202e\tc").reason == "a *b* c"
    assert parse_wish("500: why not").reason == "why not"
    assert clean_reason("x" * 500) == "x" * 500
    with pytest.raises(BadRequest):
        clean_reason("x" * 501)


@given(st.text(max_size=200))
def test_anything_is_read_or_refused_with_a_sentence(text: str) -> None:
    with suppress(Refused):
        wish = parse_wish(text)
        assert wish.reason
        assert not isinstance(wish.wanted, Dollars) or 0 < wish.wanted.nanos <= MOST_USD * USD


@given(st.integers(1, MOST_USD * 100))
def test_what_is_spelled_is_read_as_the_same(cents: int) -> None:
    nanos = cents * USD // 100
    assert parse_wanted(spell(nanos)) == Dollars(nanos)


def test_derived_amounts_are_rounded_up_and_marked() -> None:
    tokens = price(TokenCount(20_000_000), nanos_per_token=Fraction(6_100), allotment_nanos=None)
    assert (tokens.nanos, tokens.derived) == (200 * USD, True)
    share = price(ShareOfAllotment(Fraction(1, 10)), nanos_per_token=None, allotment_nanos=20_833_330_000_000)
    assert (share.nanos, share.derived) == (5_000 * USD, True)
    assert not price(Dollars(7 * USD), nanos_per_token=None, allotment_nanos=None).derived


def test_what_cannot_be_derived_is_refused() -> None:
    with pytest.raises(BadRequest, match="no allotment"):
        price(ShareOfAllotment(Fraction(1, 10)), nanos_per_token=None, allotment_nanos=None)
    with pytest.raises(BadRequest, match="Ask in dollars"):
        price(TokenCount(5), nanos_per_token=None, allotment_nanos=None)
    with pytest.raises(BadRequest, match=r"more than \$1,000,000"):
        price(TokenCount(10**30), nanos_per_token=Fraction(6_100), allotment_nanos=None)
    with pytest.raises(BadRequest, match=r"more than \$1,000,000"):
        price(TokenCount(1), nanos_per_token=Fraction(600_000 * USD * 2), allotment_nanos=None)


@given(st.integers(1, 900_000 * USD))
def test_a_derived_amount_is_one_of_few(nanos: int) -> None:
    derived = price(TokenCount(1), nanos_per_token=Fraction(nanos), allotment_nanos=None).nanos
    digits = str(derived // USD).rstrip("0")
    assert derived >= nanos
    assert digits in {"1", "2", "5"}


def test_the_cheapest_sufficient_amount_is_rounded_and_only_where_needed() -> None:
    assert cheapest_sufficient(1000 * USD, 2234 * USD) == 2000 * USD
    assert cheapest_sufficient(-100 * USD, 0) == 100 * USD
    assert cheapest_sufficient(1000 * USD, 1000 * USD) is None
