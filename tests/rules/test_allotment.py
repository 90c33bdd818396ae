from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.allotment import NoRate, TermsFact, least_salary, owed, salary, terms_on
from bot.rules.money import NANOS
from bot.rules.period import Calendar, Period
from bot.rules.policy import DEFAULTS, PayBand, Policy

MONTHS, QUARTERS, YEARS = (
    Calendar.from_versions([(datetime(2024, 1, 1, tzinfo=UTC), "UTC", months)]) for months in (1, 3, 12)
)
NOVEMBER = MONTHS.labelled("2026-11")  # thirty days
ADA = TermsFact(date(2020, 1, 1), None, 1, "Engines", "DE", "USD", 500_000 * NANOS, None)
BANDS = {"L5": PayBand(30_000 * NANOS, 180_000 * NANOS)}
MONTH = 20_833_333_333_334  # November: 11/12 of 250,000 less 10/12, each rounded

Kind = Literal["share_of_base", "fixed", "pay_band"]
KINDS: tuple[Kind, ...] = ("share_of_base", "fixed", "pay_band")

bases = st.integers(0, 10**7 * NANOS)
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def under(policy: Policy) -> Callable[[TermsFact], Policy]:
    return lambda _: policy


def due(period: Period, *terms: TermsFact, policy: Policy = DEFAULTS) -> int:
    return owed(period, terms, under(policy), {})


def months_of(year: int) -> list[Period]:
    return [MONTHS.labelled(f"{year}-{month:02}") for month in range(1, 13)]


def test_half_of_a_base_of_500000() -> None:
    assert due(YEARS.labelled("2026"), ADA) == 250_000 * NANOS
    assert due(NOVEMBER, ADA) == MONTH
    assert {due(month, ADA) - MONTH for month in months_of(2026)} == {-1, 0}
    assert sum(due(month, ADA) for month in months_of(2026)) == 250_000 * NANOS


@given(bases, st.fractions(0, 1, max_denominator=1000))
def test_twelve_months_add_up_to_the_year(base: int, share: Fraction) -> None:
    policy, terms = replace(DEFAULTS, share=share), replace(ADA, base_nanos=base)
    assert sum(due(month, terms, policy=policy) for month in months_of(2026)) == round(base * share)


@given(bases, days, days, st.sampled_from(KINDS))
def test_longer_periods_are_the_sum_of_their_months(base: int, joined: date, changed: date, kind: Kind) -> None:
    terms = (
        replace(ADA, effective_from=joined, base_nanos=base, pay_band="L5"),
        replace(ADA, effective_from=changed, base_nanos=base * 2, pay_band="L5", ends_on=date(2026, 12, 20)),
    )
    policy = replace(DEFAULTS, allotment_kind=kind, amount_nanos=10_000 * NANOS, pay_bands=BANDS, period_months=3)
    months = [due(month, *terms, policy=policy) for month in months_of(2026)]
    quarters = [due(QUARTERS.labelled(f"2026-Q{quarter}"), *terms, policy=policy) for quarter in range(1, 5)]
    assert quarters == [sum(months[at : at + 3]) for at in (0, 3, 6, 9)]
    assert due(YEARS.labelled("2026"), *terms, policy=policy) == sum(months)


@given(bases, days)
def test_terms_that_change_nothing_change_nothing(base: int, changed: date) -> None:
    before = replace(ADA, base_nanos=base)
    after = replace(before, effective_from=changed, team="Other")
    year = YEARS.labelled("2026")
    assert due(year, before, after) == due(year, before)
    assert salary(year, [before, after], {}, {}) == salary(year, [before], {}, {})


@given(bases, st.integers(1, 30))
def test_joiner_and_leaver_share_the_month(base: int, day: int) -> None:
    terms = replace(ADA, base_nanos=base)
    leaver = replace(terms, ends_on=date(2026, 11, day))
    joiner = replace(terms, effective_from=date(2026, 11, day) + timedelta(days=1))
    assert abs(due(NOVEMBER, leaver) + due(NOVEMBER, joiner) - due(NOVEMBER, terms)) <= 1


def test_who_joins_on_the_sixteenth_of_thirty_gets_half() -> None:
    assert due(NOVEMBER, replace(ADA, effective_from=date(2026, 11, 16))) == round(Fraction(MONTH, 2))


def test_who_leaves_on_the_tenth_of_thirty_gets_a_third() -> None:
    leaver = replace(ADA, ends_on=date(2026, 11, 10))
    assert due(NOVEMBER, leaver) == round(Fraction(MONTH, 3))
    assert due(MONTHS.labelled("2026-12"), leaver) == 0


def test_a_raise_counts_from_its_day() -> None:
    raised = replace(ADA, effective_from=date(2026, 11, 16), base_nanos=1_000_000 * NANOS)
    assert due(NOVEMBER, ADA, raised) == due(NOVEMBER, raised, ADA) == 31_250 * NANOS
    assert due(MONTHS.labelled("2026-10"), ADA, raised) == MONTH - 1


def test_of_one_days_terms_the_last_revision_holds() -> None:
    corrected = replace(ADA, revision=2, base_nanos=240_000 * NANOS)
    assert due(NOVEMBER, corrected, ADA) == 10_000 * NANOS


def test_who_comes_back_is_due_both_parts() -> None:
    left = replace(ADA, ends_on=date(2026, 11, 10))
    back = replace(ADA, effective_from=date(2026, 11, 21))
    assert due(NOVEMBER, left, back) == round(Fraction(MONTH * 2, 3))
    assert terms_on([left, back], date(2026, 11, 15)) is None
    assert terms_on([left, back], date(2026, 11, 21)) == back


@pytest.mark.parametrize("terms", [(), (replace(ADA, effective_from=date(2026, 12, 1)),)])
def test_without_terms_nothing_is_due(terms: tuple[TermsFact, ...]) -> None:
    assert due(NOVEMBER, *terms) == 0
    assert salary(NOVEMBER, terms, {}, {}) is None


def test_pay_converts_at_the_given_rate() -> None:
    euros = replace(ADA, currency="EUR", base_nanos=240_000 * NANOS)
    rates = {"EUR": Fraction("1.0825")}
    assert owed(NOVEMBER, [euros], under(DEFAULTS), rates) == 10_825 * NANOS
    assert salary(NOVEMBER, [euros], rates, {}) == 21_650 * NANOS
    moved = replace(ADA, effective_from=date(2026, 11, 16), base_nanos=240_000 * NANOS)
    assert owed(NOVEMBER, [euros, moved], under(DEFAULTS), rates) == (5_412 * NANOS + NANOS // 2) + 5_000 * NANOS


def test_without_a_rate_nothing_is_guessed() -> None:
    euros = replace(ADA, currency="EUR")
    with pytest.raises(NoRate, match="no exchange rate for EUR") as caught:
        owed(NOVEMBER, [euros], under(DEFAULTS), {})
    assert caught.value.currency == "EUR"
    with pytest.raises(NoRate):
        salary(NOVEMBER, [euros], {}, {})
    assert owed(NOVEMBER, [replace(euros, base_nanos=None)], under(DEFAULTS), {}) == 0


def test_a_rate_that_the_kind_does_not_need_is_not_asked_for() -> None:
    policy = replace(DEFAULTS, allotment_kind="fixed", amount_nanos=4_000 * NANOS)
    assert due(NOVEMBER, replace(ADA, currency="EUR"), policy=policy) == 4_000 * NANOS


def test_a_fixed_sum_is_for_the_period_by_days_employed() -> None:
    policy = replace(DEFAULTS, allotment_kind="fixed", amount_nanos=4_000 * NANOS)
    assert due(NOVEMBER, replace(ADA, base_nanos=None), policy=policy) == 4_000 * NANOS
    assert due(NOVEMBER, replace(ADA, effective_from=date(2026, 11, 16)), policy=policy) == 2_000 * NANOS


def test_a_short_first_quarter_gets_its_months_part_of_the_sum() -> None:
    policy = replace(DEFAULTS, allotment_kind="fixed", amount_nanos=9_000 * NANOS, period_months=3)
    calendar = Calendar.from_versions(
        [(datetime(2024, 1, 1, tzinfo=UTC), "UTC", 1), (datetime(2026, 10, 5, tzinfo=UTC), "UTC", 3)]
    )
    assert due(calendar.labelled("2026-Q4"), ADA, policy=policy) == 6_000 * NANOS


def test_a_pay_bands_sum() -> None:
    policy = replace(DEFAULTS, allotment_kind="pay_band", pay_bands=BANDS)
    band = replace(ADA, base_nanos=None, pay_band="L5")
    assert due(NOVEMBER, band, policy=policy) == 30_000 * NANOS
    assert due(NOVEMBER, replace(band, pay_band="L9"), policy=policy) == 0
    assert due(NOVEMBER, replace(band, pay_band=None), policy=policy) == 0


def test_policy_may_differ_between_the_terms_of_one_month() -> None:
    fixed = replace(DEFAULTS, allotment_kind="fixed", amount_nanos=4_000 * NANOS)
    moved = replace(ADA, effective_from=date(2026, 11, 16), team="Flat")
    found = owed(NOVEMBER, [ADA, moved], lambda terms: fixed if terms.team == "Flat" else DEFAULTS, {})
    assert found == round(Fraction(MONTH, 2) + 2_000 * NANOS)


def test_salary_is_of_the_whole_period_by_days_employed() -> None:
    terms = replace(ADA, base_nanos=120_000 * NANOS)
    assert salary(NOVEMBER, [terms], {}, {}) == 10_000 * NANOS
    assert salary(YEARS.labelled("2026"), [terms], {}, {}) == 120_000 * NANOS
    assert salary(NOVEMBER, [replace(terms, effective_from=date(2026, 11, 16))], {}, {}) == 5_000 * NANOS


def test_a_pay_band_counts_at_its_lower_bound_where_there_is_no_base() -> None:
    band = replace(ADA, base_nanos=None, pay_band="L5")
    assert salary(NOVEMBER, [band], {}, BANDS) == 15_000 * NANOS
    assert salary(NOVEMBER, [replace(ADA, base_nanos=12_000 * NANOS, pay_band="L5")], {}, BANDS) == 1_000 * NANOS


def test_no_salary_is_none_and_not_zero() -> None:
    nothing = replace(ADA, base_nanos=None)
    assert salary(NOVEMBER, [nothing], {}, BANDS) is None
    assert salary(NOVEMBER, [replace(ADA, base_nanos=0)], {}, {}) is None
    assert salary(NOVEMBER, [nothing, replace(ADA, effective_from=date(2026, 11, 16))], {}, {}) is None


def test_pay_is_in_no_repr() -> None:
    assert "500000" not in repr(replace(ADA, pay_band="L5"))
    assert "L5" not in repr(replace(ADA, pay_band="L5"))


@given(bases, days, st.sampled_from([MONTHS, QUARTERS, YEARS]))
def test_the_least_salary_is_never_more_than_the_exact_one_and_hardly_less(
    base: int, day: date, calendar: Calendar
) -> None:
    period = calendar.at(datetime(day.year, day.month, day.day, tzinfo=UTC))
    exact = salary(period, [replace(ADA, base_nanos=base)], {}, {}) or 0
    assert exact - 24 <= least_salary(period, base) <= exact
