"""What policy says a person is due for a budget period, and what the period's base salary is.

Both are worked out month by month. A month's part of a year (or of a quarter) is the difference of two rounded running
sums, so that the parts of a whole year add up to it to the nano-dollar. Whoever is employed for a part of a month is
due the month's figure by calendar days; so is each of several terms that share a month.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from bot.rules.errors import Refused
from bot.rules.period import Period
from bot.rules.policy import PayBand, Policy

_DAY = timedelta(days=1)
_YEAR = 12
_DOLLAR = Fraction(1)


class NoRate(Refused):
    """There is no exchange rate for this currency."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"There is no exchange rate for {currency}: import one with `import rates`.")
        self.currency = currency


@dataclass(frozen=True, slots=True)
class TermsFact:
    """What holds for a person from a day on. `base_nanos` is a year's base salary in nano-units of `currency`.

    `ends_on` is the last day of employment, included. Of the terms of one day the highest revision holds.
    """

    effective_from: date
    ends_on: date | None
    revision: int
    team: str
    country: str | None
    currency: str
    base_nanos: int | None = field(repr=False)
    pay_band: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Span:
    """Days of one month in which the same terms hold."""

    terms: TermsFact
    month: int  # 1 to 12
    part: Fraction  # of the month's days


def terms_on(terms: Sequence[TermsFact], day: date) -> TermsFact | None:
    """The terms that hold on a day: None before the first and after the last day of employment."""
    begun = [each for each in terms if each.effective_from <= day]
    latest = max(begun, key=lambda each: (each.effective_from, each.revision), default=None)
    if latest is None or (latest.ends_on is not None and latest.ends_on < day):
        return None
    return latest


def owed(
    period: Period,
    terms: Sequence[TermsFact],
    policy_for: Callable[[TermsFact], Policy],
    usd_per_unit: Mapping[str, Fraction],
) -> int:
    """The allotment of a period, in nano-dollars. Without terms, or without what the policy's kind asks for, it is 0.

    `usd_per_unit` are the rates of the period's first day; the dollar needs none. A fixed sum and a pay band's sum are
    for a whole period of the policy's length, of which a shorter first period gets its months' part.
    Raises NoRate where a salary's currency has none.
    """
    total = 0
    for month in _months(period, terms):
        due = Fraction(0)
        for span in month:
            policy = policy_for(span.terms)
            months = _YEAR if policy.allotment_kind == "share_of_base" else policy.period_months
            due += _of_month(_whole(policy, span.terms, usd_per_unit), span.month, months) * span.part
        total += round(due)
    return total


def salary(
    period: Period,
    terms: Sequence[TermsFact],
    usd_per_unit: Mapping[str, Fraction],
    pay_bands: Mapping[str, PayBand],
) -> int | None:
    """The whole period's base salary in nano-dollars, by days employed in it; a pay band counts at its lower bound.

    None when there is none to compare with: nobody employed, nothing paid, or a part of the employment without a
    figure, beside which any spend would look too high. Raises NoRate.
    """
    total = 0
    for month in _months(period, terms):
        paid = Fraction(0)
        for span in month:
            base = _base(span.terms, usd_per_unit)
            band = pay_bands.get(span.terms.pay_band or "")
            if base is None and band is None:
                return None
            annual = base if base is not None else Fraction(band.lower_base_nanos if band else 0)
            paid += _of_month(annual, span.month, _YEAR) * span.part
        total += round(paid)
    return total or None


def least_salary(period: Period, base_nanos: int) -> int:
    """No more than the salary of whoever is employed on this base, in dollars, for the whole of a period.

    It is a nano-dollar a month below the exact figure at most, and takes a hundredth of the time.
    """
    first, last = period.first_on, period.last_on
    months = (last.year - first.year) * _YEAR + last.month - first.month + 1
    return base_nanos * months // _YEAR - months


def _whole(policy: Policy, terms: TermsFact, usd_per_unit: Mapping[str, Fraction]) -> Fraction:
    """The sum that the months share: of a year for a share of the base, else of a period."""
    if policy.allotment_kind == "fixed":
        return Fraction(policy.amount_nanos)
    if policy.allotment_kind == "pay_band":
        band = policy.pay_bands.get(terms.pay_band or "")
        return Fraction(band.allotment_nanos if band else 0)
    return (_base(terms, usd_per_unit) or Fraction(0)) * policy.share


def _base(terms: TermsFact, usd_per_unit: Mapping[str, Fraction]) -> Fraction | None:
    """A year's base salary in nano-dollars."""
    if not terms.base_nanos:  # nothing converts to nothing at any rate
        return None if terms.base_nanos is None else Fraction(0)
    rate = usd_per_unit.get(terms.currency, _DOLLAR if terms.currency == "USD" else None)
    if rate is None:
        raise NoRate(terms.currency)
    return terms.base_nanos * rate


def _of_month(whole: Fraction, month: int, months: int) -> int:
    """A month's part of what a run of months shares, such that the run's parts add up to the rounded whole."""
    place = (month - 1) % months + 1
    return round(whole * place / months) - round(whole * (place - 1) / months)


def _months(period: Period, terms: Sequence[TermsFact]) -> Iterator[list[_Span]]:
    """Each month of a period, as the spans in which somebody is employed on the same terms."""
    first = period.first_on
    while first <= period.last_on:
        days = monthrange(first.year, first.month)[1]
        last = first.replace(day=days)
        yield [
            _Span(held, first.month, Fraction((until - since).days + 1, days))
            for since, until in _pieces(first, last, terms)
            if (held := terms_on(terms, since))
        ]
        first = last + _DAY


def _pieces(first: date, last: date, terms: Sequence[TermsFact]) -> Iterator[tuple[date, date]]:
    """A month cut before every day on which other terms may hold."""
    cuts = {each.effective_from for each in terms} | {each.ends_on + _DAY for each in terms if each.ends_on}
    starts = sorted({first} | {cut for cut in cuts if first < cut <= last})
    yield from zip(starts, [*(start - _DAY for start in starts[1:]), last], strict=True)
