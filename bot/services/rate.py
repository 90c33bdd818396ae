"""Currency rates: which ones a period's pay converts at, and their import."""

from collections.abc import Mapping
from fractions import Fraction

from bot.rules import rate as rule
from bot.rules.period import Period
from bot.services import audit, policy
from bot.services.verb import Tx, verb
from db import roster as query
from db.tables.roster import FxRate


def rates_for(tx: Tx, period: Period) -> Mapping[str, Fraction]:
    """Dollars for one unit of each currency that has a rate for the period; USD is always there."""
    found = query.rates(tx.session, *rule.days_that_count(period))
    return rule.for_period(period, [(row.currency, row.on_date, Fraction(row.usd_per_unit)) for row in found])


def currencies_without_rate(tx: Tx) -> list[str]:
    """Currencies that somebody is paid in today and that have no rate for the current period."""
    known = rates_for(tx, policy.calendar(tx).at(tx.now))
    today = policy.today(tx)
    paid = {
        row.currency
        for row in query.everybodys_terms_on(tx.session, today).values()
        if row.ends_on is None or row.ends_on >= today
    }
    return sorted(paid - known.keys())


@verb("rates.import")
def import_rates(tx: Tx, text: str, *, by: str) -> int:
    """Store the rates of a CSV file, all or none; returns how many are new or different. Raises BadRatesFile.

    A different figure for a day that has one replaces it: what was granted at the old one is adjusted while its period
    is open.
    """
    changed = sum(_keep(tx, rate) for rate in rule.parse_rates(text))
    if changed:
        audit.record(tx, by, "rates.import", "rates", {"changed": changed})
    return changed


def _keep(tx: Tx, rate: rule.Rate) -> bool:
    known = query.rate(tx.session, rate.currency, rate.on_date)
    figure = format(rate.usd_per_unit, "f")
    if known is None:
        row = FxRate(currency=rate.currency, on_date=rate.on_date, usd_per_unit=figure, recorded_at=tx.now)
        query.add(tx.session, row)
        return True
    if Fraction(known.usd_per_unit) == Fraction(figure):
        return False
    known.usd_per_unit, known.recorded_at = figure, tx.now
    return True
